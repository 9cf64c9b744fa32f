"""Serves the desks: what agents and supervisors want of the phone system arrives as rows and leaves as commands."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, assert_never

import structlog

from dialer.domain.call import CallId, ListenMode
from dialer.domain.errors import DialerError, StaleVersion
from dialer.domain.seat import SeatState
from dialer.engine.dispatching import dial
from dialer.ports import TelephonyRefused
from dialer.ports.storage import DeskOrder, DeskOrderKind, StorageUnavailable
from dialer.ports.topics import WALL, desk
from dialer.usecases.follow_call import leg_is_down
from dialer.usecases.listen_in import listening_is_refused
from dialer.usecases.place_call import place_previewed_call

if TYPE_CHECKING:
    from dialer.engine.engine import EngineParts

log = structlog.get_logger()


async def serve_desks(parts: EngineParts) -> None:
    """Carry out every open wish, oldest first; a wish that can't be carried out is answered with the reason."""
    async with parts.storage.read() as work:
        orders = await work.floor.open_orders()
    for order in orders:
        if not await _is_ours(parts, order):
            continue
        refused = ""
        try:
            await _carry_out(parts, order)
        except (StorageUnavailable, StaleVersion):
            raise  # says nothing of the wish: it is looked at again
        except DialerError as error:
            refused = str(error)
            log.warning("desk.refused", order=order.kind, seat=order.seat, by=order.asked_by, error=refused)
            await _tell_refusal(parts, order, refused)
        async with parts.storage.begin() as work:
            await work.floor.order_done(order.id, parts.clock.now(), refused)
        await parts.signals.notify(desk(order.seat), WALL)


async def _tell_refusal(parts: EngineParts, order: DeskOrder, refused: str) -> None:
    """Who waits for the wish sees what became of it."""
    now = parts.clock.now()
    if order.kind is DeskOrderKind.SIT_DOWN:
        await leg_is_down(parts.storage, parts.signals, order.seat, refused, now)
    elif order.kind is DeskOrderKind.LISTEN and order.call_id is not None:
        await listening_is_refused(parts.storage, order.call_id, refused, now)


async def _is_ours(parts: EngineParts, order: DeskOrder) -> bool:
    """A seat belongs to the engine that first takes its SIT_DOWN; the rest of its wishes are for that engine.

    What is wished of a seat that no engine serves is settled by whoever sees it first: a STAND_UP left over would
    throw the agent out when they have long sat down again.
    """
    async with parts.storage.begin() as work:
        seat = await work.floor.seat(order.seat)
        if seat is None:
            return False
        if order.kind is DeskOrderKind.SIT_DOWN and not seat.owner:
            await work.floor.save_seat(replace(seat, owner=parts.owner))
            return True
        return seat.owner in ("", parts.owner)


async def _carry_out(parts: EngineParts, order: DeskOrder) -> None:
    telephony = parts.telephony
    match order.kind:
        case DeskOrderKind.SIT_DOWN:
            await telephony.seat_agent(order.seat, await _address(parts, order))
        case DeskOrderKind.CALL_AGAIN:
            await telephony.call_again(order.seat, await _address(parts, order))
        case DeskOrderKind.STAND_UP:
            if await _has_left(parts, order):
                await telephony.unseat_agent(order.seat)
                await _release_seat(parts, order)
        case DeskOrderKind.DIAL:
            await _dial_previewed(parts, order)
        case DeskOrderKind.HANG_UP | DeskOrderKind.LISTEN | DeskOrderKind.STOP_LISTENING:
            if order.call_id is not None:
                await _on_a_call(parts, order, order.call_id)
        case _:
            assert_never(order.kind)


async def _on_a_call(parts: EngineParts, order: DeskOrder, call_id: CallId) -> None:
    if order.kind is DeskOrderKind.HANG_UP:
        await parts.telephony.hang_up(call_id)
    elif order.kind is DeskOrderKind.LISTEN:
        detail = order.detail or {}
        await parts.telephony.listen(call_id, detail["address"], ListenMode(detail["mode"]))
    else:
        await parts.telephony.stop_listening(call_id)


async def _dial_previewed(parts: EngineParts, order: DeskOrder) -> None:
    obstacle = parts.telephony.obstacle(order.seat) or ("" if parts.room().ok else parts.room().why)
    if obstacle:
        raise TelephonyRefused(obstacle)
    now, since = parts.clock.now(), time.monotonic()
    shown = (order.detail or {}).get("since")
    shown_since = datetime.fromisoformat(shown) if shown else None
    placed = await place_previewed_call(
        parts.storage, parts.scripts, parts.rulebook, order.seat, parts.owner, now, shown_since=shown_since
    )
    if placed is not None:
        await dial(parts, placed, since)


async def _address(parts: EngineParts, order: DeskOrder) -> str:
    async with parts.storage.read() as work:
        seat = await work.floor.seat(order.seat)
    return seat.address if seat is not None else ""


async def _has_left(parts: EngineParts, order: DeskOrder) -> bool:
    """Who sits there again keeps the leg: the wish to leave is an old one, of before an engine was there, maybe."""
    async with parts.storage.read() as work:
        seat = await work.floor.seat(order.seat)
    return seat is not None and seat.state is SeatState.AWAY


async def _release_seat(parts: EngineParts, order: DeskOrder) -> None:
    async with parts.storage.begin() as work:
        seat = await work.floor.seat(order.seat)
        if seat is not None:
            await work.floor.save_seat(replace(seat, owner="", leg_up=False))
