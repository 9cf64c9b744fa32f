"""At the side: agents sit down, get ready, pause and go (rules §2.2, §2.4).

The desk only states its wish and moves the seat; the engine, perhaps in another process, finds the wish in the
database and calls the agent's phone.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from enum import StrEnum

from dialer.domain.call import CallId, SeatId
from dialer.domain.errors import DialerError, ImpossibleMove
from dialer.domain.seat import SEAT, Seat, SeatEvent, SeatState
from dialer.domain.user import User
from dialer.ports import Signals
from dialer.ports.storage import DeskOrder, DeskOrderKind, Moved, Storage, Work
from dialer.ports.topics import DESK_ORDERS, DISPATCH, WALL, desk
from dialer.usecases.try_again import try_again

BUSY = frozenset({SeatState.RESERVED, SeatState.TALKING, SeatState.WRAP_UP})
"""A call is under way, or its result is not entered yet."""

PHONE_GONE = "PHONE_GONE"
"""Why a seat waits: the agent wants calls, and the phone has not come back."""


class NoPhone(DialerError):
    """The user has no telephone address, so no call can reach this desk."""

    code = "NO_PHONE_ADDRESS"


class PauseReason(StrEnum):
    """Why an agent takes no calls."""

    BREAK = "BREAK"
    LUNCH = "LUNCH"
    MEETING = "MEETING"
    TRAINING = "TRAINING"
    PAPERWORK = "PAPERWORK"


async def sit_down(storage: Storage, signals: Signals, user: User, now: datetime) -> Seat:
    """Take the seat (made at the first time) and have the engine call the agent's phone. Raises NoPhone."""
    if not user.phone_address:
        raise NoPhone(f"{user.login} has no telephone address: an administrator must enter it")
    async with storage.begin() as work:
        seat = await _own_seat(work, user, now)
        seat = replace(seat, address=user.phone_address, why="", pause_after_call=False, back_to_ready=False)
        seat = await work.floor.move_seat(seat, SeatEvent.SIT_DOWN, Moved(user.login, now, {}))
        await _order(work, DeskOrderKind.SIT_DOWN, seat, user, now)
    await signals.notify(DESK_ORDERS, desk(seat.id), WALL)
    return seat


async def call_phone_again(storage: Storage, signals: Signals, user: User, now: datetime) -> None:
    """The agent's browser has registered and holds no leg: have it called, in a talk too.

    Nothing while nobody sits, or is just sitting down: then it is being called.
    """
    async with storage.begin() as work:
        seat = await work.floor.seat_of(user.login)
        if seat is None or seat.state is SeatState.AWAY or seat.address != user.phone_address:
            return
        if seat.state is SeatState.SEATING and not seat.why:
            return
        await _order(work, DeskOrderKind.CALL_AGAIN, seat, user, now)
    await signals.notify(DESK_ORDERS)


async def _own_seat(work: Work, user: User, now: datetime) -> Seat:
    seat = await work.floor.seat_of(user.login)
    if seat is not None:
        return seat
    return await work.floor.put_seat(Seat(SeatId(user.login), user.login, user.phone_address, since=now))


async def get_ready(storage: Storage, signals: Signals, user: User, now: datetime) -> Seat:
    """Take calls again. In a call: take the next one too, after all. Whose phone is gone is called first."""

    def ready(seat: Seat) -> tuple[Seat, SeatEvent | None]:
        if seat.state in BUSY:
            return replace(seat, pause_after_call=False, why=""), None
        return replace(seat, why=""), SeatEvent.READY

    async def once() -> Seat:
        async with storage.begin() as work:
            seat = await _changed(work, user, now, ready)
            if seat.state is SeatState.READY and not seat.leg_up:
                seat = await _wait_for_phone(work, seat, user, now)
            return seat

    seat = await try_again(once)
    await signals.notify(DISPATCH, DESK_ORDERS, desk(seat.id), WALL)
    return seat


async def _wait_for_phone(work: Work, seat: Seat, user: User, now: datetime) -> Seat:
    """The leg fell in a pause. A browser asks for its call when it has registered (`call_phone_again`)."""
    browser = seat.address.startswith("browser:")
    waiting = replace(seat, why=PHONE_GONE if browser else "", back_to_ready=True)
    seat = await work.floor.move_seat(waiting, SeatEvent.LEG_DOWN, Moved(user.login, now, {}))
    if not browser:
        await _order(work, DeskOrderKind.SIT_DOWN, seat, user, now)
    return seat


