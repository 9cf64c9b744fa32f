"""Paces and places: a ready seat gets the most urgent case that may be dialled now (progressive, one call a seat)."""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING

import structlog

from dialer.domain.call import CallId
from dialer.domain.errors import StaleVersion
from dialer.domain.seat import Seat, SeatState
from dialer.engine.following import until_stored
from dialer.engine.leases import TOO_LATE
from dialer.ports import DialOrder, TelephonyRefused
from dialer.ports.topics import WALL, desk
from dialer.usecases.follow_call import refused_to_dial
from dialer.usecases.place_call import Previewed, place_next_call
from dialer.usecases.preview_case import end_forgotten_previews

if TYPE_CHECKING:
    from dialer.engine.engine import EngineParts

log = structlog.get_logger()


class Dispatcher:
    """Places calls for the seats of its engine, unless something forbids all calls."""

    def __init__(self, parts: EngineParts) -> None:
        self._parts = parts
        self._stopped = ""
        self.halted = ""

    def halt(self, why: str) -> None:
        """No more calls from now on."""
        self._stopped = self.halted = why

    async def place_calls(self) -> None:
        """One call for every ready seat, as far as cases are due; then a preview that nobody ends is ended."""
        self._look_for_obstacles()
        if not self.halted:
            await self._fill_seats()
        await self._end_forgotten_previews()

    async def _fill_seats(self) -> None:
        for seat in await self._ready_seats():
            if self._parts.telephony.obstacle(seat.id):
                continue  # the records learn of a leg that fell a little later; a full or absent phone system waits
            if not await self._place_for(seat):
                return

    async def _end_forgotten_previews(self) -> None:
        parts = self._parts
        for seat in await end_forgotten_previews(parts.storage, parts.rulebook, parts.owner, parts.clock.now()):
            log.warning("preview.forgotten", seat=seat.id)
            await parts.signals.notify(desk(seat.id), WALL)

    def _look_for_obstacles(self) -> None:
        room = self._parts.room()
        halted = self._stopped or ("" if room.ok else room.why)
        if halted and halted != self.halted:
            log.error("dispatch.halted", why=halted)
        if self.halted and not halted:
            log.info("dispatch.resumed")
        self.halted = halted

    async def _ready_seats(self) -> list[Seat]:
        parts = self._parts
        async with parts.storage.read() as work:
            seats = await work.floor.seats(parts.owner)
        ready = [seat for seat in seats if seat.state is SeatState.READY and seat.leg_up]
        return sorted(ready, key=lambda seat: seat.since)  # who has waited longest is first

    async def _place_for(self, seat: Seat) -> bool:
        parts = self._parts
        now, since = parts.clock.now(), time.monotonic()
        try:
            order = await place_next_call(parts.storage, parts.scripts, parts.rulebook, seat, parts.owner, now)
        except StaleVersion:  # another engine or a sweep was faster; the case is theirs, or looked at again
            return True
        match order:
            case DialOrder():
                await dial(parts, order, since)
            case Previewed(_, case_id):
                log.info("case.previewed", case_id=case_id, seat=seat.id)
                await parts.signals.notify(desk(seat.id), WALL)
        return order is not None


async def dial(parts: EngineParts, order: DialOrder, since: float) -> None:
    """Give a stored intention to the phone system; what it refuses ends as a fault of ours.

    `since` is when we set about it, by the monotonic clock: who stood still meanwhile may have been buried, and the
    customer dialled by another.
    """
    log.info("call.placed", call_id=order.call_id, seat=order.seat)
    await parts.signals.notify(desk(order.seat), WALL)
    too_late = time.monotonic() - since > parts.lease_seconds * TOO_LATE
    refused = "STOOD_STILL" if too_late else await _ordered(parts, order)
    if refused:
        log.warning("call.refused", call_id=order.call_id, error=refused)
        await until_stored("Refused", partial(_refused, parts, order.call_id, refused[:64]))
        await parts.signals.notify(desk(order.seat), WALL)


async def _ordered(parts: EngineParts, order: DialOrder) -> str:
    """Why the phone system would not take the order; empty when it did."""
    try:
        await parts.telephony.originate(order)
    except TelephonyRefused as error:
        return str(error) or error.code
    return ""


async def _refused(parts: EngineParts, call_id: CallId, why: str) -> None:
    await refused_to_dial(parts.storage, parts.scripts, parts.rulebook, call_id, why, parts.clock.now())
