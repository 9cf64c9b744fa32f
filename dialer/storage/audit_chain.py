"""Whether the audit log is whole: every row is what was written, and follows the one it was written after."""

from __future__ import annotations

from collections.abc import AsyncIterator

from sqlalchemy import RowMapping, select

from dialer.storage.audit import chained
from dialer.storage.database import Database
from dialer.storage.tables import audit, audit_head

_PAGE = 500


async def breaks_of_the_audit_log(database: Database) -> AsyncIterator[tuple[str, str]]:
    """Records (`audit 12`) that were changed or are gone, and how; what is written meanwhile is left for later."""
    async with database.statements(writes=False) as statements:
        head = await statements.first(select(audit_head))
        vault = statements.vault
    if head is None:
        yield "audit", "has lost its head: nothing says where the log ends"
        return
    last, before = 0, ""
    async for row in _rows(database, head["last_id"]):
        if row["id"] != last + 1:
            yield f"audit {last + 1}", "is not there, though rows follow it: it was taken away"
        elif row["hash"] != chained(vault, dict(row), before):
            yield f"audit {row['id']}", "is not what was written, or not where it was written"
        last, before = row["id"], row["hash"]
    if (last, before) != (head["last_id"], head["hash"]):
        yield f"audit {last + 1}", "and the log's head do not agree about where the log ends"


async def _rows(database: Database, until: int) -> AsyncIterator[RowMapping]:
    """In order, a page at a time."""
    last = 0
    while last < until:
        wanted = select(audit).where(audit.c.id > last, audit.c.id <= until).order_by(audit.c.id).limit(_PAGE)
        async with database.statements(writes=False) as statements:
            page = await statements.all(wanted)
        if not page:
            return
        for row in page:
            yield row
        last = page[-1]["id"]
