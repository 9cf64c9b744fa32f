"""What the adapter remembers of a seat and of a call while they last."""

from __future__ import annotations

import asyncio
import contextlib
import time
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from dialer.domain.call import CallId, ListenMode, RecordingKind, SeatId, SoundFiles
from dialer.domain.desk_phone import browser_name
from dialer.telephony.asterisk.names import Channel, Kind
from dialer.telephony.asterisk.translate import Facts

_HEADER_BYTES = 44
_FILES_SECONDS = 1.0  # a file is complete in some 20 ms; never hold an outcome for it
_LOOK_SECONDS = 0.01


@dataclass(slots=True)
class Seat:
    """An agent's leg that is wanted."""

    seat: SeatId
    address: str
    name: str | None = None  # Asterisk's name of the channel, when it is up
    call: Call | None = None
    down: str | None = None  # why it went; told when its call is over
    leaving: bool = False
    called: bool = False  # Asterisk has, or may have, our order to call the phone
    adopted: bool = False  # found standing, not called by us
    again: bool = False  # the leg was lost by no wish of the agent's, so the phone is called once more

    @property
    def channel(self) -> Channel:
        """Its leg."""
        return Channel(Kind.SEAT, self.seat)

    @property
    def may_return(self) -> bool:
        """Whether a customer waits for a leg that is lost in a talk: a page may be loaded anew, a phone hangs up."""
        return bool(browser_name(self.address))

    @property
    def waiting(self) -> Call | None:
        """The call that a leg of its own accord goes back to when the phone answers."""
        call = self.call
        return call if call and call.connected and self.may_return and not (call.over or self.up) else None

    @property
    def up(self) -> bool:
        """Whether the agent's phone has answered and is still there."""
        return self.name is not None


@dataclass(slots=True)
class Listening:
    """A supervisor on a call."""

    address: str
    mode: ListenMode
    phone: Channel
    spy: Channel | None = None  # none before the phone has answered; a changed mode is a new spy


@dataclass(slots=True)
class Call:
    """A call that was ordered and has not ended."""

    call_id: CallId
    seat: Seat
    early: SoundFiles
    talk: SoundFiles
    facts: Facts = field(default_factory=Facts)
    elsewhere: bool = False  # Asterisk writes its sound where we don't see it, so that it is fetched when it is over
    inherited: bool = False  # ordered by a dialer that has died
    placed: bool = False  # Asterisk has, or may have, the order
    rang: bool = False
    early_begun: bool = False
    early_told: bool = False
    ear_open: bool = False  # Asterisk has, or may have, our order for it
    ear_since: datetime | None = None  # when it began to write
    connected: bool = False
    over: bool = False
    lost: bool = False  # Asterisk died with it: its files are as complete as they will ever be
    ring_timer: asyncio.TimerHandle | None = None
    sound_bytes: int = 0  # how much of the talk there was, and when that last grew: while Asterisk is out of contact
    sounded_at: float = 0.0
    listening: Listening | None = None

    @property
    def channel(self) -> Channel:
        """The customer's leg."""
        return Channel(Kind.CALL, self.call_id)

    @property
    def ear(self) -> Channel:
        """What hears the network before the answer."""
        return Channel(Kind.EAR, self.call_id)

    @property
    def waits(self) -> bool:
        """Whether nobody has answered yet, and somebody may."""
        return not (self.over or self.facts.answered)

    @property
    def written(self) -> list[Path]:
        """The sound files that have been begun where we see them."""
        if self.elsewhere:
            return []
        files = [self.early.customer] if self.early_told else []
        if self.connected and self.talk.agent:
            files += [self.talk.customer, self.talk.agent]
        return files


def a_call(call_id: CallId, seat: Seat, spool: Path, *, elsewhere: bool = False) -> Call:
    """A call of a seat, with the files its sound is, or will be, in."""
    early, talk = (SoundFiles.of(spool, call_id, kind) for kind in (RecordingKind.EARLY, RecordingKind.TALK))
    return Call(call_id, seat, early, talk, elsewhere=elsewhere)


async def complete(call: Call) -> None:
    """Wait until the call's sound files are complete; not for long, and not for those of a dead Asterisk."""
    loop = asyncio.get_running_loop()
    until = loop.time() + _FILES_SECONDS
    for path in call.written:
        while not (call.lost or is_complete(path)) and loop.time() < until:  # noqa: ASYNC110  # a file sets no event
            await asyncio.sleep(_LOOK_SECONDS)


def heard_something(call: Call) -> bool:
    """Whether the network has spoken into the ear; while it only rings, zeros are written."""
    try:
        return any(call.early.customer.read_bytes()[_HEADER_BYTES:])
    except OSError:
        return False


def leave_no_litter(call: Call) -> None:
    """Remove what an ear has written of a call that only rang, and the folder of one that left no sound."""
    folder = call.early.customer.parent
    with contextlib.suppress(OSError):  # not ours to remove, not empty, or gone: all is well
        if not call.early_told:
            call.early.customer.unlink(missing_ok=True)
        folder.rmdir()


def sound_bytes(call: Call) -> int:
    """How much of the talk has been written."""
    try:
        return call.talk.customer.stat().st_size if call.connected else 0
    except OSError:
        return 0


def sounds(call: Call, quiet_seconds: float) -> bool:
    """Whether the talk's sound has grown lately; Asterisk writes it every 4 s."""
    now, written = time.monotonic(), sound_bytes(call)
    if written > call.sound_bytes:
        call.sound_bytes, call.sounded_at = written, now
    return call.connected and now - call.sounded_at < quiet_seconds


def is_complete(path: Path) -> bool:
    """Whether a sound file's header states its length, which Asterisk writes last."""
    try:
        with path.open("rb") as file:
            header = file.read(_HEADER_BYTES)
    except OSError:
        return False
    return int.from_bytes(header[40:44], "little") > 0
