"""An extract on disk as the import wants it, and the error file beside it."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self, TextIO

from dialer.domain.phone import PhoneNumber
from dialer.domain.policy_entry import BadRow, PolicyEntry, RowFault
from dialer.importing import cells
from dialer.importing.cells import CellInvalid
from dialer.importing.columns import Headings
from dialer.importing.entries import read_entry
from dialer.importing.tables import FileUnusable, Row, read_rows, sha256_of

_ERROR_HEADINGS = ("行号", "列", "取值（已脱敏）", "代码", "原因", "Reason", "处理")
_FORMULA_SIGNS = ("=", "+", "-", "@")


@dataclass(frozen=True, slots=True)
class PolicyFile:
    """A policy extract, xlsx or csv: `dialer.usecases.import_policies.PolicySource`. Make it with `open`."""

    path: Path
    sha256: str
    headings: Headings

    @classmethod
    def open(cls, path: Path) -> Self:
        """Check the file and its headings.

        Raises:
            FileUnusable, EncodingWrong, HeadingsUnusable: nothing of it can be imported.
        """
        sha256 = sha256_of(path)
        first = next(read_rows(path), None)
        if first is None:
            raise FileUnusable(f"{path}: 没有任何内容 · there is nothing in it")
        return cls(path, sha256, Headings.of(first.cells))

    @property
    def name(self) -> str:
        """The file's name, without its folder."""
        return self.path.name

    @property
    def unknown_columns(self) -> tuple[str, ...]:
        """Headings nobody knows; their values are passed over."""
        return self.headings.unknown

    def entries(self) -> Iterator[PolicyEntry | BadRow]:
        """Every row, read, in order; may be asked for again."""
        return (read_entry(row, self.headings) for row in self._rows())

    def staff_numbers(self) -> frozenset[PhoneNumber]:
        """The salespeople's numbers of all rows, known before the first policy is stored."""
        place = self.headings.places.get("salesperson_phone")
        if place is None:
            return frozenset()
        texts = {row.cells[place] for row in self._rows() if place < len(row.cells)}
        return frozenset(number for text in texts if (number := _number(text)) is not None)

    def _rows(self) -> Iterator[Row]:
        rows = read_rows(self.path)
        next(rows)
        return rows


def _number(text: str) -> PhoneNumber | None:
    try:
        return cells.phone(text)
    except CellInvalid:  # said where its row is read
        return None


class ErrorFile:
    """`NAME.errors.csv` beside the input: a line a fault, masked, in an encoding that Excel opens.

    It is made with the first fault. An earlier import's is removed, so that what lies there is of this one.
    """

    def __init__(self, extract: Path) -> None:
        self.path = extract.with_name(f"{extract.name}.errors.csv")
        self.lines = 0
        self._file: TextIO | None = None

    def __enter__(self) -> Self:
        """Begin anew.

        Raises:
            FileUnusable: an earlier error file can't be removed.
        """
        try:
            self.path.unlink(missing_ok=True)
        except OSError as error:
            raise FileUnusable(f"{self.path}: 无法写入 · can't be written: {error.strerror}") from error
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is not None:
            self._file.close()

    def put(self, fault: RowFault) -> None:
        """Write one fault.

        Raises:
            FileUnusable: the folder can't be written to.
        """
        done = "整行未导入" if fault.refused else "已导入，未采用此值"
        line = (fault.row, fault.column, fault.value, fault.code, fault.zh, fault.en, done)
        csv.writer(self._opened()).writerow([_no_formula(str(cell)) for cell in line])
        self.lines += 1

    def _opened(self) -> TextIO:
        if self._file is None:
            try:
                self._file = self.path.open("w", encoding="utf-8-sig", newline="")
            except OSError as error:
                raise FileUnusable(f"{self.path}: 无法写入 · can't be written: {error.strerror}") from error
            csv.writer(self._file).writerow(_ERROR_HEADINGS)
        return self._file


def _no_formula(cell: str) -> str:
    """A cell that a spreadsheet would calculate is shown as text."""
    return f"'{cell}" if cell.startswith(_FORMULA_SIGNS) else cell
