"""A phone system in memory and in virtual time: the same contract as the real one, no sockets, no waiting.

Numbers do what `behaviours` says. Nothing happens by itself: `advance` moves the clock it is given and plays what falls
due. Its sound files are real and short of nothing but meaning.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol

from dialer.domain.call import (
    UNSEATED,
    Answered,
    CallId,
    Connected,
    EarlyMedia,
    Ended,
    ListenerDown,
    ListenerUp,
    ListenMode,
    Party,
    RecordingKind,
    RecordingStarted,
    Ringing,
    SeatDown,
    SeatId,
    SeatUp,
    SoundFiles,
    WireEvent,
)
from dialer.ports import Alive, Clock, DialOrder, LeftCall, TelephonyRefused
from dialer.telephony.behaviours import Conduct, Directory, Script, Voice
from dialer.telephony.guards import make_room
from dialer.telephony.sound import RATE, Samples, announcement, lasting, silence, speech, write_wav

PICK_UP_SECONDS = 0.1  # an agent's phone answers by itself
RESTART_SECONDS = 1.0
_SETTLING_TURNS = 20  # of the event loop, for those who react to an event
_VOICES = {
    Voice.SPEECH: speech(10, 2),
    Voice.MONOLOGUE: speech(10, 2, pauses=False),
    Voice.SILENCE: silence(10),
}
_AGENT, _SUPERVISOR = speech(10, 3, 200.0), speech(10, 4, 200.0)


class MovableClock(Clock, Protocol):
    """A clock that stands still until it is moved."""

    def move_to(self, instant: datetime) -> None:
        """Make it this instant; never an earlier one."""
        ...


@dataclass(frozen=True, slots=True)
class Listening:
    """A supervisor who was let into a call."""

    call_id: CallId
    address: str
    mode: ListenMode


@dataclass(slots=True)
class _Seat:
    address: str
    up: bool = False


@dataclass(slots=True)
class _Call:
    order: DialOrder
    conduct: Conduct
    placed_at: datetime
    agent: Samples
    answered: bool = False
    sound: tuple[SoundFiles, datetime] | None = None
    listener: Listening | None = None
    barged: list[tuple[datetime, bool]] = field(default_factory=list)  # from when on, whether a supervisor is heard


class SimulatedTelephony:
    """The `Telephony` port in virtual time.

    `directory` maps national digits to what they do; phones in `absent` never answer, agents at those in `mute` say
    nothing. What a test makes happen: `crash_seat` (as if its worker were killed), `drop_seat` (the agent puts the
    phone down), `customer_hangs_up`, `supervisor_hangs_up`.
    """

    def __init__(
        self,
        clock: MovableClock,
        spool: Path,
        directory: Mapping[str, Script] | None = None,
        *,
        max_seats: int = 20,
        absent: Collection[str] = (),
        mute: Collection[str] = (),
    ) -> None:
        """Nothing happens before `start`."""
        self.listening: list[Listening] = []
        self.orders: list[DialOrder] = []
        self._clock, self._spool, self._max_seats = clock, spool, max_seats
        self._absent, self._mute = frozenset(absent), frozenset(mute)
        self._directory = Directory(directory or {})
        self._seats: dict[SeatId, _Seat] = {}
        self._calls: dict[CallId, _Call] = {}
        self._seen: set[CallId] = set()
        self._due: list[tuple[datetime, int, Callable[[], None]]] = []
        self._order_of_due = itertools.count()
        self._events: asyncio.Queue[WireEvent | None] = asyncio.Queue()
        self._open = False

    # --- time -------------------------------------------------------------------------------------------------

    async def advance(self, seconds: float) -> None:
        """Let so much time pass; what falls due happens at its instant, and whoever waits for it reacts."""
        until = self._clock.now() + timedelta(seconds=seconds)
        while self._due and self._due[0][0] <= until:
            at, _, act = heapq.heappop(self._due)
            self._clock.move_to(max(at, self._clock.now()))
            act()
            await _let_others_react()
        self._clock.move_to(until)
        await _let_others_react()

    @property
    def next_due(self) -> datetime | None:
        """When something happens next by itself."""
        return self._due[0][0] if self._due else None

    def _after(self, seconds: float, act: Callable[[], None]) -> None:
        at = self._clock.now() + timedelta(seconds=seconds)
        heapq.heappush(self._due, (at, next(self._order_of_due), act))

    # --- the port ---------------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Make the spool."""
        self._spool.mkdir(parents=True, exist_ok=True)
        self._open = True

    async def close(self) -> None:
        """End every call and seat."""
        self._open = False
        for seat in tuple(self._seats):
            await self.unseat_agent(seat)
        self._due.clear()
        self._events.put_nowait(None)

    async def events(self) -> AsyncIterator[WireEvent]:
        """All events, once, in order."""
        while (event := await self._events.get()) is not None:
            yield event

    async def seat_agent(self, seat: SeatId, address: str) -> None:
        """Call the phone; it answers soon, or is absent."""
        there = self._seats.get(seat)
        if not self._open:
            raise TelephonyRefused("the phone system is not running")
        if there and there.address != address:
            raise TelephonyRefused(f"seat {seat} is taken by another phone")
        if there is None and len(self._seats) >= self._max_seats:
            raise TelephonyRefused(f"all {self._max_seats} seats are taken")
        if there is None:
            self._seats[seat] = _Seat(address)
            self._after(PICK_UP_SECONDS, lambda: self._phone_answers(seat, address))
        elif there.up:
            self._emit(SeatUp(seat, self._clock.now()))

    async def call_again(self, seat: SeatId, address: str) -> None:
        """Refused: no browser is a phone here."""
        raise TelephonyRefused(f"seat {seat} has a SIP phone, which forgets no leg: {address}")

    async def unseat_agent(self, seat: SeatId) -> None:
        """End the seat and its call."""
        self._lose_seat(seat, UNSEATED, Party.DIALER, None)

    async def let_go(self, seat: SeatId) -> None:
        """End it."""
        await self.unseat_agent(seat)

    async def adopt(self, left: Sequence[LeftCall]) -> frozenset[CallId]:  # noqa: ARG002  # the port's argument
        """Nothing: it lives and dies with its dialer."""
        return frozenset()

    async def originate(self, order: DialOrder) -> None:
        """Dial; the number's conduct unfolds as time advances."""
        if why := self.obstacle(order.seat):
            raise TelephonyRefused(why)
        if order.call_id in self._seen:
            raise TelephonyRefused(f"call {order.call_id} was dialled before")
        self._seen.add(order.call_id)
        make_room(self._spool, order.call_id)
        self.orders.append(order)
        conduct = self._directory.next_conduct(order.number.national)
        agent = silence(1) if self._seats[order.seat].address in self._mute else _AGENT
        self._calls[order.call_id] = _Call(order, conduct, self._clock.now(), agent)
        self._after(0.01, lambda: self._far_end_begins(order.call_id))
        self._after(order.ring_seconds, lambda: self._rings_out(order.call_id))

    async def hang_up(self, call_id: CallId) -> None:
        """End the call."""
        call = self._calls.get(call_id)
        if call:
            self._end(call_id, Party.DIALER, sip_code=None if call.answered else 487)

    async def listen(self, call_id: CallId, address: str, mode: ListenMode) -> None:
        """Remember who listens; asked again, the mode changes."""
        call = self._calls.get(call_id)
        if call is None or not call.answered:
            raise TelephonyRefused(f"call {call_id} is not talking")
        wanted = Listening(call_id, address, mode)
        self.listening.append(wanted)
        seconds = 0.0 if call.listener else PICK_UP_SECONDS
        self._after(seconds, lambda: self._supervisor_answers(wanted))

    async def stop_listening(self, call_id: CallId) -> None:
        """The supervisor is out."""
        self._supervisor_leaves(call_id, "stopped")

    async def alive(self) -> Alive:
        """What is there now."""
        seats = frozenset(seat for seat, there in self._seats.items() if there.up)
        return Alive(frozenset(self._calls), seats)

    def obstacle(self, seat: SeatId) -> str:
        """What `originate` refuses for."""
        there = self._seats.get(seat)
        if there is None or not there.up:
            return f"seat {seat} has no leg"
        return f"seat {seat} is on a call" if self._call_of(seat) else ""

    @property
    def notice(self) -> str:
        """Nothing: it works as long as we do."""
        return ""

    # --- what a test makes happen -----------------------------------------------------------------------------

    def crash_seat(self, seat: SeatId) -> None:
        """As if the seat's worker were killed: its call fails, and the same phone is called again."""
        address = self._seats[seat].address
        self._lose_seat(seat, "the worker died", Party.DIALER, "WORKER_DIED")
        self._seats[seat] = _Seat(address)
        self._after(RESTART_SECONDS, lambda: self._phone_answers(seat, address))

    def drop_seat(self, seat: SeatId) -> None:
        """The agent puts the phone down."""
        self._lose_seat(seat, "the agent's phone ended the leg", Party.AGENT, "SEAT_LOST")

    def supervisor_hangs_up(self, call_id: CallId) -> None:
        """The supervisor puts the phone down."""
        self._supervisor_leaves(call_id, "the supervisor's phone ended the leg")

    def customer_hangs_up(self, call_id: CallId) -> None:
        """The customer ends the talk now."""
        self._end(call_id, Party.CUSTOMER)

    # --- the far end ------------------------------------------------------------------------------------------

    def _phone_answers(self, seat: SeatId, address: str) -> None:
        there = self._seats.get(seat)
        if there is None or there.address != address or there.up:
            return
        if address in self._absent:
            self._lose_seat(seat, "the agent's phone does not answer", Party.AGENT, "SEAT_LOST")
            return
        there.up = True
        self._emit(SeatUp(seat, self._clock.now()))

    def _far_end_begins(self, call_id: CallId) -> None:
        call = self._calls.get(call_id)
        if call is None:
            return
        conduct = call.conduct
        if conduct.announces:
            self._emit(EarlyMedia(call_id, self._clock.now()))
            self._record(call, RecordingKind.EARLY)
        elif conduct.rings:
            self._emit(Ringing(call_id, self._clock.now()))
        wait_seconds = conduct.wait_seconds if conduct.rings or conduct.announces else 0.0
        if conduct.answers:
            self._after(wait_seconds, lambda: self._answers(call_id))
        elif conduct.final_code is not None:
            self._after(wait_seconds, lambda: self._end(call_id, Party.NETWORK, sip_code=conduct.final_code))

    def _answers(self, call_id: CallId) -> None:
        call = self._calls.get(call_id)
        if call is None:
            return
        self._keep_sound(call)
        call.answered = True
        now = self._clock.now()
        self._emit(Answered(call_id, now))
        self._emit(Connected(call_id, now))
        self._record(call, RecordingKind.TALK)
        if call.conduct.hangs_up_after_seconds is not None:
            self._after(call.conduct.hangs_up_after_seconds, lambda: self._end(call_id, Party.CUSTOMER))

    def _supervisor_answers(self, wanted: Listening) -> None:
        call = self._calls.get(wanted.call_id)
        if call is None:
            return
        now = self._clock.now()
        if wanted.address in self._absent:
            self._emit(ListenerDown(wanted.call_id, now, "the supervisor's phone does not answer"))
            return
        call.listener = wanted
        call.barged.append((now, wanted.mode is ListenMode.BARGE))
        self._emit(ListenerUp(wanted.call_id, now, wanted.mode))

    def _supervisor_leaves(self, call_id: CallId, why: str) -> None:
        call = self._calls.get(call_id)
        if call is None or call.listener is None:
            return
        call.listener = None
        call.barged.append((self._clock.now(), False))
        self._emit(ListenerDown(call_id, self._clock.now(), why))

    def _rings_out(self, call_id: CallId) -> None:
        call = self._calls.get(call_id)
        if call and not call.answered:
            self._end(call_id, Party.DIALER, sip_code=487, ring_timeout=True)

    def _record(self, call: _Call, kind: RecordingKind) -> None:
        now, files = self._clock.now(), SoundFiles.of(self._spool, call.order.call_id, kind)
        call.sound = (files, now)
        for path in filter(None, (files.customer, files.agent)):
            write_wav(path, silence(0))
        self._emit(RecordingStarted(call.order.call_id, now, files))

    def _keep_sound(self, call: _Call) -> None:
        """Write what was said since the recording began."""
        if call.sound is None:
            return
        files, began = call.sound
        seconds = (self._clock.now() - began).total_seconds()
        said = announcement(10) if files.kind is RecordingKind.EARLY else _VOICES[call.conduct.voice]
        write_wav(files.customer, lasting(said, seconds))
        if files.agent:
            write_wav(files.agent, self._agents_side(call, began, seconds))

    def _agents_side(self, call: _Call, began: datetime, seconds: float) -> Samples:
        """The agent, and whoever barged in."""
        said = lasting(call.agent, seconds)
        barges = [*call.barged, (self._clock.now(), False)]
        for (start, heard), (end, _) in itertools.pairwise(barges):
            if heard:
                first, last = (round((instant - began).total_seconds() * RATE) for instant in (start, end))
                said[first:last] += lasting(_SUPERVISOR, seconds)[first:last]
        return said

    # --- ends -------------------------------------------------------------------------------------------------

    def _end(
        self,
        call_id: CallId,
        by: Party,
        *,
        sip_code: int | None = None,
        ring_timeout: bool = False,
        failure: str | None = None,
    ) -> None:
        call = self._calls.pop(call_id, None)
        if call is None:
            return
        self._keep_sound(call)
        self._emit(Ended(call_id, self._clock.now(), by, sip_code, ring_timeout, failure))

    def _lose_seat(self, seat: SeatId, why: str, by: Party, failure: str | None) -> None:
        if self._seats.pop(seat, None) is None:
            return
        if call_id := self._call_of(seat):
            code = None if failure or self._calls[call_id].answered else 487
            self._end(call_id, by, sip_code=code, failure=failure)
        self._emit(SeatDown(seat, self._clock.now(), why))

    def _call_of(self, seat: SeatId) -> CallId | None:
        return next((call_id for call_id, call in self._calls.items() if call.order.seat == seat), None)

    def _emit(self, event: WireEvent) -> None:
        self._events.put_nowait(event)


async def _let_others_react() -> None:
    for _ in range(_SETTLING_TURNS):
        await asyncio.sleep(0)
