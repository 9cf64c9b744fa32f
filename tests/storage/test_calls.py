from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from dialer.domain.attempt import Attempt, AttemptId
from dialer.domain.call import CallId, Party, Phase, SeatId
from dialer.domain.case import RevisitCase
from dialer.domain.errors import NotFound, StaleVersion
from dialer.domain.number import PastCall
from dialer.domain.outcome import Outcome
from dialer.ports.storage import HolderPhone, Storage, StoredCall
from tests.builders import a_call, a_holder, a_stored_call, an_attempt, an_end, at
from tests.storage.stories import given_attempt, given_case, given_phone


async def _intend(
    storage: Storage, case: RevisitCase, phone: HolderPhone, **changes: Any
) -> tuple[StoredCall, Attempt]:
    call = a_call(**changes)
    stored = a_stored_call(call, phone_id=phone.id, number_hash=phone.number_hash)
    async with storage.begin() as work:
        (attempt,) = await work.calls.intend(stored, [an_attempt(case_id=case.id, call_id=call.call_id)])
    return stored, attempt


def _finished(attempt: Attempt, outcome: Outcome = Outcome.NO_ANSWER) -> Attempt:
    return replace(
        attempt,
        outcome=outcome,
        counted=True,
        contact=False,
        completed=False,
        finished_at=at(10, 1),
        why="rang 45 s",
    )


async def test_a_call_serves_several_cases_each_with_its_attempt(database):
    holder = a_holder()
    cases = [await given_case(database, holder=holder) for _ in range(2)]
    phone = await given_phone(database, cases[0].holder_id)
    stored = a_stored_call(phone_id=phone.id, number_hash=phone.number_hash)
    wanted = [an_attempt(case_id=case.id, call_id=stored.call.call_id, by_appointment=True) for case in cases]

    async with database.begin() as work:
        attempts = await work.calls.intend(stored, wanted)

    async with database.read() as work:
        assert await work.calls.get(stored.call.call_id) == stored
        assert list(await work.calls.attempts_of(stored.call.call_id)) == list(attempts)
        assert [attempt.case_id for attempt in attempts] == [case.id for case in cases]
        assert await work.calls.attempt(attempts[1].id) == attempts[1]
        assert list(await work.calls.attempts(cases[0].id)) == [attempts[0]]


async def test_a_case_in_a_call_is_not_called_a_second_time(database):
    case = await given_case(database)
    phone = await given_phone(database, case.holder_id)
    await _intend(database, case, phone)

    second = a_stored_call(phone_id=phone.id, number_hash=phone.number_hash)
    with pytest.raises(StaleVersion, match=f"case {case.id} is in a call already"):
        async with database.begin() as work:
            await work.calls.intend(second, [an_attempt(case_id=case.id, call_id=second.call.call_id)])

    async with database.read() as work:
        with pytest.raises(NotFound):
            await work.calls.get(second.call.call_id)


async def test_a_unit_of_work_that_overlooks_the_refusal_is_undone_all_the_same(database):
    case = await given_case(database)
    phone = await given_phone(database, case.holder_id)
    await _intend(database, case, phone)
    second = a_stored_call(phone_id=phone.id, number_hash=phone.number_hash)

    async def overlook() -> None:
        async with database.begin() as work:
            try:
                await work.calls.intend(second, [an_attempt(case_id=case.id, call_id=second.call.call_id)])
            except StaleVersion:
                return  # leaves the block as if nothing had happened

    with pytest.raises(StaleVersion):
        await overlook()

    async with database.read() as work:
        with pytest.raises(NotFound):
            await work.calls.get(second.call.call_id)


async def test_after_its_outcome_a_case_may_be_called_again(database):
    case = await given_case(database)
    phone = await given_phone(database, case.holder_id)
    _, attempt = await _intend(database, case, phone)
    async with database.begin() as work:
        await work.calls.finish(_finished(attempt))

    _, second = await _intend(database, case, phone)

    async with database.read() as work:
        assert list(await work.calls.attempts(case.id)) == [_finished(attempt), second]


async def test_an_outcome_is_stored_once(database):
    attempt = await given_attempt(database, await given_case(database))
    async with database.begin() as work:
        await work.calls.finish(_finished(attempt))

    with pytest.raises(StaleVersion, match="outcome already"):
        async with database.begin() as work:
            await work.calls.finish(_finished(attempt, Outcome.SUCCESS))

    async with database.read() as work:
        assert (await work.calls.attempt(attempt.id)).outcome is Outcome.NO_ANSWER


