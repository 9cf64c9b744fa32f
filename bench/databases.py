"""The database that is measured on: PostgreSQL, as call centres run it; SQLite where that is missing, or asked for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from trials.postgres import POSTGRES, PostgresServer, server_user


@dataclass(frozen=True, slots=True)
class Databases:
    """Empty databases that keep what they are told: their commits are on the disk."""

    folder: Path
    server: PostgresServer | None

    @property
    def name(self) -> str:
        """For people."""
        return "SQLite" if self.server is None else "PostgreSQL"

    def url(self, name: str) -> str:
        """The address of a new one."""
        if self.server is None:
            return f"sqlite+aiosqlite:///{self.folder / name}.db"
        self.server.sql(f"CREATE DATABASE {name}")
        return self.server.url(name)


@contextmanager
def databases(folder: Path, *, sqlite: bool) -> Iterator[Databases]:
    """As many as are asked for, until the block ends."""
    if POSTGRES is None or sqlite:
        yield Databases(folder, None)
        return
    with PostgresServer.of_ones_own(POSTGRES, server_user()) as server, server.running(careless=False):
        yield Databases(folder, server)
