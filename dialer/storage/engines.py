"""Connections to SQLite and PostgreSQL, set up so that both keep the same promises.

SQLite: a writing transaction takes the write lock when it begins, since one that reads first and then writes would
fail as locked at once if another wrote in between; there is one writing connection a process, so its writers queue
in order instead of polling the lock; a commit is on the disk before it returns.

PostgreSQL: READ COMMITTED with versions for writing, a snapshot for reading.
"""

from __future__ import annotations

import asyncio
import socket
import sqlite3
from asyncio.trsock import TransportSocket
from collections.abc import Iterable
from contextlib import closing, suppress
from functools import partial
from typing import Any, NamedTuple, Self, cast

import aiosqlite
import asyncpg
from sqlalchemy import URL, Connection, event
from sqlalchemy.engine.interfaces import DBAPIConnection, DBAPICursor
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry
from sqlalchemy.util import await_only

from dialer.storage.plain import dumps

_TRIES = 100
_AGAIN_SECONDS = 0.05
_WRITING = ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON")
_READING = ("query_only = ON",)
_CONNECTIONS = 15
"""Of one process at most; SQLite opens and keeps as many for reading."""
_KEEPALIVE = {socket.TCP_KEEPIDLE: 5, socket.TCP_KEEPINTVL: 2, socket.TCP_KEEPCNT: 3, socket.TCP_USER_TIMEOUT: 11_000}
"""Seconds, seconds, times; milliseconds for what was sent and is not acknowledged."""
_TURNS_TO_HEAR_A_GOODBYE = 3
"""Of the event loop: the socket is read, its end is told to the transport, the transport tells the connection."""


def writing_and_reading(url: URL, busy_seconds: float) -> tuple[AsyncEngine, AsyncEngine]:
    """The engine for units of work and the one for reading; both must be disposed of (they may share connections).

    `busy_seconds` is how long to wait for a lock or a free connection.
    """
    if url.get_backend_name() == "sqlite":
        return _sqlite(url, busy_seconds, writes=True), _sqlite(url, busy_seconds, writes=False)
    writing = _postgres(url, busy_seconds)
    return writing, writing.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)


def _sqlite(url: URL, busy_seconds: float, *, writes: bool) -> AsyncEngine:
    engine = create_async_engine(
        url,
        # isolation_level: transactions are begun by `_begin`, not guessed by the driver
        connect_args={"timeout": busy_seconds, "isolation_level": None, "async_creator_fn": _connect},
        pool_size=1 if writes else _CONNECTIONS,
        max_overflow=0,
        pool_timeout=busy_seconds,
        hide_parameters=True,  # an error's text may end in a log, and the values are people's
        json_serializer=dumps,
    )
    event.listen(engine.sync_engine, "connect", partial(_prepare, _WRITING if writes else _READING))
    event.listen(engine.sync_engine, "invalidate", _let_go)
    event.listen(engine.sync_engine, "begin", partial(_begin, "BEGIN IMMEDIATE" if writes else "BEGIN"))
    return engine


async def _connect(path: str, **options: Any) -> aiosqlite.Connection:  # noqa: ANN401 - the driver's own
    """Connect; a connection that fails leaves no thread that would talk to a closed loop later."""
    connection = aiosqlite.connect(path, **options)
    thread = connection._thread  # noqa: SLF001 - aiosqlite has no other way to wait for it
    thread.daemon = True
    connection.cursor = partial(_OneTrip, connection)  # type: ignore[method-assign,assignment]  # what SQLAlchemy asks of it
    try:
        return await connection
    except BaseException:
        await asyncio.to_thread(thread.join)
        raise


class _OneTrip:
    """A cursor that runs a statement and fetches its rows in one trip to the connection's thread.

    The driver's own makes a trip each to open, execute, fetch and close, which costs more than most statements do.
    """

    arraysize = 1

    def __init__(self, connection: aiosqlite.Connection) -> None:
        self._connection = connection
        self._result = _Result(None, -1, None, [])

    async def __aenter__(self) -> Self:
        return self

    async def execute(self, sql: str, parameters: Iterable[Any] = ()) -> None:
        self._result = await self._run("execute", sql, parameters)

    async def executemany(self, sql: str, parameters: Iterable[Iterable[Any]]) -> None:
        self._result = await self._run("executemany", sql, parameters)

    async def _run(self, how: str, sql: str, parameters: Iterable[Any]) -> _Result:
        connection = self._connection
        run = partial(_run, connection._conn, how, sql, parameters)  # noqa: SLF001 - aiosqlite has no such trip itself
        return cast("_Result", await connection._execute(run))  # type: ignore[no-untyped-call]  # noqa: SLF001 - as above

    async def fetchall(self) -> list[Any]:
        return self._result.rows

    async def close(self) -> None:
        """It is closed since the statement was run."""

    @property
    def description(self) -> Any:  # noqa: ANN401 - the driver's own
        return self._result.description

    @property
    def rowcount(self) -> int:
        return self._result.rowcount

    @property
    def lastrowid(self) -> int | None:
        return self._result.lastrowid


