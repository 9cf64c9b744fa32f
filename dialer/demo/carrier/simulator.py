"""The far end of every call: a network and its customers, on one SIP address.

What a number does stands in `dialer.telephony.behaviours`. The log is a witness of its own: what was dialled, when,
how it ended and how much sound went each way, counted at the far end of the wire.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from typing import Self

import structlog

from dialer.demo.carrier.rtp import SILENT_FRAME, alaw_frames
from dialer.demo.carrier.uas import DialogEnd, IncomingCall, SipUas
from dialer.domain.phone import mask
from dialer.telephony.behaviours import Conduct, Directory, Script, Voice
from dialer.telephony.sound import announcement, speech

_LOG = structlog.get_logger("carrier")
_DEAF_SECONDS = 5.0  # a caller that sends no sound for so long has died
_PATIENCE_SECONDS = 60.0  # then the network itself ends a call that nobody picks up
_VOICES = 8


class HowItEnded(StrEnum):
    """How a call ended, seen from the network."""

    REFUSED = "REFUSED"
    CANCELLED = "CANCELLED"
    CALLER_HUNG_UP = "CALLER_HUNG_UP"
    CUSTOMER_HUNG_UP = "CUSTOMER_HUNG_UP"
    LOST = "LOST"
    OVER_CAPACITY = "OVER_CAPACITY"


_HOW = {
    DialogEnd.REFUSED: HowItEnded.REFUSED,
    DialogEnd.CANCELLED: HowItEnded.CANCELLED,
    DialogEnd.CALLER_HUNG_UP: HowItEnded.CALLER_HUNG_UP,
    DialogEnd.WE_HUNG_UP: HowItEnded.CUSTOMER_HUNG_UP,
    DialogEnd.LOST: HowItEnded.LOST,
}


@dataclass(slots=True)
class CallRecord:
    """One INVITE as the network saw it; times are monotonic seconds, packets are 20 ms of sound."""

    number: str = field(repr=False)
    caller_id: str
    invited_at: float
    answered_at: float | None = None
    ended_at: float | None = None
    how: HowItEnded | None = None
    final_code: int | None = None
    packets_sent: int = 0
    packets_received: int = 0
    loud_packets_received: int = 0


class CarrierSimulator:
    """A telephone network on `bind:port` with room for `capacity` calls at once.

    Beyond its capacity it answers 503 with a Warning that says so, counts it in `refused_over_capacity`, and logs it:
    a full network must never look like a busy customer.
    """

    def __init__(
        self,
        bind: str = "127.0.0.1",
        port: int = 0,
        directory: Mapping[str, Script] | None = None,
        capacity: int = 100,
    ) -> None:
        """`port` 0 takes a free one; `directory` maps national digits to what they do, call by call."""
        self.directory = Directory(directory or {})
        self.capacity = capacity
        self.log: list[CallRecord] = []
        self.refused_over_capacity = 0
        self._wanted_port = port
        self._uas = SipUas(bind, self._called)
        self._talking: dict[IncomingCall, CallRecord] = {}
        self._idle = asyncio.Event()
        self._idle.set()

    async def start(self) -> None:
        """Open for calls. Raises OSError when the port is taken."""
        for seed in range(_VOICES):
            _voice(Voice.SPEECH, seed)
        await self._uas.open(self._wanted_port)

    async def stop(self) -> None:
        """End every call and free the address."""
        await self._uas.close()
        for call in tuple(self._talking):
            self._close(call)

    async def __aenter__(self) -> Self:
        """Started."""
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stopped."""
        await self.stop()

    @property
    def address(self) -> str:
        """`host:port`, as a trunk's address."""
        return f"{self._uas.host}:{self._uas.port}"

    @property
    def open_calls(self) -> int:
        """How many calls are on the network now."""
        return len(self._talking)

    def calls_to(self, number: str) -> list[CallRecord]:
        """What happened to every INVITE for a number (national digits)."""
        return [record for record in self.log if record.number == number]

    def hang_up(self, number: str) -> None:
        """Let the customer at this number hang up now."""
        for call in tuple(self._talking):
            if call.number == number:
                call.hang_up()

    def go_dead(self, number: str) -> None:
        """Let the customer at this number vanish: no more sound, and no goodbye."""
        for call in tuple(self._talking):
            if call.number == number:
                self._uas.pacer.drop(call.stream)

    async def idle(self, timeout_seconds: float = 8.0) -> None:
        """Wait until no call is on the network. Raises TimeoutError."""
        async with asyncio.timeout(timeout_seconds):
            await self._idle.wait()

    def _called(self, call: IncomingCall) -> None:
        record = CallRecord(call.number, call.caller_id, call.invited_at)
        self.log.append(record)
        if len(self._talking) >= self.capacity:
            self._refuse_over_capacity(call, record)
            return
        self._talking[call] = record
        self._idle.clear()
        self._uas.own(self._serve(call, self.directory.next_conduct(call.number)))

    def _refuse_over_capacity(self, call: IncomingCall, record: CallRecord) -> None:
        self.refused_over_capacity += 1
        call.refuse(503, f"simulated network full: {self.capacity} calls")
        record.how, record.final_code, record.ended_at = HowItEnded.OVER_CAPACITY, 503, time.monotonic()
        _LOG.warning("carrier.over_capacity", number=mask(call.number), capacity=self.capacity)

    async def _serve(self, call: IncomingCall, conduct: Conduct) -> None:
        """Live through one call; whoever ends it, it is written down."""
        story = asyncio.create_task(_behave(call, conduct))
        over = asyncio.create_task(call.ended.wait())
        try:
            await asyncio.wait({story, over}, return_when=asyncio.FIRST_COMPLETED)
            await over
        finally:
            story.cancel()
            over.cancel()
            await asyncio.gather(story, over, return_exceptions=True)
            self._close(call)

    def _close(self, call: IncomingCall) -> None:
        record = self._talking.pop(call, None)
        if record is None:
            return
        record.answered_at, record.ended_at, record.final_code = call.answered_at, call.ended_at, call.final_code
        record.how = _HOW[call.how] if call.how else HowItEnded.LOST
        record.packets_sent, record.packets_received = call.stream.sent, call.stream.received
        record.loud_packets_received = call.stream.loud_received
        if not self._talking:
            self._idle.set()


