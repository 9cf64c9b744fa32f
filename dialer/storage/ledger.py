"""The shelf of the machinery's own books: signs of life, sweeps, imports, samples."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import select

from dialer.storage.statements import Statements
from dialer.storage.tables import imports, leases, samples, spools, sweeps


class LedgerShelf:
    """`dialer.ports.storage.Ledger` in SQL."""

    def __init__(self, statements: Statements) -> None:
        self._statements = statements

    async def beat(self, owner: str, kind: str, at: datetime, notice: str = "") -> None:
        first = {"owner": owner, "kind": kind, "started_at": at, "beat": 1, "notice": notice}
        insert = self._statements.upsert(leases, first)
        changes = {"beat": leases.c.beat + 1, "notice": notice}
        await self._statements.run(insert.on_conflict_do_update(index_elements=["owner"], set_=changes))

    async def beats(self) -> Mapping[str, int]:
        rows = await self._statements.all(select(leases.c.owner, leases.c.beat))
        return {row["owner"]: row["beat"] for row in rows}

    async def notices(self) -> Sequence[str]:
        wanted = select(leases.c.notice).where(leases.c.notice != "").distinct().order_by(leases.c.notice)
        return [row["notice"] for row in await self._statements.all(wanted)]

    async def forget(self, owner: str) -> None:
        await self._statements.run(leases.delete().where(leases.c.owner == owner))

    async def first_run(self, sweep: str, period: str, at: datetime) -> bool:
        insert = self._statements.upsert(sweeps, {"name": sweep, "period": period, "ran_at": at})
        claimed = insert.on_conflict_do_nothing().returning(sweeps.c.name)
        return await self._statements.scalar(claimed) is not None

    async def last_run(self, sweep: str) -> str | None:
        latest = select(sweeps.c.period).where(sweeps.c.name == sweep)
        period: str | None = await self._statements.scalar(
            latest.order_by(sweeps.c.ran_at.desc(), sweeps.c.period.desc()).limit(1)
        )
        return period

    async def spool_mark(self, found: str) -> str:
        insert = self._statements.upsert(spools, {"id": 1, "mark": found})
        await self._statements.run(insert.on_conflict_do_nothing())
        return str(await self._statements.scalar(select(spools.c.mark)))

    async def take_spool(self, mark: str) -> None:
        insert = self._statements.upsert(spools, {"id": 1, "mark": mark})
        await self._statements.run(insert.on_conflict_do_update(index_elements=["id"], set_={"mark": mark}))

    async def import_begun(self, file_sha256: str, file_name: str, by: str, at: datetime) -> int:
        row = {"file_sha256": file_sha256, "file_name": file_name, "by": by, "started_at": at, "counts": {}}
        return await self._statements.add(imports, row)

    async def import_ended(self, import_id: int, counts: Mapping[str, int], at: datetime) -> None:
        ended = imports.update().where(imports.c.id == import_id).values(counts=dict(counts), finished_at=at)
        await self._statements.run(ended)

    async def put_sample(
        self, seed: str, rate: str, stratum: str, population: Sequence[str], chosen: Sequence[str], at: datetime
    ) -> None:
        row = {"seed": seed, "rate": rate, "stratum": stratum, "drawn_at": at}
        await self._statements.run(samples.insert().values(**row, population=list(population), chosen=list(chosen)))
