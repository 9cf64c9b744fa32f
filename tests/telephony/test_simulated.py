"""What only the simulated phone system has: virtual time, and things a test makes happen."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from dialer.domain.call import CallId, ListenMode, Party, SeatId
from dialer.domain.phone import PhoneNumber
from dialer.ports import DialOrder
from tests.telephony.rigs import (
    ANSWERS,
    RINGS_LONG,
    RINGS_OUT,
    SimulatedRig,
    dial,
    ended,
    pause,
    seated,
    simulated,
    talk,
)
from tests.telephony.sound import seconds_of
from trials.clock import MORNING


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[SimulatedRig]:
    async with simulated(tmp_path / "spool") as made:
        yield made


async def test_an_hour_of_ringing_and_talking_passes_at_once(rig: SimulatedRig):
    began = time.monotonic()
    await seated(rig, "s1")
    for index in range(60):
        await ended(rig, await dial(rig, RINGS_OUT, call=f"call-{index}", ring_seconds=60), seconds=61)
    assert time.monotonic() - began < 10
    last = await ended(rig, "call-59")
    assert last.at - MORNING == pytest.approx(timedelta(hours=1), abs=timedelta(seconds=10))


async def test_every_event_bears_the_instant_it_happened_at_and_not_the_one_it_was_advanced_to(rig: SimulatedRig):
    await seated(rig, "s1")
    began = await rig.telephony.alive()
    assert began.calls == frozenset()
    await dial(rig, RINGS_LONG, ring_seconds=45)
    placed = rig.telephony.next_due
    await rig.telephony.advance(3600)
    answered = next(event for event in rig.heard.of_call("call-1") if type(event).__name__ == "Answered")
    assert placed is not None
    assert answered.at - placed == timedelta(seconds=30)


async def test_sound_is_as_long_as_the_virtual_talk(rig: SimulatedRig):
    await seated(rig, "s1")
    recording = await talk(rig, seconds=90)
    rig.telephony.customer_hangs_up(CallId("call-1"))
    end = await ended(rig, "call-1")
    assert end.by is Party.CUSTOMER
    assert seconds_of(recording.files.customer) == pytest.approx((end.at - recording.at).total_seconds(), abs=0.01)


async def test_it_remembers_what_was_ordered_and_who_listens(rig: SimulatedRig):
    await seated(rig, "s1")
    await talk(rig)
    await rig.telephony.listen(CallId("call-1"), "sip:boss@x", ListenMode.WHISPER)
    (order,) = rig.telephony.orders
    (listening,) = rig.telephony.listening
    assert order == DialOrder(CallId("call-1"), SeatId("s1"), PhoneNumber.parse(ANSWERS), "95500", 5.0)
    assert (listening.address, listening.mode) == ("sip:boss@x", ListenMode.WHISPER)


async def test_nothing_happens_while_time_stands_still(rig: SimulatedRig):
    await seated(rig, "s1")
    await dial(rig, ANSWERS)
    await rig.telephony.advance(0)
    assert rig.heard.of_call("call-1") == []
    await pause(rig, 1)
    assert rig.heard.of_call("call-1") != []
