"""What must happen unasked: the daily timetable (rules §9.3) and what waits for an hour.

APScheduler only ticks. What is due is asked of the Clock and of our own tables, so a missed tick, a restart or
another machine changes nothing: a sweep of a day runs once, whoever gets to it first.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from functools import partial

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.interval import IntervalTrigger

from dialer.domain.calendar import SHANGHAI, shanghai_day
from dialer.domain.errors import DialerError
from dialer.ports import Clock, Courier, Scripts, Signals
from dialer.ports.administration import InForce
from dialer.ports.storage import Storage
from dialer.ports.topics import DISPATCH
from dialer.usecases.finish_forgotten import finish_forgotten
from dialer.usecases.issue_tickets import issue_tickets
from dialer.usecases.keep_the_pool import expire_erevisits, flag_late, renew_ranks
from dialer.usecases.move_deadlines import settle_calendar
from dialer.usecases.rulebook import Rulebook
from dialer.usecases.settle_waiting import settle_waiting
from dialer.usecases.tell_core import deliver_messages

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class DailySweep:
    """Something done once a day, from this time on."""

    name: str
    at: time
    run: Callable[[datetime], Awaitable[int]]


class Timetable:
    """The sweeps of one site. `tick` may be called as often as one likes."""

    def __init__(
        self,
        storage: Storage,
        signals: Signals,
        scripts: Scripts,
        rulebook: Rulebook,
        in_force: InForce,
        clock: Clock,
    ) -> None:
        self._storage = storage
        self._signals = signals
        self._scripts = scripts
        self._rulebook = rulebook
        self._in_force = in_force
        self._clock = clock
        self._done: dict[str, str] = {}
        self._daily = (
            DailySweep("late", time(0, 5), lambda now: flag_late(storage, now)),
            DailySweep("ranks", time(8, 50), lambda now: renew_ranks(storage, rulebook, now)),
            DailySweep("extraction", rulebook.tickets.extraction_at, lambda now: issue_tickets(storage, rulebook, now)),
        )

    async def tick(self) -> None:
        """Do what is due and not done. A sweep that fails is an alarm, and is tried again at the next tick."""
        now = self._clock.now()
        for sweep in self._daily:
            if now.timetz().replace(tzinfo=None) >= sweep.at:
                await self._once_a_day(sweep, now)
        await self._guarded("urgent", lambda: issue_tickets(self._storage, self._rulebook, now, only_urgent=True))
        await self._guarded("erevisit", lambda: expire_erevisits(self._storage, self._rulebook, now))
        await self._guarded("waiting", lambda: settle_waiting(self._storage, self._rulebook, now))
        await self._guarded("calendar", lambda: settle_calendar(self._storage, self._rulebook, self._in_force, now))
        await self._guarded(
            "forgotten-wrap-ups",
            lambda: finish_forgotten(self._storage, self._signals, self._scripts, self._rulebook, now),
        )

    def next_due(self, now: datetime) -> datetime:
        """The next instant at which a daily sweep is due."""
        today = [datetime.combine(shanghai_day(now), sweep.at, SHANGHAI) for sweep in self._daily]
        return min(at if at > now else at + timedelta(days=1) for at in today)

    async def _once_a_day(self, sweep: DailySweep, now: datetime) -> None:
        period = shanghai_day(now).isoformat()

        async def unless_done() -> int:
            async with self._storage.read() as work:
                done = await work.ledger.last_run(sweep.name) == period
            count = 0 if done else await sweep.run(now)
            if not done:
                async with self._storage.begin() as work:
                    await work.ledger.first_run(sweep.name, period, now)
            self._done[sweep.name] = period
            return count

        if self._done.get(sweep.name) != period:
            await self._guarded(sweep.name, unless_done)

    async def _guarded(self, name: str, run: Callable[[], Awaitable[int]]) -> None:
        try:
            count = await run()
        except DialerError as error:
            log.error("sweep.failed", sweep=name, code=error.code, error=str(error))
            return
        except Exception:
            log.exception("sweep.failed", sweep=name)
            return
        if count:
            log.info("sweep.done", sweep=name, count=count)
            await self._signals.notify(DISPATCH)


def delivering(storage: Storage, courier: Courier, clock: Clock) -> Callable[[], Awaitable[None]]:
    """Tell the core system what waits; to be called again and again."""

    async def deliver() -> None:
        try:
            count = await deliver_messages(storage, courier, clock.now)
        except DialerError as error:
            log.error("webhooks.failed", code=error.code, error=str(error))
            return
        if count:
            log.info("webhooks.delivered", count=count)

    return deliver


@asynccontextmanager
async def ticking(*jobs: Callable[[], Awaitable[None]]) -> AsyncIterator[None]:
    """Do each job every second, each by itself; late ticks are folded into one, without a word.

    At the end the jobs under way are waited for: one cancelled in a statement leaves its connection half closed.
    """
    logging.getLogger("apscheduler").setLevel(logging.ERROR)
    scheduler = AsyncIOScheduler(timezone=SHANGHAI)
    under_way = [asyncio.Lock() for _ in jobs]
    for job, lock in zip(jobs, under_way, strict=True):
        every = IntervalTrigger(seconds=1)
        scheduler.add_job(partial(_under_way, lock, job), every, max_instances=1, coalesce=True)
    scheduler.start()
    try:
        yield
    finally:
        scheduler.pause()
        for lock in under_way:
            await lock.acquire()
        scheduler.shutdown(wait=False)


async def _under_way(lock: asyncio.Lock, job: Callable[[], Awaitable[None]]) -> None:
    async with lock:
        await job()
