"""An engine and the wishes of a desk."""

from __future__ import annotations

import pytest

from dialer.domain.seat import SeatState
from dialer.engine import EngineParts
from dialer.engine.desks import serve_desks
from dialer.engine.following import Follower
from dialer.telephony.simulated import SimulatedTelephony
from dialer.usecases.staff_the_floor import sit_down, stand_up
from tests.builders import a_user
from tests.usecases.site import Site

AGENT = a_user(login="agent1", phone_address="sip:agent1@127.0.0.1")


async def _told(phones: SimulatedTelephony, parts: EngineParts) -> None:
    """The records learn what the phone system has said so far."""
    while not phones._events.empty():
        event = phones._events.get_nowait()
        assert event is not None
        await Follower(parts).follow(event)


@pytest.mark.parametrize("engine_is_there", [True, False])
async def test_who_stands_up_and_sits_down_again_at_once_sits(
    site: Site, parts: EngineParts, phones: SimulatedTelephony, *, engine_is_there: bool
):
    storage, signals = parts.storage, parts.signals
    await stand_up(storage, signals, AGENT, site.now)
    await serve_desks(parts)
    await sit_down(storage, signals, AGENT, site.now)
    await serve_desks(parts)
    await phones.advance(1)
    await _told(phones, parts)
    assert (await site.seat()).state is SeatState.SEATED

    await stand_up(storage, signals, AGENT, site.now)
    if engine_is_there:
        await serve_desks(parts)
    await sit_down(storage, signals, AGENT, site.now)
    await serve_desks(parts)
    assert bool((await phones.alive()).seats) is not engine_is_there, "the leg is called anew, or was never let go"
    await _told(phones, parts)
    await phones.advance(1)
    await _told(phones, parts)

    seat = await site.seat()
    assert (seat.state, seat.leg_up, seat.owner, seat.why) == (SeatState.SEATED, True, parts.owner, "")
