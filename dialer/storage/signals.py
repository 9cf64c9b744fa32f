"""`dialer.ports.Signals` over the database: at once within a process, soon between processes.

On SQLite a signal counts one up in a table that is looked at while somebody waits; PostgreSQL tells by itself
(LISTEN/NOTIFY). Whoever signals does not wait until other processes can hear it: what has gathered meanwhile goes out
together. Waiting for the first time, and after a lost connection, may end at once: nobody knows what was missed.
"""

from __future__ import annotations

import asyncio
import uuid
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from typing import Any
from weakref import WeakKeyDictionary

import asyncpg
import structlog
from sqlalchemy import func, select

from dialer.ports.storage import StorageUnavailable
from dialer.storage.database import Database
from dialer.storage.engines import notice_when_it_is_gone
from dialer.storage.tables import signals

POLL_SECONDS = 0.1
"""How often other processes' signals are looked for on SQLite."""

_RECONNECT_SECONDS = 1.0
_CHANNEL = "dialer"

_LOG = structlog.get_logger("signals")


def open_signals(database: Database) -> PolledSignals | ListenedSignals:
    """The signals between all who use this database; close them before it."""
    return PolledSignals(database) if database.is_sqlite else ListenedSignals(database)


class _Bells:
    """The topics of one process: how often each has rung, and who waits for it."""

    def __init__(self) -> None:
        self._rung: Counter[str] = Counter()
        self._heard: WeakKeyDictionary[asyncio.Task[Any], Counter[str]] = WeakKeyDictionary()
        self._waiting: dict[str, set[asyncio.Future[None]]] = {}

    def ring(self, *topics: str) -> None:
        """Wake those who wait on a topic; when nobody does, the next to wait need not."""
        for topic in topics:
            self._rung[topic] += 1
            for waiter in self._waiting.pop(topic, ()):
                if not waiter.done():
                    waiter.set_result(None)

    def ring_all(self) -> None:
        """Wake everybody who has ever waited."""
        self.ring(*{topic for heard in self._heard.values() for topic in heard})

    async def wait(self, topic: str, timeout_seconds: float) -> bool:
        """As `dialer.ports.Signals.wait`. Each task hears for itself: nobody hears a signal in another's place."""
        task = asyncio.current_task()
        assert task is not None
        heard = self._heard.setdefault(task, Counter())
        before = heard.setdefault(topic, 0)
        if self._rung[topic] == before:
            await self._next_ring(topic, timeout_seconds)
        heard[topic] = self._rung[topic]
        return self._rung[topic] > before

    async def _next_ring(self, topic: str, timeout_seconds: float) -> None:
        waiter = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(topic, set()).add(waiter)
        try:
            await asyncio.wait([waiter], timeout=timeout_seconds)
        finally:
            self._waiting.get(topic, set()).discard(waiter)


class _Outgoing:
    """Topics that other processes have not been told of yet; one task tells them, in one transaction each time."""

    def __init__(self, tell: Callable[[Sequence[str]], Awaitable[None]]) -> None:
        self._tell = tell
        self._topics: dict[str, None] = {}
        self._sender: asyncio.Task[None] | None = None

    def add(self, *topics: str) -> None:
        """Tell them soon."""
        self._topics.update(dict.fromkeys(topics))
        if self._sender is None or self._sender.done():
            self._sender = asyncio.create_task(self._send(), name="signals-sender")

    async def _send(self) -> None:
        while self._topics:
            topics, self._topics = [*self._topics], {}
            try:
                await self._tell(topics)
            except StorageUnavailable as error:
                _LOG.warning("signals_not_sent", topics=topics, error=str(error))

    async def sent(self) -> None:
        """Wait until everything is told."""
        if self._sender is not None:
            await self._sender


