"""The parent's side of the embedded phone system: seats, their workers, and what becomes of both."""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import time
from collections import deque
from collections.abc import AsyncIterator, Coroutine, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import structlog

from dialer.domain.call import UNSEATED, CallId, Ended, ListenMode, Party, SeatDown, SeatId, WireEvent
from dialer.domain.desk_phone import SIP_ADDRESS
from dialer.ports import Alive, Clock, DialOrder, LeftCall, TelephonyRefused
from dialer.telephony.guards import CALLER_ID, PLAIN_NAME, make_room, must_match
from dialer.telephony.pjsua.process import Message, WorkerProcess
from dialer.telephony.pjsua.translate import translate

_LOG = structlog.get_logger("telephony")
_RESTART_SECONDS = (0.0, 0.5, 1.0, 2.0, 4.0)  # before each restart; a worker that dies oftener stays down
_STABLE_SECONDS = 60.0  # a death so long ago is forgotten
_GOODBYE_SECONDS = 4.0
_CLOCK_JUMP = timedelta(milliseconds=50)


@dataclass(slots=True)
class _Seat:
    """A seat that is wanted, with the worker that is, or is to be, its own."""

    seat: SeatId
    address: str
    process: WorkerProcess | None = None
    up: bool = False
    leaving: bool = False
    call: CallId | None = None
    talking: bool = False
    deaths: deque[float] = field(default_factory=deque)


