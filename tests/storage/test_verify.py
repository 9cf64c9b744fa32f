from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from dialer.domain.attempt import Attempt
from dialer.domain.call import Call, Phase
from dialer.domain.case import CaseEvent, CaseState, Purpose
from dialer.domain.dialing_hours import DialRules
from dialer.domain.interview import Interview, to_plain
from dialer.domain.outcome import Outcome
from dialer.domain.recording import RecordingState
from dialer.domain.script import ScriptRef
from dialer.domain.seat import SeatState
from dialer.domain.ticket import TicketState
from dialer.ports.storage import Segment, StoredInterview
from dialer.storage.database import Database
from dialer.storage.verify import FaultKind, find_faults, sealed_recordings
from tests.builders import (
    a_call,
    a_finished_attempt,
    a_seal,
    a_seat,
    a_stored_call,
    a_ticket,
    an_attempt,
    an_end,
    at,
    moved,
    sound_files,
)
from tests.storage.stories import given_attempt, given_case, given_phone

LIVING = ("engine-1",)
_INTERVIEW = to_plain(Interview(ScriptRef("s", "1.0", "cd" * 32), original=None, node="END", main="END"))


async def _faults(database: Database, living: tuple[str, ...] = LIVING) -> list[tuple[str, str]]:
    found = find_faults(database, DialRules(), 60.0, living)
    return [(fault.kind.value, fault.record) async for fault in found]


async def _end(database: Database, attempt: Attempt, outcome: Outcome | None = None) -> None:
    async with database.begin() as work:
        call = (await work.calls.get(attempt.call_id)).call
        over = replace(call, phase=Phase.ENDED, answered_at=at(10), ended=an_end(call, at(10, 2)))
        await work.calls.save(over, outcome)


async def _finish(database: Database, attempt: Attempt, outcome: Outcome = Outcome.SUCCESS, **changes: Any) -> None:
    await _end(database, attempt, outcome)
    async with database.begin() as work:
        done = {"completed": True, "outcome": outcome, "purpose": attempt.purpose} | changes
        await work.calls.finish(
            a_finished_attempt(id=attempt.id, case_id=attempt.case_id, call_id=attempt.call_id, **done)
        )


async def _closed(database: Database, **missing: Any) -> int:
    """A case closed by a call, with everything closing needs but for what is named."""
    case = await given_case(database, state=CaseState.SEALING)
    attempt = await given_attempt(database, case)
    async with database.begin() as work:
        recording = await work.recordings.started(attempt.call_id, sound_files(attempt.call_id), at(10))
        seal = a_seal(attempt.call_id, **missing.get("seal", {}))
        state = missing.get("recording_state", RecordingState.SEALED)
        await work.recordings.save(replace(recording, state=state, seal=seal))
        if missing.get("segment", True):
            await work.recordings.put_segment(Segment(recording.id, attempt.id, 0))
        finished = missing.get("interview_finished", at(10, 2))
        sha256 = missing.get("script_sha256", "cd" * 32)
        await work.interviews.begin(
            StoredInterview(attempt.id, case.id, "s", "1.0", sha256, _INTERVIEW, {}, at(10), finished_at=finished)
        )
    await _finish(database, attempt, **missing.get("attempt", {}))
    async with database.begin() as work:
        await work.cases.move(case, CaseEvent.SEALED, moved())
    return case.id


async def test_an_empty_database_and_a_proper_closing_are_without_fault(database):
    assert await _faults(database) == []
    await _closed(database)

    assert await _faults(database, living=()) == []


@pytest.mark.parametrize(
    "missing",
    [
        {"recording_state": RecordingState.LOST},
        {"segment": False},
        {"seal": {"duration_ms": 59_999}},
        {"interview_finished": None},
        {"script_sha256": ""},
        {"attempt": {"outcome": Outcome.INCOMPLETE}},
    ],
    ids=str,
)
async def test_a_case_closed_without_its_proof_is_found(database, missing):
    case_id = await _closed(database, **missing)

    assert await _faults(database) == [(FaultKind.CLOSED_WITHOUT_PROOF, f"case {case_id}")]


async def test_a_confirming_call_closes_when_it_is_complete(database):
    await _closed(database, attempt={"outcome": Outcome.PROBLEM_L2, "purpose": Purpose.L1_CONFIRM})

    assert await _faults(database) == []


async def test_a_case_closed_on_paper_needs_no_recording(database):
    case = await given_case(database, state=CaseState.LETTER_OUT)
    async with database.begin() as work:
        await work.cases.move(case, CaseEvent.PAPER_CONFIRMED, moved())

    assert await _faults(database) == []


async def test_a_case_that_waits_for_a_lost_recording_is_found(database):
    case = await given_case(database, state=CaseState.SEALING)

    assert await _faults(database) == [(FaultKind.SEALING_NOTHING, f"case {case.id}")]


async def test_what_the_dead_have_left_is_found(database):
    attempt = await given_attempt(database, await given_case(database, state=CaseState.DIALING))
    async with database.begin() as work:
        await work.floor.put_seat(a_seat(state=SeatState.RESERVED, call_id=attempt.call_id))

    assert await _faults(database) == []
    assert await _faults(database, living=("engine-2",)) == [
        (FaultKind.CALL_OF_THE_DEAD, f"call {attempt.call_id}"),
        (FaultKind.ATTEMPT_OF_THE_DEAD, f"attempt {attempt.id}"),
        (FaultKind.SEAT_OF_THE_DEAD, "seat seat-1"),
    ]


