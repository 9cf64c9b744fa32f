from __future__ import annotations

from dataclasses import replace
from datetime import date, time, timedelta

import pytest

from dialer.domain.case import Appointment, CaseState, Purpose
from dialer.domain.errors import NotFound, StaleVersion
from dialer.domain.priority import Rank
from dialer.domain.steering import Course, Group, Steering, SteeringKind
from dialer.ports.steering import PoolCount
from tests.builders import TODAY, at
from tests.storage.stories import given_attempt, given_case

GRACE = timedelta(minutes=30)


def a_decision(kind: SteeringKind = SteeringKind.PAUSE, **changes) -> Steering:
    facts = {"org": "44", "purpose": None, "by": "lina", "at": at(8), "why": "台风"}
    return Steering(id=0, kind=kind, **facts | changes)


async def test_a_decision_is_kept_with_everything_and_its_end_is_added_once(database):
    hours = a_decision(
        SteeringKind.HOURS, purpose=Purpose.U_REDIAL, start=time(14), end=time(16, 30), until=at(20), seats=3
    )
    async with database.begin() as work:
        made = await work.steerings.add(hours)
        pause = await work.steerings.add(a_decision())
        with pytest.raises(NotFound):
            await work.steerings.get(99)
    async with database.read() as work:
        assert await work.steerings.get(made.id) == replace(hours, id=made.id)
        assert [*await work.steerings.standing(at(9))] == [made, pause]
        assert [*await work.steerings.standing(at(7))] == []
        assert [*await work.steerings.standing(at(20))] == [pause]  # the other has lapsed
        assert [*await work.steerings.latest(1)] == [pause]
    async with database.begin() as work:
        await work.steerings.end(pause.id, "lina", "过去了", at(11))
    with pytest.raises(StaleVersion):
        async with database.begin() as work:
            await work.steerings.end(pause.id, "wang", "again", at(12))
    async with database.read() as work:
        ended = await work.steerings.get(pause.id)
        assert (ended.ended_at, ended.ended_by, ended.ended_why) == (at(11), "lina", "过去了")
        assert [*await work.steerings.standing(at(12))] == [made]


async def test_what_is_due_leaves_out_what_is_held_as_the_rules_say_it(database):
    """The query and `Course.hold` are one thing said twice."""
    for org in ("44/4401", "44/4402", "441", "32/3201"):
        for purpose in (Purpose.FIRST, Purpose.U_REDIAL):
            await given_case(database, org=org, purpose=purpose)
    for minute in (25, 30, 55):  # long promised, just promised, still to come
        promised = Appointment(at(9, minute))
        await given_case(database, org="44/4401", appointment=promised, state=CaseState.APPOINTMENT)
    pause, hours = a_decision(), a_decision(SteeringKind.HOURS, start=time(14), end=time(16), org="")
    seats = a_decision(SteeringKind.SEATS, seats=1, org="44/4401", purpose=Purpose.FIRST)
    now = at(9, 55)
    async with database.read() as work:
        everything = await work.cases.due(now, 100)
        assert len(everything) == 11
        for holding in ((), (pause,), (hours,), (seats,), (replace(pause, org="32"), seats), (pause, hours)):
            course = Course(now, holding, (), GRACE)
            due = await work.cases.due(now, 100, course)
            assert [case.id for case in due] == [case.id for case in everything if course.hold(case) is None]


async def test_what_goes_first_comes_after_promises_and_what_expires(database):
    ranks = (Rank.APPOINTMENT, Rank.EXPIRING, Rank.L1_REDIAL, Rank.RETRY)
    given = [await given_case(database, org=org, rank=int(rank)) for org in ("44/4401", "32/3201") for rank in ranks]
    course = Course(at(10), (), (Group("32"),), GRACE)
    async with database.read() as work:
        due = await work.cases.due(at(10), 100, course)
        assert list(due) == sorted(given, key=lambda case: (course.place(case), case.id))
        assert [(case.org[:2], Rank(case.rank)) for case in due[4:6]] == [("32", Rank.L1_REDIAL), ("32", Rank.RETRY)]


async def test_the_pool_of_a_group_is_counted(database):
    midnight = at(0) + timedelta(days=1)
    await given_case(database, next_at=at(9), revisit_last_day=TODAY)
    await given_case(database, next_at=at(11), revisit_last_day=TODAY + timedelta(days=2))
    await given_case(database, next_at=at(11), appointment=Appointment(at(11)), state=CaseState.APPOINTMENT)
    await given_case(database, next_at=midnight + timedelta(hours=9), revisit_last_day=TODAY)
    await given_case(database, next_at=at(9), org="32/3201", revisit_last_day=TODAY)
    await given_case(database, next_at=at(9), purpose=Purpose.L1_CONFIRM, revisit_last_day=TODAY)
    await given_case(database, next_at=at(9), state=CaseState.U_ISSUED, revisit_last_day=TODAY)
    group = Group("44", Purpose.FIRST)
    async with database.read() as work:
        assert await work.steerings.pool(group, at(10), midnight) == PoolCount(4, 1, 3, 1)
        assert await work.steerings.pool(Group("11"), at(10), midnight) == PoolCount()
        deadlines = await work.steerings.deadlines(group, TODAY, TODAY + timedelta(days=6))
        assert dict(deadlines) == {TODAY: 2, TODAY + timedelta(days=2): 1}
        assert dict(await work.steerings.deadlines(group, date(2026, 1, 1), date(2026, 1, 2))) == {}
        assert [*await work.steerings.places("")] == ["32/3201", "44/4401"]
        assert [*await work.steerings.places("32")] == ["32/3201"]


async def test_calls_under_way_are_at_work_for_their_cases(database):
    async with database.read() as work:
        assert [*await work.steerings.at_work()] == []
    case = await given_case(database)
    attempt = await given_attempt(database, case)
    async with database.read() as work:
        assert [*await work.steerings.at_work()] == [(attempt.call_id, case.org, Purpose.FIRST)]
