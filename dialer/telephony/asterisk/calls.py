"""What the adapter remembers of a seat and of a call while they last."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from pathlib import Path

from dialer.domain.call import CallId, RecordingKind, SeatId, SoundFiles
from dialer.ports import ListenMode
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
    again: bool = False  # Asterisk lost the leg, so the phone is called once more

    @property
    def channel(self) -> Channel:
        """Its leg."""
        return Channel(Kind.SEAT, self.seat)

    @property
    def up(self) -> bool:
        """Whether the agent's phone has answered and is still there."""
        return self.name is not None


@dataclass(slots=True)
class Listening:
    """A supervisor on a call."""

    address: str
    mode: ListenMode
    spies: int = 0  # how many were made: a changed mode is a new spy
    bridged: bool = False


@dataclass(slots=True)
class Call:
    """A call that was ordered and has not ended."""

    call_id: CallId
    seat: Seat
    early: SoundFiles
    talk: SoundFiles
    facts: Facts = field(default_factory=Facts)
    placed: bool = False  # Asterisk has, or may have, the order
    rang: bool = False
    early_begun: bool = False
    early_written: bool = False
    connected: bool = False
    over: bool = False
    lost: bool = False  # Asterisk died with it: its files are as complete as they will ever be
    ring_timer: asyncio.TimerHandle | None = None
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
        """The sound files that have been begun."""
        files = [self.early.customer] if self.early_written else []
        if self.connected and self.talk.agent:
            files += [self.talk.customer, self.talk.agent]
        return files


def a_call(call_id: CallId, seat: Seat, spool: Path) -> Call:
    """A call of a seat, with the files its sound is, or will be, in."""
    folder = spool / call_id
    early = SoundFiles(RecordingKind.EARLY, folder / "early-customer.wav")
    talk = SoundFiles(RecordingKind.TALK, folder / "talk-customer.wav", folder / "talk-agent.wav")
    return Call(call_id, seat, early, talk)


async def complete(call: Call) -> None:
    """Wait until the call's sound files are complete; not for long, and not for those of a dead Asterisk."""
    loop = asyncio.get_running_loop()
    until = loop.time() + _FILES_SECONDS
    for path in call.written:
        while not (call.lost or is_complete(path)) and loop.time() < until:  # noqa: ASYNC110  # a file sets no event
            await asyncio.sleep(_LOOK_SECONDS)


def is_complete(path: Path) -> bool:
    """Whether a sound file's header states its length, which Asterisk writes last."""
    try:
        with path.open("rb") as file:
            header = file.read(_HEADER_BYTES)
    except OSError:
        return False
    return int.from_bytes(header[40:44], "little") > 0
