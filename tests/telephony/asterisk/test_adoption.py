"""A dialer that died: another takes its calls and seats up from Asterisk as they are, and tells what became of them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from dialer.domain.call import (
    Answered,
    CallId,
    Connected,
    Ended,
    ListenerDown,
    Party,
    RecordingStarted,
    Ringing,
    SeatId,
    SeatUp,
)
from dialer.ports import Alive, LeftCall, TelephonyRefused
from dialer.telephony.asterisk import AsteriskTelephony, Node
from tests.telephony.asterisk.test_asterisk import CALL, dialer_dies
from tests.telephony.rigs import (
    ANSWERS,
    HANGS_UP,
    POWER_OFF,
    RINGS_OUT,
    AsteriskRig,
    dial,
    ended,
    heard,
    heard_from,
    node_of,
    pause,
    seat_down,
    seated,
    talk,
)
from tests.telephony.sound import seconds_of
from trials.clock import RunningClock

pytestmark = pytest.mark.asterisk


@asynccontextmanager
async def reborn(rig: AsteriskRig, node: Node | None = None) -> AsyncIterator[AsteriskRig]:
    """Another dialer process over the same Asterisk and spool."""
    telephony = AsteriskTelephony(RunningClock(), rig.telephony._spool, node or node_of(rig.asterisk))
    async with heard_from(telephony) as events:
        yield replace(rig, telephony=telephony, heard=events)


def left(rig: AsteriskRig, call: str, seat: str = "s1") -> LeftCall:
    return LeftCall(CallId(call), SeatId(seat), rig.phone(seat))


@pytest.mark.parametrize(("number", "seconds"), [(ANSWERS, 0.5), (RINGS_OUT, 0.2)])
async def test_a_call_that_we_hung_up_before_we_died_was_hung_up_by_us(pbx: AsteriskRig, number, seconds):
    await seated(pbx, "s1")
    await dial(pbx, number)
    await heard(pbx, Ringing)
    await pause(pbx, seconds)
    await dialer_dies(pbx)
    await pbx.telephony.hang_up(CALL)
    await pbx.carrier.idle(2)
    async with reborn(pbx) as rig:
        await rig.telephony.adopt([left(pbx, CALL)])
        end = await ended(rig, CALL)
        assert (end.by, end.failure) == (Party.DIALER, None)
        assert end.sip_code == (None if number == ANSWERS else 487)


async def test_of_two_dialers_that_take_up_a_call_one_may_leave_it_to_the_other(pbx: AsteriskRig):
    await seated(pbx, "s1")
    await talk(pbx, seconds=0.3)
    await dialer_dies(pbx)
    other = replace(node_of(pbx.asterisk), app="other")
    async with reborn(pbx) as slow, reborn(pbx, other) as fast:
        for rig in (slow, fast):
            await rig.telephony.adopt([left(pbx, CALL)])
        await seated(fast, "s1")
        await slow.telephony.let_go(SeatId("s1"))
        assert await slow.telephony.alive() == Alive(frozenset(), frozenset())
        await fast.telephony.hang_up(CALL)
        assert (await ended(fast, CALL)).by is Party.DIALER
        assert slow.heard.first(Ended, lambda _: True) is None
        assert pbx.phones["s1"].is_on_the_line


async def test_a_seat_that_nobody_else_took_ends_when_it_is_let_go(pbx: AsteriskRig):
    await seated(pbx, "s1")
    await pbx.telephony.let_go(SeatId("s1"))
    await seat_down(pbx)
    await pbx.phones["s1"].hung_up()


async def test_a_seat_whose_name_another_begins_with_is_seated_all_the_same(pbx: AsteriskRig):
    for seat, phone in (("li2", "s2"), ("li", "s1")):
        await pbx.telephony.seat_agent(SeatId(seat), pbx.phone(phone))
        await heard(pbx, SeatUp, lambda event, seat=seat: event.seat == seat)  # type: ignore[misc]  # bound now


async def test_a_leg_that_a_dead_dialer_left_is_ended_by_the_next(pbx: AsteriskRig):
    await seated(pbx, "s1")
    await dialer_dies(pbx)
    async with reborn(pbx) as rig:
        await rig.telephony.unseat_agent(SeatId("s1"))
        await pbx.phones["s1"].hung_up()


async def test_a_seat_that_was_taken_up_comes_back_when_asterisk_dies(pbx: AsteriskRig):
    await seated(pbx, "s1")
    await talk(pbx, seconds=0.3)
    await dialer_dies(pbx)
    async with reborn(pbx) as rig:
        await rig.telephony.adopt([left(pbx, CALL)])
        await seated(rig, "s1")
        await pbx.crash_and_return()
        assert (await ended(rig, CALL)).failure == "WORKER_DIED"
        await rig.let_pass(5, lambda: sum(isinstance(event, SeatUp) for event in rig.heard.all) == 2)


async def test_a_dialer_that_was_restarted_takes_up_the_talk_that_went_on(pbx: AsteriskRig):
    await seated(pbx, "s1")
    recording = await talk(pbx, seconds=0.5)
    await dialer_dies(pbx)
    async with reborn(pbx) as rig:
        leg = pbx.phones["s1"].call
        assert rig.heard.all == []
        assert await rig.telephony.adopt([left(pbx, "call-1"), left(pbx, "never-ordered", "s2")]) == {"call-1"}
        assert (await rig.telephony.alive()).calls == {"call-1"}
        again = await heard(rig, RecordingStarted)
        assert again.files == recording.files
        told = [type(event) for event in rig.heard.of_call("call-1")]
        assert [kind for kind in told if kind is not ListenerDown] == [Answered, Connected, RecordingStarted]
        await seated(rig, "s1")
        with pytest.raises(TelephonyRefused):
            await dial(rig, ANSWERS, call="call-2")
        await pause(rig, 0.5)
        await rig.telephony.hang_up(CALL)
        end = await ended(rig, "call-1")
        assert (end.by, end.failure) == (Party.DIALER, None)
        assert seconds_of(recording.files.customer) > 1.0
        assert pbx.phones["s1"].call is leg
        assert await rig.telephony.adopt([left(pbx, "call-1")]) == {"call-1"}
        with pytest.raises(TelephonyRefused):
            await dial(rig, ANSWERS, call="call-1")
        await talk(rig, call="call-2", seconds=0.1)


async def test_what_ended_while_the_dialer_was_dead_is_told_with_its_true_outcome_when_it_is_back(pbx: AsteriskRig):
    await seated(pbx, "s1", "s2", "s3")
    await dial(pbx, HANGS_UP, call="talks")
    await dial(pbx, POWER_OFF, call="off", seat="s2")
    await dial(pbx, ANSWERS, call="left", seat="s3")
    await heard(pbx, Ringing, lambda event: event.call_id == "left")
    await dialer_dies(pbx)
    await asyncio.sleep(0.6)
    pbx.drop_phone("s3")
    await pbx.carrier.idle(4)
    await asyncio.sleep(0.1)
    async with reborn(pbx) as rig:
        calls = [left(pbx, "talks", "s1"), left(pbx, "off", "s2"), left(pbx, "left", "s3")]
        assert await rig.telephony.adopt(calls) == {"talks", "off", "left"}
        off, gone, talks = [await ended(rig, call) for call in ("off", "left", "talks")]
        assert (off.by, off.sip_code, off.failure) == (Party.NETWORK, 480, None)
        assert (gone.by, gone.failure) == (Party.AGENT, "SEAT_LOST")
        assert (talks.by, talks.failure) == (Party.CUSTOMER, None)
        told = rig.heard.of_call("talks")
        assert [type(event) for event in told] == [Answered, Connected, RecordingStarted, Ended]
        assert (told[-1].at - told[0].at).total_seconds() == pytest.approx(1.5, abs=0.25)
        legs = [pbx.phones[name].call for name in ("s1", "s2")]
        await seated(rig, "s1", "s2", "s3")
        assert [pbx.phones[name].call for name in ("s1", "s2")] == legs
