"""What every phone system does, whichever it is: the in-memory one and the real one over SIP and RTP."""

from __future__ import annotations

import pytest

from dialer.domain.call import (
    UNSEATED,
    Answered,
    CallId,
    Connected,
    EarlyMedia,
    Ended,
    Party,
    RecordingKind,
    RecordingStarted,
    Ringing,
    SeatDown,
    SeatId,
    SeatUp,
)
from dialer.ports import Alive, LeftCall, TelephonyRefused
from tests.telephony.rigs import (
    ANNOUNCES_THEN_ANSWERS,
    ANSWERS,
    BUSY,
    EMPTY_NUMBER,
    FIRST_OUT_THEN_ANSWERS,
    HANGS_UP,
    POWER_OFF,
    REJECTED,
    RINGS_LONG,
    RINGS_OUT,
    SILENT,
    UNAVAILABLE,
    dial,
    ended,
    heard,
    pause,
    seat_down,
    seated,
    talk,
)
from tests.telephony.sound import LOUD, loudest, seconds_of
from trials.clock import MORNING


async def test_an_answered_call_is_told_in_order_and_its_sound_is_complete_when_it_ends(rig):
    await seated(rig, "s1")
    recording = await talk(rig)
    await rig.telephony.hang_up("call-1")
    end = await ended(rig, "call-1")

    kinds = [type(event) for event in rig.heard.of_call("call-1")]
    assert kinds == [Ringing, Answered, Connected, RecordingStarted, Ended]
    assert (end.by, end.sip_code, end.ring_timeout, end.failure) == (Party.DIALER, None, False, None)
    times = [event.at for event in rig.heard.of_call("call-1")]
    assert times == sorted(times)
    assert times[0] >= MORNING
    files = recording.files
    assert files.agent is not None
    talked = (end.at - recording.at).total_seconds()
    assert seconds_of(files.customer) == pytest.approx(talked, abs=0.15)
    assert seconds_of(files.agent) == pytest.approx(seconds_of(files.customer), abs=0.021)
    assert min(loudest(files.customer), loudest(files.agent)) > LOUD


async def test_both_sides_of_a_call_stand_in_a_folder_of_its_own(rig):
    await seated(rig, "s1")
    files = (await talk(rig, seconds=0.3)).files
    assert files.agent is not None
    assert files.customer.parent.name == files.agent.parent.name == "call-1"
    assert (files.customer.name, files.agent.name) == ("talk-customer.wav", "talk-agent.wav")


async def test_a_silent_customer_is_answered_and_recorded_as_silence(rig):
    await seated(rig, "s1")
    recording = await talk(rig, SILENT)
    await rig.telephony.hang_up("call-1")
    await ended(rig, "call-1")
    assert recording.files.agent is not None
    assert loudest(recording.files.customer) < LOUD < loudest(recording.files.agent)


@pytest.mark.parametrize(
    ("number", "code"), [(BUSY, 486), (REJECTED, 486), (UNAVAILABLE, 503), (EMPTY_NUMBER, 404), (POWER_OFF, 480)]
)
async def test_a_refused_call_ends_by_the_network_with_its_final_code(rig, number, code):
    await seated(rig, "s1")
    end = await ended(rig, await dial(rig, number))
    assert (end.by, end.sip_code, end.ring_timeout, end.failure) == (Party.NETWORK, code, False, None)


async def test_a_rejected_call_rang_before_it_was_refused_and_a_busy_one_did_not(rig):
    await seated(rig, "s1")
    rejected = await ended(rig, await dial(rig, REJECTED, call="rejected"))
    await ended(rig, await dial(rig, BUSY, call="busy"))
    (rang,) = [event for event in rig.heard.all if isinstance(event, Ringing)]
    assert rang.call_id == "rejected"
    assert (rejected.at - rang.at).total_seconds() == pytest.approx(0.5, abs=0.2)


async def test_what_the_network_announces_is_recorded_from_the_beginning_and_apart(rig):
    await seated(rig, "s1")
    end = await ended(rig, await dial(rig, POWER_OFF))
    kinds = [type(event) for event in rig.heard.of_call("call-1")]
    assert kinds == [EarlyMedia, RecordingStarted, Ended]
    recording = await heard(rig, RecordingStarted)
    assert recording.files.kind is RecordingKind.EARLY
    assert recording.files.agent is None
    assert seconds_of(recording.files.customer) == pytest.approx((end.at - recording.at).total_seconds(), abs=0.15)
    assert loudest(recording.files.customer) > LOUD