async def test_a_call_is_followed_to_its_end(database):
    case = await given_case(database)
    stored, _ = await _intend(database, case, await given_phone(database, case.holder_id))
    talking = replace(
        stored.call,
        phase=Phase.CONNECTED,
        ringing_at=at(10, 0, 1),
        early_media_at=at(10, 0, 2),
        answered_at=at(10, 0, 5),
        connected_at=at(10, 0, 6),
    )
    over = replace(talking, phase=Phase.ENDED, ended=an_end(stored.call, at(10, 9), failure="WORKER_DIED"))

    async with database.begin() as work:
        await work.calls.save(talking)
    async with database.read() as work:
        assert (await work.calls.get(stored.call.call_id)).call == talking
        assert [call.call for call in await work.calls.open_calls("engine-1")] == [talking]
        assert not await work.calls.open_calls("engine-2")
    async with database.begin() as work:
        await work.calls.save(over, Outcome.SUCCESS)
        await work.calls.save(over)

    async with database.read() as work:
        assert await work.calls.get(stored.call.call_id) == replace(stored, call=over, outcome=Outcome.SUCCESS)
        assert not await work.calls.open_calls("engine-1")


async def test_an_unanswered_call_keeps_what_the_network_said(database):
    case = await given_case(database)
    stored, _ = await _intend(database, case, await given_phone(database, case.holder_id))
    end = an_end(stored.call, at(10, 1), Party.NETWORK, sip_code=480, ring_timeout=True)
    over = replace(stored.call, phase=Phase.ENDED, ended=end)

    async with database.begin() as work:
        await work.calls.save(over, Outcome.NO_ANSWER)

    async with database.read() as work:
        assert (await work.calls.get(stored.call.call_id)).call == over


async def test_unknown_calls_and_attempts_are_not_found(database):
    async with database.begin() as work:
        for ask in (
            work.calls.get(CallId("x")),
            work.calls.attempt(AttemptId(9)),
            work.calls.save(a_call(call_id=CallId("x"))),
        ):
            with pytest.raises(NotFound):
                await ask


async def test_the_calls_to_a_number_are_those_of_every_case_and_holder(database):
    one, other = await given_case(database), await given_case(database)
    phone = await given_phone(database, one.holder_id)
    same_number = await given_phone(database, other.holder_id, number=phone.number)
    await _intend(database, await given_case(database), phone, intended_at=at(8))
    late, _ = await _intend(database, one, phone, intended_at=at(10))
    early, _ = await _intend(database, other, same_number, intended_at=at(9))
    over = replace(late.call, ringing_at=at(10, 0, 2), ended=an_end(late.call, at(10, 1)), phase=Phase.ENDED)
    async with database.begin() as work:
        await work.calls.save(over, Outcome.NO_ANSWER)

    async with database.read() as work:
        past = await work.calls.to_number(phone.number_hash, at(9))
    assert list(past) == [
        PastCall(early.call.intended_at, None, same_number.id),
        PastCall(at(10), Outcome.NO_ANSWER, phone.id, ended_at=at(10, 1), rang=True),
    ]


async def test_the_calls_of_a_round_have_their_attempts_outcomes(database):
    case = await given_case(database)
    phone = await given_phone(database, case.holder_id)
    stored, attempt = await _intend(database, case, phone)
    async with database.begin() as work:
        await work.calls.save(stored.call, Outcome.SUCCESS)
        await work.calls.finish(_finished(attempt, Outcome.PROBLEM_L1))

    async with database.read() as work:
        assert list(await work.calls.of_round(case.id, 0)) == [PastCall(at(10), Outcome.PROBLEM_L1, phone.id)]
        assert not await work.calls.of_round(case.id, 1)


async def test_the_open_calls_of_one_seat_are_given_to_another_engine_and_no_others(database):
    case = await given_case(database)
    phone = await given_phone(database, case.holder_id)
    here, _ = await _intend(database, case, phone, seat=SeatId("seat-1"))
    there, _ = await _intend(database, await given_case(database), phone, seat=SeatId("seat-2"))
    async with database.begin() as work:
        await work.calls.give(SeatId("seat-1"), here.owner, "engine-2")

    async with database.read() as work:
        assert [stored.call for stored in await work.calls.open_calls("engine-2")] == [here.call]
        assert [stored.call for stored in await work.calls.open_calls(here.owner)] == [there.call]
