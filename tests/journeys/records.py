"""The site's database, asked past the product: a file or a PostgreSQL database of its own."""

from __future__ import annotations

import asyncio
import itertools
import re
import sqlite3
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeVar

import asyncpg

T = TypeVar("T")
Row = dict[str, Any]


class Records(Protocol):
    """What a disaster, somebody clever, or a doubting test does to a database."""

    @property
    def url(self) -> str:
        """Its address in the settings."""
        ...

    def rows(self, query: str) -> list[Row]:
        """What a query finds."""
        ...

    def alter(self, statement: str, *values: str) -> None:
        """Run a statement that must change something; `?` stands for a value."""
        ...

    def somebody_is_writing(self) -> bool:
        """Whether a transaction is open just now that keeps others from writing."""
        ...


@dataclass(frozen=True)
class SqliteRecords:
    file: Path

    @property
    def url(self) -> str:
        return f"sqlite+aiosqlite:///{self.file}"

    def rows(self, query: str) -> list[Row]:
        with closing(sqlite3.connect(self.file)) as connection:
            connection.row_factory = sqlite3.Row
            return [dict(row) for row in connection.execute(query)]

    def alter(self, statement: str, *values: str) -> None:
        with closing(sqlite3.connect(self.file)) as connection, connection:
            assert connection.execute(statement, values).rowcount, statement

    def somebody_is_writing(self) -> bool:
        with closing(sqlite3.connect(self.file, timeout=0.2, isolation_level=None)) as connection:
            try:
                connection.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError:
                return True
            connection.execute("ROLLBACK")
            return False


_UNFINISHED = """SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
AND state LIKE 'idle in transaction%' AND clock_timestamp() - state_change > interval '200 ms'"""


@dataclass(frozen=True)
class PostgresRecords:
    url: str

    def rows(self, query: str) -> list[Row]:
        return self._asked(lambda connection: _fetched(connection, query))

    def alter(self, statement: str, *values: str) -> None:
        count = itertools.count(1)
        numbered = re.sub(r"\?", lambda _: f"${next(count)}", statement)
        changed = self._asked(lambda connection: connection.execute(numbered, *values))
        assert not changed.endswith(" 0"), statement

    def somebody_is_writing(self) -> bool:
        return bool(self.rows(_UNFINISHED))

    def _asked(self, ask: Callable[[Any], Coroutine[None, None, T]]) -> T:
        """From a thread of its own: whoever asks may be in a loop already, and waits as for a file."""

        async def asked() -> T:
            connection = await asyncpg.connect(self.url.replace("+asyncpg", ""))
            try:
                return await ask(connection)
            finally:
                await connection.close()

        with ThreadPoolExecutor(1) as thread:
            return thread.submit(asyncio.run, asked()).result()


async def _fetched(connection: Any, query: str) -> list[Row]:
    return [dict(row) for row in await connection.fetch(query)]
