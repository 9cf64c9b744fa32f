"""A call that the database has open and the phone system does not hold is accounted for; no other is touched."""

from __future__ import annotations

from dataclasses import replace

from dialer.domain.case import POOL
from dialer.domain.outcome import Outcome
from dialer.domain.seat import SeatState
from dialer.engine import EngineParts
from dialer.engine.strays import Strays
from dialer.telephony.simulated import SimulatedTelephony
from tests.usecases.site import SEAT, Site


async def test_a_call_that_was_stored_and_never_ordered_is_ended_and_dialled_again(site: Site, parts: EngineParts):
    case = await site.a_case_is_due()
    await site.dialled()  # and the phone system is not told, as when the answer to the commit was lost
    strays = Strays(parts)
    for _ in range(3):
        await strays.look()
    assert (await site.seat()).state is SeatState.RESERVED, "an order may still be on its way"
    await strays.look()
    assert (await site.seat()).state is SeatState.READY
    assert await site.outcomes(case) == [Outcome.TECH]
    case = await site.case(case)
    assert case.state in POOL
    assert await site.wait_for_call(case)


async def test_a_call_that_the_phone_system_holds_is_left_alone(
    site: Site, parts: EngineParts, phones: SimulatedTelephony
):
    case = await site.a_case_is_due()
    await phones.seat_agent(SEAT, "sip:agent1@127.0.0.1")
    await phones.advance(1)
    order = await site.dial()
    assert order
    strays = Strays(parts)
    for _ in range(3):
        await strays.look()
    await phones.originate(order)
    for _ in range(8):
        await strays.look()
    assert await site.outcomes(case) == [None]


async def test_a_call_of_another_engine_is_that_engines_affair(site: Site, parts: EngineParts):
    case = await site.a_case_is_due()
    await site.dialled()
    strays = Strays(replace(parts, owner="engine-2"))
    for _ in range(8):
        await strays.look()
    assert await site.outcomes(case) == [None]
