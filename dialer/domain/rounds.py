"""What follows a round that failed: another ticket, or another channel (rules §5.3 no. 7 and 9, §5.8, scenario 16)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from dialer.domain.case import CaseEvent

MAX_ROUNDS = 3


def ticket_follows(tickets_so_far: int, max_rounds: int = MAX_ROUNDS) -> bool:
    """Whether a case that failed again gets one more ticket; after the last round it never does."""
    return tickets_so_far < max_rounds


@dataclass(frozen=True, slots=True)
class OtherChannels:
    """What the province allows instead of a call, and what is left of it.

    Attributes:
        quota_free: letters and visits of the month are still under their limit (rules §5.8).
        letter_min_days: a letter needs so many natural days, by post both ways.
    """

    letter_allowed: bool
    visit_allowed: bool
    quota_free: bool
    letter_min_days: int = 7


class Alternative(StrEnum):
    """How to go on without the telephone."""

    LETTER = "LETTER"
    VISIT = "VISIT"
    GIVE_UP = "GIVE_UP"

    @property
    def event(self) -> CaseEvent:
        """The move of a case in ALT_CHANNEL."""
        return _EVENT_OF[self]


_EVENT_OF = {
    Alternative.LETTER: CaseEvent.LETTER_SENT,
    Alternative.VISIT: CaseEvent.VISIT_SENT,
    Alternative.GIVE_UP: CaseEvent.GIVEN_UP,
}


def alternative(channels: OtherChannels, days_left: int) -> Alternative:
    """A letter if there is time for it, else a visit, else the case is closed as unreached, which counts as failure."""
    if not channels.quota_free:
        return Alternative.GIVE_UP
    if channels.letter_allowed and days_left >= channels.letter_min_days:
        return Alternative.LETTER
    return Alternative.VISIT if channels.visit_allowed else Alternative.GIVE_UP
