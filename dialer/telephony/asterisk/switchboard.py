"""The switchboard: our seats and calls on one Asterisk, what its news make of them, and what is told of them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Coroutine, Mapping
from datetime import datetime

import structlog

from dialer.domain.call import (
    UNSEATED,
    Answered,
    CallId,
    Connected,
    EarlyMedia,
    Ended,
    Party,
    RecordingStarted,
    Ringing,
    SeatDown,
    SeatId,
    SeatUp,
    WireEvent,
)
from dialer.ports import Clock, DialOrder, TelephonyRefused
from dialer.telephony.asterisk.ari import AriRefused, AriSilent
from dialer.telephony.asterisk.calls import Call, Seat, complete, heard_something, leave_no_litter, sound_bytes, sounds
from dialer.telephony.asterisk.cel import LastWord
from dialer.telephony.asterisk.commands import Commands
from dialer.telephony.asterisk.judge import Judge
from dialer.telephony.asterisk.listening import Listeners
from dialer.telephony.asterisk.names import Channel, Kind
from dialer.telephony.asterisk.translate import News, Saying, our_cause, read_snapshot

_LOG = structlog.get_logger("telephony")
_NEWS_SECONDS = 0.5  # so long an end may take to be told when the channel is gone already
_JOIN_SECONDS = 3.0  # so long an answered customer may wait for the agent; it takes milliseconds
_CONFLICT = 409


class Switchboard:
    """Seats, calls, and the events they give. Everything happens in the loop's one thread."""

    def __init__(self, clock: Clock, commands: Commands, judge: Judge, listeners: Listeners) -> None:
        self.seats: dict[SeatId, Seat] = {}
        self.calls: dict[CallId, Call] = {}
        self.events: asyncio.Queue[WireEvent | None] = asyncio.Queue()
        self.emptier = asyncio.Event()  # a call or a seat has gone
        self.open = False
        self.listeners = listeners
        listeners.tell = self.emit
        self._given_up: set[Channel] = set()
        self._clock, self._commands, self._judge = clock, commands, judge
        self._tasks: set[asyncio.Task[None]] = set()

    # --- commands ---------------------------------------------------------------------------------------------

    async def call_phone(self, seat: Seat) -> None:
        """Have Asterisk call the agent; the leg then waits in the dialplan."""
        try:
            await self._call_or_find(seat)
        except (AriRefused, AriSilent) as error:
            _LOG.warning("telephony.order_unanswered", seat=seat.seat, why=str(error))
        seat.called = True

    async def _call_or_find(self, seat: Seat) -> None:
        try:
            await self._commands.mark(seat)
            await self._commands.call_phone(seat)
        except AriRefused as refusal:
            await self._find_leg(seat, refusal)

    async def call_again(self, seat: Seat) -> None:
        """The phone has forgotten its leg. Where one stands still, its end has the phone called."""
        seat.again = True
        if not await self._commands.drop(seat.channel) and seat.down is not None:
            await self._call_anew(seat)

    async def _find_leg(self, seat: Seat, refusal: AriRefused) -> None:
        """A leg of that name stands already, left by a dialer that died: it is taken over. Else the seat is down."""
        there = await self._commands.look_at(seat.channel) if refusal.status == _CONFLICT else None
        if there is not None:
            for news in read_snapshot([there], []):
                self.hear(news)
            return
        _LOG.error("telephony.seat_not_called", seat=seat.seat, why=str(refusal))
        self.tell_down(seat, f"the agent's phone can't be called: {refusal}")

    async def place(self, call: Call, order: DialOrder) -> None:
        """Dial. A refusal means that nothing rang; silence means nothing, and resolves itself."""
        try:
            await self._commands.place(call, order)
        except AriRefused as refusal:
            self.forget(call)
            raise TelephonyRefused(str(refusal)) from refusal
        except AriSilent as error:
            _LOG.warning("telephony.order_unanswered", call_id=call.call_id, why=str(error))
        call.placed = True
        if call.facts.by is not None:
            self._own(self._cut(call))  # hung up while the order was on its way
        elif not call.over:
            loop = asyncio.get_running_loop()
            call.ring_timer = loop.call_later(order.ring_seconds, self._rang_out, call)
            call.ear_open = True
            self._own(self._commands.open_ear(call))

    def _rang_out(self, call: Call) -> None:
        if not call.facts.answered:
            self.hang_up(call, Party.DIALER, ring_timeout=True)

    def hang_up(self, call: Call, by: Party, *, failure: str | None = None, ring_timeout: bool = False) -> None:
        """End the customer's leg; the first reason given is the one that counts."""
        if call.over or call.facts.by is not None or call.facts.far_end_hung_up:
            return
        call.facts.by, call.facts.failure, call.facts.ring_timeout = by, failure, ring_timeout
        self._own(self._cut(call))

    async def _cut(self, call: Call) -> None:
        """Hang the customer's leg up. One that is not there, and whose end nobody tells, ended unheard."""
        if await self._commands.drop(call.channel, our_cause(call.facts)):
            return
        await asyncio.sleep(_NEWS_SECONDS)
        if not call.over and call.placed:
            words = await self._judge.last_words()
            self.tell_missed(words)
            self.end_unheard(call, words)

    def drop(self, channel: Channel) -> None:
        """Hang a channel up."""
        self._own(self._dropped(channel))

    async def _dropped(self, channel: Channel) -> None:
        await self._commands.drop(channel)

    # --- news --------------------------------------------------------------------------------------------------

    def hear(self, news: News) -> None:
        """Act on one event."""
        match news.channel.kind:
            case Kind.CALL:
                if call := self.calls.get(CallId(news.channel.key)):
                    self._hear_customer(call, news)
            case Kind.SEAT:
                if seat := self.seats.get(SeatId(news.channel.key)):
                    self._hear_seat(seat, news)
            case Kind.EAR if news.saying is Saying.IN_APP:
                self._own(self._write_early(news.channel))
            case _:
                self._own(self.listeners.hear(news))

    def _hear_customer(self, call: Call, news: News) -> None:
        now = self._clock.now()
        match news.saying:
            case Saying.RINGING if not call.rang:
                call.rang = True
                self.emit(Ringing(call.call_id, now))
            case Saying.EARLY_MEDIA if not call.early_begun:
                call.early_begun = True
                self.emit(EarlyMedia(call.call_id, now))
                self._tell_early(call)
            case Saying.ANSWERED if not call.facts.answered:
                self._answered(call, now)
            case Saying.JOINED if not call.connected:
                self._joined(call, now)
            case Saying.FAR_END_HUNG_UP if call.facts.by is None:
                call.facts.far_end_hung_up = True
            case Saying.GONE if not call.over:
                self._end(call, self._judge.hear(call, now, news))

    def _joined(self, call: Call, at: datetime) -> None:
        call.connected = True
        self.emit(Connected(call.call_id, at))
        self.emit(RecordingStarted(call.call_id, at, call.talk))

    def _answered(self, call: Call, at: datetime) -> None:
        call.facts.answered = True
        if call.ring_timer:
            call.ring_timer.cancel()
        if call.ear_open:
            self.drop(call.ear)
        self.emit(Answered(call.call_id, at))
        asyncio.get_running_loop().call_later(_JOIN_SECONDS, self._in_silence, call)

    def _in_silence(self, call: Call) -> None:
        """Nobody is left on the line with nobody (rules §10.3 no. 5), though Asterisk should have seen to it."""
        if not (call.connected or call.over):
            _LOG.error("telephony.not_joined", call_id=call.call_id)
            self.hang_up(call, Party.DIALER, failure="NOT_JOINED")

    async def _write_early(self, ear: Channel) -> None:
        """Let the ear write what it hears, from before the first sound; it is told of when the network speaks."""
        call = self.calls.get(CallId(ear.key))
        if call is None or not call.waits:
            await self._commands.drop(ear)
            return
        await self._commands.write_early(call)
        call.ear_since = self._clock.now()
        if call.early_begun and not call.over:
            self._tell_early(call)

    def _tell_early(self, call: Call) -> None:
        if call.ear_since is not None and not call.early_told:
            call.early_told = True
            self.emit(RecordingStarted(call.call_id, call.ear_since, call.early))

    def _hear_seat(self, seat: Seat, news: News) -> None:
        match news.saying:
            case Saying.ANSWERED if not seat.up and seat.waiting:
                seat.name = news.name
                _LOG.info("telephony.agent_returned", seat=seat.seat)
            case Saying.ANSWERED if not seat.up:
                seat.name = news.name
                self.emit(SeatUp(seat.seat, self._clock.now()))
            case Saying.GONE:
                gone = "the agent's phone ended the leg" if seat.up else "the agent's phone does not answer"
                self._lose_leg(seat, UNSEATED if seat.leaving else f"{gone} ({news.sip_code or news.cause})")

    def _lose_leg(self, seat: Seat, why: str) -> None:
        """No customer stays alone on the line. Asterisk sees to that by itself; a ringing call it can't know of."""
        told, seat.name = seat.up, None
        if seat.again and not (told or seat.call or seat.leaving):
            self._own(self._call_anew(seat))  # nobody has been told of a leg that never was
            return
        if seat.waiting and not seat.leaving:
            self._wait_for_return(seat, why)
            return
        if seat.call:
            self.hang_up(seat.call, Party.AGENT, failure="SEAT_LOST")
        self.tell_down(seat, why)

    def _wait_for_return(self, seat: Seat, why: str) -> None:
        """The customer waits in the dialplan, which also ends the waiting; then the seat is told to be down."""
        _LOG.warning("telephony.customer_waits", seat=seat.seat, why=why)
        seat.down = why
        if seat.again:
            self._own(self._call_anew(seat))

    async def _call_anew(self, seat: Seat) -> None:
        """The leg goes back to a waiting customer by itself; should that one go meanwhile, it waits as any."""
        seat.down, seat.again = None, False
        await self.call_phone(seat)

    # --- what another dialer has begun, or goes on with -------------------------------------------------------

    def put_up(self, call: Call) -> None:
        """Follow a call that a dead dialer had ordered. Its seat waits to be taken up, too."""
        call.seat = self.seats.setdefault(call.seat.seat, call.seat)
        call.placed, call.seat.adopted, call.seat.call = True, not call.seat.called, call
        call.ear_open, call.ear_since = True, self._clock.now()
        self.calls[call.call_id] = call

    def take_down(self, call: Call) -> None:
        """Follow it no longer, nor a seat that was put up with it."""
        self.forget(call)
        if call.seat.adopted:
            self.seats.pop(call.seat.seat, None)

    async def is_anothers(self, seat: Seat) -> bool:
        """Whether another dialer has taken the seat's leg over."""
        try:
            return await self._commands.holder_of(seat) not in ("", self._commands.app)
        except (AriRefused, AriSilent):
            return False

    def leave(self, seat: Seat) -> None:
        """Leave a seat, and its call, to the dialer that has taken them over."""
        if seat.call:
            self.forget(seat.call)
        self.seats.pop(seat.seat, None)
        self.emptier.set()
        _LOG.info("telephony.left_to_another", seat=seat.seat)

    # --- what was missed --------------------------------------------------------------------------------------

    @property
    def placed(self) -> frozenset[str]:
        """The channels of the calls that should be there."""
        return frozenset(call.channel.id for call in self.calls.values() if call.placed and not call.over)

    def tell_missed(self, words: Mapping[str, LastWord]) -> None:
        """How far the calls got while nobody listened, each milestone at its own instant."""
        now = self._clock.now()
        for call in self.calls.values():
            word = words.get(call.channel.id)
            if word is None or call.over:
                continue
            if word.answered_at and not call.facts.answered:
                self._answered(call, self._judge.ours(word.answered_at, now))
            if word.joined_at and not call.connected:
                self._joined(call, self._judge.ours(word.joined_at, now))

    def missed(self, there: set[str], words: Mapping[str, LastWord]) -> None:
        """What is not there any more, of what should be: it ended while nobody listened."""
        for call in tuple(self.calls.values()):
            if call.placed and not call.over and call.channel.id not in there:
                self.end_unheard(call, words)
            elif call.facts.by is not None and not call.over:
                self._own(self._cut(call))  # the first command may have been lost
        for seat in tuple(self.seats.values()):
            if seat.called and seat.down is None and seat.channel.id not in there:
                seat.again = not seat.adopted
                self._lose_leg(seat, "Asterisk lost the leg")

    def listen_for_sound(self) -> None:
        """From now on, only its sound tells that a talk goes on."""
        for call in self.calls.values():
            call.sound_bytes, call.sounded_at = sound_bytes(call), time.monotonic()

    def give_up(self, words: Mapping[str, LastWord], quiet_seconds: float) -> dict[SeatId, str]:
        """Our Asterisk is taken for dead: what it held ends, but for talks whose sound grows.

        Returns the seats that are wanted, and their phones.
        """
        self.tell_missed(words)
        calls = [call for call in self.calls.values() if call.placed and not (call.over or sounds(call, quiet_seconds))]
        seats = [seat for seat in self.seats.values() if seat.down is None and seat.call in (None, *calls)]
        if calls or seats:
            _LOG.error("telephony.node_given_up", calls=len(calls), seats=len(seats))
        for call in calls:
            self._given_up.add(call.channel)
            self.end_unheard(call, words)
        for seat in seats:
            self._given_up.add(seat.channel)
            seat.again = False
            self._lose_leg(seat, "its Asterisk is out of contact")
        return {seat.seat: seat.address for seat in seats if not (seat.leaving or seat.adopted)}

    def hang_up_given_up(self, there: set[str]) -> None:
        """Our Asterisk was not dead: what was given up on it, and is there all the same, has gone on without us."""
        for channel in self._given_up:
            if channel.id in there:
                _LOG.error("telephony.given_up_lives", channel=channel.id)
                self.drop(channel)
        self._given_up.clear()

    # --- ends -------------------------------------------------------------------------------------------------

    def _end(self, call: Call, judging: Coroutine[None, None, Ended]) -> None:
        """The customer's leg is gone: clean up after it, and tell it when it is judged and its sound is complete."""
        call.over = True
        if call.ring_timer:
            call.ring_timer.cancel()
        if call.ear_open:
            self.drop(call.ear)
        if call.listening:
            self._own(self.listeners.leave(call))
        self._own(self._tell_end(call, judging))

    def end_unheard(self, call: Call, words: Mapping[str, LastWord]) -> None:
        """A call that ended while nobody listened, or with Asterisk itself."""
        call.lost = True
        self._end(call, _at_once(self._judge.recall(call, words.get(call.channel.id), self._clock.now())))

    async def _tell_end(self, call: Call, judging: Coroutine[None, None, Ended]) -> None:
        ended = await judging
        await complete(call)
        if call.inherited and not call.connected and heard_something(call):
            self._tell_early(call)  # of a talk it is the customer whom the ear heard, since nobody ended it
        leave_no_litter(call)
        if call.elsewhere and not (call.early_told or call.inherited):
            self._own(self._commands.remove_early(call))
        self.forget(call)
        self.emit(ended)
        if call.seat.down is not None:
            self.tell_down(call.seat, call.seat.down)

    def tell_down(self, seat: Seat, why: str) -> None:
        """A seat's leg is gone; its call's end is told first."""
        seat.down = why
        if seat.call is not None or self.seats.pop(seat.seat, None) is None:
            return
        self.emptier.set()
        _LOG.info("telephony.seat_down", seat=seat.seat, why=why)
        self.emit(SeatDown(seat.seat, self._clock.now(), why))
        if seat.again and self.open and not seat.leaving:
            again = self.seats[seat.seat] = Seat(seat.seat, seat.address)
            self._own(self.call_phone(again))

    def forget(self, call: Call) -> None:
        """The call is no more, and its seat is free."""
        self.calls.pop(call.call_id, None)
        self.emptier.set()
        if call.seat.call is call:
            call.seat.call = None

    # --- small things -----------------------------------------------------------------------------------------

    def emit(self, event: WireEvent) -> None:
        """Tell an event."""
        self.events.put_nowait(event)

    async def rest(self) -> None:
        """Wait for everything that still runs in the background."""
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _own(self, work: Coroutine[None, None, None]) -> None:
        """Run something of ours in the background; what Asterisk refuses there is logged."""
        task = asyncio.create_task(self._guarded(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _guarded(self, work: Coroutine[None, None, None]) -> None:
        try:
            await work
        except (AriRefused, AriSilent) as error:
            _LOG.warning("telephony.command_failed", why=str(error))


async def _at_once(ended: Ended) -> Ended:
    return ended
