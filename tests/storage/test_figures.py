"""Counts and their lists are the same question on both databases, and the duty is cut into parts without overlap."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from dialer.domain.call import Ended, Party, RecordingKind
from dialer.domain.case import CaseEvent, CaseState, RevisitCase
from dialer.domain.outcome import Outcome
from dialer.domain.policy import Channel
from dialer.domain.problem import ProblemLevel
from dialer.domain.recording import RecordingState
from dialer.domain.steering import Course, Steering, SteeringKind
from dialer.domain.ticket import TicketEvent
from dialer.ports.figures import CallCount, CaseSet, Moment, Rounds, Slice, SoundCount
from dialer.ports.storage import Storage
from tests.builders import (
    TODAY,
    a_case,
    a_finished_attempt,
    a_holder,
    a_policy,
    a_seal,
    a_ticket,
    a_user,
    at,
    moved,
    sound_files,
)
from tests.storage.stories import given_attempt, given_case

NOW = at(10)
DAY = timedelta(days=1)
TOMORROW, YESTERDAY = TODAY + DAY, TODAY - DAY
EVERYTHING = Slice()
DUTY = (CaseSet.DUE, CaseSet.DONE, CaseSet.OPEN, CaseSet.AT_RISK, CaseSet.MISSED)


def a_moment(*holding: Steering) -> Moment:
    midnight = at(0)
    return Moment(NOW, (midnight, midnight + DAY), 3, Course(NOW, holding), 2000)


async def _counts(storage: Storage, *sets: CaseSet, part: Slice = EVERYTHING, at_: Moment | None = None) -> list[int]:
    async with storage.read() as work:
        counted = await work.figures.count(sets, part, at_ or a_moment())
        for each in sets:  # what is counted is what is listed
            listed = await work.figures.behind(each, part, at_ or a_moment(), None, 1000)
            assert len(listed) == counted[each], each
    return [counted[each] for each in sets]


async def _attempted(storage: Storage, case: RevisitCase, when: datetime = NOW, **facts: Any) -> None:
    """One finished attempt."""
    attempt = await given_attempt(storage, case, intended_at=when)
    async with storage.begin() as work:
        stored = await work.calls.get(attempt.call_id)
        ended = Ended(attempt.call_id, when, Party.CUSTOMER)
        await work.calls.save(replace(stored.call, ended=ended))
        finished = a_finished_attempt(
            id=attempt.id, case_id=case.id, call_id=attempt.call_id, started_at=when, finished_at=when
        )
        await work.calls.finish(replace(finished, **facts))
        await work.cases.save(await work.cases.get(case.id))


COMPLETED = {"outcome": Outcome.SUCCESS, "contact": True, "completed": True}


async def test_the_queue_is_counted_and_what_a_decision_holds_apart(database):
    await given_case(database, next_at=at(8), org="44/4401")
    await given_case(database, next_at=at(9, 30), org="44/4401")
    await given_case(database, next_at=at(11), org="44/4401")
    await given_case(database, next_at=at(9) + DAY, org="44/4401")
    await given_case(database, next_at=at(8), org="32/3201")
    await given_case(database, next_at=at(8), state=CaseState.U_ISSUED)
    queue = (CaseSet.DUE_NOW, CaseSet.WAITING_HOUR, CaseSet.LATER_TODAY, CaseSet.HELD)
    assert await _counts(database, *queue) == [3, 2, 1, 0]
    pause = Steering(1, SteeringKind.PAUSE, "44", None, "lina", at(8))
    assert await _counts(database, *queue, at_=a_moment(pause)) == [1, 1, 1, 2]
    assert await _counts(database, *queue, part=Slice("32")) == [1, 1, 0, 0]


async def test_the_duty_is_what_is_done_open_or_missed_and_nothing_twice(database):
    last = {"revisit_last_day": TODAY}
    done = await given_case(database, **last, state=CaseState.SEALING)
    await _attempted(database, done, at(23, 59), **COMPLETED)
    late = await given_case(database, **last, state=CaseState.SEALING)
    await _attempted(database, late, at(0) + DAY, **COMPLETED)
    await given_case(database, **last, state=CaseState.CLOSED_WAIVED, closed_at=at(9))
    await given_case(database, **last, state=CaseState.CLOSED_UNREACHED, closed_at=at(9))
    await given_case(database, **last)
    await given_case(database, revisit_last_day=YESTERDAY)
    await given_case(database, revisit_last_day=YESTERDAY, state=CaseState.CLOSED_SUCCESS, closed_at=at(0))
    # not due: no receipt, not sampled, cancelled before any completed call
    await given_case(database, state=CaseState.PENDING_RECEIPT)
    await given_case(database, **last, state=CaseState.NOT_SAMPLED)
    await given_case(database, **last, state=CaseState.CLOSED_CANCELLED, closed_at=at(9))
    cancelled_after = await given_case(database, **last, state=CaseState.READY)
    await _attempted(database, cancelled_after, at(9), **COMPLETED)
    async with database.begin() as work:
        await work.cases.move(await work.cases.get(cancelled_after.id), CaseEvent.CANCELLED, moved())
    async with database.read() as work:
        days = await work.figures.by_last_day(DUTY, EVERYTHING, a_moment())
    assert {day: [count[each] for each in DUTY] for day, count in days.items()} == {
        YESTERDAY: [2, 0, 0, 0, 2],
        TODAY: [6, 3, 2, 0, 1],
    }
    assert await _counts(database, *DUTY) == [8, 3, 2, 0, 3]


async def test_at_risk_is_what_is_not_reached_as_planned(database):
    await given_case(database, revisit_last_day=TODAY, next_at=at(23, 59))
    await given_case(database, revisit_last_day=TODAY, next_at=at(0) + DAY)
    await given_case(database, revisit_last_day=TOMORROW, next_at=at(0) + DAY)
    await given_case(database, revisit_last_day=TOMORROW, state=CaseState.U_ISSUED)
    await given_case(database, revisit_last_day=TODAY + 4 * DAY, state=CaseState.U_ISSUED)
    await given_case(database, revisit_last_day=TOMORROW, org="32/3201")
    async with database.read() as work:
        listed = await work.figures.behind(CaseSet.AT_RISK, EVERYTHING, a_moment(), None, 10)
    assert [(case.revisit_last_day, case.state) for case in listed] == [
        (TODAY, CaseState.READY),
        (TOMORROW, CaseState.U_ISSUED),
    ]
    pause = Steering(1, SteeringKind.PAUSE, "32", None, "lina", at(8))
    assert await _counts(database, CaseSet.AT_RISK, at_=a_moment(pause)) == [3]


async def test_what_the_main_figures_are_made_of(database):
    day = {"revisit_last_day": TOMORROW}
    at_once = await given_case(database, **day, state=CaseState.CLOSED_SUCCESS, closed_why="PHONE", closed_at=NOW)
    await _attempted(database, at_once, at(9), **COMPLETED)
    second = await given_case(database, **day, state=CaseState.CLOSED_SUCCESS, closed_why="PHONE", closed_at=NOW)
    await _attempted(database, second, at(9))
    await _attempted(database, second, at(10), outcome=Outcome.PROBLEM_L2, contact=True, completed=True)
    await _attempted(database, second, at(11), **COMPLETED)
    await given_case(database, **day, state=CaseState.CLOSED_REFUSED, closed_at=NOW)
    await given_case(database, **day)
    sets = (
        CaseSet.COMPLETED, CaseSet.COMPLETED_INSIDE, CaseSet.OWED, CaseSet.SUCCEEDED, CaseSet.SUCCEEDED_AT_ONCE,
        CaseSet.DIALLED, CaseSet.REACHED_AT_ONCE, CaseSet.CLOSED_BY_PHONE, CaseSet.PROVED,
    )  # fmt: skip
    assert await _counts(database, *sets) == [2, 2, 3, 2, 1, 2, 1, 2, 0]
    await _sealed(database, at_once)
    assert await _counts(database, CaseSet.PROVED) == [1]
    async with database.read() as work:
        rest = await work.figures.behind(CaseSet.CLOSED_BY_PHONE, EVERYTHING, a_moment(), CaseSet.PROVED, 10)
        assert [case.id for case in rest] == [second.id]
        assert await work.figures.rounds(EVERYTHING, a_moment()) == Rounds(attempts=4)


async def _sealed(storage: Storage, case: RevisitCase, talk_ms: int = 120_000) -> None:
    async with storage.begin() as work:
        call_id = (await work.calls.attempts(case.id))[0].call_id
        recording = await work.recordings.started(call_id, sound_files(call_id), at(9))
        seal = a_seal(call_id, kind=RecordingKind.TALK)
        await work.recordings.save(replace(recording, state=RecordingState.SEALED, seal=seal, talk_ms=talk_ms))


async def test_tickets_are_in_time_by_their_due_minute(database):
    for replied, due in ((at(9), at(9)), (at(9, 1), at(9)), (None, at(9)), (None, at(17))):
        case = await given_case(database, revisit_last_day=TOMORROW)
        async with database.begin() as work:
            ticket = await work.tickets.add(a_ticket(case_id=case.id, level=ProblemLevel.U), moved())
            issued = replace(ticket, due_at=due, issued_at=at(8), replied_at=replied)
            await work.tickets.move(issued, TicketEvent.ISSUED, moved())
    async with database.read() as work:
        assert await work.figures.rounds(EVERYTHING, a_moment()) == Rounds(0, 3, 1)


@pytest.mark.parametrize(
    ("part", "count"),
    [
        (Slice(), 3),
        (Slice("44"), 2),
        (Slice("44/4401"), 1),
        (Slice(channel=Channel.BANK), 1),
        (Slice(product="LP02"), 1),
        (Slice("32", Channel.AGENCY), 0),
        (Slice(last_days=(TODAY, TOMORROW)), 2),
        (Slice(receipts=(TODAY - 14 * DAY, TODAY - 14 * DAY)), 1),
        (Slice(receipts=(TODAY - 14 * DAY, TODAY - 13 * DAY), channel=Channel.BANK), 0),
    ],
)
async def test_a_slice_is_of_an_organisation_a_channel_a_product_or_days(database, part: Slice, count: int):
    facts = [
        ("44/4401", Channel.AGENCY, "LP01", TODAY, TODAY - 14 * DAY),
        ("44/4402", Channel.AGENCY, "LP02", TOMORROW, TODAY - 13 * DAY),
        ("32/3201", Channel.BANK, "LP01", TODAY + 9 * DAY, TODAY - 6 * DAY),
    ]
    for org, channel, product, last_day, receipt in facts:
        policy = a_policy(channel=channel, product_code=product, receipt_date=receipt)
        async with database.begin() as work:
            holder_id = await work.policies.put(policy, a_holder(), "digest", at(9))
            case = a_case(policy_no=policy.policy_no, holder_id=holder_id, org=org, state=CaseState.READY)
            await work.cases.add_all([(replace(case, revisit_last_day=last_day), moved())])
    assert await _counts(database, CaseSet.DUE, part=part) == [count]


async def test_calls_of_an_organisations_agents_are_counted_by_how_they_went(database):
    async with database.begin() as work:
        await work.floor.add_user(a_user(login="agent1", org="44"))
    facts = [
        ({}, Outcome.NO_ANSWER),
        ({"answered_at": NOW, "connected_at": NOW}, Outcome.SUCCESS),
        ({"answered_at": NOW}, Outcome.TECH),  # answered, and nobody there
        ({"answered_at": NOW, "connected_at": NOW}, Outcome.SILENT),
        ({}, Outcome.NETWORK),
        ({"intended_at": at(23) - DAY}, Outcome.NETWORK),
    ]
    for changes, outcome in facts:
        attempt = await given_attempt(database, await given_case(database), **changes)
        async with database.begin() as work:
            call = (await work.calls.get(attempt.call_id)).call
            await work.calls.save(replace(call, ended=Ended(call.call_id, NOW, Party.CUSTOMER)), outcome)
    async with database.read() as work:
        counted = CallCount(placed=5, answered=3, abandoned=1, silent=1, faults=2)
        assert await work.figures.calls("", at(0)) == counted
        assert await work.figures.calls("44", at(0)) == counted
        assert await work.figures.calls("32", at(0)) == CallCount()
    assert await _counts(database, CaseSet.ABANDONED, CaseSet.SILENT) == [1, 1]


async def test_sound_that_waits_and_sound_that_is_too_short_are_counted(database):
    async with database.read() as work:
        assert await work.figures.sound("", a_moment()) == SoundCount()
    short, whole, waiting, failed = [await given_case(database) for _ in range(4)]
    for case in (short, whole, waiting, failed):
        await _attempted(database, case)
    await _sealed(database, short, talk_ms=122_001)
    await _sealed(database, whole, talk_ms=122_000)
    for case, state, minute in ((waiting, RecordingState.RAW, 5), (failed, RecordingState.FAILED, 3)):
        async with database.begin() as work:
            call_id = (await work.calls.attempts(case.id))[0].call_id
            recording = await work.recordings.started(call_id, sound_files(call_id), at(9, minute))
            await work.recordings.save(replace(recording, state=state))
    async with database.read() as work:
        assert await work.figures.sound("", a_moment()) == SoundCount(2, 1, at(9, 3), 1)
        assert await work.figures.sound("44", a_moment()) == SoundCount()  # agent1 is nobody's there
    assert await _counts(database, CaseSet.UNSEALED, CaseSet.CUT_SHORT) == [2, 1]
