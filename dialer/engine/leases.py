"""Who is alive, and what becomes of what the dead have left.

An engine counts on in the database; one that counts no further for a while, by the watcher's own monotonic clock, is
dead, and its calls and seats are accounted for. No two machines' clocks are ever compared.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import structlog

from dialer.domain.call import CallId, RecordingKind, SeatId
from dialer.domain.seat import Seat, SeatState
from dialer.ports import Clock, LeftCall, TelephonyRefused
from dialer.ports.storage import Storage, Work
from dialer.usecases.follow_call import leg_is_down, take_over
from dialer.usecases.try_again import try_again

if TYPE_CHECKING:
    from dialer.engine.engine import EngineParts

log = structlog.get_logger()

_BEATS_A_LEASE = 5
TOO_LATE = 0.7
"""Of a lease: who has not moved for so long does as if it were over."""


class Lease:
    """The signs of life of one process, and its watch over the others."""

    def __init__(
        self, storage: Storage, owner: str, kind: str, lease_seconds: float, clock: Clock, notice: Callable[[], str]
    ) -> None:
        """`notice` says what keeps us from our work; it goes out with every beat, so that people see it."""
        self._storage = storage
        self._owner = owner
        self._kind = kind
        self._seconds = lease_seconds
        self._clock = clock
        self._notice = notice
        self._last_beat = time.monotonic()
        self._last_seen: dict[str, tuple[int, float]] = {}

    async def begin(self) -> None:
        """The first sign of life; nothing may be claimed before it."""
        await self._beat()

    async def end(self) -> None:
        """Say goodbye, so that nobody waits for us."""
        async with self._storage.begin() as work:
            await work.ledger.forget(self._owner)

    def beat_and_watch(self, parts: EngineParts) -> Callable[[], Awaitable[None]]:
        """One beat, and a look at the others; to be repeated."""

        async def step() -> None:
            await self._beat()
            for dead in await self._silent():
                await bury(parts, dead)
            await adopt_waiting_seats(parts)
            await _let_lost_seats_go(parts)
            await asyncio.sleep(self._seconds / _BEATS_A_LEASE)

        return step

    async def _beat(self) -> None:
        async with self._storage.begin() as work:
            await work.ledger.beat(self._owner, self._kind, self._clock.now(), self._notice())
        instant = time.monotonic()
        if instant - self._last_beat > self._seconds * TOO_LATE:
            self._last_seen.clear()  # what kept us from beating may have kept the others: their lease begins anew
        self._last_beat = instant

    async def _silent(self) -> list[str]:
        """Those whose count has stood still for a whole lease."""
        async with self._storage.read() as work:
            beats = await work.ledger.beats()
        instant = time.monotonic()
        silent = []
        for owner, count in beats.items():
            seen, since = self._last_seen.get(owner, (-1, instant))
            if seen != count:
                self._last_seen[owner] = (count, instant)
            elif owner != self._owner and instant - since > self._seconds:
                silent.append(owner)
        return silent


async def bury(parts: EngineParts, dead: str) -> None:
    """Take up a dead engine's calls that the phone system knows, end the others, and serve its seats from now on.

    Several may bury the same one: each seat, with its calls, is whose who takes it first. Interrupted anywhere and done
    again, it does no harm: the dead engine's row goes last.
    """
    log.error("engine.died", owner=dead)
    left = await _left_by(parts, dead)
    adopted = await parts.telephony.adopt(left)
    now = parts.clock.now()
    resolved = await take_over(parts.storage, parts.scripts, parts.rulebook, dead, adopted, now)
    async with parts.storage.read() as work:
        seats = await work.floor.seats(dead)
    for seat in seats:
        await _adopt(parts, seat, "ENGINE_DIED")
    await _let_go_of_others(parts, {call.seat for call in left})
    async with parts.storage.begin() as work:
        await work.ledger.forget(dead)
    log.info("engine.taken_over", owner=dead, adopted=len(adopted), resolved=resolved, seats=len(seats))


async def _let_go_of_others(parts: EngineParts, seats: Collection[SeatId]) -> None:
    """Of seats whose calls were adopted here, those that another has taken: they go, with their calls."""
    async with parts.storage.read() as work:
        ours = {seat.id for seat in await work.floor.seats(parts.owner)}
    for seat in sorted(set(seats) - ours):
        await parts.telephony.let_go(seat)


async def _left_by(parts: EngineParts, dead: str) -> list[LeftCall]:
    """Its calls without an end, each with the phone of its seat."""
    async with parts.storage.read() as work:
        phones = {seat.id: seat.address for seat in await work.floor.seats()}
        calls = [stored.call for stored in await work.calls.open_calls(dead) if stored.call.seat in phones]
        return [
            LeftCall(call.call_id, call.seat, phones[call.seat], early_known=await _early_known(work, call.call_id))
            for call in calls
        ]


async def _early_known(work: Work, call_id: CallId) -> bool:
    return any(each.files.kind is RecordingKind.EARLY for each in await work.recordings.of_call(call_id))


async def adopt_waiting_seats(parts: EngineParts) -> None:
    """Agents who sit but whom no engine serves (it was stopped in an orderly way): call their phones."""
    async with parts.storage.read() as work:
        seats = await work.floor.seats("")
    for seat in seats:
        if seat.state is not SeatState.AWAY:
            await _adopt(parts, seat, seat.why)


async def _let_lost_seats_go(parts: EngineParts) -> None:
    """Who stood still for a whole lease was buried, and its seats are another's: what is left of them here goes."""
    held = (await parts.telephony.alive()).seats
    async with parts.storage.read() as work:
        ours = {seat.id for seat in await work.floor.seats(parts.owner)}
    for seat in sorted(held - ours):
        log.error("seat.lost", seat=seat)
        await parts.telephony.let_go(seat)


async def leave_the_floor(parts: EngineParts) -> None:
    """An orderly stop: the legs are about to go, the agents keep their seats for the engine that comes next."""
    async with parts.storage.read() as work:
        seats = await work.floor.seats(parts.owner)
    for seat in seats:
        if seat.leg_up:
            await leg_is_down(parts.storage, parts.signals, seat.id, "ENGINE_STOPPED", parts.clock.now())
        async with parts.storage.begin() as work:
            left = await work.floor.seat(seat.id)
            if left is not None:
                await work.floor.save_seat(replace(left, owner="", leg_up=False))


async def _adopt(parts: EngineParts, left: Seat, why: str) -> None:
    """Take a seat over and call the agent's phone, unless another has; who had gone away is only let go of."""
    taken = await try_again(partial(_take, parts, left))
    if not taken or left.state is SeatState.AWAY:
        return
    now = parts.clock.now()
    if left.leg_up:
        await leg_is_down(parts.storage, parts.signals, left.id, why, now)
    try:
        await parts.telephony.seat_agent(left.id, left.address)
    except TelephonyRefused as error:
        log.error("seat.not_adopted", seat=left.id, why=str(error))
        await leg_is_down(parts.storage, parts.signals, left.id, str(error), now)


async def _take(parts: EngineParts, left: Seat) -> bool:
    """Make a seat ours together with its calls, so that no other dialer takes the one without the other."""
    async with parts.storage.begin() as work:
        seat = await work.floor.seat(left.id)
        if seat is None or seat.owner != left.owner:
            return False
        heir = "" if left.state is SeatState.AWAY else parts.owner
        await work.floor.save_seat(replace(seat, owner=heir, leg_up=False))
        await work.calls.give(left.id, left.owner, parts.owner)
        return True
