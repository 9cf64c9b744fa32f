"""The schema's version: is this database the one this program was written for, and bringing it up to date."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, make_url, text

from dialer.ports.storage import StorageUnavailable
from dialer.storage.engines import writing_and_reading
from dialer.storage.errors import storage_errors

_MIGRATIONS = Path(__file__).parent / "migrations"
_PATIENCE_SECONDS = 60.0
_ONE_AT_A_TIME = 0x6469616C6572  # "dialer": PostgreSQL's name of the lock under which one process migrates


class SchemaDiffers(StorageUnavailable):
    """The database's tables are older or newer than this program, or are not there."""

    code = "SCHEMA_DIFFERS"


async def upgrade(url: str) -> None:
    """Bring a database, which may be empty, up to date; several processes may ask at once.

    Raises:
        StorageUnavailable: it can't be reached or written.
    """
    writing, reading = writing_and_reading(make_url(url), _PATIENCE_SECONDS)
    try:
        with storage_errors():
            async with writing.begin() as connection:
                await connection.run_sync(_upgrade)
    except StorageUnavailable as error:
        raise StorageUnavailable(f"{make_url(url).render_as_string(hide_password=True)}: {error}") from error
    finally:
        await writing.dispose()
        await reading.dispose()


def _upgrade(connection: Connection) -> None:
    """SQLite has its lock by now (BEGIN IMMEDIATE); PostgreSQL's lock ends with the transaction."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:name)"), {"name": _ONE_AT_A_TIME})
    command.upgrade(_config(connection), "head")


def _config(connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


def head() -> str:
    """The version this program needs."""
    version = ScriptDirectory.from_config(_config()).get_current_head()
    assert version is not None
    return version


def require_head(connection: Connection) -> None:
    """Raises SchemaDiffers, saying what to do, unless the database is at this program's version."""
    script = ScriptDirectory.from_config(_config())
    wanted, found = script.get_current_head(), MigrationContext.configure(connection).get_current_revision()
    if found == wanted:
        return
    where = connection.engine.url.render_as_string(hide_password=True)
    if found is not None and found not in {revision.revision for revision in script.walk_revisions()}:
        raise SchemaDiffers(f"{where} was written by a newer dialer (schema {found}): update this program")
    state = "has no tables yet" if found is None else f"is at schema {found}, this program needs {wanted}"
    raise SchemaDiffers(f"{where} {state}: start `dialer serve` once, it brings the database up to date")
