"""The audit log keeps everything, in order, and shows when somebody meddled with it; on both databases."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import create_async_engine

from dialer.domain.audit import AuditEntry, AuditKind, AuditQuestion
from dialer.domain.dialing_hours import DialRules
from dialer.storage.database import Database
from dialer.storage.verify import FaultKind, find_faults
from tests.builders import at

SEEN = AuditEntry(at(9), AuditKind.CASE_SEEN, "lina", "44", "10.0.0.7", "case 12", "/cases/12", "complaint of Mr Wang")


async def _written(database: Database, *entries: AuditEntry) -> None:
    async with database.begin() as work:
        await work.audit.put(*entries)


async def _found(database: Database, org: str = "", **asked) -> list[int]:
    async with database.read() as work:
        return [entry.id for entry in await work.audit.find(AuditQuestion(**asked), org, 100)]


async def _faults(database: Database) -> list[tuple[FaultKind, str]]:
    return [(fault.kind, fault.record) async for fault in find_faults(database, DialRules(), 60.0)]


async def _meddle(url: str, *statements: str) -> None:
    """What somebody with the database's own password can do, triggers switched off."""
    engine = create_async_engine(url)
    on_sqlite = url.startswith("sqlite")
    off = ["DROP TRIGGER audit_stays_update", "DROP TRIGGER audit_stays_delete"] if on_sqlite else [
        "DROP TRIGGER audit_stays ON audit"]  # fmt: skip
    async with engine.begin() as connection:
        for statement in (*off, *statements):
            await connection.execute(text(statement))
    await engine.dispose()


async def test_what_was_written_is_read_the_latest_first(database):
    later = replace(SEEN, at=at(10), kind=AuditKind.LOGGED_OUT, record="", detail="", reason="")
    await _written(database, SEEN)
    await _written(database, later, later)
    async with database.read() as work:
        found = await work.audit.find(AuditQuestion(), "", 2)
        assert list(found) == [replace(later, id=3), replace(later, id=2)]
        rest = await work.audit.find(AuditQuestion(before=2), "", 2)
        assert list(rest) == [replace(SEEN, id=1)]
    assert await _faults(database) == []


async def test_rows_are_found_by_person_record_kind_time_and_place(database):
    await _written(
        database,
        SEEN,
        replace(
            SEEN, login="zhang", org="44/4401", record="case 12, phone 3", kind=AuditKind.NUMBER_REVEALED, at=at(10)
        ),
        replace(SEEN, login="zhang", org="441", record="case 120", at=at(11)),
    )
    assert await _found(database, login="zhang") == [3, 2]
    assert await _found(database, record="case 12") == [2, 1]
    assert await _found(database, kind=AuditKind.NUMBER_REVEALED) == [2]
    assert await _found(database, since=at(10), until=at(11)) == [2]
    assert await _found(database, "44") == [2, 1]
    assert await _found(database, "44/4401") == [2]


async def test_what_was_told_is_sealed_at_rest_and_not_in_the_text_form(database, url):
    await _written(database, SEEN)
    async with database.statements(writes=False) as statements:
        row = await statements.first(text("SELECT * FROM audit"))
    assert "Wang" not in str(row)
    assert "Wang" not in repr(SEEN)


@pytest.mark.parametrize("statement", ["UPDATE audit SET login = 'nobody'", "DELETE FROM audit WHERE id = 1"])
async def test_the_database_itself_refuses_to_change_or_remove_a_row(database, url, statement):
    await _written(database, SEEN)
    engine = create_async_engine(url)
    with pytest.raises(SQLAlchemyError, match="append-only"):
        async with engine.begin() as connection:
            await connection.execute(text(statement))
    await engine.dispose()
    assert await _found(database) == [1]


@pytest.mark.postgres
async def test_postgres_refuses_to_empty_the_log(postgres_database, postgres_tables_url):
    engine = create_async_engine(postgres_tables_url)
    with pytest.raises(SQLAlchemyError, match="append-only"):
        async with engine.begin() as connection:
            await connection.execute(text("TRUNCATE audit"))
    await engine.dispose()


@pytest.mark.parametrize(
    ("meddling", "shown"),
    [
        (("UPDATE audit SET login = 'nobody' WHERE id = 2",), ["audit 2"]),
        (("UPDATE audit SET record = 'case 13' WHERE id = 1",), ["audit 1"]),
        (("DELETE FROM audit WHERE id = 2",), ["audit 2"]),
        (("DELETE FROM audit WHERE id = 3",), ["audit 3"]),
        (("DELETE FROM audit",), ["audit 1"]),
        (("DELETE FROM audit WHERE id = 2", "UPDATE audit SET id = 2 WHERE id = 3"), ["audit 2", "audit 3"]),
        (("DELETE FROM audit WHERE id = 3", "UPDATE audit_head SET last_id = 2"), ["audit 3"]),
        (("DELETE FROM audit_head",), ["audit"]),
    ],
)
async def test_a_row_that_was_changed_or_taken_away_shows(database, url, meddling, shown):
    await _written(database, SEEN, replace(SEEN, at=at(10)), replace(SEEN, at=at(11)))
    await _meddle(url, *meddling)
    assert await _faults(database) == [(FaultKind.AUDIT_LOG_BROKEN, record) for record in shown]


async def test_writers_at_the_same_time_leave_one_unbroken_chain(database):
    await asyncio.gather(*(_written(database, SEEN, SEEN) for _ in range(8)))
    assert await _found(database) == [*range(16, 0, -1)]
    assert await _faults(database) == []
