"""A fault of ours in one call costs no other call anything, and is told to people; what it concerns is not lost."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

from dialer.domain.call import Call, CallId, Ended, Party, SeatId
from dialer.domain.outcome import Outcome
from dialer.domain.seat import SeatState
from dialer.engine import Engine, EngineParts
from dialer.engine.dispatching import Dispatcher
from dialer.engine.following import Follower
from dialer.ports import DialOrder
from dialer.ports.storage import StoredCall
from dialer.scripts_yaml import ScriptLibrary
from dialer.telephony.simulated import SimulatedTelephony
from dialer.usecases.place_call import place_next_call
from tests.usecases.site import SEAT, Site, SiteClock


async def test_a_calls_end_that_can_not_be_stored_is_held_and_other_calls_go_on(site: Site, parts: EngineParts):
    case, other = await site.a_case_is_due(), await site.a_case_is_due()
    talking = await site.connected()
    second = await site.seat_is_ready(SeatId("seat-2"), "agent2")
    order = await place_next_call(site.storage, site.scripts, site.rulebook, second, parts.owner, site.now)
    assert isinstance(order, DialOrder)
    follower = Follower(replace(parts, scripts=ScriptLibrary((), {})))
    follower.untold.add(talking)

    await follower.follow(Ended(talking, site.now, Party.CUSTOMER))
    await follower.follow(Ended(order.call_id, site.now, Party.NETWORK, sip_code=486))

    assert follower.held == {talking}
    assert talking in follower.untold, "nobody else may account for it"
    assert follower.notice
    assert await site.outcomes(other) == [Outcome.BUSY]

    follower = _with_scripts(follower, parts)
    await follower.try_held()
    assert not follower.held
    assert not follower.untold
    assert (await site.seat()).state is SeatState.WRAP_UP
    await site.wrapped_up()
    assert await site.outcomes(case) == [Outcome.INCOMPLETE]


def _with_scripts(follower: Follower, parts: EngineParts) -> Follower:
    """The cause is mended: the scripts are there again."""
    follower._parts = parts
    return follower


async def test_who_stood_still_for_a_lease_does_not_order_the_call(
    site: Site, parts: EngineParts, phones: SimulatedTelephony
):
    case = await site.a_case_is_due()
    await phones.seat_agent(SEAT, "sip:agent1@127.0.0.1")
    await phones.advance(1)
    await Dispatcher(replace(parts, lease_seconds=0.0)).place_calls()
    assert await site.outcomes(case) == [Outcome.TECH]
    assert not (await phones.alive()).calls
    assert (await site.seat()).state is SeatState.READY


async def test_an_engine_that_stops_with_a_call_still_open_is_missed_and_not_forgotten(
    site: Site, parts: EngineParts, tmp_path: Path
):
    [phone] = await site.phones(await site.a_case_is_due())

    class LastMoment(SimulatedTelephony):
        async def close(self) -> None:
            """The order was being stored when all loops were told to end."""
            call = Call(CallId("at-the-last-moment"), SEAT, site.now)
            async with site.storage.begin() as work:
                await work.calls.intend(StoredCall(call, phone.id, phone.number_hash, "agent1", parts.owner), [])
            await super().close()

    telephony = LastMoment(SiteClock(site), tmp_path / "spool", {})
    engine = Engine(replace(parts, telephony=telephony))
    engine.stop()
    await asyncio.wait_for(engine.run(), 10)
    async with site.storage.read() as work:
        assert parts.owner in await work.ledger.beats()
