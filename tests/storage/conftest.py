"""One contract for both databases: a test that asks for `database` or `url` runs on each.

The tables are made once a run and copied: only the schema's own tests begin with nothing (`empty_url`).
"""

from __future__ import annotations

import asyncio
import itertools
import os
import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from dialer.storage.database import Database
from dialer.storage.schema import upgrade
from dialer.storage.vault import Vault
from trials.postgres import PostgresServer

_BOTH = ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)]
_templates = itertools.count(1)  # one for each folder of tests that asks
_copies = itertools.count(1)


def _sqlite(path: Path) -> str:
    return f"sqlite+aiosqlite:///{path}"


@pytest.fixture(params=_BOTH)
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database without tables."""
    if request.param == "sqlite":
        return _sqlite(tmp_path / "dialer.db")
    url: str = request.getfixturevalue("postgres_url")
    return url


@pytest.fixture(params=_BOTH)
def url(request: pytest.FixtureRequest) -> str:
    """A database with its tables."""
    url: str = request.getfixturevalue(f"{request.param}_tables_url")
    return url


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("template") / "dialer.db"
    asyncio.run(upgrade(_sqlite(path)))
    return path


@pytest.fixture
def sqlite_tables_url(sqlite_template: Path, tmp_path: Path) -> str:
    """A SQLite file with its tables."""
    shutil.copy(sqlite_template, tmp_path)
    return _sqlite(tmp_path / sqlite_template.name)


@pytest.fixture(scope="session")
def postgres_template(postgres_server: PostgresServer) -> str:
    name = f"with_tables_{next(_templates)}"
    postgres_server.sql(f"CREATE DATABASE {name}")
    asyncio.run(upgrade(postgres_server.url(name)))
    return name


@pytest.fixture
def postgres_tables_url(postgres_server: PostgresServer, postgres_template: str) -> Iterator[str]:
    """A PostgreSQL database with its tables; a connection left open fails the test, for it can't be dropped."""
    name = f"copy_{next(_copies)}"
    postgres_server.sql(f"CREATE DATABASE {name} TEMPLATE {postgres_template}")
    yield postgres_server.url(name)
    postgres_server.sql(f"DROP DATABASE {name}")


@pytest.fixture(scope="session")
def vault() -> Vault:
    return Vault(os.urandom(32))


async def _opened(url: str, vault: Vault) -> AsyncIterator[Database]:
    database = await Database.open(url, vault)
    yield database
    await database.close()


@pytest.fixture
async def database(url: str, vault: Vault) -> AsyncIterator[Database]:
    """An open database, nothing in it."""
    async for database in _opened(url, vault):
        yield database


@pytest.fixture
async def sqlite_database(sqlite_tables_url: str, vault: Vault) -> AsyncIterator[Database]:
    """For what is true of SQLite alone."""
    async for database in _opened(sqlite_tables_url, vault):
        yield database


@pytest.fixture
async def postgres_database(postgres_tables_url: str, vault: Vault) -> AsyncIterator[Database]:
    """For what is true of PostgreSQL alone."""
    async for database in _opened(postgres_tables_url, vault):
        yield database
