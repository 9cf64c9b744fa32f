"""Phone systems with a world around them, and the words the contract's tests are told in."""

from __future__ import annotations

import asyncio
import functools
import os
import signal
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol, TypeVar

from dialer.demo.carrier import AgentPhone, CarrierSimulator
from dialer.domain.call import (
    CallId,
    Ended,
    RecordingKind,
    RecordingStarted,
    SeatDown,
    SeatId,
    SeatUp,
    WireEvent,
)
from dialer.domain.phone import PhoneNumber
from dialer.ports import DialOrder, Telephony
from dialer.telephony.asterisk import AmiAddress, AsteriskTelephony, Node
from dialer.telephony.asterisk.instance import PrivateAsterisk, find_program
from dialer.telephony.behaviours import Conduct, Script
from dialer.telephony.pjsua import PjsuaTelephony
from dialer.telephony.simulated import SimulatedTelephony
from trials.clock import MORNING, RunningClock

ROOT = Path(__file__).parents[2]
PARTS, TEMPLATES = ROOT / ".parts", ROOT / "config" / "asterisk"

# what the numbers do in these tests; short waits, so that a suite over real SIP is quick
ANSWERS, BUSY, RINGS_OUT, REJECTED = "13800138001", "13800138081", "13800138082", "13800138083"
EMPTY_NUMBER, POWER_OFF, SILENT, UNAVAILABLE = "13800138084", "13800138085", "13800138086", "13800138089"
HANGS_UP, RINGS_LONG, FIRST_OUT_THEN_ANSWERS, ANNOUNCES_THEN_ANSWERS = (
    "13800138088",
    "13800138002",
    "13800138003",
    "13800138004",
)
DIRECTORY: dict[str, Script] = {
    REJECTED: (Conduct(486, wait_seconds=0.5),),
    EMPTY_NUMBER: (Conduct(404, wait_seconds=1.0, rings=False, announces=True),),
    POWER_OFF: (Conduct(480, wait_seconds=1.0, rings=False, announces=True),),
    HANGS_UP: (Conduct(hangs_up_after_seconds=1.5),),
    RINGS_LONG: (Conduct(wait_seconds=30),),
    FIRST_OUT_THEN_ANSWERS: (Conduct(None), Conduct()),
    ANNOUNCES_THEN_ANSWERS: (Conduct(wait_seconds=0.5, rings=False, announces=True),),
}


class StillClock:
    """Stands still until moved."""

    def __init__(self) -> None:
        self.instant = MORNING

    def now(self) -> datetime:
        return self.instant

    def move_to(self, instant: datetime) -> None:
        assert instant >= self.instant
        self.instant = instant


E = TypeVar("E")


@dataclass
class Heard:
    """Every event a phone system has sent, and a way to wait for one."""

    telephony: Telephony
    all: list[WireEvent] = field(default_factory=list)
    stirred: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def listen(self) -> None:
        async for event in self.telephony.events():
            async with self.stirred:
                self.all.append(event)
                self.stirred.notify_all()

    def of_call(self, call_id: str) -> list[WireEvent]:
        return [event for event in self.all if getattr(event, "call_id", None) == call_id]

    def first(self, kind: type[E], matches: Callable[[E], bool]) -> E | None:
        return next((event for event in self.all if isinstance(event, kind) and matches(event)), None)


class Rig(Protocol):
    """A phone system with the world around it, as the contract's tests use it."""

    @property
    def telephony(self) -> Telephony: ...
    @property
    def heard(self) -> Heard: ...
    async def let_pass(self, seconds: float, until: Callable[[], bool]) -> None: ...
    def phone(self, name: str) -> str: ...
    def drop_phone(self, name: str) -> None: ...
    def kill_worker(self, seat: str) -> None: ...


@dataclass
class SimulatedRig:
    telephony: SimulatedTelephony
    heard: Heard
    clock: StillClock

    async def let_pass(self, seconds: float, until: Callable[[], bool]) -> None:
        clock, sim = self.clock, self.telephony
        end = clock.now() + timedelta(seconds=seconds)
        while not until() and clock.now() < end:
            step = min(end, sim.next_due or end) - clock.now()
            await sim.advance(max(0.0, step.total_seconds()))
        if not until():
            raise TimeoutError

    def phone(self, name: str) -> str:
        return f"sip:{name}@127.0.0.1"

    def drop_phone(self, name: str) -> None:
        if name == "supervisor":
            self.telephony.supervisor_hangs_up(self.telephony.listening[-1].call_id)
        else:
            self.telephony.drop_seat(SeatId(name))

    def kill_worker(self, seat: str) -> None:
        self.telephony.crash_seat(SeatId(seat))


@dataclass
class PjsuaRig:
    telephony: PjsuaTelephony
    heard: Heard
    carrier: CarrierSimulator
    phones: dict[str, AgentPhone]

    async def let_pass(self, seconds: float, until: Callable[[], bool]) -> None:
        async with asyncio.timeout(seconds), self.heard.stirred:
            await self.heard.stirred.wait_for(until)

    def phone(self, name: str) -> str:
        return self.phones[name].uri

    def drop_phone(self, name: str) -> None:
        self.phones[name].hang_up()

    def kill_worker(self, seat: str) -> None:
        pid = self.telephony.worker_pid(SeatId(seat))
        assert pid
        os.kill(pid, signal.SIGKILL)


