from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import create_async_engine

from dialer.ports.storage import StorageUnavailable
from dialer.storage import migrations
from dialer.storage.database import Database
from dialer.storage.schema import SchemaDiffers, head, upgrade
from dialer.storage.tables import metadata
from dialer.storage.vault import Vault


def _differences(connection: Connection) -> list[object]:
    return list(compare_metadata(MigrationContext.configure(connection, opts={"compare_type": True}), metadata))


def _checks(connection: Connection) -> str:
    if connection.dialect.name == "sqlite":
        query = "SELECT group_concat(sql) FROM sqlite_master WHERE name IN ('attempts', 'uq_attempts_unfinished')"
    else:
        query = (
            "SELECT string_agg(pg_get_constraintdef(oid), ',') || string_agg(indexdef, ',')"
            " FROM pg_constraint, pg_indexes WHERE contype = 'c' AND indexname = 'uq_attempts_unfinished'"
        )
    return str(connection.scalar(text(query)))


async def test_the_migrations_lead_from_nothing_to_the_metadata(empty_url):
    await upgrade(empty_url)

    engine = create_async_engine(empty_url)
    async with engine.connect() as connection:
        differences = await connection.run_sync(_differences)
        checks = await connection.run_sync(_checks)
    await engine.dispose()
    assert differences == []
    # what Alembic does not compare: the check, and the index's condition
    assert "outcome IS NULL" in checks
    assert "WHERE" in checks


async def test_upgrading_twice_and_at_the_same_time_is_upgrading_once(empty_url, vault):
    await asyncio.gather(*(upgrade(empty_url) for _ in range(4)))
    await upgrade(empty_url)

    database = await Database.open(empty_url, vault)
    await database.close()


async def test_a_database_without_tables_is_refused_with_what_to_do(empty_url, vault):
    with pytest.raises(SchemaDiffers, match=r"no tables yet: start `dialer serve` once"):
        await Database.open(empty_url, vault)


@pytest.mark.parametrize(("stored", "told"), [("0000", "newer dialer"), ("9999", "newer dialer")])
async def test_a_database_of_another_program_is_refused(url, vault, stored, told):
    engine = create_async_engine(url)
    async with engine.begin() as connection:
        await connection.execute(text("UPDATE alembic_version SET version_num = :stored"), {"stored": stored})
    await engine.dispose()

    with pytest.raises(SchemaDiffers, match=told):
        await Database.open(url, vault)


async def test_a_folder_that_is_not_there_is_storage_unavailable(tmp_path: Path, vault: Vault):
    with pytest.raises(StorageUnavailable, match="can't"):
        await Database.open(f"sqlite+aiosqlite:///{tmp_path}/gone/dialer.db", vault)


async def test_a_server_that_is_not_there_is_storage_unavailable(tmp_path: Path, vault: Vault):
    with pytest.raises(StorageUnavailable, match="can't"):
        await Database.open(f"postgresql+asyncpg://nobody@/nothing?host={tmp_path}", vault)


async def test_a_file_that_is_no_database_is_storage_unavailable(tmp_path: Path, vault: Vault):
    (tmp_path / "dialer.db").write_text("not a database, whatever its name says " * 100)

    with pytest.raises(StorageUnavailable, match="not a database"):
        await Database.open(f"sqlite+aiosqlite:///{tmp_path / 'dialer.db'}", vault)


def test_this_program_knows_the_schema_it_needs():
    written = sorted((Path(migrations.__file__).parent / "versions").glob("[0-9]*.py"))
    assert head() == written[-1].name[:4] == f"{len(written):04}"
