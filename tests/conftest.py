"""What the whole suite shares: which real parts it needs, and a PostgreSQL server of its own."""

from __future__ import annotations

import importlib.util
import itertools
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from dialer.telephony.asterisk.instance import find_program
from trials.postgres import POSTGRES, PostgresServer, server_user

PARTS = {
    "sip": (importlib.util.find_spec("pjsua2") is not None, "install the pjsua2-python wheel (make env)"),
    "postgres": (POSTGRES is not None, "make postgres"),
    "asterisk": (find_program(Path(__file__).parents[1] / ".parts") is not None, "make asterisk"),
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
