"""A site small enough to hold in the head: SQLite, the real scripts, calendar and products, one agent, one policy."""

from __future__ import annotations

from dataclasses import replace

import pytest

from dialer.in_force import SiteInForce
from dialer.scripts_yaml import ScriptLibrary
from dialer.storage.database import Database
from dialer.usecases.rulebook import Rulebook
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
from tests.usecases.site import Site, SiteClock

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


@pytest.fixture
async def site(storage: Database, scripts: ScriptLibrary, rulebook: Rulebook) -> Site:
    site = Site(storage, scripts, rulebook)
    await site.seat_is_ready()
    return site


@pytest.fixture
def in_force(site: Site, scripts: ScriptLibrary, rulebook: Rulebook) -> SiteInForce:
    """What the site decides, over what it came with; the site goes by it."""
    in_force = SiteInForce(site.storage, scripts, rulebook.calendar, SiteClock(site))
    site.scripts, site.rulebook = in_force.scripts, replace(rulebook, calendar=in_force.calendar)
    return in_force
