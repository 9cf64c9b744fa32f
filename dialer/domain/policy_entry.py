"""One row of a policy extract, read: either an entry to keep, or what is wrong with it (rules §5.1)."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field, fields, is_dataclass
from datetime import date

from dialer.domain.holder import Policyholder
from dialer.domain.phone import PhoneKind, PhoneNumber
from dialer.domain.policy import Policy


@dataclass(frozen=True, slots=True)
class RowFault:
    """What is wrong with one cell, in words for the person who can put it right.

    Attributes:
        row: as the spreadsheet counts: the headings' row is 1.
        column: the heading as it stands in the file.
        value: masked where it may be personal.
        code: stable.
        refused: the row was not taken; else only this value was left out.
        field: the column's own name, whatever the file calls it.
    """

    row: int
    column: str
    value: str
    code: str
    zh: str
    en: str
    refused: bool = True
    field: str = ""


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that can't be taken, with all its faults."""

    row: int
    faults: tuple[RowFault, ...]


@dataclass(frozen=True, slots=True)
class PolicyEntry:
    """A row that can be taken.

    Attributes:
        cancelled_on: the contract was cancelled or surrendered (退保、撤单) on that day.
        salesperson_phone: the salesperson's own number, which must not be a customer's (rules §5.6).
        notices: values that were left out.
        digest: a hash of the content, whatever its row, its spelling or its file: where it is equal, nothing changed.
    """

    row: int
    policy: Policy
    holder: Policyholder
    phones: tuple[tuple[PhoneKind, PhoneNumber], ...] = ()
    cancelled_on: date | None = None
    salesperson_phone: PhoneNumber | None = None
    notices: tuple[RowFault, ...] = ()
    digest: str = field(init=False, compare=False)

    def __post_init__(self) -> None:
        """Once: it is asked for several times, and costs as much as reading the row."""
        content = [self.policy, self.holder, self.phones, self.cancelled_on]
        text = json.dumps(content, default=_plain, ensure_ascii=False, sort_keys=True)
        object.__setattr__(self, "digest", hashlib.sha256(text.encode()).hexdigest())


def _plain(value: object) -> object:
    if is_dataclass(value):
        return {each.name: getattr(value, each.name) for each in fields(value)}
    return str(value)
