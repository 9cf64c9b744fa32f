"""The acceptance scenarios of rules §11 about proof: recordings, refusals, corrections."""

from __future__ import annotations

import pytest

from dialer.domain.call import Answered, Connected, Ended, Party, Ringing
from dialer.domain.case import CaseState
from dialer.domain.errors import NotAllowed
from dialer.domain.outcome import Outcome
from dialer.domain.seat import SeatState
from dialer.ports import SoundLost, StoreFailed
from dialer.usecases.judge_refusal import judge_refusal
from tests.usecases.site import Site


async def test_a_recording_that_cannot_be_stored_blocks_the_close_until_it_can(site: Site):
    case = await site.a_case_is_due()
    call = await site.talked(case)
    await site.sealed(StoreFailed("the store is away"))
    assert (await site.case(case)).state is CaseState.SEALING
    assert (await site.seat()).state is SeatState.READY
    async with site.storage.read() as work:
        (failed,) = await work.recordings.of_call(call)
    assert failed.next_try_at is not None
    assert failed.next_try_at > site.now

    await site.sealed()
    assert (await site.case(case)).state is CaseState.SEALING  # not before its next try
    site.later(minutes=1)
    await site.sealed()
    assert (await site.case(case)).state is CaseState.CLOSED_SUCCESS


async def test_a_success_whose_sound_is_lost_is_dialled_again_and_says_why(site: Site):
    case = await site.a_case_is_due()
    await site.talked(case)
    await site.sealed(SoundLost("the spool's disk is gone"))

    back = await site.case(case)
    assert back.state is CaseState.RETRY_WAIT
    assert "RECORDING_LOST" in back.next_why
    await site.talked(case)
    await site.sealed()
    assert (await site.case(case)).state is CaseState.CLOSED_SUCCESS


async def test_a_success_that_was_never_recorded_is_dialled_again(site: Site):
    case = await site.a_case_is_due()
    call = await site.dialled()
    for event in (Ringing, Answered, Connected):
        await site.hear(event(call, site.now))
    await site.answer_everything(call)
    await site.over(call)

    back = await site.case(case)
    assert back.state is CaseState.RETRY_WAIT
    assert "RECORDING_LOST" in back.next_why


async def _refused(site: Site, case):
    call = await site.connected_when_due(case)
    await site.answer_until(call, "M080_DOCS")
    await site.report(call, "REFUSE")
    await site.answer(call, "REFUSE_CONFIRMED")
    await site.answer(call, "END")
    await site.over(call)
    assert (await site.case(case)).state is CaseState.REFUSAL_QA
    return call


async def test_a_refusal_closes_only_when_quality_has_heard_it(site: Site):
    case = await site.a_case_is_due()
    await _refused(site, case)
    with pytest.raises(NotAllowed):
        await judge_refusal(site.storage, site.rulebook, case.id, "qa", site.now, refused=True, why="确认拒访")
    await site.sealed()
    closed = await judge_refusal(site.storage, site.rulebook, case.id, "qa", site.now, refused=True, why="确认拒访")
    assert (closed.state, closed.closed_why) == (CaseState.CLOSED_REFUSED, "REFUSED")


async def test_a_refusal_that_was_none_is_dialled_again(site: Site):
    case = await site.a_case_is_due()
    await _refused(site, case)
    await site.sealed()
    back = await judge_refusal(site.storage, site.rulebook, case.id, "qa", site.now, refused=False, why="只是说忙")
    assert (back.state, back.next_at) == (CaseState.READY, site.now)
    await site.talked(case)
    await site.sealed()
    assert (await site.case(case)).state is CaseState.CLOSED_SUCCESS
    assert await site.outcomes(case) == [Outcome.REFUSED, Outcome.SUCCESS]


async def test_an_older_recording_does_not_prove_a_refusal(site: Site):
    case = await site.a_case_is_due()
    first = await site.connected()
    await site.answer_until(first, "M080_DOCS")
    await site.hung_up(first, Party.CUSTOMER)
    await site.wrapped_up()
    await site.sealed()
    await _refused(site, case)
    with pytest.raises(NotAllowed):
        await judge_refusal(site.storage, site.rulebook, case.id, "qa", site.now, refused=True, why="确认拒访")


async def test_a_refusal_of_a_redial_closes_its_ticket_with_the_case(site: Site):
    case = await site.a_case_is_due()
    await site.talked(case, M050_RECEIPT="NOT_RECEIVED")
    await site.sent_down_and_answered(case)
    call = await site.connected_when_due(case)
    await site.answer_until(call, "M040_REVIEW")
    await site.report(call, "REFUSE")
    await site.answer(call, "REFUSE_CONFIRMED")
    await site.answer(call, "END")
    await site.over(call)
    await site.sealed()
    await judge_refusal(site.storage, site.rulebook, case.id, "qa", site.now, refused=True, why="确认拒访")
    assert [ticket.state.value for ticket in await site.tickets(case)] == ["CLOSED"]


async def test_a_fault_in_the_middle_keeps_what_was_said_and_asks_the_rest(site: Site):
    case = await site.a_case_is_due()
    call = await site.connected()
    await site.answer_until(call, "M090_LIABILITY")
    await site.hear(Ended(call, site.now, Party.DIALER, failure="WORKER_DIED"))
    again = await site.connected_when_due(case)
    await site.answer_until(again, "M090_LIABILITY")
    asked = [step.node for step in (await site.conversation(again)).interview.steps]
    assert asked == ["M010_GREET", "M020_NOTICE", "M030_VERIFY"]
