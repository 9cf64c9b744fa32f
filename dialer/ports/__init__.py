"""What the story needs from the world outside: the clock, phone systems, sound stores, signals, storage.

Adapters implement these; one contract suite a port holds every adapter to the same behaviour.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from dialer.domain.call import CallId, ListenMode, SeatId, SoundFiles, WireEvent
from dialer.domain.errors import DialerError
from dialer.domain.phone import PhoneNumber
from dialer.domain.recording import SideSound
from dialer.domain.script import CallScript, ScriptRef
from dialer.domain.waveform import Waveform


class Clock(Protocol):
    """What time it is for the rules. Leases, SIP and lock timers use real monotonic time instead."""

    def now(self) -> datetime:
        """The present instant, aware, in Asia/Shanghai."""
        ...


class TelephonyRefused(DialerError):
    """The phone system can't take this now (no such seat, no leg, capacity); nothing was dialled."""

    code = "TELEPHONY_REFUSED"


@dataclass(frozen=True, slots=True)
class DialOrder:
    """One call to place. On answer the phone system joins it to the seat by itself, as near to the sound as it can.

    The number is dialled once: an order whose `call_id` was seen before is refused.
    """

    call_id: CallId
    seat: SeatId
    number: PhoneNumber
    caller_id: str
    ring_seconds: float


@dataclass(frozen=True, slots=True)
class LeftCall:
    """A call that a dead dialer had ordered for a seat; `address` is the agent's phone. Nobody is dialled from it.

    `early_known`: the records know that the network had spoken, and where its sound is.
    """

    call_id: CallId
    seat: SeatId
    address: str
    early_known: bool = False


@dataclass(frozen=True, slots=True)
class Alive:
    """What the phone system holds for us."""

    calls: frozenset[CallId]
    seats: frozenset[SeatId]


class Telephony(Protocol):
    """A phone system. Commands return when accepted; what becomes of them arrives as events, in order per call.

    For every accepted order exactly one `Ended` arrives, whatever dies, and it is the last event of its call;
    the sound files named by `RecordingStarted` are complete and readable by then (a killed worker's may need
    `dialer.recording` to repair their headers). Early media is recorded from its first packet, apart from the talk.
    """

    async def start(self) -> None:
        """Begin to work. Raises TelephonyRefused with the reason (port in use, library missing)."""
        ...

    async def close(self) -> None:
        """End every leg and process that is ours; every open call gets its `Ended` first."""
        ...

    def events(self) -> AsyncIterator[WireEvent]:
        """All events, once, in order; ends when the phone system is closed. One reader."""
        ...

    async def seat_agent(self, seat: SeatId, address: str) -> None:
        """Call the agent's phone (a SIP URI) and keep the leg up; `SeatUp` or `SeatDown` follows."""
        ...

    async def call_again(self, seat: SeatId, address: str) -> None:
        """Call a phone anew that has forgotten its leg: a browser, whose page was loaded again.

        What is left of the old leg ends, and a talk goes on with the new one. Raises TelephonyRefused for a phone that
        is no browser: it loses no leg without hanging up.
        """
        ...

    async def unseat_agent(self, seat: SeatId) -> None:
        """End the seat's leg; `SeatDown` follows. A seat that is not there: nothing."""
        ...

    async def let_go(self, seat: SeatId) -> None:
        """The seat is served by another dialer now: what that one has taken over goes on without us, the rest ends."""
        ...

    async def adopt(self, left: Sequence[LeftCall]) -> frozenset[CallId]:
        """Take up calls that a dead dialer had ordered; what became and becomes of them arrives as events.

        A talk goes on, and so does its recording. The seat's leg is taken up by `seat_agent`, as ever. Asked again, it
        answers the same.

        Returns:
            Those whose `Ended` will arrive, or has arrived; the others died with their dialer, or never began.
        """
        ...

    async def originate(self, order: DialOrder) -> None:
        """Dial. Raises TelephonyRefused when it can't: then nothing rang, and no event comes."""
        ...

    async def hang_up(self, call_id: CallId) -> None:
        """End a call, at whatever point it is; a call that is not there: nothing."""
        ...

    async def listen(self, call_id: CallId, address: str, mode: ListenMode) -> None:
        """Call the supervisor's phone (a SIP URI) and let it hear, or speak into, a live call; again, change the mode.

        `ListenerUp` follows when it is let in, `ListenerDown` when it is not or leaves; a call's end says it for both.
        Nobody hears a listener, only the agent a whisper; who barges in is in the recording of the agent's side.
        Raises TelephonyRefused when nobody talks, or the phone can't be let in: then no supervisor is on the call.
        """
        ...

    async def stop_listening(self, call_id: CallId) -> None:
        """Hang the supervisor's phone up; `ListenerDown` follows. Where nobody listens: nothing."""
        ...

    async def alive(self) -> Alive:
        """The calls and seats that exist now."""
        ...

    def obstacle(self, seat: SeatId) -> str:
        """Why an order for this seat would be refused now (no leg, in a call, no contact, no room); else empty.

        Asked before a case is chosen, so that no case pays for it.
        """
        ...

    @property
    def notice(self) -> str:
        """What is wrong with the phone system, in words for people; empty when all is well."""
        ...


