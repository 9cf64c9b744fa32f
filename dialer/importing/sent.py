"""Policies that another system sends, row by row: read as the rows of a file are."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from dialer.domain.phone import PhoneNumber
from dialer.domain.policy_entry import BadRow, PolicyEntry
from dialer.importing import cells
from dialer.importing.cells import CellInvalid
from dialer.importing.columns import COLUMNS, Headings
from dialer.importing.entries import read_entry
from dialer.importing.tables import Row

_FIELDS = tuple(column.field for column in COLUMNS)
_HEADINGS = Headings.of(_FIELDS)


@dataclass(frozen=True, slots=True)
class SentRows:
    """Rows by field: `dialer.usecases.import_policies.PolicySource`. Rows count from 1.

    Attributes:
        name: who sent them.
        rows: the texts that a file's cells would hold, by the columns' field names.
    """

    name: str
    rows: Sequence[Mapping[str, str]]

    @property
    def sha256(self) -> str:
        """Of the rows, in order."""
        return hashlib.sha256(json.dumps([dict(row) for row in self.rows], sort_keys=True).encode()).hexdigest()

    @property
    def unknown_columns(self) -> tuple[str, ...]:
        """None: who reads the request refuses them."""
        return ()

    def entries(self) -> Iterator[PolicyEntry | BadRow]:
        """Every row, read, in order."""
        for number, row in enumerate(self.rows, start=1):
            yield read_entry(Row(number, [row.get(field, "").strip() for field in _FIELDS]), _HEADINGS)

    def staff_numbers(self) -> frozenset[PhoneNumber]:
        """The salespeople's numbers of all rows."""
        numbers = (_number(row.get("salesperson_phone", "")) for row in self.rows)
        return frozenset(number for number in numbers if number is not None)


def _number(text: str) -> PhoneNumber | None:
    try:
        return cells.phone(text) if text.strip() else None
    except CellInvalid:  # said where its row is read
        return None
