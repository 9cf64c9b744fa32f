"""Who is on one seat's switchboard besides the agent, and what is still owed when they have gone."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from dialer.domain.call import ListenMode
from dialer.telephony.pjsua.legs import Leg, SoundFile


@dataclass(slots=True)
class Customer:
    """The call to the customer."""

    call: str
    leg: Leg
    placed_at: float
    rings_until: float
    heard_of: bool = False
    rang: bool = False
    answered: bool = False
    early: SoundFile | None = None
    talk: tuple[SoundFile, SoundFile] | None = None  # customer's side, agent's side
    files: list[SoundFile] = field(default_factory=list)
    hung_up_by: str | None = None
    ring_timeout: bool = False
    failure: str | None = None


@dataclass(slots=True)
class Listener:
    """A supervisor's leg. It belongs to one call: while it still ends, it must not be in the seat's next one."""

    call: str
    address: str
    leg: Leg
    mode: ListenMode
    answer_by: float
    up: bool = False
    told: ListenMode | None = None  # the mode we have said it is in


@dataclass(slots=True)
class Ending:
    """An outcome that waits for its sound files."""

    message: dict[str, Any]
    files: list[SoundFile]
    until: float
