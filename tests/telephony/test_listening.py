"""Supervisors on live calls, on every phone system alike: who is let in, who hears whom, what is recorded."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import pytest

from dialer.domain.call import (
    CallId,
    Ended,
    ListenerDown,
    ListenerUp,
    ListenMode,
    Party,
    RecordingStarted,
    Ringing,
    SeatId,
    SeatUp,
)
from dialer.ports import TelephonyRefused
from dialer.recording.encode import OpusEncoder
from tests.telephony.conftest import WORLDS
from tests.telephony.rigs import (
    RINGS_LONG,
    SILENT,
    AsteriskRig,
    PjsuaRig,
    Rig,
    dial,
    ended,
    heard,
    pause,
    seated,
    talk,
)
from tests.telephony.sound import LOUD, loudest

CALL = CallId("call-1")


@pytest.fixture(
    params=[pytest.param("pjsua", marks=pytest.mark.sip), pytest.param("asterisk", marks=pytest.mark.asterisk)]
)
async def wire(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[PjsuaRig | AsteriskRig]:
    """A phone system with real sound."""
    async with WORLDS[request.param](tmp_path) as made:
        assert isinstance(made, PjsuaRig | AsteriskRig)
        yield made


async def let_in(rig: Rig, mode: ListenMode, call: CallId = CALL) -> None:
    """The supervisor is in the call in this mode, and was not when it was asked for."""
    before = len(rig.heard.all)
    await rig.telephony.listen(call, rig.phone("supervisor"), mode)
    await rig.let_pass(8, lambda: any(_tells(event, call, mode) for event in rig.heard.all[before:]))


def _tells(event: object, call: CallId, mode: ListenMode) -> bool:
    return isinstance(event, ListenerUp) and (event.call_id, event.mode) == (call, mode)


async def a_silent_talk(rig: Rig) -> RecordingStarted:
    """Neither agent nor customer says a word, so that whatever is heard is the supervisor."""
    await rig.telephony.seat_agent(SeatId("s1"), rig.phone("mute"))
    await heard(rig, SeatUp)
    return await talk(rig, SILENT, seconds=0.1)


async def over(rig: Rig, call: CallId = CALL) -> Ended:
    await rig.telephony.hang_up(call)
    return await ended(rig, call)


async def test_listening_needs_a_call_that_talks(rig):
    await seated(rig, "s1")
    with pytest.raises(TelephonyRefused):
        await rig.telephony.listen(CALL, rig.phone("supervisor"), ListenMode.LISTEN)
    await dial(rig, RINGS_LONG)
    await heard(rig, Ringing)
    with pytest.raises(TelephonyRefused):
        await rig.telephony.listen(CALL, rig.phone("supervisor"), ListenMode.LISTEN)


async def test_a_supervisor_is_let_in_changes_the_mode_and_is_told_of_each(rig):
    await seated(rig, "s1")
    await talk(rig, seconds=0.1)
    for mode in (ListenMode.LISTEN, ListenMode.WHISPER, ListenMode.BARGE, ListenMode.LISTEN):
        await let_in(rig, mode)
    assert (await over(rig)).by is Party.DIALER
    assert isinstance(rig.heard.of_call(CALL)[-1], Ended)
    assert rig.heard.first(ListenerDown, lambda _: True) is None  # the call's end says it


async def test_a_supervisor_who_is_asked_to_leave_leaves_a_call_that_goes_on(rig):
    await seated(rig, "s1")
    await talk(rig, seconds=0.1)
    await rig.telephony.stop_listening(CALL)  # nobody is there
    await let_in(rig, ListenMode.WHISPER)
    await rig.telephony.stop_listening(CALL)
    await heard(rig, ListenerDown)
    await let_in(rig, ListenMode.LISTEN)
    assert (await over(rig)).by is Party.DIALER


async def test_a_supervisor_who_hangs_up_leaves_a_call_that_goes_on(rig):
    await seated(rig, "s1")
    await talk(rig, seconds=0.1)
    await let_in(rig, ListenMode.BARGE)
    rig.drop_phone("supervisor")
    await heard(rig, ListenerDown)
    await pause(rig, 0.2)
    assert (await over(rig)).by is Party.DIALER


async def test_a_supervisors_phone_that_does_not_answer_is_told(rig):
    await seated(rig, "s1")
    await talk(rig, seconds=0.1)
    await rig.telephony.listen(CALL, rig.phone("absent"), ListenMode.BARGE)
    assert "does not answer" in (await heard(rig, ListenerDown)).why
    assert (await over(rig)).by is Party.DIALER


@pytest.mark.parametrize("mode", ListenMode)
async def test_the_recording_holds_a_supervisors_voice_when_the_customer_heard_it_and_only_then(rig, tmp_path, mode):
    recording = await a_silent_talk(rig)
    await let_in(rig, mode)
    await pause(rig, 2.0)
    await over(rig)
    assert recording.files.agent
    assert loudest(recording.files.customer) < LOUD
    assert (loudest(recording.files.agent) > LOUD) is (mode is ListenMode.BARGE)
    with closing(OpusEncoder()) as encoder:
        sealed = await encoder.encode(recording.files, tmp_path / "sealed.ogg")
    assert sealed.agent
    assert sealed.agent.is_silent is (mode is not ListenMode.BARGE)
    assert sealed.customer.is_silent


@pytest.mark.parametrize(
    ("mode", "agent_hears", "customer_hears"),
    [(ListenMode.LISTEN, False, False), (ListenMode.WHISPER, True, False), (ListenMode.BARGE, True, True)],
)
async def test_a_supervisor_is_heard_by_whom_the_mode_says_and_by_nobody_else(wire, mode, agent_hears, customer_hears):
    await a_silent_talk(wire)
    await let_in(wire, mode)
    await pause(wire, 1.0)
    await over(wire)
    await wire.carrier.idle()
    heard_by_agent = wire.phones["mute"].loud_packets
    heard_by_customer = wire.carrier.calls_to(SILENT)[0].loud_packets_received
    assert heard_by_agent > 10 if agent_hears else heard_by_agent == 0
    assert heard_by_customer > 10 if customer_hears else heard_by_customer == 0
    await wire.phones["supervisor"].hung_up()


async def test_after_a_barge_a_whisper_is_the_agents_alone_again(wire):
    await a_silent_talk(wire)
    (customer,) = wire.carrier._talking  # its record counts at the end only
    await let_in(wire, ListenMode.BARGE)
    await pause(wire, 0.6)
    await let_in(wire, ListenMode.WHISPER)
    await pause(wire, 0.3)  # what was on the way has come
    barged, whispered = customer.stream.loud_received, wire.phones["mute"].loud_packets
    await pause(wire, 1.0)
    assert barged > 5
    assert customer.stream.loud_received == barged
    assert wire.phones["mute"].loud_packets > whispered + 10


async def test_a_supervisor_hears_both_sides(wire):
    await seated(wire, "s1")
    await talk(wire, SILENT, seconds=0.1)  # the agent speaks
    await let_in(wire, ListenMode.LISTEN)
    await pause(wire, 1.0)
    assert wire.phones["supervisor"].loud_packets > 10
    await over(wire)
    await wire.telephony.unseat_agent(SeatId("s1"))
    await wire.telephony.seat_agent(SeatId("s2"), wire.phone("mute"))
    await heard(wire, SeatUp, lambda event: event.seat == "s2")
    await dial(wire, "13800138001", call="call-2", seat="s2")  # the customer speaks
    await heard(wire, RecordingStarted, lambda event: event.call_id == "call-2")
    await let_in(wire, ListenMode.LISTEN, CallId("call-2"))
    await pause(wire, 1.0)
    assert wire.phones["supervisor"].loud_packets > 10


async def test_who_barged_into_one_call_is_not_in_the_seats_next(wire):
    await a_silent_talk(wire)
    await let_in(wire, ListenMode.BARGE)
    await over(wire)
    second = await talk(wire, SILENT, call="call-2", seconds=1.0)
    await over(wire, CallId("call-2"))
    await wire.carrier.idle()
    assert wire.carrier.calls_to(SILENT)[1].loud_packets_received == 0
    assert second.files.agent
    assert loudest(second.files.agent) < LOUD
    await wire.phones["supervisor"].hung_up()
