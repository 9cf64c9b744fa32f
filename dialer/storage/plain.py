"""Domain values as plain JSON and back, led by their type hints; rows use the same rules, field by column.

A field that was added since a value was stored takes its default; one that was removed is passed over.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import date, datetime, time
from decimal import Decimal
from enum import Enum
from pathlib import Path
from types import UnionType
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

from sqlalchemy import RowMapping, Table

from dialer.domain.calendar import SHANGHAI

Value = TypeVar("Value")
Json = Any
"""What `json` reads and writes."""


def to_plain(value: object) -> Json:
    """A value as JSON. Raises TypeError for one that could not be read back."""
    match value:
        case Mapping():
            return {str(key): to_plain(item) for key, item in value.items()}
        case frozenset() | set():
            return sorted(to_plain(item) for item in value)
        case tuple() | list():
            return [to_plain(item) for item in value]
    if is_dataclass(value):
        return {field.name: to_plain(getattr(value, field.name)) for field in fields(value)}
    return _plain_single(value)


def _plain_single(value: object) -> Json:
    match value:
        case Enum():
            return value.value
        case None | bool() | int() | float():
            return value
        case str() | Decimal() | Path():
            return str(value)
        case date() | time():
            return value.isoformat()
    raise TypeError(f"a {type(value).__name__} has no plain form")


def dumps(value: object) -> str:
    """The JSON text of a value."""
    return json.dumps(to_plain(value), ensure_ascii=False, separators=(",", ":"))


def from_plain(hint: Any, value: Json) -> Any:  # noqa: ANN401 - the hint says what comes out
    """The value a hint describes, from its plain form; what is of its type already stays as it is."""
    if value is None or hint is Any:
        return value
    origin = get_origin(hint)
    if origin in (Union, UnionType):
        return from_plain(_only_type_of(hint), value)
    if origin is not None:
        return _collection(origin, get_args(hint), value)
    kind = getattr(hint, "__supertype__", hint)
    return _single(kind, value) if isinstance(kind, type) else value


def _only_type_of(hint: Any) -> Any:  # noqa: ANN401 - a hint is any object
    choices = [choice for choice in get_args(hint) if choice is not type(None)]
    if len(choices) != 1:
        raise TypeError(f"{hint} does not say which type to read")
    return choices[0]


def _collection(origin: Any, arguments: tuple[Any, ...], value: Json) -> Any:  # noqa: ANN401 - as from_plain
    if origin is tuple and not (len(arguments) == 2 and arguments[1] is Ellipsis):
        return tuple(from_plain(argument, item) for argument, item in zip(arguments, value, strict=True))
    if origin in (tuple, frozenset):
        return origin(from_plain(arguments[0], item) for item in value)
    if isinstance(value, dict):
        return {from_plain(arguments[0], key): from_plain(arguments[1], item) for key, item in value.items()}
    return [from_plain(arguments[0], item) for item in value] if isinstance(value, list) else value


def _single(kind: type[Any], value: Json) -> Any:  # noqa: ANN401 - as from_plain
    if isinstance(value, kind):
        return value
    if is_dataclass(kind):
        return from_mapping(kind, value)
    if issubclass(kind, datetime):
        return kind.fromisoformat(value).astimezone(SHANGHAI)
    if issubclass(kind, date | time):
        return kind.fromisoformat(value)
    return kind(value)


_HINTS: dict[type, Mapping[str, Any]] = {}


def hints_of(kind: type) -> Mapping[str, Any]:
    """The types of a dataclass's fields; worked out once."""
    if kind not in _HINTS:
        hints = get_type_hints(kind)
        _HINTS[kind] = {field.name: hints[field.name] for field in fields(kind)}
    return _HINTS[kind]


def from_mapping(kind: type[Value], plain: Mapping[str, Json]) -> Value:
    """A dataclass from its fields' plain forms; those of other names are passed over."""
    hints = hints_of(kind)
    return kind(**{name: from_plain(hint, plain[name]) for name, hint in hints.items() if name in plain})


def loads(kind: type[Value], text: str) -> Value:
    """A dataclass from its JSON text."""
    return from_mapping(kind, json.loads(text))


def row_of(record: object, table: Table, **others: object) -> dict[str, Any]:
    """A record's fields as far as the table has columns for them, and `others` in place of or beside them."""
    row = {name: _column_value(getattr(record, name)) for name in hints_of(type(record)) if name in table.c}
    return row | others


def _column_value(value: object) -> Any:  # noqa: ANN401 - whatever the column takes
    return value if isinstance(value, date | bytes) else to_plain(value)


def from_row(kind: type[Value], row: RowMapping, **others: object) -> Value:
    """A record from a row, and `others` for the fields that no column of that name holds."""
    hints = hints_of(kind)
    return kind(**{name: from_plain(hint, row[name]) for name, hint in hints.items() if name in row} | others)