async def test_an_attempt_whose_call_has_ended_is_at_fault_unless_it_is_being_wrapped_up(database):
    wrapping_up = await given_attempt(database, await given_case(database, state=CaseState.WRAP_UP))
    left = await given_attempt(database, await given_case(database))
    for attempt in (wrapping_up, left):
        await _end(database, attempt)

    assert await _faults(database) == [(FaultKind.ATTEMPT_LEFT_OPEN, f"attempt {left.id}")]


async def test_a_call_that_ended_without_an_outcome_is_found(database):
    attempt = await given_attempt(database, await given_case(database))
    await _end(database, attempt)
    async with database.begin() as work:
        await work.calls.finish(a_finished_attempt(id=attempt.id, case_id=attempt.case_id, call_id=attempt.call_id))

    assert await _faults(database) == [(FaultKind.CALL_WITHOUT_OUTCOME, f"call {attempt.call_id}")]


async def test_a_case_on_the_phone_without_an_attempt_is_found(database):
    case = await given_case(database, state=CaseState.IN_CALL)

    assert await _faults(database) == [(FaultKind.CASE_WITHOUT_ATTEMPT, f"case {case.id}")]


async def test_a_ticket_issued_without_a_due_time_is_found(database):
    cases = [await given_case(database) for _ in range(3)]
    async with database.begin() as work:
        issued = {"state": TicketState.ISSUED_TO_L3, "issued_at": at(16, 45)}
        bad = await work.tickets.add(a_ticket(case_id=cases[0].id, **issued), moved())
        await work.tickets.add(a_ticket(case_id=cases[1].id, due_at=at(17, 30), **issued), moved())
        await work.tickets.add(a_ticket(case_id=cases[2].id), moved())

    assert await _faults(database) == [(FaultKind.TICKET_WITHOUT_DUE, f"ticket {bad.ticket_no}")]


async def _calls_to_one_number(database: Database, *calls: Call, by_appointment: bool = False) -> str:
    case = await given_case(database)
    phone = await given_phone(database, case.holder_id)
    for call in calls:
        stored = a_stored_call(call, phone_id=phone.id, number_hash=phone.number_hash)
        async with database.begin() as work:
            wanted = an_attempt(case_id=case.id, call_id=call.call_id, by_appointment=by_appointment)
            (attempt,) = await work.calls.intend(stored, [wanted])
            outcome = Outcome.NO_ANSWER if call.ringing_at else Outcome.TECH
            await work.calls.save(replace(call, phase=Phase.ENDED, ended=an_end(call, call.intended_at)), outcome)
            await work.calls.finish(replace(attempt, outcome=outcome, finished_at=call.intended_at))
    return f"number {phone.number_hash[:12]}"


def _rang(*hours: int) -> list[Call]:
    return [a_call(intended_at=at(hour), ringing_at=at(hour)) for hour in hours]


async def test_a_number_called_too_often_in_a_day_is_found(database):
    await _calls_to_one_number(database, *_rang(9, 14))
    await _calls_to_one_number(database, *_rang(9, 14, 18), by_appointment=True)
    often = await _calls_to_one_number(database, *_rang(9, 14, 18))

    assert await _faults(database) == [(FaultKind.NUMBER_OVER_DAY_LIMIT, often)]


async def test_the_days_limit_is_of_the_day_in_shanghai_and_leaves_our_own_faults_out(database):
    midnight = at(23, 59) + timedelta(minutes=1)
    late = [a_call(intended_at=when, ringing_at=when) for when in (at(23), at(23, 30), midnight)]
    await _calls_to_one_number(database, *late)
    faults_of_ours = [a_call(intended_at=at(hour)) for hour in (9, 10, 11)]
    await _calls_to_one_number(database, *faults_of_ours)

    assert await _faults(database) == []


async def test_the_platforms_hard_limits_count_every_call(database):
    quick = [a_call(intended_at=at(10) + timedelta(seconds=80 * turn)) for turn in range(4)]
    many = [a_call(intended_at=at(hour)) for hour in (9, 11, 13, 15, 17, 19)]
    fast_number = await _calls_to_one_number(database, *quick)
    hard_number = await _calls_to_one_number(database, *many)

    found = await _faults(database)
    assert sorted(found) == sorted((FaultKind.NUMBER_OVER_HARD_LIMIT, number) for number in (fast_number, hard_number))


async def test_sealed_recordings_are_all_given_for_the_comparison_with_the_store(database, monkeypatch):
    monkeypatch.setattr("dialer.storage.verify._PAGE", 2)
    attempt = await given_attempt(database, await given_case(database))
    async with database.begin() as work:
        for number in range(5):
            files = replace(sound_files(attempt.call_id), customer=sound_files(attempt.call_id).customer / str(number))
            recording = await work.recordings.started(attempt.call_id, files, at(10))
            state = RecordingState.RAW if number == 2 else RecordingState.SEALED
            await work.recordings.save(replace(recording, state=state, seal=a_seal(attempt.call_id)))

    found = [recording async for recording in sealed_recordings(database)]
    assert [recording.files.customer.name for recording in found] == ["0", "1", "3", "4"]
    assert all(recording.seal is not None for recording in found)
