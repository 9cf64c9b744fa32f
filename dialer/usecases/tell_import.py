"""Chapter: imported. What became of every row: counted for the ledger, told to whoever sent it (rules §5.1)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from dialer.domain.policy_entry import BadRow, PolicyEntry, RowFault


class Fate(StrEnum):
    """What became of a row."""

    NEW = "new"
    CHANGED = "changed"
    UNCHANGED = "unchanged"
    WAITS = "waits"  # for its draw
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Settled:
    """An entry and what became of it; `fault` says why it was refused, `sampled_out` that it was not drawn."""

    entry: PolicyEntry
    fate: Fate
    fault: RowFault | None = None
    sampled_out: bool = False


class FaultSink(Protocol):
    """Where faults go; `dialer.importing.ErrorFile` is one."""

    def put(self, fault: RowFault) -> None:
        """Keep one."""
        ...


@dataclass(slots=True)
class ImportReport:
    """What an import did. `sampled_out` of the new policies were not drawn; `left_out` values were not taken."""

    import_id: int
    unknown_columns: tuple[str, ...] = ()
    new: int = 0
    changed: int = 0
    unchanged: int = 0
    bad: int = 0
    sampled_out: int = 0
    left_out: int = 0

    @property
    def rows(self) -> int:
        """All rows below the headings."""
        return self.new + self.changed + self.unchanged + self.bad

    @property
    def counts(self) -> Mapping[str, int]:
        """The numbers, for the ledger and the screen."""
        names = ("rows", "new", "changed", "unchanged", "bad", "sampled_out", "left_out")
        return {name: getattr(self, name) for name in names}

    def count(self, fate: Fate) -> None:
        """One more row."""
        match fate:
            case Fate.NEW:
                self.new += 1
            case Fate.CHANGED:
                self.changed += 1
            case Fate.UNCHANGED:
                self.unchanged += 1


Taken = Callable[[int, Fate], object]


@dataclass(frozen=True, slots=True)
class RowBook:
    """Tells of rows: faults go to `faults`, numbers into `report`; `taken` hears of each row that was not refused."""

    faults: FaultSink
    report: ImportReport
    taken: Taken

    def readable(self, rows: Iterable[PolicyEntry | BadRow]) -> Sequence[PolicyEntry]:
        """The rows that could be read; what is wrong with the others, or was left out of these, is told."""
        entries = []
        for row in rows:
            if isinstance(row, BadRow):
                self._refuse(*row.faults)
                continue
            for notice in row.notices:
                self.faults.put(notice)
                self.report.left_out += 1
            entries.append(row)
        return entries

    def _refuse(self, *faults: RowFault) -> None:
        for fault in faults:
            self.faults.put(fault)
        self.report.bad += 1

    def settle(self, those: Iterable[Settled]) -> None:
        """Tell what became of entries; one that waits for its draw is told of when it is made."""
        for each in those:
            if each.fault is not None:
                self._refuse(each.fault)
            elif each.fate is not Fate.WAITS:
                self.report.count(each.fate)
                self.report.sampled_out += each.sampled_out
                self.taken(each.entry.row, each.fate)
