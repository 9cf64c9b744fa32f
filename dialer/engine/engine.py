"""One engine: a handful of loops over the same parts, started and stopped together.

Loops meet only in the database. Each looks when signalled and, as a signal may be lost, by itself every second.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

import structlog

from dialer.domain.call import SoundFiles
from dialer.domain.errors import StaleVersion
from dialer.engine.desks import serve_desks
from dialer.engine.dispatching import Dispatcher
from dialer.engine.following import Follower
from dialer.engine.leases import Lease, adopt_waiting_seats, leave_the_floor
from dialer.engine.strays import Strays
from dialer.ports import Clock, Room, Scripts, Signals, Telephony, topics
from dialer.ports.storage import Storage, StorageUnavailable
from dialer.usecases.keep_recording import SealSound, seal_next, too_short
from dialer.usecases.rulebook import Rulebook

log = structlog.get_logger()

_LOOK_SECONDS = 1.0
_AFTER_A_FAULT_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class EngineParts:
    """Everything an engine works with."""

    storage: Storage
    telephony: Telephony
    signals: Signals
    scripts: Scripts
    rulebook: Rulebook
    clock: Clock
    seal_sound: SealSound
    discard: Callable[[SoundFiles], None]
    room: Callable[[], Room]
    owner: str
    lease_seconds: float = 5.0


class Engine:
    """Runs until stopped. A stop is graceful: no new call, talking calls finish, then everything is closed."""

    def __init__(self, parts: EngineParts) -> None:
        self._parts = parts
        self._stopping = asyncio.Event()
        self._dispatcher = Dispatcher(parts)
        self._follower = Follower(parts)
        self._faults: dict[str, str] = {}
        self._lease = Lease(parts.storage, parts.owner, "engine", parts.lease_seconds, parts.clock, notice=self._notice)

    @property
    def halted(self) -> str:
        """Why no calls are being placed; empty while they are."""
        return self._dispatcher.halted

    def _notice(self) -> str:
        told = (self.halted, self._parts.telephony.notice, self._follower.notice, *self._faults.values())
        return "；".join(filter(None, told))

    def stop(self) -> None:
        """Ask for the graceful stop; `run` returns when it is done."""
        self._stopping.set()

    async def run(self) -> None:
        """Work until `stop`. Raises TelephonyRefused when the phone system can't start."""
        parts = self._parts
        await self._lease.begin()
        await parts.telephony.start()
        try:
            await adopt_waiting_seats(parts)
            strays = Strays(parts, self._follower.untold)
            async with asyncio.TaskGroup() as group:
                loops = [
                    group.create_task(self._follower.run(), name="follow"),
                    group.create_task(self._repeat("beat", self._lease.beat_and_watch(parts)), name="beat"),
                    group.create_task(self._repeat("dispatch", self._dispatch), name="dispatch"),
                    group.create_task(self._repeat("desks", self._desks), name="desks"),
                    group.create_task(self._repeat("seal", self._seal), name="seal"),
                    group.create_task(self._repeat("strays", strays.look_and_wait), name="strays"),
                ]
                group.create_task(self._wind_down(loops), name="wind-down")
            await leave_the_floor(parts)
        finally:
            await parts.telephony.close()
        if await self._open_calls():
            log.error("engine.left_calls", owner=parts.owner)  # who keeps its lease is missed, and its calls taken up
        else:
            await self._lease.end()
        log.info("engine.stopped", owner=parts.owner)

    async def _wind_down(self, loops: Iterable[asyncio.Task[None]]) -> None:
        await self._stopping.wait()
        self._dispatcher.halt("正在停机 · stopping")
        log.info("engine.stopping", owner=self._parts.owner)
        while await self._open_calls() - self._follower.held:
            await self._parts.signals.wait(topics.CALLS, _LOOK_SECONDS)
        for loop in loops:
            loop.cancel()

    async def _open_calls(self) -> frozenset[str]:
        while True:
            try:
                async with self._parts.storage.read() as work:
                    return frozenset(each.call.call_id for each in await work.calls.open_calls(self._parts.owner))
            except StorageUnavailable as error:
                log.error("engine.storage_unavailable", loop="wind-down", error=str(error))
                await asyncio.sleep(_AFTER_A_FAULT_SECONDS)

    async def _repeat(self, name: str, step: Callable[[], Awaitable[None]]) -> None:
        """A loop that outlives everything: to end would hang up on all who talk. `_notice` says what is wrong."""
        while True:
            try:
                await step()
            except StaleVersion as error:  # somebody else was first: look again
                log.info("engine.again", loop=name, error=str(error))
            except StorageUnavailable as error:
                log.error("engine.storage_unavailable", loop=name, error=str(error))
                await asyncio.sleep(_AFTER_A_FAULT_SECONDS)
            except Exception as fault:
                log.exception("engine.fault", loop=name)
                self._faults[name] = f"程序故障，见日志 · fault, see the log: {name} ({type(fault).__name__})"
                await asyncio.sleep(_AFTER_A_FAULT_SECONDS)
            else:
                self._faults.pop(name, None)

    async def _dispatch(self) -> None:
        await self._dispatcher.place_calls()
        await self._parts.signals.wait(topics.DISPATCH, _LOOK_SECONDS)

    async def _desks(self) -> None:
        await serve_desks(self._parts)
        await self._parts.signals.wait(topics.DESK_ORDERS, _LOOK_SECONDS)

    async def _seal(self) -> None:
        parts = self._parts
        recording = await seal_next(parts.storage, parts.seal_sound, parts.discard, parts.rulebook, self._now)
        if recording is None:
            await parts.signals.wait(topics.RECORDINGS, _LOOK_SECONDS)
            return
        if recording.error:
            log.error("recording.not_sealed", call_id=recording.call_id, error=recording.error, tries=recording.tries)
        elif missing := too_short(recording, parts.rulebook):
            log.error("recording.too_short", call_id=recording.call_id, missing_seconds=missing.total_seconds())
        else:
            log.info("recording.sealed", call_id=recording.call_id)

    def _now(self) -> datetime:
        return self._parts.clock.now()