@dataclass
class AsteriskRig:
    telephony: AsteriskTelephony
    heard: Heard
    carrier: CarrierSimulator
    phones: dict[str, AgentPhone]
    asterisk: PrivateAsterisk
    restarts: list[asyncio.Task[None]] = field(default_factory=list)

    async def let_pass(self, seconds: float, until: Callable[[], bool]) -> None:
        async with asyncio.timeout(seconds), self.heard.stirred:
            await self.heard.stirred.wait_for(until)

    def phone(self, name: str) -> str:
        return self.phones[name].uri

    def drop_phone(self, name: str) -> None:
        self.phones[name].hang_up()

    def kill_worker(self, _seat: str) -> None:
        """Every seat's worker is the one Asterisk; its supervisor starts it again."""
        self.restarts.append(asyncio.create_task(self.crash_and_return()))

    async def crash_and_return(self) -> None:
        await self.asterisk.kill()
        await self.asterisk.start()


@asynccontextmanager
async def simulated(spool: Path) -> AsyncIterator[SimulatedRig]:
    clock = StillClock()
    absent, mute = {"sip:absent@127.0.0.1"}, {"sip:mute@127.0.0.1"}
    telephony = SimulatedTelephony(clock, spool, DIRECTORY, absent=absent, mute=mute)
    async with heard_from(telephony) as heard:
        yield SimulatedRig(telephony, heard, clock)


@asynccontextmanager
async def pjsua(spool: Path) -> AsyncIterator[PjsuaRig]:
    async with AsyncExitStack() as stack:
        carrier = await stack.enter_async_context(CarrierSimulator(directory=DIRECTORY))
        phones = await some_phones(stack)
        telephony = PjsuaTelephony(RunningClock(), spool, carrier.address, deaf_seconds=3.0)
        heard = await stack.enter_async_context(heard_from(telephony))
        yield PjsuaRig(telephony, heard, carrier, phones)


@asynccontextmanager
async def asterisk(
    home: Path,
    directory: Mapping[str, Script] = DIRECTORY,
    *,
    trunk: str | None = None,
    pace: float = 1.0,
    fetch: bool = False,
    templates: Path = TEMPLATES,
) -> AsyncIterator[AsteriskRig]:
    """A private Asterisk; `trunk` is the address of another network than the carrier simulator.

    With `fetch` it writes sound into its own folder, as one on another machine.
    """
    program = find_program(PARTS)
    assert program is not None
    async with AsyncExitStack() as stack:
        carrier = await stack.enter_async_context(CarrierSimulator(directory=directory))
        phones = await some_phones(stack)
        private = PrivateAsterisk(program, templates, home / "asterisk", trunk or carrier.address, rtp_timeout=3)
        await private.start()
        stack.push_async_callback(private.kill)
        telephony = AsteriskTelephony(RunningClock(pace=pace), home / "spool", node_of(private, fetch=fetch))
        heard = await stack.enter_async_context(heard_from(telephony))
        rig = AsteriskRig(telephony, heard, carrier, phones, private)
        yield rig
        await asyncio.gather(*rig.restarts)


def node_of(private: PrivateAsterisk, *, fetch: bool = False) -> Node:
    ami = AmiAddress(private.bind, private.ports.ami, private.secrets.ami)
    node = Node(private.url, private.secrets.ari, ami, private.folders.cel)
    return replace(node, spool=private.folders.spool / "recording", fetch=True) if fetch else node


async def some_phones(stack: AsyncExitStack) -> dict[str, AgentPhone]:
    names = ("s1", "s2", "s3", "s4", "s5", "supervisor")
    phones = {name: await stack.enter_async_context(AgentPhone(name)) for name in names}
    phones["mute"] = await stack.enter_async_context(AgentPhone("mute", speaks=False))
    phones["absent"] = await stack.enter_async_context(AgentPhone("absent", answers=False))
    return phones


@asynccontextmanager
async def heard_from(telephony: Telephony) -> AsyncIterator[Heard]:
    heard = Heard(telephony)
    await telephony.start()
    listening = asyncio.create_task(heard.listen())
    try:
        yield heard
    finally:
        if not listening.done():
            await telephony.close()
        await asyncio.wait_for(listening, 10)


async def heard(rig: Rig, kind: type[E], matches: Callable[[E], bool] = lambda _: True, seconds: float = 8.0) -> E:
    """The first such event, waited for."""
    await rig.let_pass(seconds, lambda: rig.heard.first(kind, matches) is not None)
    found = rig.heard.first(kind, matches)
    assert found is not None
    return found


async def seated(rig: Rig, *names: str) -> None:
    for name in names:
        await rig.telephony.seat_agent(SeatId(name), rig.phone(name))
    for name in names:
        await heard(rig, SeatUp, functools.partial(_is_of, name))


def _is_of(seat: str, event: SeatUp) -> bool:
    return event.seat == seat


async def dial(rig: Rig, number: str, *, call: str = "call-1", seat: str = "s1", ring_seconds: float = 5.0) -> CallId:
    call_id = CallId(call)
    order = DialOrder(call_id, SeatId(seat), PhoneNumber.parse(number), "95500", ring_seconds)
    await rig.telephony.originate(order)
    return call_id


async def talk(rig: Rig, number: str = ANSWERS, call: str = "call-1", seconds: float = 1.0) -> RecordingStarted:
    """Dial, and let them talk for so long."""
    await dial(rig, number, call=call)
    recording = await heard(
        rig, RecordingStarted, lambda event: event.call_id == call and event.files.kind is RecordingKind.TALK
    )
    await pause(rig, seconds)
    return recording


async def pause(rig: Rig, seconds: float) -> None:
    """Let time pass in which nothing is waited for: people talk."""
    with suppress(TimeoutError):
        await rig.let_pass(seconds, lambda: False)


async def ended(rig: Rig, call_id: str, seconds: float = 8.0) -> Ended:
    return await heard(rig, Ended, lambda event: event.call_id == call_id, seconds)


async def seat_down(rig: Rig, seat: str = "s1") -> SeatDown:
    return await heard(rig, SeatDown, lambda event: event.seat == seat)
