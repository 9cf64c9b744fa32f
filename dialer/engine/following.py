"""Follows: every event of the phone system goes into the records before the next one is looked at."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import TYPE_CHECKING

import structlog

from dialer.domain.call import (
    CallEvent,
    CallId,
    Ended,
    ListenerDown,
    ListenerEvent,
    ListenerUp,
    SeatDown,
    SeatId,
    SeatUp,
    WireEvent,
)
from dialer.domain.errors import StaleVersion
from dialer.ports.storage import StorageUnavailable
from dialer.ports.topics import CALLS, DISPATCH, RECORDINGS, WALL, desk
from dialer.usecases.follow_call import UnknownCall, follow_call, is_screen_pop, leg_is_down, leg_is_up
from dialer.usecases.listen_in import follow_listening

if TYPE_CHECKING:
    from dialer.engine.engine import EngineParts

log = structlog.get_logger()

_AGAIN_SECONDS = 0.5
_HELD_AGAIN_SECONDS = 15.0


class Follower:
    """Stores what the phone system says, in the order in which it comes.

    An event that can't be stored for a fault of ours is held, with what follows it of the same call, and tried again:
    nothing of it is lost, and no other call waits for it.
    """

    def __init__(self, parts: EngineParts) -> None:
        self._parts = parts
        self._held: dict[str, list[WireEvent]] = {}
        self.untold: set[CallId] = set()
        """The calls whose end has been told to us, and not yet to the records."""

    @property
    def held(self) -> frozenset[str]:
        """The calls and seats whose news can't be stored."""
        return frozenset(self._held)

    @property
    def notice(self) -> str:
        """For people, while something is held."""
        return (
            f"{len(self._held)} 路通话的消息无法入库，见日志 · news can't be stored, see the log" if self._held else ""
        )

    async def run(self) -> None:
        """Follow until the phone system is closed."""
        read: asyncio.Queue[WireEvent | None] = asyncio.Queue()
        async with asyncio.TaskGroup() as group:
            group.create_task(self._read(read), name="read-events")
            again = group.create_task(self._keep_trying(), name="held-events")
            while (event := await read.get()) is not None:
                await self.follow(event)
            again.cancel()

    async def _read(self, read: asyncio.Queue[WireEvent | None]) -> None:
        async for event in self._parts.telephony.events():
            if isinstance(event, Ended):
                self.untold.add(event.call_id)
            read.put_nowait(event)
        read.put_nowait(None)

    async def follow(self, event: WireEvent) -> None:
        """Store one event, or hold it."""
        if waiting := self._held.get(_of(event)):
            waiting.append(event)
        elif not await self._stored(event):
            self._held[_of(event)] = [event]

    async def _keep_trying(self) -> None:
        while True:
            await asyncio.sleep(_HELD_AGAIN_SECONDS)
            await self.try_held()

    async def try_held(self) -> None:
        """Store what is held, as far as that is possible by now."""
        for of, events in [*self._held.items()]:
            while events and await self._stored(events[0]):
                events.pop(0)
            if not events:
                del self._held[of]

    async def _stored(self, event: WireEvent) -> bool:
        try:
            await until_stored(type(event).__name__, partial(_follow, self._parts, event))
        except Exception:  # whatever it is, it must not end the talks of all the others
            log.exception("event.held", of=_of(event), event_type=type(event).__name__)
            return False
        if isinstance(event, Ended):
            self.untold.discard(event.call_id)
        return True


def _of(event: WireEvent) -> str:
    return event.seat if isinstance(event, SeatUp | SeatDown) else event.call_id


async def until_stored(what: str, store: Callable[[], Awaitable[object]]) -> None:
    """What has happened on the wire can't be undone: try until the database has it, so that nothing is lost."""
    while True:
        try:
            await store()
        except StaleVersion as error:  # a desk or another engine changed the record meanwhile: look at it anew
            log.info("event.again", event_type=what, error=str(error))
        except StorageUnavailable as error:
            log.error("event.waits_for_storage", event_type=what, error=str(error))
            await asyncio.sleep(_AGAIN_SECONDS)
        else:
            return


async def _follow(parts: EngineParts, event: WireEvent) -> None:
    match event:
        case SeatUp(seat, _) | SeatDown(seat, _, _) if not await _serves(parts, seat):
            log.info("event.of_lost_seat", seat=seat, event_type=type(event).__name__)
        case SeatUp(seat, _):
            await leg_is_up(parts.storage, parts.signals, seat, parts.clock.now())
            log.info("seat.up", seat=seat)
        case SeatDown(seat, _, why):
            await leg_is_down(parts.storage, parts.signals, seat, why, parts.clock.now())
            log.warning("seat.down", seat=seat, why=why)
        case ListenerUp() | ListenerDown():
            await _follow_listener(parts, event)
        case _:
            await _follow_call(parts, event)


async def _serves(parts: EngineParts, seat_id: SeatId) -> bool:
    """Whether the seat is still ours: the last words of a leg we had to leave say nothing of its new one."""
    async with parts.storage.read() as work:
        seat = await work.floor.seat(seat_id)
    return seat is not None and seat.owner == parts.owner


async def _follow_call(parts: EngineParts, event: CallEvent) -> None:
    try:
        followed = await follow_call(parts.storage, parts.scripts, parts.rulebook, event, parts.clock.now())
    except UnknownCall:
        log.warning("event.of_unknown_call", call_id=event.call_id, event_type=type(event).__name__)
        return
    if not followed.commands:
        log.info("event.says_nothing_new", call_id=event.call_id, event_type=type(event).__name__)
        return
    log.info("call.event", call_id=event.call_id, event_type=type(event).__name__, outcome=followed.outcome)
    if is_screen_pop(event):
        await parts.signals.notify(desk(followed.call.seat), WALL)
    if isinstance(event, Ended):
        await parts.signals.notify(DISPATCH, CALLS, RECORDINGS)


async def _follow_listener(parts: EngineParts, event: ListenerEvent) -> None:
    listening = await follow_listening(parts.storage, event)
    if listening is None:
        log.info("event.says_nothing_new", call_id=event.call_id, event_type=type(event).__name__)
        return
    said = "listening.live" if listening.is_live else "listening.over"
    log.info(
        said, call_id=event.call_id, by=listening.login, mode=listening.mode, ending=listening.ending, why=listening.why
    )
    await parts.signals.notify(WALL)
