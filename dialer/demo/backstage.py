"""What the director must know: whether something is under way, and when the product itself is next due."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import datetime

from dialer.bootstrap import Running
from dialer.demo.carrier import CarrierSimulator
from dialer.demo.clock import LookAhead
from dialer.domain.calendar import shanghai_day
from dialer.domain.case import CaseState
from dialer.domain.seat import SeatState
from dialer.ports.topics import DISPATCH

_IN_A_CALL = frozenset({SeatState.SEATING, SeatState.RESERVED, SeatState.TALKING, SeatState.WRAP_UP})
_LOOK_SECONDS = 0.2


class Backstage:
    """Looks at the records of a dialer at work; nothing after `end` matters."""

    def __init__(self, dialer: Running, carrier: CarrierSimulator, end: datetime) -> None:
        self._dialer, self._carrier, self._end = dialer, carrier, end
        self._storage = dialer.site.storage
        self.sources: tuple[LookAhead, ...] = (self._case, self._erevisit, self._sweep, self._seal)

    async def busy(self) -> bool:
        """Whether somebody is on the phone, at the end of a call, or being called to the desk."""
        if self._carrier.open_calls:
            return True
        async with self._storage.read() as work:
            return any(seat.state in _IN_A_CALL for seat in await work.floor.seats())

    async def settled(self, timeout_seconds: float) -> None:
        """Wait until nobody is on the phone and all sound is sealed, as long as it takes within reason."""
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout_seconds):
                while True:
                    if not (await self.busy() or await self._sealing()):
                        return
                    await asyncio.sleep(_LOOK_SECONDS)

    async def _sealing(self) -> bool:
        now = self._dialer.site.clock.now()
        due = await self._seal(now)
        return due is not None and due <= now

    async def wake_everybody(self) -> None:
        """After a jump: what is due now is due at once, not at the next look."""
        await self._dialer.site.signals.notify(DISPATCH)

    async def _case(self, _now: datetime) -> datetime | None:
        async with self._storage.read() as work:
            return await work.cases.next_due()

    async def _erevisit(self, _now: datetime) -> datetime | None:
        async with self._storage.read() as work:
            waiting = await work.cases.in_state(CaseState.EREVISIT_WAIT)
        return min((case.next_at for case in waiting if case.next_at is not None), default=None)

    async def _sweep(self, now: datetime) -> datetime | None:
        """The timetable's next sweep; the day's extraction is due until it is done."""
        timetable = self._dialer.timetable
        assert timetable is not None  # the demonstration runs engine and timetable
        if now.time() >= self._dialer.site.rulebook.tickets.extraction_at:
            async with self._storage.read() as work:
                if await work.ledger.last_run("extraction") != shanghai_day(now).isoformat():
                    return now
        return timetable.next_due(now)

    async def _seal(self, now: datetime) -> datetime | None:
        """A recording to be sealed now, or a failed one to be tried again."""
        async with self._storage.read() as work:
            waiting = await work.recordings.to_seal(self._end)
        return min((each.next_try_at or now for each in waiting), default=None)
