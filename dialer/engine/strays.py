"""Accounts for strays: calls of ours that the database has open and the phone system does not hold.

The answer to a commit may be lost with the connection. The call is then stored but was never ordered, and its engine
lives, so no survivor accounts for it either: the agent would wait for ever, and the case with them.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Collection
from typing import TYPE_CHECKING

import structlog

from dialer.domain.call import CallId, Ended, Party, SeatId
from dialer.ports.topics import CALLS, DISPATCH, RECORDINGS, WALL, desk
from dialer.usecases.follow_call import follow_call

if TYPE_CHECKING:
    from dialer.engine.engine import EngineParts

log = structlog.get_logger()

_LOOKS = 4  # one a lease; an order under way, or an end that is being judged or stored, takes far less


class Strays:
    """Looks for them. Looks are counted, not seconds: while this process stands still, nothing is missing."""

    def __init__(self, parts: EngineParts, untold: Collection[CallId] = ()) -> None:
        """`untold`: calls whose end is on its way into the records."""
        self._parts, self._untold = parts, untold
        self._missing: Counter[CallId] = Counter()

    async def look_and_wait(self) -> None:
        """One look, and the pause before the next; to be repeated."""
        await self.look()
        await asyncio.sleep(self._parts.lease_seconds)

    async def look(self) -> None:
        """End every call that was missing in so many looks in a row: TECH, not counted against the customer."""
        parts = self._parts
        async with parts.storage.read() as work:
            seats = {stored.call.call_id: stored.call.seat for stored in await work.calls.open_calls(parts.owner)}
        missing = seats.keys() - (await parts.telephony.alive()).calls - set(self._untold)
        self._missing = Counter({call_id: self._missing[call_id] + 1 for call_id in missing})
        for call_id in sorted(missing):
            if self._missing[call_id] >= _LOOKS:
                await self._end(call_id, seats[call_id])

    async def _end(self, call_id: CallId, seat: SeatId) -> None:
        parts, now = self._parts, self._parts.clock.now()
        log.error("call.stray", call_id=call_id, seat=seat)
        ended = Ended(call_id, now, Party.DIALER, failure="CALL_STRAY")
        await follow_call(parts.storage, parts.scripts, parts.rulebook, ended, now)
        await parts.signals.notify(desk(seat), WALL, DISPATCH, CALLS, RECORDINGS)