async def _behave(call: IncomingCall, conduct: Conduct) -> None:
    """One call of one number, from the first ring to our own hanging up."""
    if conduct.announces:
        call.announce(_announcement())
    elif conduct.rings:
        call.ring()
    if conduct.final_code is None:
        await asyncio.sleep(_PATIENCE_SECONDS)
        call.refuse(480)
        return
    await asyncio.sleep(conduct.wait_seconds if conduct.rings or conduct.announces else 0)
    if not conduct.answers:
        call.refuse(conduct.final_code)
        return
    call.answer(_voice(conduct.voice, sum(map(ord, call.number)) % _VOICES))
    await _talk(call, conduct.hangs_up_after_seconds)


async def _talk(call: IncomingCall, seconds: float | None) -> None:
    """Stay on the line so long, or until the caller has gone dead."""
    began = time.monotonic()
    while seconds is None or time.monotonic() - began < seconds:
        left = 1.0 if seconds is None else min(1.0, began + seconds - time.monotonic())
        await asyncio.sleep(max(0.0, left))
        if time.monotonic() - (call.stream.heard_at or began) > _DEAF_SECONDS:
            call.hang_up(DialogEnd.LOST)
            return
    call.hang_up()


@cache
def _voice(voice: Voice, seed: int) -> list[bytes]:
    """Ten seconds of a voice, which is then heard again and again."""
    if voice is Voice.SILENCE:
        return [SILENT_FRAME]
    return alaw_frames(speech(10, seed, 120.0 + 15 * seed, pauses=voice is Voice.SPEECH))


@cache
def _announcement() -> list[bytes]:
    return alaw_frames(announcement(6))
