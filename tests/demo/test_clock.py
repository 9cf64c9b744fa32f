"""The demonstration's clock jumps only over time in which nothing happens."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from dialer.demo.clock import DemoClock, Director

NINE = datetime(2026, 9, 22, 9, 0, tzinfo=ZoneInfo("Asia/Shanghai"))
TEN, NOON, MIDNIGHT = NINE + timedelta(hours=1), NINE + timedelta(hours=3), NINE + timedelta(hours=15)
MOMENT = timedelta(seconds=5)


class World:
    """What is due and whether anybody is busy, as a test says."""

    def __init__(self, *due: datetime) -> None:
        self.due = list(due)
        self.somebody_talks = False
        self.woken = 0
        self.clock = DemoClock(NINE)
        self.director = Director(self.clock, MIDNIGHT, self.busy, (self.next_due,), self.wake)

    async def busy(self) -> bool:
        return self.somebody_talks

    async def next_due(self, _now: datetime) -> datetime | None:
        return min(self.due, default=None)

    async def wake(self) -> None:
        self.woken += 1

    def is_about(self, instant: datetime) -> bool:
        return instant <= self.clock.now() < instant + MOMENT


def test_the_clock_starts_where_it_is_told_and_runs():
    clock = DemoClock(NINE)
    first, second = clock.now(), clock.now()
    assert NINE <= first <= second < NINE + MOMENT
    assert first.utcoffset() == timedelta(hours=8)


def test_a_jump_goes_on_from_there_and_never_back():
    clock = DemoClock(NINE)
    clock.jump_to(NOON)
    assert NOON <= clock.now() < NOON + MOMENT
    clock.jump_to(TEN)
    assert NOON <= clock.now() < NOON + MOMENT


async def test_the_director_jumps_to_what_is_due_first_and_wakes_the_others():
    world = World(NOON, TEN)
    assert await world.director.step()
    assert world.is_about(TEN)
    assert world.woken == 1


async def test_nobody_is_jumped_over_who_talks():
    world = World(TEN)
    world.somebody_talks = True
    assert await world.director.step()
    assert world.is_about(NINE)
    assert world.woken == 0


async def test_what_is_due_and_not_done_is_waited_for():
    world = World(NINE, TEN)
    assert await world.director.step()
    assert world.is_about(NINE)


async def test_nothing_due_before_the_end_is_the_end():
    world = World(MIDNIGHT + timedelta(hours=9))
    assert not await world.director.step()
    assert world.is_about(NINE)
    world.due = []
    assert not await world.director.step()


async def test_somebody_who_talks_at_the_end_is_waited_for():
    world = World()
    world.somebody_talks = True
    assert await world.director.step()
