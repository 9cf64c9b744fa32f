"""One telephone call as the wire shows it: events in, the next call and what to do about it out. No I/O.

Late, repeated and unknown events change nothing: the network is not ours. `Ended` is always the last event of a call.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import NewType, Self

CallId = NewType("CallId", str)
SeatId = NewType("SeatId", str)


class Party(StrEnum):
    """Who ended a call."""

    CUSTOMER = "CUSTOMER"
    AGENT = "AGENT"
    NETWORK = "NETWORK"
    DIALER = "DIALER"


class ListenMode(StrEnum):
    """How a supervisor joins a live call (rules §2.4)."""

    LISTEN = "LISTEN"  # hears both, is heard by nobody
    WHISPER = "WHISPER"  # is heard by the agent alone
    BARGE = "BARGE"  # is heard by both, and recorded


class RecordingKind(StrEnum):
    """What a recording holds: the conversation, or what the network said before anybody answered."""

    TALK = "TALK"
    EARLY = "EARLY"


@dataclass(frozen=True, slots=True)
class SoundFiles:
    """Raw sound on the spool, one mono file a side, aligned; early media has the customer's side only."""

    kind: RecordingKind
    customer: Path
    agent: Path | None = None

    @classmethod
    def of(cls, spool: Path, call_id: CallId, kind: RecordingKind) -> Self:
        """Where it goes: `talk-customer.wav` and `talk-agent.wav` in the call's folder, or `early-customer.wav`."""
        folder, name = spool / call_id, kind.lower()
        agent = folder / f"{name}-agent.wav" if kind is RecordingKind.TALK else None
        return cls(kind, folder / f"{name}-customer.wav", agent)


@dataclass(frozen=True, slots=True)
class SeatUp:
    """The seat's leg is answered by the agent's phone and stays up."""

    seat: SeatId
    at: datetime


UNSEATED = "unseated"
"""Why a leg is gone that the dialer has ended itself."""


@dataclass(frozen=True, slots=True)
class SeatDown:
    """The seat's leg is gone; `why` is UNSEATED, or for people and logs."""

    seat: SeatId
    at: datetime
    why: str


@dataclass(frozen=True, slots=True)
class Ringing:
    """The far end rings (SIP 180)."""

    call_id: CallId
    at: datetime


@dataclass(frozen=True, slots=True)
class EarlyMedia:
    """The network sends sound before answer (SIP 183 with SDP, rules §10.1)."""

    call_id: CallId
    at: datetime


@dataclass(frozen=True, slots=True)
class Answered:
    """The far end answered (SIP 200)."""

    call_id: CallId
    at: datetime


@dataclass(frozen=True, slots=True)
class Connected:
    """Customer and agent hear each other, and the conversation is being recorded."""

    call_id: CallId
    at: datetime


@dataclass(frozen=True, slots=True)
class RecordingStarted:
    """Sound is being written; offset 0 of the recording is `at`."""

    call_id: CallId
    at: datetime
    files: SoundFiles


@dataclass(frozen=True, slots=True)
class Ended:
    """The call is over and its sound files are complete.

    `sip_code` is the final response of a call that was not answered, None when there was none or it was answered.
    `failure` names a fault on our side (worker died, trunk refused, capacity): such a call is not the customer's.
    """

    call_id: CallId
    at: datetime
    by: Party
    sip_code: int | None = None
    ring_timeout: bool = False
    failure: str | None = None


@dataclass(frozen=True, slots=True)
class ListenerUp:
    """A supervisor has been let into the call, or goes on in another mode."""

    call_id: CallId
    at: datetime
    mode: ListenMode


@dataclass(frozen=True, slots=True)
class ListenerDown:
    """The supervisor is not, or no more, in a call that goes on; `why` is for people and logs."""

    call_id: CallId
    at: datetime
    why: str


ListenerEvent = ListenerUp | ListenerDown
WireEvent = SeatUp | SeatDown | ListenerEvent | Ringing | EarlyMedia | Answered | Connected | RecordingStarted | Ended
CallEvent = Ringing | EarlyMedia | Answered | Connected | RecordingStarted | Ended


@dataclass(frozen=True, slots=True)
class KeepMilestone:
    """Store what the call has reached."""


@dataclass(frozen=True, slots=True)
class KeepSound:
    """Store that this sound exists, so that no crash can lose it."""

    files: SoundFiles
    started_at: datetime


@dataclass(frozen=True, slots=True)
class BeginInterview:
    """Somebody is on the line: show the agent the screens."""


@dataclass(frozen=True, slots=True)
class FinishUnanswered:
    """Nobody was reached: classify, and give the agent back at once."""


@dataclass(frozen=True, slots=True)
class FinishTalk:
    """The conversation is over: let the agent wrap up."""


Command = KeepMilestone | KeepSound | BeginInterview | FinishUnanswered | FinishTalk


class Phase(StrEnum):
    """How far a call has come."""

    INTENDED = "INTENDED"
    RINGING = "RINGING"
    ANSWERED = "ANSWERED"
    CONNECTED = "CONNECTED"
    ENDED = "ENDED"


_ORDER = tuple(Phase)


@dataclass(frozen=True, slots=True)
class Call:
    """What is known of one call. `step` is the only way on."""

    call_id: CallId
    seat: SeatId
    intended_at: datetime
    phase: Phase = Phase.INTENDED
    ringing_at: datetime | None = None
    early_media_at: datetime | None = None
    answered_at: datetime | None = None
    connected_at: datetime | None = None
    ended: Ended | None = None

    def step(self, event: CallEvent) -> tuple[Call, tuple[Command, ...]]:
        """The call after `event`, and what is to be done; nothing for an event that says nothing new."""
        if event.call_id != self.call_id or self.phase is Phase.ENDED:
            return self, ()
        match event:
            case Ringing() if self.ringing_at is None:
                return replace(self._at_least(Phase.RINGING), ringing_at=event.at), (KeepMilestone(),)
            case EarlyMedia() if self.early_media_at is None:
                return replace(self, early_media_at=event.at), (KeepMilestone(),)
            case Answered() if self.answered_at is None:
                return replace(self._at_least(Phase.ANSWERED), answered_at=event.at), (KeepMilestone(),)
            case Connected() if self.connected_at is None:
                return self._connected(event)
            case RecordingStarted():
                return self, (KeepSound(event.files, event.at),)
            case Ended():
                return self._ended(event)
            case _:
                return self, ()

    def _at_least(self, phase: Phase) -> Call:
        later = max(self.phase, phase, key=_ORDER.index)
        return replace(self, phase=later)

    def _connected(self, event: Connected) -> tuple[Call, tuple[Command, ...]]:
        answered_at = self.answered_at or event.at
        call = replace(self, phase=Phase.CONNECTED, answered_at=answered_at, connected_at=event.at)
        return call, (BeginInterview(),)

    def _ended(self, event: Ended) -> tuple[Call, tuple[Command, ...]]:
        call = replace(self, phase=Phase.ENDED, ended=event)
        return call, (FinishTalk() if self.connected_at else FinishUnanswered(),)

    @property
    def talk_seconds(self) -> float:
        """Seconds from answer to end; 0 for a call nobody answered or that is not over."""
        if self.answered_at is None or self.ended is None:
            return 0.0
        return (self.ended.at - self.answered_at).total_seconds()
