"""The acceptance scenarios of rules §11 about proof: recordings, refusals, corrections."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from dialer.domain.call import (
    Answered,
    CallId,
    Connected,
    EarlyMedia,
    Ended,
    Party,
    RecordingKind,
    RecordingStarted,
    Ringing,
)
from dialer.domain.case import CaseState
from dialer.domain.dialing_hours import DialRules
from dialer.domain.errors import NotAllowed, NotFound, ReasonMissing
from dialer.domain.outcome import Outcome
from dialer.domain.recording import RecordingState
from dialer.domain.seat import SeatState
from dialer.domain.user import Role
from dialer.ports import SoundLost, StoreFailed
from dialer.ports.topics import DISPATCH
from dialer.storage.verify import FaultKind, find_faults
from dialer.usecases.access import recording_in_scope
from dialer.usecases.case_file import case_file
from dialer.usecases.close_case import close_what_is_proved
from dialer.usecases.judge_refusal import judge_refusal
from dialer.usecases.keep_recording import too_short
from tests.builders import a_seal, a_user, sound_files
from tests.usecases.site import Site

MANAGER = a_user(role=Role.CC_MANAGER)
QA = a_user(login="qa", role=Role.QA)


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
    assert "RECORDING_LOST" in back.next_why.about
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
    assert "RECORDING_LOST" in back.next_why.about


@pytest.mark.parametrize(
    ("damage", "faults"),
    [({}, 0), ({"state": RecordingState.LOST}, 1), ({"reaches_ms": 5_000}, 1)],
)
async def test_what_was_answered_before_the_line_broke_is_proved_by_the_sound_of_that_call(
    site: Site, damage: dict[str, Any], faults: int
):
    """Scenario 26, looked at by `dialer verify` when the case is closed."""
    case = await site.a_case_is_due()
    broken = await site.connected()
    await site.answer_until(broken, "M090_LIABILITY")
    await site.hung_up(broken, Party.CUSTOMER)
    await site.wrapped_up()
    await site.sealed()
    await site.talked(case)
    await site.sealed()
    assert (await site.case(case)).state is CaseState.CLOSED_SUCCESS
    async with site.storage.begin() as work:
        (recording,) = await work.recordings.of_call(broken)
        assert recording.seal is not None
        seal = replace(recording.seal, duration_ms=damage.get("reaches_ms", recording.seal.duration_ms))
        await work.recordings.save(replace(recording, state=damage.get("state", recording.state), seal=seal))

    found = [(fault.kind, fault.record) async for fault in find_faults(site.storage, DialRules(), 60.0)]
    assert found == faults * [(FaultKind.CLOSED_WITHOUT_PROOF, f"case {case.id}")]


async def test_what_the_network_said_is_sealed_and_heard_from_the_attempt_it_belongs_to(site: Site):
    case = await site.a_case_is_due()
    call = await site.dialled()
    await site.hear(EarlyMedia(call, site.now))
    await site.hear(RecordingStarted(call, site.now, sound_files(call, RecordingKind.EARLY)))
    site.later(seconds=8)
    await site.hear(Ended(call, site.now, Party.NETWORK, sip_code=404))
    await site.sealed()

    file = await case_file(site.storage, site.scripts, MANAGER, case.id)
    ((attempt, _),) = file.attempts
    (kept,) = file.recordings
    assert (kept.segment.attempt_id, kept.recording.call_id, attempt.outcome) == (attempt.id, call, Outcome.VACANT)
    assert kept.recording.files.kind is RecordingKind.EARLY
    async with site.storage.read() as work:
        assert await recording_in_scope(work, MANAGER, kept.recording.id) == kept.recording


async def test_what_the_network_said_proves_no_talk(site: Site):
    case = await site.a_case_is_due()
    call = await site.dialled()
    await site.hear(RecordingStarted(call, site.now, sound_files(call, RecordingKind.EARLY)))
    await site.answered(call)
    await site.answer_everything(call)
    await site.over(call)
    async with site.storage.read() as work:
        early, talk = await work.recordings.of_call(call)
    async with site.storage.begin() as work:
        seal = a_seal(call, kind=RecordingKind.EARLY)
        await work.recordings.save(replace(early, state=RecordingState.SEALED, seal=seal))
        await work.recordings.save(replace(talk, state=RecordingState.LOST))
        await close_what_is_proved(work, call, site.rulebook, site.now)
    assert (await site.case(case)).state is not CaseState.CLOSED_SUCCESS
    moments = (await case_file(site.storage, site.scripts, MANAGER, case.id)).moments
    assert moments
    assert not any(moment.recording_id for moment in moments), "an early sound is none of the talk's"


async def test_sound_that_is_missing_against_the_calls_length_raises_the_overload_alarm(site: Site):
    case = await site.a_case_is_due()
    call = await site.talked(case)
    async with site.storage.read() as work:
        (talk,) = await work.recordings.of_call(call)
    assert talk.talk_ms is not None
    talked_seconds = talk.talk_ms / 1000
    for missing_ms, alarm in ((1900, None), (6500, timedelta(seconds=6.5))):
        seal = a_seal(call, talk_seconds=talked_seconds, duration_ms=talk.talk_ms - missing_ms)
        assert too_short(replace(talk, seal=seal), site.rulebook) == alarm


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
        await judge_refusal(
            site.storage, site.signals, site.rulebook, QA, case.id, site.now, refused=True, why="确认拒访"
        )
    await site.sealed()
    closed = await judge_refusal(
        site.storage, site.signals, site.rulebook, QA, case.id, site.now, refused=True, why="确认拒访"
    )
    assert (closed.state, closed.closed_why) == (CaseState.CLOSED_REFUSED, "REFUSED")


async def test_nobody_judges_a_refusal_without_a_word_or_out_of_their_sight(site: Site):
    case = await site.a_case_is_due()
    await _refused(site, case)
    await site.sealed()
    with pytest.raises(ReasonMissing):
        await judge_refusal(site.storage, site.signals, site.rulebook, QA, case.id, site.now, refused=True, why=" ")
    elsewhere = a_user(login="qa2", role=Role.QA, org="99")
    with pytest.raises(NotFound):
        await judge_refusal(
            site.storage, site.signals, site.rulebook, elsewhere, case.id, site.now, refused=False, why="听过"
        )
    assert (await site.case(case)).state is CaseState.REFUSAL_QA


async def test_a_refusal_that_was_none_is_dialled_again(site: Site):
    case = await site.a_case_is_due()
    await _refused(site, case)
    await site.sealed()
    site.signals.topics.clear()
    back = await judge_refusal(
        site.storage, site.signals, site.rulebook, QA, case.id, site.now, refused=False, why="只是说忙"
    )
    assert (back.state, back.next_at) == (CaseState.READY, site.now)
    assert site.signals.topics == [DISPATCH]
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
        await judge_refusal(
            site.storage, site.signals, site.rulebook, QA, case.id, site.now, refused=True, why="确认拒访"
        )


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
    await judge_refusal(site.storage, site.signals, site.rulebook, QA, case.id, site.now, refused=True, why="确认拒访")
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


async def _breaks_off(site: Site) -> CallId:
    """The customer hangs up in the middle."""
    call = await site.connected()
    await site.answer_until(call, "M090_LIABILITY")
    await site.hung_up(call, Party.CUSTOMER)
    await site.wrapped_up()
    return call


async def _nodes_asked(site: Site, call: CallId) -> list[str]:
    return [step.node for step in (await site.conversation(call)).interview.steps]


async def test_scenario_26_answers_whose_recording_is_lost_are_asked_again(site: Site):
    case = await site.a_case_is_due()
    await _breaks_off(site)
    await site.sealed(SoundLost("the spool's disk is gone"))
    call = await site.connected_when_due(case)
    await site.answer_until(call, "M090_LIABILITY")
    assert "M080_DOCS" in await _nodes_asked(site, call)
    await site.answer_everything(call)
    await site.over(call)
    await site.sealed()
    assert (await site.case(case)).state is CaseState.CLOSED_SUCCESS


async def test_scenario_26_answers_that_the_recording_does_not_reach_are_asked_again(site: Site):
    case = await site.a_case_is_due()
    first = await _breaks_off(site)
    await _cut(site, first)
    call = await site.connected_when_due(case)
    await site.answer_until(call, "M090_LIABILITY")
    assert "M080_DOCS" in await _nodes_asked(site, call)


async def _cut(site: Site, call: CallId) -> None:
    """Of the recording only the first seconds are there."""
    async with site.storage.begin() as work:
        (talk,) = await work.recordings.of_call(call)
        await work.recordings.save(replace(talk, state=RecordingState.SEALED, seal=a_seal(call, duration_ms=5_000)))


async def test_scenario_26_a_case_closes_when_every_call_is_sealed_whose_answers_it_stands_on(site: Site):
    case = await site.a_case_is_due()
    first = await _breaks_off(site)
    second = await site.talked(case)
    assert "M080_DOCS" not in await _nodes_asked(site, second)
    await site.sealed(StoreFailed("the store is away"), of_call=first)
    assert (await site.case(case)).state is CaseState.SEALING
    site.later(minutes=1)
    await site.sealed()
    assert (await site.case(case)).state is CaseState.CLOSED_SUCCESS


@pytest.mark.parametrize("gap", ["LOST", "CUT"])
async def test_scenario_26_a_case_does_not_close_on_answers_that_no_recording_holds(site: Site, gap: str):
    case = await site.a_case_is_due()
    first = await _breaks_off(site)
    await site.talked(case)
    if gap == "CUT":
        await _cut(site, first)
    await site.sealed(SoundLost("the spool's disk is gone"), of_call=first)

    back = await site.case(case)
    assert back.state is CaseState.RETRY_WAIT
    assert f"EARLIER_RECORDING_{gap}" in back.next_why.about
    again = await site.talked(case)
    assert "M080_DOCS" in await _nodes_asked(site, again)
    await site.sealed()
    assert (await site.case(case)).state is CaseState.CLOSED_SUCCESS