async def test_an_announcement_before_an_answer_and_the_talk_are_two_recordings(rig):
    await seated(rig, "s1")
    await talk(rig, ANNOUNCES_THEN_ANSWERS)
    await rig.telephony.hang_up("call-1")
    await ended(rig, "call-1")
    kinds = [event.files.kind for event in rig.heard.all if isinstance(event, RecordingStarted)]
    assert kinds == [RecordingKind.EARLY, RecordingKind.TALK]
    early = await heard(rig, RecordingStarted)
    assert 0.3 < seconds_of(early.files.customer) < 0.8


async def test_a_call_nobody_answers_is_cancelled_when_it_has_rung_long_enough(rig):
    await seated(rig, "s1")
    end = await ended(rig, await dial(rig, RINGS_OUT, ring_seconds=1.0))
    assert (end.by, end.sip_code, end.ring_timeout, end.failure) == (Party.DIALER, 487, True, None)
    rang = await heard(rig, Ringing)
    assert (end.at - rang.at).total_seconds() == pytest.approx(1.0, abs=0.2)


async def test_a_number_may_ring_out_first_and_answer_the_second_time(rig):
    await seated(rig, "s1")
    first = await ended(rig, await dial(rig, FIRST_OUT_THEN_ANSWERS, call="first", ring_seconds=0.5))
    assert first.ring_timeout
    await talk(rig, FIRST_OUT_THEN_ANSWERS, call="second", seconds=0.1)


async def test_a_customer_who_hangs_up_ends_the_call(rig):
    await seated(rig, "s1")
    end = await ended(rig, await dial(rig, HANGS_UP))
    assert (end.by, end.sip_code, end.failure) == (Party.CUSTOMER, None, None)
    connected = await heard(rig, Connected)
    assert (end.at - connected.at).total_seconds() == pytest.approx(1.5, abs=0.3)


async def test_hanging_up_while_it_rings_cancels_the_call(rig):
    await seated(rig, "s1")
    await dial(rig, RINGS_LONG)
    await heard(rig, Ringing)
    await rig.telephony.hang_up("call-1")
    end = await ended(rig, "call-1", seconds=3)
    assert (end.by, end.sip_code, end.ring_timeout) == (Party.DIALER, 487, False)
    assert not [event for event in rig.heard.all if isinstance(event, Answered)]


async def test_hanging_up_at_once_ends_the_call_once(rig):
    await seated(rig, "s1")
    await dial(rig, RINGS_LONG)
    await rig.telephony.hang_up("call-1")
    await rig.telephony.hang_up("call-1")
    assert (await ended(rig, "call-1", seconds=3)).by is Party.DIALER
    await pause(rig, 0.3)
    assert [type(event) for event in rig.heard.of_call("call-1")].count(Ended) == 1


async def test_hanging_up_a_call_that_is_not_there_does_nothing(rig):
    await seated(rig, "s1")
    before = list(rig.heard.all)
    await rig.telephony.hang_up("nobody")
    await pause(rig, 0.2)
    assert rig.heard.all == before


async def test_an_order_is_dialled_once(rig):
    await seated(rig, "s1")
    await ended(rig, await dial(rig, BUSY))
    with pytest.raises(TelephonyRefused):
        await dial(rig, BUSY)


async def test_a_seat_takes_one_call_at_a_time(rig):
    await seated(rig, "s1")
    await dial(rig, RINGS_LONG)
    with pytest.raises(TelephonyRefused):
        await dial(rig, ANSWERS, call="call-2")
    await rig.telephony.hang_up("call-1")
    await ended(rig, "call-1")
    await dial(rig, BUSY, call="call-2")


async def test_nothing_is_dialled_for_a_seat_without_a_leg(rig):
    with pytest.raises(TelephonyRefused):
        await dial(rig, ANSWERS)
    await rig.telephony.seat_agent(SeatId("s1"), rig.phone("s1"))
    with pytest.raises(TelephonyRefused):
        await dial(rig, ANSWERS)
    assert not rig.heard.of_call("call-1")


async def test_what_an_order_would_be_refused_for_is_known_before(rig):
    assert rig.telephony.obstacle("s1")
    await seated(rig, "s1")
    assert rig.telephony.obstacle("s1") == rig.telephony.notice == ""
    await dial(rig, RINGS_LONG)
    assert rig.telephony.obstacle("s1")
    await rig.telephony.hang_up("call-1")
    await ended(rig, "call-1")
    assert rig.telephony.obstacle("s1") == ""


async def test_an_agents_phone_that_does_not_answer_leaves_the_seat_down(rig):
    await rig.telephony.seat_agent(SeatId("s1"), rig.phone("absent"))
    assert (await seat_down(rig)).why
    assert (await rig.telephony.alive()).seats == frozenset()
    await seated(rig, "s1")


