"""What a dead engine leaves is shared out among those who live: every seat goes to one of them, with its calls."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from dialer.domain.call import CallId, SeatId
from dialer.engine import EngineParts
from dialer.engine.leases import bury
from dialer.ports import LeftCall, Signals
from dialer.storage.signals import open_signals
from dialer.telephony.simulated import SimulatedTelephony
from dialer.usecases.place_call import Previewed, place_next_call
from tests.engine.conftest import parts_of
from tests.usecases.site import SEAT, Site, SiteClock

OTHER_SEAT = SeatId("seat-2")


class Exchange(SimulatedTelephony):
    """A phone system that outlives its dialers, as Asterisk does; other dialers act while it calls a phone."""

    meanwhile: Callable[[], Awaitable[None]] | None = None

    async def adopt(self, left: Sequence[LeftCall]) -> frozenset[CallId]:
        self.held = {each.seat: each.call_id for each in left}
        return frozenset(self.held.values())

    async def let_go(self, seat: SeatId) -> None:
        self.held.pop(seat, None)

    async def seat_agent(self, seat: SeatId, address: str) -> None:  # noqa: ARG002  # the port's arguments
        meanwhile, self.meanwhile = self.meanwhile, None
        if meanwhile is not None:
            await meanwhile()


@pytest.fixture
async def signals(site: Site) -> AsyncIterator[Signals]:
    signals = open_signals(site.storage)
    yield signals
    await signals.close()


async def _two_calls(site: Site) -> dict[SeatId, CallId]:
    await site.seat_is_ready(OTHER_SEAT, "agent2")
    calls = {}
    for seat_id in (SEAT, OTHER_SEAT):
        await site.a_case_is_due()
        async with site.storage.read() as work:
            seat = await work.floor.seat(seat_id)
        assert seat is not None
        order = await place_next_call(site.storage, site.scripts, site.rulebook, seat, seat.owner, site.now)
        assert order is not None
        assert not isinstance(order, Previewed)
        calls[seat_id] = await site.answered(order.call_id)
    return calls


async def test_two_survivors_share_what_a_dead_engine_left_each_seat_with_its_call(
    site: Site, signals: Signals, tmp_path: Path
):
    calls = await _two_calls(site)
    first, second = (Exchange(SiteClock(site), tmp_path / "spool") for _ in range(2))
    parts = parts_of(site, first, signals, tmp_path / "spool")
    one, two = replace(parts, owner="engine-2"), replace(parts, owner="engine-3", telephony=second)
    first.meanwhile = lambda: bury(two, "engine-1")  # when the first has one seat, the second takes the rest
    await bury(one, "engine-1")

    assert (await _served_by(site, one), first.held) == ((SEAT, calls[SEAT]), {SEAT: calls[SEAT]})
    assert (await _served_by(site, two), second.held) == (
        (OTHER_SEAT, calls[OTHER_SEAT]),
        {OTHER_SEAT: calls[OTHER_SEAT]},
    )


async def _served_by(site: Site, parts: EngineParts) -> tuple[SeatId, CallId]:
    """The one seat of an engine, and its one open call."""
    async with site.storage.read() as work:
        (seat,) = await work.floor.seats(parts.owner)
        (stored,) = await work.calls.open_calls(parts.owner)
    return seat.id, stored.call.call_id
