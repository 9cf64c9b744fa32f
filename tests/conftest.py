"""What the whole suite shares: which real parts it needs, databases, the scripts and rules of the product."""

from __future__ import annotations

import asyncio
import importlib.util
import itertools
import os
import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from dialer.bootstrap import rulebook_of
from dialer.scripts_yaml import ScriptLibrary, load_scripts
from dialer.settings import Paths, Settings
from dialer.storage.database import Database
from dialer.storage.schema import upgrade
from dialer.storage.vault import Vault
from dialer.telephony.asterisk.instance import find_program
from dialer.usecases.rulebook import Rulebook
from trials.postgres import POSTGRES, PostgresServer, server_user

ROOT = Path(__file__).parents[1]
PARTS = {
    "sip": (importlib.util.find_spec("pjsua2") is not None, "install the pjsua2-python wheel (make env)"),
    "postgres": (POSTGRES is not None, "make postgres"),
    "asterisk": (find_program(ROOT / ".parts") is not None, "make asterisk"),
    "browser": (shutil.which("chromium") is not None, "make provision"),
    "sipp": (shutil.which("sipp") is not None, "make provision"),
}


def require(part: str, *, available: bool, how: str) -> None:
    """Skip the test when a real part is missing, saying what would make it run; fail where all are required.

    `.ci/run` sets DIALER_REQUIRE_ALL=1, so nothing is skipped there by mistake.
    """
    if available:
        return
    reason = f"needs {part}: {how}"
    if os.environ.get("DIALER_REQUIRE_ALL") == "1":
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


def require_known(part: str) -> None:
    """`require` for the parts that have a marker."""
    available, how = PARTS[part]
    require(part, available=available, how=how)


def pytest_runtest_setup(item: pytest.Item) -> None:
    for part in PARTS.keys() & {mark.name for mark in item.iter_markers()}:
        require_known(part)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """A PostgreSQL server for this run only."""
    require_known("postgres")
    assert POSTGRES is not None
    with PostgresServer.of_ones_own(POSTGRES, server_user()) as server, server.running():
        yield server


_databases = itertools.count(1)


@pytest.fixture
def postgres_url(postgres_server: PostgresServer) -> Iterator[str]:
    """A fresh, empty database. A test that leaves a connection open fails here: it can't be dropped."""
    name = f"test_{next(_databases)}"
    postgres_server.sql(f"CREATE DATABASE {name}")
    yield postgres_server.url(name)
    postgres_server.sql(f"DROP DATABASE {name}")


@pytest.fixture(scope="session")
def scripts() -> ScriptLibrary:
    """What agents say."""
    return load_scripts(ROOT / "scripts")


@pytest.fixture(scope="session")
def rulebook() -> Rulebook:
    """A site's that has decided nothing itself."""
    return rulebook_of(Settings(paths=Paths(calendars=ROOT / "config/calendars", products=ROOT / "config/products")))


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Migrated once; every test gets a copy."""
    path = tmp_path_factory.mktemp("migrated") / "empty.db"
    asyncio.run(upgrade(f"sqlite+aiosqlite:///{path}"))
    return path


@pytest.fixture
async def storage(empty_database: Path, tmp_path: Path) -> AsyncIterator[Database]:
    """A database of the test's own, on SQLite."""
    file = shutil.copy(empty_database, tmp_path / "dialer.db")
    database = await Database.open(f"sqlite+aiosqlite:///{file}", Vault(os.urandom(32)))
    yield database
    await database.close()
