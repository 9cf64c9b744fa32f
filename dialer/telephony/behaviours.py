"""What a called number does, in one table for the simulated phone system and for the carrier simulator.

A number with an entry in the directory does what the entry lists, one item a call, the last one again and again.
Any other number goes by its last two digits:

    81 busy · 82 rings out · 83 rejected · 84 empty number · 85 power off · 86 silent · 87 voice assistant
    88 hangs up midway · 89 unavailable · anything else answers and speaks
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum


class Behaviour(StrEnum):
    """The closed set of things a number can do (rules §10.2)."""

    ANSWERS = "ANSWERS"
    BUSY = "BUSY"
    RINGS_OUT = "RINGS_OUT"
    REJECTED = "REJECTED"
    EMPTY_NUMBER = "EMPTY_NUMBER"
    POWER_OFF = "POWER_OFF"
    SILENT = "SILENT"
    VOICE_ASSISTANT = "VOICE_ASSISTANT"
    HANGS_UP_MIDWAY = "HANGS_UP_MIDWAY"
    UNAVAILABLE = "UNAVAILABLE"


class Voice(StrEnum):
    """What an answered number sounds like."""

    SPEECH = "SPEECH"
    MONOLOGUE = "MONOLOGUE"  # talks on without leaving a gap to answer
    SILENCE = "SILENCE"


@dataclass(frozen=True, slots=True)
class Conduct:
    """One call seen from the far end: ring or announce for so long, then answer or refuse.

    `final_code` is the SIP response that ends the wait: 200 answers, None never comes.
    `hangs_up_after_seconds` counts from the answer; None waits for us to hang up.
    """

    final_code: int | None = 200
    wait_seconds: float = 0.2
    rings: bool = True
    announces: bool = False
    voice: Voice = Voice.SPEECH
    hangs_up_after_seconds: float | None = None

    @property
    def answers(self) -> bool:
        """Whether somebody or something picks up."""
        return self.final_code == 200


CONDUCT: Mapping[Behaviour, Conduct] = {
    Behaviour.ANSWERS: Conduct(),
    Behaviour.BUSY: Conduct(486, rings=False),
    Behaviour.RINGS_OUT: Conduct(None),
    Behaviour.REJECTED: Conduct(486, wait_seconds=4.0),  # a rejection looks like busy, but after some ringing
    Behaviour.EMPTY_NUMBER: Conduct(404, wait_seconds=2.0, rings=False, announces=True),
    Behaviour.POWER_OFF: Conduct(480, wait_seconds=2.0, rings=False, announces=True),
    Behaviour.SILENT: Conduct(voice=Voice.SILENCE),
    Behaviour.VOICE_ASSISTANT: Conduct(wait_seconds=2.0, voice=Voice.MONOLOGUE),
    Behaviour.HANGS_UP_MIDWAY: Conduct(hangs_up_after_seconds=3.0),
    Behaviour.UNAVAILABLE: Conduct(503, rings=False),
}

_BY_LAST_TWO_DIGITS: Mapping[str, Behaviour] = {
    "81": Behaviour.BUSY,
    "82": Behaviour.RINGS_OUT,
    "83": Behaviour.REJECTED,
    "84": Behaviour.EMPTY_NUMBER,
    "85": Behaviour.POWER_OFF,
    "86": Behaviour.SILENT,
    "87": Behaviour.VOICE_ASSISTANT,
    "88": Behaviour.HANGS_UP_MIDWAY,
    "89": Behaviour.UNAVAILABLE,
}

Script = Sequence[Behaviour | Conduct]
"""What one number does, call by call."""


@dataclass(slots=True)
class Directory:
    """Numbers (national digits) and what they do; remembers how often each was called."""

    scripts: Mapping[str, Script] = field(default_factory=dict)
    _calls: dict[str, int] = field(default_factory=dict)

    def __repr__(self) -> str:
        return f"Directory({len(self.scripts)} numbers)"

    def next_conduct(self, number: str) -> Conduct:
        """What the number does on this call; asking counts as calling."""
        count = self._calls.get(number, 0)
        self._calls[number] = count + 1
        script = self.scripts.get(number) or (by_last_digits(number),)
        item = script[min(count, len(script) - 1)]
        return item if isinstance(item, Conduct) else CONDUCT[item]


def by_last_digits(number: str) -> Behaviour:
    """What a number without an entry does."""
    return _BY_LAST_TWO_DIGITS.get(number[-2:], Behaviour.ANSWERS)
