"""The end: nobody gets another call, who talks is waited for, and what is not confirmed is confirmed for the agents."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import timedelta

from dialer.domain.errors import ImpossibleMove
from dialer.domain.seat import Seat, SeatState
from dialer.ports import Clock, Scripts, Signals
from dialer.ports.storage import Storage
from dialer.usecases.finish_forgotten import finish_forgotten
from dialer.usecases.rulebook import Rulebook
from dialer.usecases.staff_the_floor import PauseReason, pause

_CALLED = frozenset({SeatState.RESERVED, SeatState.TALKING})
_GETS_CALLS = _CALLED | {SeatState.READY, SeatState.PREVIEW, SeatState.WRAP_UP}
_LOOK_SECONDS = 0.2


async def calls_over(storage: Storage, signals: Signals, clock: Clock, say: Callable[[str], None]) -> None:
    """Nobody gets another call, and those who talk end theirs; `say` is told once how many are waited for."""
    await _take_no_more_calls(storage, signals, clock)
    said = False
    while called := await _seats(storage, _CALLED):
        talking = sum(seat.state is SeatState.TALKING for seat in called)
        if talking and not said:
            say(f"等待 {talking} 通通话结束 · waiting for {talking} call{'s' if talking > 1 else ''} to end")
            said = True
        await asyncio.sleep(_LOOK_SECONDS)


async def wrapped_up(storage: Storage, signals: Signals, scripts: Scripts, rulebook: Rulebook, clock: Clock) -> None:
    """What people left unconfirmed is confirmed in their place; the robots have gone."""
    await finish_forgotten(storage, signals, scripts, rulebook, clock.now(), after=timedelta())


async def _take_no_more_calls(storage: Storage, signals: Signals, clock: Clock) -> None:
    busy = {seat.login for seat in await _seats(storage, _GETS_CALLS)}
    async with storage.read() as work:
        people = [user for user in await work.floor.users() if user.login in busy]
    for user in people:
        with suppress(ImpossibleMove):  # they have paused, or gone, by themselves meanwhile
            await pause(storage, signals, user, PauseReason.BREAK, clock.now())


async def _seats(storage: Storage, states: frozenset[SeatState]) -> Sequence[Seat]:
    async with storage.read() as work:
        return [seat for seat in await work.floor.seats() if seat.state in states]
