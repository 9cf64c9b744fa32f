"""The shelf of all cases' moves in one sequence."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import func, select, text

from dialer.domain.case import CaseId
from dialer.storage.statements import Statements
from dialer.storage.tables import history


class ChangeShelf:
    """`dialer.ports.storage.Changes` in SQL."""

    def __init__(self, statements: Statements) -> None:
        self._statements = statements

    async def latest(self) -> int:
        if self._statements.dialect == "postgresql":  # SQLite has one writer, and here it is us
            await self._statements.run(text("LOCK TABLE history IN SHARE MODE"))
        return int(await self._statements.scalar(select(func.max(history.c.id))) or 0)

    async def moved(self, after: int, until: int, limit: int) -> Sequence[tuple[int, CaseId]]:
        beyond = (history.c.record == "case") & (history.c.id > after) & (history.c.id <= until)
        page = select(history.c.id, history.c.record_id).where(beyond).order_by(history.c.id).limit(limit)
        return [(row["id"], CaseId(int(row["record_id"]))) for row in await self._statements.all(page)]