class PolledSignals:
    """Signals over SQLite. One task looks at the table, and only while somebody waits."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._bells = _Bells()
        self._known: Counter[str] = Counter()
        self._waiting = 0
        self._poller: asyncio.Task[None] | None = None
        self._outgoing = _Outgoing(self._tell)

    async def notify(self, *topics: str) -> None:
        """Wake those who wait on one of the topics. Other processes learn late when the database is busy."""
        self._bells.ring(*topics)
        self._outgoing.add(*topics)

    async def _tell(self, topics: Sequence[str]) -> None:
        self._known.update(topics)  # our own count is no news to us
        try:
            async with self._database.statements(writes=True) as statements:
                insert = statements.upsert(signals, [{"topic": topic, "count": 1} for topic in topics])
                one_more = {"count": signals.c.count + 1}
                await statements.run(insert.on_conflict_do_update(index_elements=["topic"], set_=one_more))
        except StorageUnavailable:
            self._known.subtract(topics)
            raise

    async def wait(self, topic: str, timeout_seconds: float) -> bool:
        """Sleep until a signal that came after the previous `wait` on this topic; False on time-out."""
        self._waiting += 1
        try:
            self._keep_polling()
            return await self._bells.wait(topic, timeout_seconds)
        finally:
            self._waiting -= 1

    def _keep_polling(self) -> None:
        if self._poller is not None and not self._poller.done():
            return
        if self._poller is not None:
            self._poller.result()  # a fault of the last one is not lost
        self._poller = asyncio.create_task(self._poll(), name="signals-poller")

    async def _poll(self) -> None:
        while self._waiting:
            try:
                await self._look()
            except StorageUnavailable as error:
                _LOG.warning("signals_not_read", error=str(error))
            await asyncio.sleep(POLL_SECONDS)

    async def _look(self) -> None:
        async with self._database.statements(writes=False) as statements:
            rows = await statements.all(select(signals))
        for row in rows:
            if row["count"] > self._known[row["topic"]]:
                self._known[row["topic"]] = row["count"]
                self._bells.ring(row["topic"])

    async def close(self) -> None:
        """Stop looking; waits under way end by their own time-outs."""
        await self._outgoing.sent()
        self._waiting = 0
        if self._poller is not None:
            await self._poller


class ListenedSignals:
    """Signals over PostgreSQL. One connection listens from the first wait on, and comes back when it is lost."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._bells = _Bells()
        self._name = uuid.uuid4().hex
        self._listener: asyncio.Task[None] | None = None
        self._outgoing = _Outgoing(self._tell)

    async def notify(self, *topics: str) -> None:
        """Wake those who wait on one of the topics. Others are not told while the database can't be reached."""
        self._bells.ring(*topics)
        self._outgoing.add(*topics)

    async def _tell(self, topics: Sequence[str]) -> None:
        async with self._database.statements(writes=True) as statements:
            await statements.run(select(*(func.pg_notify(_CHANNEL, f"{self._name} {topic}") for topic in topics)))

    async def wait(self, topic: str, timeout_seconds: float) -> bool:
        """Sleep until a signal that came after the previous `wait` on this topic; False on time-out."""
        if self._listener is None:
            self._listener = asyncio.create_task(self._listen(), name="signals-listener")
        if self._listener.done():
            self._listener.result()
        return await self._bells.wait(topic, timeout_seconds)

    async def _listen(self) -> None:
        while True:
            try:
                await self._listen_until_lost()
            except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
                _LOG.warning("signals_not_heard", error=str(error))
            await asyncio.sleep(_RECONNECT_SECONDS)

    async def _listen_until_lost(self) -> None:
        connection = await asyncpg.connect(**self._database.connect_arguments())
        notice_when_it_is_gone(connection)
        try:
            lost = asyncio.Event()
            connection.add_termination_listener(lambda _connection: lost.set())
            await connection.add_listener(_CHANNEL, self._told)
            self._bells.ring_all()
            await lost.wait()
        finally:
            connection.terminate()

    def _told(self, _connection: Any, _process: int, _channel: str, payload: str) -> None:  # noqa: ANN401 - asyncpg's
        sender, _, topic = payload.partition(" ")
        if sender != self._name:
            self._bells.ring(topic)

    async def close(self) -> None:
        """Stop listening; waits under way end by their own time-outs."""
        await self._outgoing.sent()
        if self._listener is not None:
            self._listener.cancel()
            await asyncio.wait([self._listener])
