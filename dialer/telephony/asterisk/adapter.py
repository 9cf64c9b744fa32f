"""Asterisk as the phone system: commands and news by ARI, one node."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import structlog

from dialer.domain.call import (
    CallId,
    Ended,
    ListenMode,
    Party,
    SeatId,
    SeatUp,
    SoundFiles,
    WireEvent,
)
from dialer.domain.desk_phone import PHONE_ADDRESS, browser_name
from dialer.ports import Alive, Clock, DialOrder, LeftCall, TelephonyRefused
from dialer.telephony.asterisk.adoption import adopt
from dialer.telephony.asterisk.ari import Ari, AriRefused, AriSilent, Event
from dialer.telephony.asterisk.calls import Call, Seat, a_call
from dialer.telephony.asterisk.cel import EventLog
from dialer.telephony.asterisk.commands import Commands
from dialer.telephony.asterisk.configuration import APP, USER
from dialer.telephony.asterisk.fetching import fetch
from dialer.telephony.asterisk.judge import Judge
from dialer.telephony.asterisk.listening import Listeners
from dialer.telephony.asterisk.names import DIALPLAN_PATH, Channel, Kind, ours
from dialer.telephony.asterisk.switchboard import Switchboard
from dialer.telephony.asterisk.translate import News, Saying, read, read_snapshot, their_time
from dialer.telephony.asterisk.witness import AmiAddress, Witness
from dialer.telephony.guards import CALLER_ID, PLAIN_NAME, make_room, must_match

_LOG = structlog.get_logger("telephony")
_FIRST_CONTACT_SECONDS = 5.0
_RECONNECT_SECONDS = 0.1
_GOODBYE_SECONDS = 4.0


@dataclass(frozen=True, slots=True)
class Node:
    """One Asterisk: its web server's address, our password there, its AMI, its event log as we see it.

    `name` tells it from others, for people; `capacity` is how many calls it gets at a time.
    `spool` is how the spool is called on its side, when that differs; with `fetch` there is no shared folder: `spool`
    is its own folder of recordings, and what it writes there is fetched over ARI. Without AMI there is no witness,
    without `cel` no last word: calls that end while nobody listens are then lost as WORKER_DIED. Dialers that share an
    Asterisk need an `app` each.
    """

    url: str
    secret: str = field(repr=False)
    ami: AmiAddress | None = None
    cel: Path | None = None
    spool: Path | None = None
    app: str = APP
    name: str = "asterisk"
    capacity: int = 120
    fetch: bool = False


class AsteriskTelephony:
    """The `Telephony` port over one Asterisk set up with `config/asterisk`.

    `spool` is where sound is written (8 kHz, 16-bit mono WAV), a folder that Asterisk can write too. A seat's leg waits
    in the dialplan; an answered call is joined to it by Asterisk itself, and both legs end each other without us.
    """

    def __init__(self, clock: Clock, spool: Path, node: Node, *, max_seats: int = 100) -> None:
        """Nothing runs before `start`."""
        self.node = node
        self._clock, self._spool, self._max_seats = clock, spool.absolute(), max_seats
        self._ari = Ari(node.url, node.app, USER, node.secret)
        self._commands = Commands(self._ari, node.app, self._spool, node.spool)
        self.dialled: set[CallId] = set()  # some bytes a call, for as long as the process runs
        self.witness = Witness(node.ami) if node.ami else None
        self.judge = Judge(self.witness, EventLog(node.cel) if node.cel else None)
        self._board = Switchboard(clock, self._commands, self.judge, Listeners(self._ari, node.app, clock))
        self._contact = asyncio.Event()
        self._away_since = time.monotonic()
        self._standing: set[CallId] = set()  # calls on Asterisk, whoever's
        self._reading: asyncio.Task[None] | None = None

    # --- the port ---------------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Open, and wait for Asterisk."""
        await self.open()
        if not await self.first_contact():
            await self.close()
            raise TelephonyRefused("Asterisk does not answer")

    async def open(self) -> None:
        """Make the spool, and listen to Asterisk, whether it is there yet or not."""
        must_match(DIALPLAN_PATH, str(self._commands.spool_there), "path of the spool for a dialplan")
        try:
            self._spool.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise TelephonyRefused(f"the spool {self._spool} can't be made: {error.strerror}") from error
        await self._ari.open()
        if self.witness:
            self.witness.start()
        self._board.open = True
        self._away_since = time.monotonic()
        self._reading = asyncio.create_task(self._read(), name="ari-events")

    async def first_contact(self) -> bool:
        """Whether Asterisk answers, waited for."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_FIRST_CONTACT_SECONDS):
                await self._contact.wait()
        return self.in_contact

    async def close(self) -> None:
        """End every leg, and wait for what becomes of them; what Asterisk does not tell in time is told as lost."""
        self._board.open = False
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_GOODBYE_SECONDS):
                await self._until_empty()
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
        must_match(PHONE_ADDRESS, address, "address of the agent's phone")
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
            return
        if there.adopted:
            there.adopted = False  # from now on it is wanted
            await self._board.call_phone(there)
        elif there.up:
            self._board.emit(SeatUp(seat, self._clock.now()))

    async def call_again(self, seat: SeatId, address: str) -> None:
        """End what is left of the leg, and call the browser anew."""
        there = self._board.seats.get(seat)
        if not browser_name(address):
            raise TelephonyRefused(f"seat {seat} has a SIP phone, which forgets no leg")
        if there is None or there.address != address or there.adopted:
            await self.seat_agent(seat, address)
        elif there.leaving:
            raise TelephonyRefused(f"seat {seat} is being left")
        else:
            await self._board.call_again(there)

    async def unseat_agent(self, seat: SeatId) -> None:
        """End the seat's call, then its leg, also one that a dialer which has died left standing."""
        there = self._board.seats.get(seat)
        if there is None:
            if PLAIN_NAME.fullmatch(seat):
                self._board.drop(Channel(Kind.SEAT, seat))
            return
        there.leaving = True
        if there.call:
            self._board.hang_up(there.call, Party.DIALER)
        self._board.drop(there.channel)

    async def let_go(self, seat: SeatId) -> None:
        """Forget a leg that another dialer has marked as its own, and its call; end one that is still ours."""
        there = self._board.seats.get(seat)
        if there and await self._board.is_anothers(there):
            self._board.leave(there)
        elif there:
            await self.unseat_agent(seat)

    async def adopt(self, left: Sequence[LeftCall]) -> frozenset[CallId]:
        """Take up calls that are on this Asterisk, or that its event log tells of; while it is away, all of them."""
        asked = frozenset(each.call_id for each in left)
        new = [each for each in left if each.call_id not in self.dialled]
        self.dialled |= asked
        calls = [self._a_left_call(each) for each in new]
        strangers = await adopt(self._board, self._commands, self.judge, calls)
        self.dialled -= strangers
        return asked - strangers

    def _a_left_call(self, left: LeftCall) -> Call:
        call = self._a_call(left.call_id, Seat(left.seat, left.address))
        call.inherited, call.early_told = True, left.early_known
        return call

    async def originate(self, order: DialOrder) -> None:
        """Have Asterisk dial, and join the answered call to the seat."""
        if why := self.obstacle(order.seat):
            raise TelephonyRefused(why)
        if order.call_id in self.dialled:
            raise TelephonyRefused(f"call {order.call_id} was dialled before")
        seat = self._board.seats[order.seat]
        must_match(PLAIN_NAME, order.call_id, "call id")
        must_match(CALLER_ID, order.caller_id, "caller ID")
        make_room(self._spool, order.call_id)
        self.dialled.add(order.call_id)
        call = seat.call = self._board.calls[order.call_id] = self._a_call(order.call_id, seat)
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
        must_match(PHONE_ADDRESS, address, "address of the supervisor's phone")
        call = self._board.calls.get(call_id)
        if call is None or not call.connected:
            raise TelephonyRefused(f"call {call_id} is not talking")
        await self._board.listeners.join(call, address, mode)

    async def stop_listening(self, call_id: CallId) -> None:
        """Hang the supervisor's phone up."""
        if call := self._board.calls.get(call_id):
            await self._board.listeners.stop(call, "stopped")

    async def fetch_sound(self, files: SoundFiles) -> None:
        """Bring a finished call's sound onto our spool, if it is here and not there. Raises SoundNotFetched."""
        if self.node.fetch:
            await fetch(self._ari, self._spool, files)

    async def alive(self) -> Alive:
        """What we hold on Asterisk."""
        return Alive(self.calls, frozenset(seat.seat for seat in self._board.seats.values() if seat.up))

    async def standing(self) -> Alive:
        """What Asterisk holds, also of other dialers; what we remember when it does not say."""
        try:
            channels = await self._ari.get("/channels") if self.in_contact else None
        except (AriRefused, AriSilent):
            channels = None
        if channels is None:
            return await self.alive()
        named = [(ours(channel["id"]), channel["state"]) for channel in channels]
        calls = frozenset(CallId(channel.key) for channel, _ in named if channel and channel.kind is Kind.CALL)
        seats = frozenset(
            SeatId(channel.key) for channel, state in named if channel and channel.kind is Kind.SEAT and state == "Up"
        )
        return Alive(calls, seats)

    def obstacle(self, seat: SeatId) -> str:
        """What `originate` refuses for."""
        there = self._board.seats.get(seat)
        if not self.in_contact:
            return f"no connection to Asterisk {self.node.name}"
        if there is None or not there.up or there.leaving:
            return f"seat {seat} has no leg"
        if there.call is not None:
            return f"seat {seat} is on call {there.call.call_id}"
        return f"Asterisk {self.node.name} has {self.node.capacity} calls, as many as it may" if self.full else ""

    @property
    def notice(self) -> str:
        """That Asterisk is away, or that seats wait for it."""
        name = self.node.name
        if self._board.open and not self.in_contact:
            return f"Asterisk {name} 失联 · out of contact"
        return f"Asterisk {name} 已满，坐席等待 · full, seats wait" if self.full and self.idle else ""

    # --- as one of several ------------------------------------------------------------------------------------

    @property
    def in_contact(self) -> bool:
        """Whether Asterisk is there, and we know all that happened on it."""
        return self._board.open and self._contact.is_set()

    @property
    def away_seconds(self) -> float:
        """How long Asterisk has been out of contact; 0 while it is not."""
        return 0.0 if self.in_contact else time.monotonic() - self._away_since

    @property
    def seats(self) -> frozenset[SeatId]:
        """The seats that are wanted here, their legs up or not."""
        return frozenset(self._board.seats)

    @property
    def idle(self) -> dict[SeatId, str]:
        """The seats that wait for a call, with their phones."""
        there = self._board.seats.values()
        return {seat.seat: seat.address for seat in there if seat.up and not seat.leaving and seat.call is None}

    @property
    def full(self) -> bool:
        """Whether Asterisk has as many calls as it may, whoever placed them."""
        return len(self._standing | self._board.calls.keys()) >= self.node.capacity

    @property
    def calls(self) -> frozenset[CallId]:
        """The calls that were ordered here, also by a dialer before us, and have not ended."""
        return frozenset(self._board.calls)

    async def give_up(self, quiet_seconds: float) -> dict[SeatId, str]:
        """Take an Asterisk that is out of contact for dead: calls end, as CEL knows or as WORKER_DIED; seats are down.

        A talk is left alone unless its sound has not grown for so long. What was given up, and is there all the same
        when Asterisk is back, is hung up. Returns the seats to be called elsewhere, with their phones.
        """
        words = await self.judge.last_words() if self._board.calls else {}
        return {} if self.in_contact else self._board.give_up(words, quiet_seconds)

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
        if self.in_contact:
            calls, seats = len(self._board.calls), len(self._board.seats)
            _LOG.error("telephony.ari_lost", node=self.node.name, why=why, calls=calls, seats=seats)
            self._away_since = time.monotonic()
            self._board.listen_for_sound()
        self._contact.clear()

    def _take(self, event: Event) -> None:
        if event["type"] == "ApplicationReplaced":
            _LOG.error("telephony.replaced", why="another dialer took our application: give each an app of its own")
        if news := read(event):
            self._count(news)
            self._board.hear(news)

    def _count(self, news: News) -> None:
        """Keep count of the calls on Asterisk, also of those that other dialers have placed."""
        if news.channel.kind is Kind.CALL and news.saying is not Saying.GONE:
            self._standing.add(CallId(news.channel.key))
        elif news.channel.kind is Kind.CALL:
            self._standing.discard(CallId(news.channel.key))

    async def _catch_up(self) -> None:
        """What happened while nobody listened shows in what is there now; later events wait in the socket."""
        await self._commands.hear_only_what_we_read()
        self.judge.their_clock = self._clock.now() - their_time(await self._ari.get("/asterisk/ping"))
        channels, bridges = await self._commands.snapshot()
        there = {channel["id"] for channel in channels}
        named = [ours(each) for each in there]
        self._standing = {CallId(each.key) for each in named if each and each.kind is Kind.CALL}
        words = await self.judge.words_of(self._board.placed - there) if self._board.calls else {}
        self._board.tell_missed(words)
        for news in read_snapshot(channels, bridges):
            self._board.hear(news)
        self._board.missed(there, words)
        self._board.hang_up_given_up(there)
        await self._board.listeners.tidy(channels, self._board.calls)
        self._contact.set()
        calls, seats = len(self._board.calls), len(self._board.seats)
        _LOG.info("telephony.in_contact", node=self.node.name, calls=calls, seats=seats)

    # --- small things -----------------------------------------------------------------------------------------

    async def _until_empty(self) -> None:
        """End every seat, and wait until every call has ended and every seat is down."""
        for seat in tuple(self._board.seats):
            await self.unseat_agent(seat)
        while self._board.calls or self._board.seats:
            self._board.emptier.clear()
            await self._board.emptier.wait()

    def _a_call(self, call_id: CallId, seat: Seat) -> Call:
        return a_call(call_id, seat, self._spool, elsewhere=self.node.fetch)
