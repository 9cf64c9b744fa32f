"""What a journey's site stands on: which database, which phone system. `@in_worlds("sqlite-pjsua", …)` names them."""

from __future__ import annotations

import zlib
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from dialer.telephony.asterisk.instance import PrivateAsterisk, find_program
from tests.journeys.premises import ROOT
from tests.journeys.records import PostgresRecords, Records, SqliteRecords
from trials.postgres import PostgresServer

_MARKS = {"sqlite": (), "postgres": (pytest.mark.postgres,), "pjsua": (), "asterisk": (pytest.mark.asterisk,)}


@dataclass(frozen=True)
class World:
    """`postgres` None means SQLite; every site gets a database and, if so, an Asterisk of its own."""

    postgres: PostgresServer | None = None
    on_asterisk: bool = False
    _copied: list[str] = field(default_factory=list)

    def new_records(self, folder: Path) -> Records:
        """An empty database for a new site; one of PostgreSQL's goes with the server."""
        return self._made(folder, "template1")

    def copied_records(self, folder: Path, template: Path) -> Records:
        """The database of a site whose folder is a copy of the template's; dropped at the end."""
        if self.postgres is not None:
            self._copied.append(_database_of(folder))
        return self._made(folder, _database_of(template))

    def _made(self, folder: Path, model: str) -> Records:
        if self.postgres is None:
            return SqliteRecords(folder / "dialer.db")
        self.postgres.sql(f"CREATE DATABASE {_database_of(folder)} TEMPLATE {model}")
        return PostgresRecords(self.postgres.url(_database_of(folder)))

    @property
    def name(self) -> str:
        """What a template of this world can't share with another world's: its database."""
        return "sqlite" if self.postgres is None else "postgres"

    @asynccontextmanager
    async def asterisk(self, home: Path, carrier: str) -> AsyncIterator[PrivateAsterisk | None]:
        """The site's Asterisk, if it has one. It may die and come back meanwhile."""
        if not self.on_asterisk:
            yield None
            return
        program = find_program(ROOT / ".parts")
        assert program is not None
        asterisk = PrivateAsterisk(program, ROOT / "config" / "asterisk", home, carrier, rtp_timeout=3)
        async with asterisk:
            yield asterisk

    @contextmanager
    def cleaned_up(self) -> Iterator[World]:
        """Drop what was copied; a connection that somebody left open fails here."""
        yield self
        if self.postgres is not None:
            for name in self._copied:
                self.postgres.sql(f"DROP DATABASE {name}")


SMALLEST = World()
"""SQLite and the embedded engine: what a newcomer starts with."""


def _database_of(folder: Path) -> str:
    return f"site_{zlib.crc32(str(folder).encode()):08x}"


def in_worlds(*names: str) -> pytest.MarkDecorator:
    """Run a journey, which asks for `world`, in each of these."""
    params = [pytest.param(name, marks=[mark for part in name.split("-") for mark in _MARKS[part]]) for name in names]
    return pytest.mark.parametrize("world", params, indirect=True)
