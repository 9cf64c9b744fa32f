"""Reading what was sent: a form from a page, or the same fields as a JSON object from a program."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import TypeVar

from aiohttp import web

from dialer.domain.calendar import SHANGHAI
from dialer.domain.errors import DialerError

CAPTURE = "capture."

Code = TypeVar("Code", bound=StrEnum)


class FormInvalid(DialerError):
    """A sent field is not what it should be; nothing was done."""

    code = "FORM_INVALID"


class ChoiceUnknown(FormInvalid):
    """A code that is none of its kind."""

    code = "CHOICE_UNKNOWN"


class NotADay(FormInvalid):
    """A day is sent as 2026-03-05."""

    code = "NOT_A_DAY"


class NotATime(FormInvalid):
    """A time is sent as 2026-03-05T09:30, a time of the day as 09:30."""

    code = "NOT_A_TIME"


class NotANumber(FormInvalid):
    """A number is sent in digits."""

    code = "NOT_A_NUMBER"


async def fields(request: web.Request) -> Mapping[str, str]:
    """All fields as text; in JSON, `captures: {a: b}` is the same as a form's `capture.a=b`. Raises FormInvalid."""
    if request.content_type == "application/json":
        return _flat(await request.text())
    return {name: value for name, value in (await request.post()).items() if isinstance(value, str)}


async def field(request: web.Request, name: str) -> str:
    """One field, trimmed; empty when it was not sent."""
    return (await fields(request)).get(name, "").strip()


def _flat(text: str) -> dict[str, str]:
    try:
        sent = json.loads(text)
    except ValueError as error:
        raise FormInvalid(f"the body is not JSON: {error}") from error
    if not isinstance(sent, dict):
        raise FormInvalid("the body must be a JSON object")
    captures = sent.pop("captures", None) or {}
    if not isinstance(captures, dict):
        raise FormInvalid("captures must be a JSON object")
    return {**_texts(sent), **_texts({f"{CAPTURE}{name}": value for name, value in captures.items()})}


def _texts(sent: Mapping[str, object]) -> dict[str, str]:
    return {name: "" if value in (None, False) else str(value) for name, value in sent.items()}


def captures(sent: Mapping[str, str]) -> dict[str, str]:
    """The fields a script asked the agent to fill."""
    return {name.removeprefix(CAPTURE): value for name, value in sent.items() if name.startswith(CAPTURE)}


def code(kind: type[Code], text: str) -> Code:
    """One of a kind's codes. Raises ChoiceUnknown for everything else, nothing included."""
    try:
        return kind(text.strip())
    except ValueError:
        raise ChoiceUnknown(f"{text!r} is no {kind.__name__}; known: {', '.join(kind)}") from None


def code_if_any(kind: type[Code], text: str) -> Code | None:
    """The same, and None when empty. Raises ChoiceUnknown."""
    return code(kind, text) if text.strip() else None


def moment(text: str) -> datetime | None:
    """A time as a date picker sends it, in Shanghai's time unless it says otherwise; None when empty.

    Raises:
        NotATime: it is none.
    """
    if not text.strip():
        return None
    try:
        instant = datetime.fromisoformat(text.strip())
    except ValueError:
        raise NotATime(f"not a time: {text!r}") from None
    return instant if instant.tzinfo else instant.replace(tzinfo=SHANGHAI)


def time_of_day(text: str) -> time | None:
    """A time of the day as a time picker sends it; None when empty. Raises NotATime."""
    try:
        return time.fromisoformat(text.strip()) if text.strip() else None
    except ValueError:
        raise NotATime(f"not a time of the day: {text!r}") from None


def day(text: str) -> date | None:
    """A day as a date picker sends it; None when empty. Raises NotADay."""
    try:
        return date.fromisoformat(text.strip()) if text.strip() else None
    except ValueError:
        raise NotADay(f"not a day: {text!r}") from None


def day_begins(text: str) -> datetime | None:
    """The first instant of that day in Shanghai; None when empty. Raises NotADay."""
    found = day(text)
    return None if found is None else datetime.combine(found, time(), SHANGHAI)


def day_ends(text: str) -> datetime | None:
    """The first instant after it, so that the day itself is meant, too; None when empty. Raises NotADay."""
    begins = day_begins(text)
    try:
        return None if begins is None else begins + timedelta(days=1)
    except OverflowError:
        raise NotADay(f"the last of all days: {text!r}") from None


def number(text: str) -> int:
    """An id in a path. Raises NotANumber."""
    try:
        return int(text)
    except ValueError:
        raise NotANumber(f"not a number: {text!r}") from None
