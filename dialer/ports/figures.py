"""What is counted of cases, calls and sound, and which cases are behind each count."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Protocol

from dialer.domain.case import RevisitCase
from dialer.domain.policy import Channel
from dialer.domain.steering import Course


class CaseSet(StrEnum):
    """Cases that belong together on a page. A count and its list are the same question, so they can't disagree.

    The duty (rules §5.10): DUE is what must be revisited inside the free-look: sampled, received, and not cancelled
    before a completed call. DUE is DONE, OPEN and MISSED, with nothing in two of them.
    """

    # the queue now
    DUE_NOW = "DUE_NOW"  # may be dialled now as far as its time goes, and nobody holds it
    WAITING_HOUR = "WAITING_HOUR"  # so for more than an hour
    LATER_TODAY = "LATER_TODAY"
    HELD = "HELD"  # its time has come, and a supervisor's decision holds it
    # today's calls and their sound
    ABANDONED = "ABANDONED"  # answered, and gone before an agent was there
    SILENT = "SILENT"
    UNSEALED = "UNSEALED"  # sound of theirs waits to be sealed
    CUT_SHORT = "CUT_SHORT"  # sealed, and shorter than the talk
    # the duty
    DUE = "DUE"
    DONE = "DONE"  # completed or closed in time
    OPEN = "OPEN"  # not yet, and there is time
    AT_RISK = "AT_RISK"  # of the open: as planned it will not be in time
    MISSED = "MISSED"  # not in time
    # what the main figures are made of
    COMPLETED = "COMPLETED"  # every item answered in a call, or closed as a success
    COMPLETED_INSIDE = "COMPLETED_INSIDE"
    OWED = "OWED"  # due, but for waived and refused
    SUCCEEDED = "SUCCEEDED"
    SUCCEEDED_AT_ONCE = "SUCCEEDED_AT_ONCE"  # the first completed call was a success
    DIALLED = "DIALLED"
    REACHED_AT_ONCE = "REACHED_AT_ONCE"  # the first attempt reached the holder
    CLOSED_BY_PHONE = "CLOSED_BY_PHONE"
    PROVED = "PROVED"  # closed by phone with a sealed recording of the talk


@dataclass(frozen=True, slots=True)
class Slice:
    """Which cases are looked at: an organisation's, of a channel, of a product; by last day, or by receipt."""

    org: str = ""
    channel: Channel | None = None
    product: str = ""
    last_days: tuple[date, date] | None = None
    receipts: tuple[date, date] | None = None


@dataclass(frozen=True, slots=True)
class Moment:
    """The instant a question is asked at, with what it means.

    Attributes:
        today: from midnight, to midnight.
        expiring_days: how near a last day is that counts as near (rules §9.1).
        course: supervisors' decisions.
        sound_tolerance_ms: how much shorter than the talk a recording may be.
    """

    now: datetime
    today: tuple[datetime, datetime]
    expiring_days: int
    course: Course
    sound_tolerance_ms: int


@dataclass(frozen=True, slots=True)
class CallCount:
    """Calls since an instant: placed, answered, answered with nobody there, silent, faults of the network or ours."""

    placed: int = 0
    answered: int = 0
    abandoned: int = 0
    silent: int = 0
    faults: int = 0


@dataclass(frozen=True, slots=True)
class SoundCount:
    """Sound that waits to be sealed, what failed of it, since when the oldest waits; and what was sealed too short."""

    waiting: int = 0
    failed: int = 0
    oldest: datetime | None = None
    cut_short: int = 0


@dataclass(frozen=True, slots=True)
class Rounds:
    """Sums over cases: attempts that count, tickets whose answer was due, and those answered in time."""

    attempts: int = 0
    tickets_due: int = 0
    tickets_in_time: int = 0


class Figures(Protocol):
    """Counting."""

    async def count(self, sets: Sequence[CaseSet], part: Slice, at: Moment) -> Mapping[CaseSet, int]:
        """How many cases are in each set."""
        ...

    async def by_last_day(
        self, sets: Sequence[CaseSet], part: Slice, at: Moment
    ) -> Mapping[date, Mapping[CaseSet, int]]:
        """The same for each last day of the free-look."""
        ...

    async def behind(
        self, wanted: CaseSet, part: Slice, at: Moment, without: CaseSet | None, limit: int
    ) -> Sequence[RevisitCase]:
        """The cases of a set, without those of another; the first last day first."""
        ...

    async def calls(self, org: str, since: datetime) -> CallCount:
        """Calls of an organisation's agents."""
        ...

    async def sound(self, org: str, at: Moment) -> SoundCount:
        """The recordings of an organisation's agents."""
        ...

    async def rounds(self, part: Slice, at: Moment) -> Rounds:
        """Attempts and tickets of a slice's due cases."""
        ...