class StoreFull(DialerError):
    """There is no room for the recording; what was stored before is untouched and the source still there."""

    code = "STORE_FULL"


class StoreFailed(DialerError):
    """The store can't be read or written (gone, no permission, damaged disk); try again later."""

    code = "STORE_FAILED"


class AlreadyStored(DialerError):
    """Another content is stored under this key; it stays."""

    code = "ALREADY_STORED"


class KeyRefused(DialerError):
    """A store key that is no plain relative path."""

    code = "KEY_REFUSED"


class RecordingStore(Protocol):
    """Where sealed recordings live. Keys are relative paths; an object is written once and never changed.

    Every method raises KeyRefused for a bad key and StoreFailed when the store can't be reached.
    """

    async def put(self, key: str, source: Path) -> None:
        """Store a file under a key, durably, all or nothing. The same content again is fine.

        Raises AlreadyStored for other content, StoreFull when there is no room.
        """
        ...

    async def get(self, key: str, start: int = 0, length: int | None = None) -> bytes:
        """Bytes of an object. Raises NotFound."""
        ...

    async def head(self, key: str) -> StoredObject:
        """Size and sha256 of what is really there, read back from the store. Raises NotFound."""
        ...

    async def delete(self, key: str) -> None:
        """Remove an object; one that is not there: nothing."""
        ...


@dataclass(frozen=True, slots=True)
class StoredObject:
    """What a store says of an object."""

    size_bytes: int
    sha256: str


class SoundLost(DialerError):
    """Neither side of a recording has any sound on the spool."""

    code = "SOUND_LOST"


class SpoolFailed(DialerError):
    """The spool's disk is full, read-only, damaged or gone; try again later."""

    code = "SPOOL_FAILED"


class SoundUnreadable(DialerError):
    """A raw sound file is not what a recorder writes (mono 16-bit PCM WAV)."""

    code = "SOUND_UNREADABLE"


class EncodeFailed(DialerError):
    """The encoder failed, or what it wrote does not decode to what it was given."""

    code = "ENCODE_FAILED"


class SealBroken(DialerError):
    """What the store holds is not what was sealed: changed, damaged, gone, or another call's."""

    code = "SEAL_BROKEN"


@dataclass(frozen=True, slots=True)
class EncodedSound:
    """An encoded file and what was measured by decoding it again. `agent` is None where there is one side only."""

    path: Path
    sha256: str
    size_bytes: int
    duration_ms: int
    codec: str
    sample_rate: int
    customer: SideSound
    agent: SideSound | None


class Encoder(Protocol):
    """Makes one file of the raw sides: agent left, customer right; early media mono."""

    async def encode(self, files: SoundFiles, target: Path) -> EncodedSound:
        """Write `target` whole, or not at all; the same sound gives the same bytes.

        A side that is missing or empty becomes silence as long as the other. Raises SoundLost, SoundUnreadable,
        EncodeFailed.
        """
        ...


class Waveforms(Protocol):
    """Draws sealed recordings for people to look at."""

    async def waveform(self, encoded: bytes, *, sides: int) -> Waveform:
        """The picture of what `encode` wrote: two sides, or one for early media. Raises EncodeFailed."""
        ...


class Signals(Protocol):
    """Say "look again" to whoever waits on a topic, in this process and in others over the same database.

    A signal carries no news, only a topic (`dialer.ports.topics`); the news is in the database. It may come twice or
    late, so waiters also look by themselves every few seconds.
    """

    async def notify(self, *topics: str) -> None:
        """Wake those who wait on one of the topics."""
        ...

    async def wait(self, topic: str, timeout_seconds: float) -> bool:
        """Sleep until a signal that came after the previous `wait` on this topic; False on time-out."""
        ...


class CoreUnreached(DialerError):
    """The core system did not answer, or can take no message now; try again later."""

    code = "CORE_UNREACHED"


class CoreRefused(DialerError):
    """The core system would not take this message; others it may take."""

    code = "CORE_REFUSED"


class Courier(Protocol):
    """Brings messages to the core system (docs/api.md)."""

    async def deliver(self, message_id: str, body: str, at: datetime) -> None:
        """Return when the core system has said that it has it. Raises CoreUnreached, CoreRefused."""
        ...


class PasswordHasher(Protocol):
    """Slow on purpose, so off the event loop."""

    async def hash(self, password: str) -> str:
        """A salted hash to store."""
        ...

    async def verify(self, password_hash: str, password: str) -> bool:
        """Whether the password is the one that was hashed."""
        ...


class Scripts(Protocol):
    """The published call scripts."""

    def latest(self, script_id: str) -> CallScript:
        """The newest version of a script. Raises NotFound."""
        ...

    def exactly(self, ref: ScriptRef) -> CallScript:
        """The very text an interview was begun with (rules §8.4). Raises NotFound."""
        ...


class Room(Protocol):
    """Whether the spool has room for more sound; without it no call is placed."""

    @property
    def ok(self) -> bool:
        """Whether calls may be placed."""
        ...

    @property
    def why(self) -> str:
        """The reason for people, when not."""
        ...
