"""Two who dial on one Asterisk: a bare ARI loop, and the whole dialer with agents who don't think."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from bench.floor import import_due
from dialer.bootstrap import Site, collect_seldom, opened, running
from dialer.demo.profile import demo_settings, on_asterisk
from dialer.domain.call import CallId, Ended, RecordingKind, RecordingStarted, SeatId, SoundFiles, WireEvent
from dialer.domain.seat import SeatState
from dialer.domain.user import PRIVILEGED, Role, User
from dialer.ports import DialOrder, topics
from dialer.telephony.asterisk import AmiAddress, AsteriskNodes, Node
from dialer.telephony.asterisk.ari import Ari
from dialer.telephony.asterisk.configuration import USER
from dialer.telephony.asterisk.instance import PrivateAsterisk
from dialer.telephony.asterisk.names import Channel, Kind, dialled
from dialer.usecases.finish_attempt import wrap_up
from dialer.usecases.staff_the_floor import PauseReason, get_ready, pause, sit_down, stand_up
from trials.clock import RunningClock

_WAV_HEADER_BYTES, _BYTES_A_SECOND = 44, 16000
_LOOK_SECONDS = 2.0
_PATIENCE_SECONDS = 60.0


@dataclass(slots=True)
class Dialed:
    """One order: when it was given (seconds of the system's clock), and how much sound was kept of the call."""

    number: str
    seat: str
    channel: str
    asked_at: float
    sound_seconds: float = 0.0


class Dials(Protocol):
    """Dials on all seats for some seconds, or one call a seat, and waits until all calls are over."""

    async def work(self, seconds: float | None, mark: Callable[[], None]) -> list[Dialed]:
        """`mark` is called when the seats are there, and when the last call is over."""
        ...


@dataclass(slots=True)
class Bare:
    """ARI alone: originate into the product's dialplan, wait until the channel is gone, originate again."""

    asterisk: PrivateAsterisk
    spool: Path
    phones: Sequence[str]
    numbers: Sequence[str]
    _waiting: dict[str, asyncio.Future[str]] = field(default_factory=dict)
    _dialed: list[Dialed] = field(default_factory=list)

    async def work(self, seconds: float | None, mark: Callable[[], None]) -> list[Dialed]:
        """See `Dials`."""
        self.spool.mkdir(exist_ok=True)
        ari = await Ari(self.asterisk.url, "bare", USER, self.asterisk.secrets.ari).open()
        connected = asyncio.Event()
        reading = asyncio.create_task(self._read(ari, connected))
        try:
            await connected.wait()
            kinds = ("ChannelStateChange", "ChannelDestroyed")
            await ari.put("/applications/bare/eventFilter", {"allowed": [{"type": kind} for kind in kinds]})
            legs = await asyncio.gather(*(self._seat(ari, phone) for phone in self.phones))
            mark()
            until, numbers = _until(seconds), deque(self.numbers)
            await asyncio.gather(*(self._lane(ari, leg, numbers, until) for leg in legs))
            mark()
            await asyncio.gather(*(ari.delete(f"/channels/{self._seat_id(phone)}") for phone in self.phones))
        finally:
            reading.cancel()
            await ari.close()
        for each in self._dialed:
            each.sound_seconds = _sound_seconds(self._file(each.number, "customer"))
        return self._dialed

    def _seat_id(self, phone: str) -> str:
        """Another in every round, as there are other numbers, and none the start of another: Asterisk refuses that."""
        return f"bare.seat.{self.numbers[0]}.{self.phones.index(phone):03d}"

    async def _read(self, ari: Ari, connected: asyncio.Event) -> None:
        async for event in ari.events():
            match event:
                case None:
                    connected.set()
                case {"type": "ChannelDestroyed", "channel": {"id": channel, "name": name}}:
                    self._tell(f"{channel} gone", name)
                case {"type": "ChannelStateChange", "channel": {"id": channel, "name": name, "state": "Up"}}:
                    self._tell(f"{channel} up", name)

    def _tell(self, what: str, name: str) -> None:
        if waiting := self._waiting.pop(what, None):
            waiting.set_result(name)

    async def _until_told(self, what: str) -> asyncio.Future[str]:
        told = self._waiting[what] = asyncio.get_running_loop().create_future()
        return told

    async def _seat(self, ari: Ari, phone: str) -> str:
        """Call a phone; its leg's name."""
        seat = self._seat_id(phone)
        up = await self._until_told(f"{seat} up")
        await ari.post(f"/channels/{seat}", endpoint=dialled(phone), context="dialer-seat", extension="sit", priority=1)
        return await asyncio.wait_for(up, _PATIENCE_SECONDS)

    async def _lane(self, ari: Ari, leg: str, numbers: deque[str], until: float | None) -> None:
        """One seat's calls. Without an end, one."""
        while numbers:
            number = numbers.popleft()
            call = Dialed(number, leg, f"bare.call.{number}", _system_seconds())
            self._dialed.append(call)
            gone = await self._until_told(f"{call.channel} gone")
            sides = {f"DIALER_{side.upper()}": str(self._file(number, side)) for side in ("customer", "agent")}
            await ari.post(
                f"/channels/{call.channel}", endpoint=f"PJSIP/{number}@carrier", context="dialer-customer",
                extension="talk", priority=1, timeout=30, variables={"DIALER_SEAT": leg, **sides},
            )  # fmt: skip
            await asyncio.wait_for(gone, _PATIENCE_SECONDS)
            if until is None or time.monotonic() > until:
                return

    def _file(self, number: str, side: str) -> Path:
        return self.spool / f"{number}-{side}.wav"


class _Noting(AsteriskNodes):
    """The product's phone system, which also notes its orders, and the length of the sound before it is sealed."""

    dialed: dict[CallId, Dialed]

    async def originate(self, order: DialOrder) -> None:
        channel = Channel(Kind.CALL, order.call_id).id
        self.dialed[order.call_id] = Dialed(order.number.national, order.seat, channel, _system_seconds())
        await super().originate(order)

    async def events(self) -> AsyncIterator[WireEvent]:
        files: dict[CallId, SoundFiles] = {}
        async for event in super().events():
            match event:
                case RecordingStarted(call_id, _, sound) if sound.kind is RecordingKind.TALK:
                    files[call_id] = sound
                case Ended(call_id) if call_id in files and call_id in self.dialed:
                    self.dialed[call_id].sound_seconds = _sound_seconds(files.pop(call_id).customer)
            yield event


@dataclass(slots=True)
class Through:
    """The whole dialer, put together by the product itself, and its agents."""

    folder: Path
    database: str
    asterisk: PrivateAsterisk
    carrier: str
    phones: Sequence[str]
    clock: RunningClock = field(default_factory=RunningClock)

    async def prepare(self, numbers: Sequence[str]) -> None:
        """Make the site: a due policy for each number, an agent for each phone."""
        self.folder.mkdir()
        async with self._opened() as site:
            await import_due(site, self.folder, numbers)
            for phone in self.phones:
                async with site.storage.begin() as work:
                    await work.floor.add_user(self._agent(phone))

    def _opened(self) -> AbstractAsyncContextManager[Site]:
        settings = demo_settings(self.folder, self.carrier, len(self.phones), 0)
        settings = settings.model_copy(update={"storage": settings.storage.model_copy(update={"url": self.database})})
        return opened(on_asterisk(settings, self.asterisk), self.clock)

    def _agent(self, phone: str) -> User:
        login = f"agent{self.phones.index(phone):03d}"
        return User(login, login, "no password", Role.CC_AGENT, self.clock.now(), phone_address=phone)

    async def work(self, seconds: float | None, mark: Callable[[], None]) -> list[Dialed]:
        """See `Dials`."""
        asterisk, dialed = self.asterisk, dict[CallId, Dialed]()
        node = Node(
            asterisk.url, asterisk.secrets.ari, AmiAddress(asterisk.bind, asterisk.ports.ami, asterisk.secrets.ami),
            asterisk.folders.cel,
        )  # fmt: skip
        async with self._opened() as site, AsyncExitStack() as stack:
            telephony = _Noting(site.clock, site.settings.paths.spool, [node], max_seats=len(self.phones))
            telephony.dialed = dialed
            await stack.enter_async_context(running(site, console=False, telephony=telephony, proving=PRIVILEGED))
            begin = asyncio.Event()
            agents = [_Agent(site, self._agent(phone), begin, once=seconds is None) for phone in self.phones]
            async with asyncio.timeout(4 * _PATIENCE_SECONDS), asyncio.TaskGroup() as group:
                for agent in agents:
                    group.create_task(agent.work())
                await _all_up(site, len(agents))
                collect_seldom()  # as `dialer serve` does
                mark()
                begin.set()
                await _wake(site, agents)
                if seconds is not None:
                    await asyncio.sleep(seconds)
                    for agent in agents:
                        agent.leaving = True
                    await _wake(site, agents)
            mark()
        return list(dialed.values())


@dataclass(slots=True)
class _Agent:
    """Somebody who wraps up at once and never answers a screen: customers hang up in the middle of the interview."""

    site: Site
    user: User
    begin: asyncio.Event
    once: bool
    leaving: bool = False

    @property
    def topic(self) -> str:
        return topics.desk(SeatId(self.user.login))

    async def work(self) -> None:
        site, now = self.site, self.site.clock.now
        await sit_down(site.storage, site.signals, self.user, now())
        while await self._next():
            await site.signals.wait(self.topic, _LOOK_SECONDS)

    async def _next(self) -> bool:
        site, now = self.site, self.site.clock.now()
        async with site.storage.read() as work:
            seat = await work.floor.seat_of(self.user.login)
        assert seat is not None
        match seat.state:
            case SeatState.SEATED | SeatState.PAUSED if self.leaving:
                await stand_up(site.storage, site.signals, self.user, now)
                return False
            case SeatState.SEATED | SeatState.PAUSED if self.begin.is_set():
                await get_ready(site.storage, site.signals, self.user, now)
            case SeatState.RESERVED | SeatState.TALKING if self.once and not seat.pause_after_call:
                await pause(site.storage, site.signals, self.user, PauseReason.BREAK, now)
                self.leaving = True
            case SeatState.READY if self.leaving:
                await pause(site.storage, site.signals, self.user, PauseReason.BREAK, now)
            case SeatState.WRAP_UP:
                await wrap_up(site.storage, site.signals, site.scripts, site.rulebook, self.user.login, now)
        return True


async def _all_up(site: Site, seats: int) -> None:
    async with asyncio.timeout(_PATIENCE_SECONDS):
        while True:
            async with site.storage.read() as work:
                if sum(seat.leg_up for seat in await work.floor.seats()) == seats:
                    return
            await site.signals.wait(topics.WALL, _LOOK_SECONDS)


async def _wake(site: Site, agents: Sequence[_Agent]) -> None:
    for agent in agents:
        await site.signals.notify(agent.topic)


def _until(seconds: float | None) -> float | None:
    return None if seconds is None else time.monotonic() + seconds


def _system_seconds() -> float:
    return time.time()  # noqa: TID251 - compared with what SIPp and Asterisk write down


def _sound_seconds(file: Path) -> float:
    try:
        return max(0, file.stat().st_size - _WAV_HEADER_BYTES) / _BYTES_A_SECOND
    except OSError:
        return 0.0