async def test_seating_the_same_phone_again_says_again_that_it_is_up(rig):
    await seated(rig, "s1")
    await rig.telephony.seat_agent(SeatId("s1"), rig.phone("s1"))
    await rig.let_pass(1, lambda: sum(isinstance(event, SeatUp) for event in rig.heard.all) == 2)
    with pytest.raises(TelephonyRefused):
        await rig.telephony.seat_agent(SeatId("s1"), rig.phone("s2"))


async def test_no_customer_stays_on_the_line_alone_when_the_agents_leg_is_gone(rig):
    await seated(rig, "s1")
    recording = await talk(rig)
    rig.drop_phone("s1")
    end = await ended(rig, "call-1", seconds=3)
    assert (end.by, end.failure) == (Party.AGENT, "SEAT_LOST")
    await seat_down(rig)
    assert seconds_of(recording.files.customer) > 0.8
    assert (await rig.telephony.alive()).calls == frozenset()


async def test_a_call_is_cancelled_when_the_agents_leg_is_gone_before_the_answer(rig):
    await seated(rig, "s1")
    await dial(rig, RINGS_LONG)
    await heard(rig, Ringing)
    rig.drop_phone("s1")
    end = await ended(rig, "call-1", seconds=3)
    assert (end.by, end.failure) == (Party.AGENT, "SEAT_LOST")


async def test_unseating_ends_the_call_and_the_leg(rig):
    await seated(rig, "s1")
    await talk(rig, seconds=0.2)
    await rig.telephony.unseat_agent(SeatId("s1"))
    await seat_down(rig)
    end, down = rig.heard.all[-2:]
    assert isinstance(end, Ended)
    assert isinstance(down, SeatDown)
    assert down.why == UNSEATED
    assert (await ended(rig, "call-1")).by is Party.DIALER
    assert await rig.telephony.alive() == Alive(frozenset(), frozenset())
    await rig.telephony.unseat_agent(SeatId("s1"))


async def test_a_call_that_was_never_ordered_is_not_adopted(rig):
    left = LeftCall(CallId("never"), SeatId("s1"), rig.phone("s1"))
    assert await rig.telephony.adopt([left]) == frozenset()
    assert await rig.telephony.alive() == Alive(frozenset(), frozenset())
    await seated(rig, "s1")


async def test_a_seat_that_is_let_go_and_nobody_else_serves_ends(rig):
    await seated(rig, "s1")
    await rig.telephony.let_go(SeatId("s1"))
    await seat_down(rig)
    await rig.telephony.let_go(SeatId("s1"))


async def test_alive_names_the_calls_and_seats_that_exist(rig):
    await seated(rig, "s1", "s2")
    await dial(rig, RINGS_LONG)
    await heard(rig, Ringing)
    alive = await rig.telephony.alive()
    assert (alive.calls, alive.seats) == ({"call-1"}, {"s1", "s2"})


async def test_a_seat_whose_worker_dies_loses_its_call_as_our_fault_and_comes_back(rig):
    await seated(rig, "s1")
    await talk(rig, seconds=0.2)
    rig.kill_worker("s1")
    end = await ended(rig, "call-1", seconds=3)
    assert (end.by, end.failure) == (Party.DIALER, "WORKER_DIED")
    await rig.let_pass(5, lambda: sum(isinstance(event, SeatUp) for event in rig.heard.all) == 2)
    after = [type(event) for event in rig.heard.all if not hasattr(event, "files")]
    assert after[-3:] == [Ended, SeatDown, SeatUp]
    await talk(rig, call="call-2", seconds=0.1)


async def test_closing_ends_every_call_before_the_events_end(rig):
    await seated(rig, "s1", "s2")
    recording = await talk(rig, seconds=0.5)
    await dial(rig, RINGS_LONG, call="call-2", seat="s2", ring_seconds=20)
    await heard(rig, Ringing, lambda event: event.call_id == "call-2")
    await rig.telephony.close()
    await rig.let_pass(1, lambda: sum(isinstance(event, SeatDown) for event in rig.heard.all) == 2)
    assert {event.call_id for event in rig.heard.all if isinstance(event, Ended)} == {"call-1", "call-2"}
    assert seconds_of(recording.files.customer) > 0.3


async def test_a_closed_phone_system_takes_nobody(rig):
    await rig.telephony.close()
    with pytest.raises(TelephonyRefused):
        await rig.telephony.seat_agent(SeatId("s1"), rig.phone("s1"))
