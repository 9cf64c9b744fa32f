"""The book-keeping of the machinery."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol


class Ledger(Protocol):
    """Book-keeping of the machinery: leases, imports, sweeps, samples."""

    async def beat(self, owner: str, kind: str, at: datetime, notice: str = "") -> None:
        """One more sign of life of a process, with what keeps it from its work, if anything does."""
        ...

    async def beats(self) -> Mapping[str, int]:
        """The count of signs of life of each process; who does not count on is dead."""
        ...

    async def notices(self) -> Sequence[str]:
        """What keeps processes from their work, for people to see; each notice once."""
        ...

    async def forget(self, owner: str) -> None:
        """The process has ended, and nothing is claimed by it any more."""
        ...

    async def first_run(self, sweep: str, period: str, at: datetime) -> bool:
        """Claim a sweep for a period; False when it ran already."""
        ...

    async def last_run(self, sweep: str) -> str | None:
        """The latest period a sweep ran for."""
        ...

    async def spool_mark(self, found: str) -> str:
        """The mark of the spool on which this database's sound waits; the one found, when none is known yet."""
        ...

    async def take_spool(self, mark: str) -> None:
        """From now on sound waits on the spool with this mark, whatever was known before."""
        ...

    async def import_begun(self, file_sha256: str, file_name: str, by: str, at: datetime) -> int:
        """Note the start of an import; its id."""
        ...

    async def import_ended(self, import_id: int, counts: Mapping[str, int], at: datetime) -> None:
        """Note its result."""
        ...

    async def put_sample(
        self, seed: str, rate: str, stratum: str, population: Sequence[str], chosen: Sequence[str], at: datetime
    ) -> None:
        """Keep a draw so that it can be repeated and checked (rules §4.1)."""
        ...
