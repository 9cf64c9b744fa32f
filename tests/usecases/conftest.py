"""A site small enough to hold in the head: SQLite, the real scripts, calendar and products, one agent, one policy."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from dialer.calendars import load_calendar
from dialer.in_force import SiteInForce
from dialer.products import load_products
from dialer.scripts_yaml import ScriptLibrary, load_scripts
from dialer.storage.database import Database
from dialer.storage.schema import upgrade
from dialer.storage.vault import Vault
from dialer.usecases.rulebook import ProofRules, Rulebook
from tests.console.desk import OfTheSite
from tests.storage.conftest import (
    database,
    postgres_database,
    postgres_tables_url,
    postgres_template,
    sqlite_tables_url,
    sqlite_template,
    url,
    vault,
)
from tests.usecases.site import Site

__all__ = [
    "database",
    "postgres_database",
    "postgres_tables_url",
    "postgres_template",
    "sqlite_tables_url",
    "sqlite_template",
    "url",
    "vault",
]

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def scripts() -> ScriptLibrary:
    return load_scripts(ROOT / "scripts")


@pytest.fixture(scope="session")
def rulebook() -> Rulebook:
    return Rulebook(
        calendar=load_calendar(ROOT / "config" / "calendars"),
        products=load_products(ROOT / "config" / "products"),
        proof=ProofRules(min_seconds=60),
    )


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Migrated once, copied for every test."""
    path = tmp_path_factory.mktemp("migrated") / "empty.db"
    asyncio.run(upgrade(f"sqlite+aiosqlite:///{path}"))
    return path


@pytest.fixture
async def storage(tmp_path: Path, empty_database: Path) -> AsyncIterator[Database]:
    shutil.copy(empty_database, tmp_path / "dialer.db")
    url = f"sqlite+aiosqlite:///{tmp_path / 'dialer.db'}"
    database = await Database.open(url, Vault(os.urandom(32)))
    yield database
    await database.close()


@pytest.fixture
async def site(storage: Database, scripts: ScriptLibrary, rulebook: Rulebook) -> Site:
    site = Site(storage, scripts, rulebook)
    await site.seat_is_ready()
    return site


@pytest.fixture
def in_force(site: Site, scripts: ScriptLibrary, rulebook: Rulebook) -> SiteInForce:
    """What the site decides, over what it came with; the site goes by it."""
    in_force = SiteInForce(site.storage, scripts, rulebook.calendar, OfTheSite(site))
    site.scripts, site.rulebook = in_force.scripts, replace(rulebook, calendar=in_force.calendar)
    return in_force