class _Result(NamedTuple):
    description: Any
    rowcount: int
    lastrowid: int | None
    rows: list[Any]


def _run(connection: sqlite3.Connection, how: str, sql: str, parameters: Iterable[Any]) -> _Result:
    """In the connection's thread. The count of a statement that returns rows is known when they are fetched."""
    with closing(connection.cursor()) as cursor:
        getattr(cursor, how)(sql, parameters)
        rows = cursor.fetchall() if cursor.description else []
        return _Result(cursor.description, cursor.rowcount, cursor.lastrowid, rows)


def _prepare(pragmas: tuple[str, ...], connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
    cursor = connection.cursor()
    for pragma in pragmas:
        _patiently(cursor, f"PRAGMA {pragma}")
    cursor.close()


def _patiently(cursor: DBAPICursor, statement: str) -> None:
    """Turning a new file to WAL answers "locked" at once, whatever the timeout, while another process does the same."""
    for _ in range(_TRIES):
        try:
            cursor.execute(statement)
        except sqlite3.OperationalError as error:
            if "locked" not in str(error):
                raise
            await_only(asyncio.sleep(_AGAIN_SECONDS))
        else:
            return
    cursor.execute(statement)


def _let_go(connection: DBAPIConnection, _entry: ConnectionPoolEntry, _error: BaseException | None) -> None:
    """A task was cancelled in a statement. SQLite keeps the lock of a closed connection while a statement is open."""
    with suppress(sqlite3.Error, ValueError):  # closed by somebody else: it holds nothing
        connection.rollback()


def _begin(how: str, connection: Connection) -> None:
    connection.exec_driver_sql(how)


def _postgres(url: URL, busy_seconds: float) -> AsyncEngine:
    milliseconds = str(int(busy_seconds * 1000))
    waits = {
        "lock_timeout": milliseconds,
        # a process that stands still, or whose machine is gone, does not keep its locks
        "idle_in_transaction_session_timeout": milliseconds,
    }
    engine = create_async_engine(
        url,
        connect_args={"server_settings": waits, "timeout": busy_seconds},
        pool_size=_CONNECTIONS,
        max_overflow=0,  # beyond the size each use would begin with a new connection, a process of the server's
        pool_timeout=busy_seconds,
        isolation_level="READ COMMITTED",
        hide_parameters=True,
        json_serializer=dumps,
    )
    event.listen(engine.sync_engine, "connect", _connected)
    event.listen(engine.sync_engine, "checkout", _still_open)
    return engine


def _connected(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
    notice_when_it_is_gone(connection._connection)  # noqa: SLF001 - asyncpg's, behind SQLAlchemy's


def notice_when_it_is_gone(connection: asyncpg.Connection[Any]) -> None:
    """A server whose machine is gone says no goodbye: its answer would be waited for without end."""
    set_keepalive(connection._transport.get_extra_info("socket"))  # noqa: SLF001 - asyncpg has no option for it


def set_keepalive(connected: TransportSocket) -> None:
    """Have the kernel give a peer up after about 11 s without a sign of life; one that works long gives them."""
    if connected.family == socket.AF_UNIX:
        return
    connected.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for option, value in _KEEPALIVE.items():
        connected.setsockopt(socket.IPPROTO_TCP, option, value)


def _still_open(connection: DBAPIConnection, _entry: ConnectionPoolEntry, _proxy: object) -> None:
    """A server that was restarted is no error of the next unit of work: its goodbye lies in the socket, and is read.

    The pool's own ping asks the server instead, in a transaction of its own: three trips before every unit of work.
    """
    for _ in range(_TURNS_TO_HEAR_A_GOODBYE):
        await_only(asyncio.sleep(0))
    if connection._connection.is_closed():  # noqa: SLF001 - asyncpg's, behind SQLAlchemy's
        raise DisconnectionError("the server has closed this connection")