class PjsuaTelephony:
    """The `Telephony` port over pjsua2: a worker process per seat, supervised.

    `carrier` is the trunk's `host:port`, `spool` where sound is written (8 kHz, 16-bit mono WAV), `bind` the address
    of our own sockets. A worker that dies ends its call with failure `WORKER_DIED`; `SeatDown` follows, then `SeatUp`
    when its successor has called the same phone again. A leg that sends no sound for `deaf_seconds` has vanished.
    """

    def __init__(
        self,
        clock: Clock,
        spool: Path,
        carrier: str,
        *,
        bind: str = "127.0.0.1",
        max_seats: int = 20,
        deaf_seconds: float = 30.0,
    ) -> None:
        """Nothing runs before `start`."""
        self._spool, self._carrier = spool, carrier
        self._timeline = _Timeline(clock)
        self._max_seats = max_seats
        self._arguments = ["--bind", bind, "--spool", str(spool), "--deaf-seconds", str(deaf_seconds)]
        self._seats: dict[SeatId, _Seat] = {}
        self._processes: set[WorkerProcess] = set()  # all that run, also those whose seat is gone already
        self._seen: set[CallId] = set()  # some bytes a call, for as long as the process runs
        self._events: asyncio.Queue[WireEvent | None] = asyncio.Queue()
        self._tasks: set[asyncio.Task[None]] = set()
        self._open = False
        self._closing = asyncio.Event()

    async def start(self) -> None:
        """See that the library is there and the spool can be written."""
        if importlib.util.find_spec("pjsua2") is None:
            raise TelephonyRefused("the pjsua2 library is not installed")
        try:
            self._spool.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise TelephonyRefused(f"the spool {self._spool} can't be made: {error.strerror}") from error
        self._open = True

    async def close(self) -> None:
        """Let every worker end its legs and go; kill what stays."""
        self._open = False
        self._closing.set()
        await asyncio.gather(*self._tasks)
        for seat in tuple(self._seats.values()):
            self._let_go(seat)
        await asyncio.gather(*(process.gone(_GOODBYE_SECONDS) for process in self._processes))
        self._events.put_nowait(None)

    async def events(self) -> AsyncIterator[WireEvent]:
        """All events, once, in order."""
        while (event := await self._events.get()) is not None:
            yield event

    async def seat_agent(self, seat: SeatId, address: str) -> None:
        """Give the seat a worker that calls the phone. Asked again for the same phone, it says again that it is up."""
        must_match(SIP_ADDRESS, address, "address of the agent's phone")
        there = self._seats.get(seat)
        if not self._open:
            raise TelephonyRefused("the phone system is not running")
        if there and (there.address != address or there.leaving):
            raise TelephonyRefused(f"seat {seat} is taken by another phone or is being left")
        if there is None and len(self._seats) >= self._max_seats:
            raise TelephonyRefused(f"all {self._max_seats} seats are taken")
        if there is None:
            there = self._seats[seat] = _Seat(seat, address)
            await self._launch(there)
        elif there.up:
            self._hear(there, {"kind": "seat_up", "at": time.monotonic()})

    async def call_again(self, seat: SeatId, address: str) -> None:
        """Refused: no browser is a phone here."""
        raise TelephonyRefused(f"seat {seat} has a SIP phone, which forgets no leg: {address}")

    async def unseat_agent(self, seat: SeatId) -> None:
        """Let the seat's worker go: it ends its legs and itself."""
        if there := self._seats.get(seat):
            self._let_go(there)

    async def let_go(self, seat: SeatId) -> None:
        """End it: nobody else can serve our worker's legs."""
        await self.unseat_agent(seat)

    async def adopt(self, left: Sequence[LeftCall]) -> frozenset[CallId]:  # noqa: ARG002  # the port's argument
        """Nothing: a dead dialer's workers are gone, and their calls with them."""
        return frozenset()

    async def originate(self, order: DialOrder) -> None:
        """Have the seat's worker dial."""
        if why := self.obstacle(order.seat):
            raise TelephonyRefused(why)
        seat = self._seats[order.seat]
        assert seat.process is not None  # one without has no leg
        if order.call_id in self._seen:
            raise TelephonyRefused(f"call {order.call_id} was dialled before")
        must_match(PLAIN_NAME, order.call_id, "call id")
        must_match(CALLER_ID, order.caller_id, "caller ID")
        make_room(self._spool, order.call_id)
        self._seen.add(order.call_id)
        seat.call, seat.talking = order.call_id, False
        seat.process.send(
            "dial",
            call=order.call_id,
            uri=f"sip:{order.number.national}@{self._carrier}",
            caller=f"sip:{order.caller_id}@{self._carrier}",
            ring_seconds=order.ring_seconds,
        )
        _LOG.info("telephony.dialled", call_id=order.call_id, seat=order.seat, number=order.number.masked)

    async def hang_up(self, call_id: CallId) -> None:
        """Cancel or hang up."""
        seat = self._seat_of(call_id)
        if seat and seat.process:
            seat.process.send("hang_up", call=call_id)

    async def listen(self, call_id: CallId, address: str, mode: ListenMode) -> None:
        """Call the supervisor's phone into the talk; asked again, change the mode."""
        must_match(SIP_ADDRESS, address, "address of the supervisor's phone")
        seat = self._seat_of(call_id)
        if seat is None or seat.process is None or not seat.talking:
            raise TelephonyRefused(f"call {call_id} is not talking")
        seat.process.send("listen", call=call_id, address=address, mode=mode)

    async def stop_listening(self, call_id: CallId) -> None:
        """Hang the supervisor's phone up."""
        seat = self._seat_of(call_id)
        if seat and seat.process:
            seat.process.send("stop_listening", call=call_id)

    async def alive(self) -> Alive:
        """What the workers hold."""
        calls = frozenset(seat.call for seat in self._seats.values() if seat.call is not None)
        return Alive(calls, frozenset(seat.seat for seat in self._seats.values() if seat.up))

    def obstacle(self, seat: SeatId) -> str:
        """What `originate` refuses for."""
        there = self._seats.get(seat)
        if there is None or not there.up or there.leaving or there.process is None:
            return f"seat {seat} has no leg"
        return "" if there.call is None else f"seat {seat} is on call {there.call}"

    @property
    def notice(self) -> str:
        """Nothing: it works as long as we do."""
        return ""

    def worker_pid(self, seat: SeatId) -> int | None:
        """The process that holds the seat's legs, for those who watch (or test) it."""
        there = self._seats.get(seat)
        return there.process.pid if there and there.process else None

    # --- workers ----------------------------------------------------------------------------------------------

    async def _launch(self, seat: _Seat) -> None:
        """Start the seat's worker and have it call the phone."""
        try:
            seat.process = await WorkerProcess.spawn(
                self._arguments, lambda message: self._hear(seat, message), lambda code: self._missed(seat, code)
            )
            self._processes.add(seat.process)
        except OSError as error:
            self._missed(seat, error.errno or -1)
            return
        seat.process.send("seat", address=seat.address)
        if seat.leaving:
            seat.process.let_go()
        _LOG.info("telephony.worker_started", seat=seat.seat, pid=seat.process.pid)

    def _let_go(self, seat: _Seat) -> None:
        """End the seat on purpose; one whose worker is just being restarted is simply not restarted."""
        seat.leaving = True
        if seat.process is not None:
            seat.process.let_go()
        elif not seat.deaths:
            return  # its first worker is being started: `_launch` lets it go
        else:
            self._seats.pop(seat.seat, None)
            self._emit(SeatDown(seat.seat, self._timeline.now(), UNSEATED))

    def _hear(self, seat: _Seat, message: Message) -> None:
        """A worker's message: keep what we must know, pass on what it means."""
        if self._seats.get(seat.seat) is not seat:
            return  # the last words of a worker whose seat was given up already
        match message["kind"]:
            case "seat_up":
                seat.up = True
            case "connected":
                seat.talking = True
            case "ended":
                seat.call, seat.talking = None, False
            case "seat_down":
                seat.up = False
                self._seats.pop(seat.seat, None)
                _LOG.info("telephony.seat_down", seat=seat.seat, why=message["why"])
        if event := translate(message, seat.seat, self._timeline.date(message["at"])):
            self._emit(event)

    def _missed(self, seat: _Seat, code: int) -> None:
        """A worker is gone. One that did not say goodbye died: its call is lost, its seat comes back."""
        if seat.process:
            self._processes.discard(seat.process)
        seat.process, was_up, seat.up = None, seat.up, False
        if self._seats.get(seat.seat) is not seat:
            return
        _LOG.error("telephony.worker_died", seat=seat.seat, exit=code, call_id=seat.call, was_up=was_up)
        if seat.call is not None:
            self._emit(Ended(seat.call, self._timeline.now(), Party.DIALER, failure="WORKER_DIED"))
            seat.call, seat.talking = None, False
        self._emit(SeatDown(seat.seat, self._timeline.now(), f"the worker died ({code})"))
        pause = _pause_before_restart(seat)
        if pause is not None and self._open and not seat.leaving:
            self._own(self._restart(seat, pause))
            return
        self._seats.pop(seat.seat, None)
        if pause is None:
            _LOG.error("telephony.worker_given_up", seat=seat.seat, deaths=len(seat.deaths))

    async def _restart(self, seat: _Seat, pause_seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(pause_seconds):
                await self._closing.wait()
        if self._open and self._seats.get(seat.seat) is seat:
            await self._launch(seat)

    def _own(self, work: Coroutine[None, None, None]) -> None:
        """Run a task of ours, which `close` ends."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    # --- small things -----------------------------------------------------------------------------------------

    def _seat_of(self, call_id: CallId) -> _Seat | None:
        return next((seat for seat in self._seats.values() if seat.call == call_id), None)

    def _emit(self, event: WireEvent) -> None:
        self._events.put_nowait(event)


class _Timeline:
    """Workers' monotonic seconds on our clock; all processes share the machine's monotonic one.

    One anchor serves until the clock is seen to have jumped, so equal instants stay equal and order is kept.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._anchor = clock.now(), time.monotonic()

    def now(self) -> datetime:
        """The present instant."""
        return self.date(time.monotonic())

    def date(self, monotonic_seconds: float) -> datetime:
        """When that was."""
        now, monotonic = self._clock.now(), time.monotonic()
        if abs(now - self._on_anchor(monotonic)) > _CLOCK_JUMP:
            self._anchor = now, monotonic
        return self._on_anchor(monotonic_seconds)

    def _on_anchor(self, monotonic_seconds: float) -> datetime:
        return self._anchor[0] + timedelta(seconds=monotonic_seconds - self._anchor[1])


def _pause_before_restart(seat: _Seat) -> float | None:
    """How long to wait before the next worker; None when this seat has lost too many of them."""
    now = time.monotonic()
    while seat.deaths and seat.deaths[0] < now - _STABLE_SECONDS:
        seat.deaths.popleft()
    seat.deaths.append(now)
    return _RESTART_SECONDS[len(seat.deaths) - 1] if len(seat.deaths) <= len(_RESTART_SECONDS) else None
