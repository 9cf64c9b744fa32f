"""A supervisor on a live call: who, in which mode, from when to when; the log of it (rules §2.4)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from dialer.domain.call import CallId, ListenMode, SeatId


class ListeningEnd(StrEnum):
    """How a supervisor's time on a call ended."""

    LEFT = "LEFT"  # the supervisor hung up
    CHANGED = "CHANGED"  # another mode took its place
    CALL_OVER = "CALL_OVER"
    UNANSWERED = "UNANSWERED"  # the supervisor's phone did not answer
    REFUSED = "REFUSED"  # the phone system would not


FAILED = frozenset({ListeningEnd.UNANSWERED, ListeningEnd.REFUSED})
"""Ends that the supervisor is told of."""


@dataclass(frozen=True, slots=True)
class Listening:
    """One supervisor on one call in one mode; a changed mode is another one. `why` explains a failure to people."""

    call_id: CallId
    seat: SeatId
    login: str
    mode: ListenMode
    asked_at: datetime
    joined_at: datetime | None = None
    ended_at: datetime | None = None
    ending: ListeningEnd | None = None
    why: str = ""
    id: int = 0

    @property
    def is_live(self) -> bool:
        """Whether the supervisor is on the call now."""
        return self.joined_at is not None and self.ended_at is None
