"""Which case is dialled first (rules §9.1): a small number the dispatcher's query can order by, then the deadline."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from enum import IntEnum

from dialer.domain.calendar import WorkingCalendar
from dialer.domain.case import Purpose
from dialer.domain.free_look import FreeLook


class Rank(IntEnum):
    """The order of rules §9.1; lower is dialled first. EXPIRING is the "priority 1" of scenario 4."""

    APPOINTMENT = 0
    EXPIRING = 1
    ELDER_OR_HIGH_PREMIUM = 2
    L1_REDIAL = 3
    L2_RECONFIRM = 4
    FRESH = 5
    RETRY = 6


@dataclass(frozen=True, slots=True)
class PriorityRules:
    """What counts as urgent, old and dear; the premium is in fen, and 100 000 yuan is our own default."""

    expiring_days: int = 3
    elder_from_age: int = 65
    high_premium_fen: int = 10_000_000


@dataclass(frozen=True, slots=True)
class PriorityFacts:
    """What decides a case's place.

    Attributes:
        appointment: an appointment stands; it is not dialled before its time, and first when that comes.
        tried: it has been dialled in this round.
        holder_age: None when unknown.
    """

    free_look: FreeLook
    purpose: Purpose = Purpose.FIRST
    appointment: bool = False
    tried: bool = False
    holder_age: int | None = None
    premium_fen: int = 0


@dataclass(frozen=True, slots=True, order=True)
class Priority:
    """Sorts like the dispatcher's query: rank, then the earlier `revisit_last_day`."""

    rank: Rank
    deadline: date


def priority(facts: PriorityFacts, today: date, calendar: WorkingCalendar, rules: PriorityRules) -> Priority:
    """The case's place on `today`. It moves only with the day or with the case, so it is stored and renewed daily.

    Raises:
        CalendarMissing: the days ahead are of a year that is not loaded.
    """
    return Priority(_rank(facts, today, calendar, rules), facts.free_look.revisit_last_day)


def _rank(facts: PriorityFacts, today: date, calendar: WorkingCalendar, rules: PriorityRules) -> Rank:
    elder = facts.holder_age is not None and facts.holder_age >= rules.elder_from_age
    in_order = (
        (Rank.APPOINTMENT, facts.appointment),
        (Rank.EXPIRING, expiring(facts.free_look, today, calendar, rules.expiring_days)),
        (Rank.ELDER_OR_HIGH_PREMIUM, elder or facts.premium_fen >= rules.high_premium_fen),
        (Rank.L1_REDIAL, facts.purpose is Purpose.L1_CONFIRM),
        (Rank.L2_RECONFIRM, facts.purpose is Purpose.L2_RECONFIRM),
        (Rank.FRESH, not facts.tried),
    )
    return next((rank for rank, holds in in_order if holds), Rank.RETRY)


def expiring(free_look: FreeLook, today: date, calendar: WorkingCalendar, within_days: int) -> bool:
    """Whether the free-look is about to end: in so many days, or inside the holiday that begins tomorrow.

    What has ended already is not about to: its duty goes on (rules §5.3 no. 20), but others can still be in time.

    Raises:
        CalendarMissing: a day asked about is of a year that is not loaded.
    """
    left = free_look.days_left(today)
    if left < 0:
        return False
    return left <= within_days or _ends_in_the_coming_holiday(free_look.revisit_last_day, today, calendar)


def _ends_in_the_coming_holiday(last_day: date, today: date, calendar: WorkingCalendar) -> bool:
    span = calendar.holiday_span(today + timedelta(days=1))
    return span is not None and last_day in span  # a plain weekend, two days long, never reaches further than 3 days
