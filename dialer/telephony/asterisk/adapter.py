"""Asterisk as the phone system: commands and news by ARI, one node."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import structlog

from dialer.domain.call import (
    CallId,
    Ended,
    Party,
    SeatId,
    SeatUp,
    WireEvent,
)
from dialer.ports import Alive, Clock, DialOrder, ListenMode, TelephonyRefused
from dialer.telephony.asterisk.ari import Ari, AriRefused, AriSilent, Event
from dialer.telephony.asterisk.calls import Seat, a_call
from dialer.telephony.asterisk.cel import EventLog
from dialer.telephony.asterisk.commands import Commands
from dialer.telephony.asterisk.configuration import APP, USER
from dialer.telephony.asterisk.judge import Judge
from dialer.telephony.asterisk.listening import Listeners
from dialer.telephony.asterisk.names import (
    CALLER_ID,
    DIALPLAN_PATH,
    PLAIN_NAME,
    SIP_URI,
    Channel,
    Kind,
    must_match,
    ours,
)
from dialer.telephony.asterisk.orders import Kept, OpenOrders
from dialer.telephony.asterisk.switchboard import Switchboard
from dialer.telephony.asterisk.translate import read, read_snapshot, their_time
from dialer.telephony.asterisk.witness import AmiAddress, Witness

_LOG = structlog.get_logger("telephony")
_FIRST_CONTACT_SECONDS = 5.0
_RECONNECT_SECONDS = 0.1
_GOODBYE_SECONDS = 4.0


@dataclass(frozen=True, slots=True)
class Node:
    """One Asterisk: its web server's address, our password there, its AMI, its event log as we see it.

    `spool` is how the spool is called on its side, when that differs. Without AMI there is no witness, without `cel`
    no last word: calls that end while nobody listens are then lost as WORKER_DIED. Dialers that share an Asterisk need
    an `app` each.
    """

    url: str
    secret: str = field(repr=False)
    ami: AmiAddress | None = None
    cel: Path | None = None
    spool: Path | None = None
    app: str = APP


class AsteriskTelephony:
    """The `Telephony` port over one Asterisk set up with `config/asterisk`.

    `spool` is where sound is written (8 kHz, 16-bit mono WAV), a folder that Asterisk can write too. A seat's leg waits
    in the dialplan; an answered call is joined to it by Asterisk itself, and both legs end each other without us.
    """

    def __init__(self, clock: Clock, spool: Path, node: Node, *, max_seats: int = 100) -> None:
        """Nothing runs before `start`."""
        self._clock, self._spool, self._max_seats = clock, spool.absolute(), max_seats
        self._ari = Ari(node.url, node.app, USER, node.secret)
        self._commands = Commands(self._ari, node.app, self._spool, node.spool)
        self._seen: set[CallId] = set()  # some bytes a call, for as long as the process runs
        self.witness = Witness(node.ami) if node.ami else None
        self.judge = Judge(self.witness, EventLog(node.cel) if node.cel else None)
        self._orders = OpenOrders(self._spool / ".orders" / node.app)
        self._board = Switchboard(clock, self._commands, self.judge, Listeners(self._ari, node.app), self._orders)
        self._contact = asyncio.Event()
        self._reading: asyncio.Task[None] | None = None

    # --- the port ---------------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Make the spool, take up what a killed dialer left, and listen to Asterisk."""
        must_match(DIALPLAN_PATH, str(self._commands.spool_there), "path of the spool for a dialplan")
        try:
            self._spool.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise TelephonyRefused(f"the spool {self._spool} can't be made: {error.strerror}") from error
        await self._ari.open()
        if self.witness:
            self.witness.start()
        for kept in self._orders.left():
            self._seen.add(kept.call_id)
            self._board.adopt(kept, a_call(kept.call_id, Seat(kept.seat, kept.address), self._spool))
        self._board.open = True
        self._reading = asyncio.create_task(self._read(), name="ari-events")
        try:
            await asyncio.wait_for(self._contact.wait(), _FIRST_CONTACT_SECONDS)
        except TimeoutError:
            await self.close()
            raise TelephonyRefused("Asterisk does not answer") from None

    async def close(self) -> None:
        """End every leg, and wait for what becomes of them; what Asterisk does not tell in time is told as lost."""
        self._board.open = False
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._until_empty(), _GOODBYE_SECONDS)
        for call in tuple(self._board.calls.values()):
            self._board.forget(call)
            self._board.emit(Ended(call.call_id, self._clock.now(), Party.DIALER, failure="ASTERISK_LOST"))
        for seat in tuple(self._board.seats.values()):
            self._board.tell_down(seat, "the phone system is closing")
        if self._reading:
            self._reading.cancel()
            await asyncio.gather(self._reading, return_exceptions=True)
        await self._board.rest()
        if self.witness:
            await self.witness.close()
        await self._ari.close()
        self._board.events.put_nowait(None)

    async def events(self) -> AsyncIterator[WireEvent]:
        """All events, once, in order."""
        while (event := await self._board.events.get()) is not None:
            yield event

    async def seat_agent(self, seat: SeatId, address: str) -> None:
        """Call the phone. Asked again for the same phone, it says again that it is up."""
        must_match(SIP_URI, address, "address of the agent's phone")
        must_match(PLAIN_NAME, seat, "seat id")
        there = self._board.seats.get(seat)
        if not self._board.open:
            raise TelephonyRefused("the phone system is not running")
        if there and (there.address != address or there.leaving):
            raise TelephonyRefused(f"seat {seat} is taken by another phone or is being left")
        if there is None and len(self._board.seats) >= self._max_seats:
            raise TelephonyRefused(f"all {self._max_seats} seats are taken")
        if there is None:
            there = self._board.seats[seat] = Seat(seat, address)
            await self._board.call_phone(there)
        elif there.up:
            self._board.emit(SeatUp(seat, self._clock.now()))

    async def unseat_agent(self, seat: SeatId) -> None:
        """End the seat's call, then its leg."""
        there = self._board.seats.get(seat)
        if there is None:
            return
        there.leaving = True
        if there.call:
            self._board.hang_up(there.call, Party.DIALER)
        self._board.drop(there.channel)

    async def originate(self, order: DialOrder) -> None:
        """Have Asterisk dial, and join the answered call to the seat."""
        seat = self._board.seats.get(order.seat)
        if not self._board.open or not self._contact.is_set():
            raise TelephonyRefused("no connection to Asterisk")
        if seat is None or not seat.up or seat.leaving:
            raise TelephonyRefused(f"seat {order.seat} has no leg")
        if seat.call is not None:
            raise TelephonyRefused(f"seat {order.seat} is on call {seat.call.call_id}")
        if order.call_id in self._seen:
            raise TelephonyRefused(f"call {order.call_id} was dialled before")
        must_match(PLAIN_NAME, order.call_id, "call id")
        must_match(CALLER_ID, order.caller_id, "caller ID")
        self._make_room(Kept(order.call_id, order.seat, seat.address))
        self._seen.add(order.call_id)
        call = seat.call = self._board.calls[order.call_id] = a_call(order.call_id, seat, self._spool)
        await self._board.place(call, order)
        _LOG.info("telephony.dialled", call_id=order.call_id, seat=order.seat, number=order.number.masked)

    async def hang_up(self, call_id: CallId) -> None:
        """Cancel or hang up, also a call of a dialer that has died."""
        if call := self._board.calls.get(call_id):
            self._board.hang_up(call, Party.DIALER)
        elif PLAIN_NAME.fullmatch(call_id):
            self._board.drop(Channel(Kind.CALL, call_id))

    async def listen(self, call_id: CallId, address: str, mode: ListenMode) -> None:
        """Call the supervisor's phone into the talk; asked again, change the mode."""
        must_match(SIP_URI, address, "address of the supervisor's phone")
        call = self._board.calls.get(call_id)
        if call is None or not call.connected:
            raise TelephonyRefused(f"call {call_id} is not talking")
        try:
            await self._board.listeners.join(call, address, mode)
        except (AriRefused, AriSilent) as error:
            raise TelephonyRefused(f"the supervisor's phone can't be called: {error}") from error

    async def alive(self) -> Alive:
        """What Asterisk holds; what we remember when it does not say."""
        try:
            channels = await self._ari.get("/channels")
        except (AriRefused, AriSilent):
            seats = frozenset(seat.seat for seat in self._board.seats.values() if seat.up)
            return Alive(frozenset(self._board.calls), seats)
        named = [(ours(channel["id"]), channel["state"]) for channel in channels]
        calls = frozenset(CallId(channel.key) for channel, _ in named if channel and channel.kind is Kind.CALL)
        seats = frozenset(
            SeatId(channel.key) for channel, state in named if channel and channel.kind is Kind.SEAT and state == "Up"
        )
        return Alive(calls, seats)

    # --- news -------------------------------------------------------------------------------------------------

    async def _read(self) -> None:
        """Listen for as long as we are open, over as many connections as that takes.

        Whatever fails here, the next connection begins by looking at what is there, so nothing stays unknown.
        """
        while True:
            why = "Asterisk closed the connection"
            try:
                async for event in self._ari.events():
                    if event is None:
                        await self._catch_up()
                    else:
                        self._take(event)
            except (AriSilent, AriRefused) as error:
                why = str(error)
            except Exception as error:  # noqa: BLE001  # without its reader the phone system would be deaf for ever
                why = repr(error)
                _LOG.error("telephony.reader_failed", error=why)
            self._lose_contact(why)
            await asyncio.sleep(_RECONNECT_SECONDS)

    def _lose_contact(self, why: str) -> None:
        """Said once, however often the next connection fails."""
        if self._contact.is_set():
            _LOG.error("telephony.ari_lost", why=why, calls=len(self._board.calls), seats=len(self._board.seats))
        self._contact.clear()

    def _take(self, event: Event) -> None:
        if event["type"] == "ApplicationReplaced":
            _LOG.error("telephony.replaced", why="another dialer took our application: give each an app of its own")
        if news := read(event):
            self._board.hear(news)

    async def _catch_up(self) -> None:
        """What happened while nobody listened shows in what is there now; later events wait in the socket."""
        await self._commands.hear_only_what_we_read()
        self.judge.their_clock = self._clock.now() - their_time(await self._ari.get("/asterisk/ping"))
        channels, bridges = await self._ari.get("/channels"), await self._ari.get("/bridges")
        words = await self.judge.last_words() if self._board.calls else {}
        self._board.tell_missed(words)
        for news in read_snapshot(channels, bridges):
            self._board.hear(news)
        self._board.missed({channel["id"] for channel in channels}, words)
        self._contact.set()
        _LOG.info("telephony.in_contact", calls=len(self._board.calls), seats=len(self._board.seats))

    # --- small things -----------------------------------------------------------------------------------------

    async def _until_empty(self) -> None:
        """End every seat, and wait until every call has ended and every seat is down."""
        for seat in tuple(self._board.seats):
            await self.unseat_agent(seat)
        while self._board.calls or self._board.seats:
            self._board.emptier.clear()
            await self._board.emptier.wait()

    def _make_room(self, kept: Kept) -> None:
        """A folder for the call's sound, and a note that it was ordered, before anything rings."""
        try:
            (self._spool / kept.call_id).mkdir(exist_ok=True)
            self._orders.keep(kept)
        except OSError as error:
            raise TelephonyRefused(f"no room for sound in {self._spool}: {error.strerror}") from error