async def pause(storage: Storage, signals: Signals, user: User, reason: PauseReason, now: datetime) -> Seat:
    """Take no more calls; one that is being dialled or held is finished first."""

    def paused(seat: Seat) -> tuple[Seat, SeatEvent | None]:
        if seat.state in BUSY:
            return replace(seat, pause_after_call=True, why=reason), None
        return replace(seat, why=reason), SeatEvent.PAUSE

    seat = await _change(storage, user, now, paused)
    await signals.notify(desk(seat.id), WALL)
    return seat


async def stand_up(storage: Storage, signals: Signals, user: User, now: datetime) -> Seat:
    """Leave the seat; its leg is ended. Raises ImpossibleMove while a call is dialled, held or wrapped up."""

    async def once() -> Seat:
        async with storage.begin() as work:
            return await leave_seat(work, await seat_of(work, user), user, now)

    seat = await try_again(once)
    await signals.notify(DESK_ORDERS, desk(seat.id), WALL)
    return seat


async def leave_seat(work: Work, seat: Seat, by: User, now: datetime) -> Seat:
    """Empty a seat and have its leg ended; `by` is who sits there, or who sends them away. Raises ImpossibleMove."""
    leaving = replace(seat, why="", back_to_ready=False)
    left = await work.floor.move_seat(leaving, SeatEvent.STAND_UP, Moved(by.login, now, {}))
    await _order(work, DeskOrderKind.STAND_UP, left, by, now)
    return left


async def hang_up(storage: Storage, signals: Signals, user: User, call_id: CallId, now: datetime) -> None:
    """Have the engine end the call that the screen showed; one that has just ended by itself is what was wanted.

    A key that comes late finds the next call on the line, which it was never meant for.

    Raises:
        ImpossibleMove: the seat has no call.
    """
    async with storage.begin() as work:
        seat = await seat_of(work, user)
        if seat.state is SeatState.WRAP_UP or (seat.call_id is not None and seat.call_id != call_id):
            return
        if seat.call_id is None or seat.state not in (SeatState.RESERVED, SeatState.TALKING):
            raise ImpossibleMove(f"seat {seat.id} is {seat.state}: there is no call to hang up")
        await _order(work, DeskOrderKind.HANG_UP, seat, user, now)
    await signals.notify(DESK_ORDERS)


async def seat_of(work: Work, user: User) -> Seat:
    """The user's seat. Raises ImpossibleMove for somebody who never sat down."""
    seat = await work.floor.seat_of(user.login)
    if seat is None:
        raise ImpossibleMove(f"{user.login} has not sat down")
    return seat


def wishes(seat: Seat | None) -> frozenset[DeskOrderKind | SeatEvent]:
    """What the desk may ask for now, so that a screen offers nothing the rules refuse."""
    if seat is None:
        return frozenset({SeatEvent.SIT_DOWN})
    mine = {SeatEvent.SIT_DOWN, SeatEvent.READY, SeatEvent.PAUSE, SeatEvent.STAND_UP}
    allowed: set[DeskOrderKind | SeatEvent] = set(SEAT.allowed(seat.state) & mine)
    if seat.state in BUSY:
        allowed.add(SeatEvent.READY if seat.pause_after_call else SeatEvent.PAUSE)
    if seat.call_id is not None and seat.state in (SeatState.RESERVED, SeatState.TALKING):
        allowed.add(DeskOrderKind.HANG_UP)
    return frozenset(allowed)


async def _change(
    storage: Storage, user: User, now: datetime, change: Callable[[Seat], tuple[Seat, SeatEvent | None]]
) -> Seat:
    async def once() -> Seat:
        async with storage.begin() as work:
            return await _changed(work, user, now, change)

    return await try_again(once)  # the engine writes to the seat, too: an agent's key is not for them to press twice


async def _changed(
    work: Work, user: User, now: datetime, change: Callable[[Seat], tuple[Seat, SeatEvent | None]]
) -> Seat:
    seat, event = change(await seat_of(work, user))
    if event is None:
        return await work.floor.save_seat(seat)
    return await work.floor.move_seat(seat, event, Moved(user.login, now, {"why": seat.why}))


async def _order(work: Work, kind: DeskOrderKind, seat: Seat, user: User, now: datetime) -> None:
    await work.floor.order(DeskOrder(0, kind, seat.id, user.login, now, call_id=seat.call_id))
