from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import text

from dialer.ports import Signals
from dialer.storage.database import Database
from dialer.storage.signals import ListenedSignals, PolledSignals, open_signals

SOON = 5.0
AT_ONCE = 0.0


@pytest.fixture
async def signals(database) -> AsyncIterator[PolledSignals | ListenedSignals]:
    opened = open_signals(database)
    await _settled(opened)
    yield opened
    await opened.close()


@pytest.fixture
async def elsewhere(url, vault) -> AsyncIterator[PolledSignals | ListenedSignals]:
    """The signals of another process: nothing but the database is shared."""
    other = await Database.open(url, vault)
    opened = open_signals(other)
    await _settled(opened)
    yield opened
    await opened.close()
    await other.close()


async def _settled(signals: Signals) -> None:
    """Past the first wait, which may end at once."""
    for topic in ("desk", "engine"):
        await signals.wait(topic, 0.3)


async def test_nothing_comes_of_nothing(signals):
    await _settled(signals)
    assert await signals.wait("desk", AT_ONCE) is False


async def test_a_signal_before_the_wait_is_not_missed(signals):
    await signals.notify("desk")

    assert await signals.wait("desk", AT_ONCE) is True
    assert await signals.wait("desk", AT_ONCE) is False


async def test_all_who_wait_on_a_topic_are_woken_and_nobody_else(signals):
    waiters = [asyncio.create_task(signals.wait("desk", SOON)) for _ in range(3)]
    other = asyncio.create_task(signals.wait("engine", 0.2))
    await asyncio.sleep(0)

    await signals.notify("desk")

    assert await asyncio.gather(*waiters) == [True, True, True]
    assert await other is False


async def test_who_was_busy_when_others_heard_a_signal_hears_it_too(signals):
    heard = []

    async def look_twice(busy: asyncio.Event) -> None:
        await signals.wait("desk", AT_ONCE)
        await busy.wait()
        heard.append(await signals.wait("desk", AT_ONCE))

    at_once, later = asyncio.Event(), asyncio.Event()
    async with asyncio.TaskGroup() as group:
        group.create_task(look_twice(at_once))
        group.create_task(look_twice(later))
        await _settled(signals)
        await signals.notify("desk")
        at_once.set()
        await asyncio.sleep(0.05)
        later.set()

    assert heard == [True, True]


async def test_a_signal_crosses_to_another_process(signals, elsewhere):
    waiting = asyncio.create_task(elsewhere.wait("desk", SOON))
    await signals.notify("desk")
    assert await waiting is True

    waiting = asyncio.create_task(signals.wait("desk", SOON))
    await elsewhere.notify("desk")
    assert await waiting is True


async def test_a_signal_that_crossed_while_nobody_waited_is_not_missed(signals, elsewhere):
    await signals.notify("desk")

    assert await elsewhere.wait("desk", SOON) is True


async def test_our_own_signal_does_not_come_back_as_news(signals):
    await signals.notify("desk")
    assert await signals.wait("desk", AT_ONCE) is True

    assert await signals.wait("desk", 0.4) is False


async def test_a_cancelled_wait_leaves_the_others_waiting(signals):
    first = asyncio.create_task(signals.wait("desk", SOON))
    second = asyncio.create_task(signals.wait("desk", SOON))
    await asyncio.sleep(0)
    first.cancel()
    await asyncio.wait([first])

    await signals.notify("desk")

    assert await second is True


async def test_sqlite_is_looked_at_only_while_somebody_waits(sqlite_tables_url, vault):
    database = await Database.open(sqlite_tables_url, vault)
    signals = PolledSignals(database)
    await signals.wait("desk", AT_ONCE)
    poller = signals._poller
    assert poller is not None

    await asyncio.wait_for(poller, SOON)  # ends by itself

    await signals.close()
    await database.close()


@pytest.mark.postgres
async def test_a_lost_connection_is_made_again_and_wakes_everybody(postgres_database):
    signals = ListenedSignals(postgres_database)
    await _settled(signals)
    waiting = asyncio.create_task(signals.wait("desk", SOON))
    listeners = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN%'"
    async with postgres_database.statements(writes=True) as statements:
        assert await statements.scalar(text(listeners))

    assert await waiting is True  # came back, and nobody knows what was missed
    await signals.close()


_OTHER_PROCESS = """
import asyncio, sys
from dialer.storage.database import Database
from dialer.storage.signals import open_signals
from dialer.storage.vault import Vault

async def main():
    database = Database(sys.argv[1], Vault(b"k" * 32))
    signals = open_signals(database)
    await signals.notify("desk")
    await signals.close()
    await database.close()

asyncio.run(main())
"""


async def test_a_signal_comes_from_a_real_other_process(signals, url):
    waiting = asyncio.create_task(signals.wait("desk", 20.0))

    done = await asyncio.to_thread(
        subprocess.run, [sys.executable, "-c", _OTHER_PROCESS, url], capture_output=True, text=True, check=False
    )

    assert (done.returncode, done.stderr) == (0, "")
    assert await waiting is True
