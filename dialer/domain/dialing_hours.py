"""When the phone may ring: dialling hours, parts of the day, and the numbers that limit us (rules §7.4, §9.1, §13).

Two readings where the rules leave room. The dayparts of §9.1 are the only ordinary hours: 17:30–18:00 belongs to none
of them and is kept for appointments, like lunch. Plain weekends are ordinary dialling days (§9.1 counts Saturday among
the best windows and asks for an evening or weekend attempt); the days a notice takes off are not.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple

from dialer.domain.calendar import SHANGHAI, WorkingCalendar, shanghai_day
from dialer.domain.province import XINJIANG


class Daypart(StrEnum):
    """A part of the day in which people are reached or not (rules §9.1)."""

    MORNING = "MORNING"
    AFTERNOON = "AFTERNOON"
    EVENING = "EVENING"


class Hours(NamedTuple):
    """From a time of day up to, not including, another."""

    start: time
    end: time


_DIAL = Hours(time(9), time(20, 30))
_LUNCH = Hours(time(12), time(14))
_COURTESY = Hours(time(9), time(21))
_HARD = Hours(time(8), time(21))
_DAYPARTS = (
    (Daypart.MORNING, Hours(time(9), time(12))),
    (Daypart.AFTERNOON, Hours(time(14), time(17, 30))),
    (Daypart.EVENING, Hours(time(18), time(20, 30))),
)


@dataclass(frozen=True, slots=True)
class DialRules:
    """Everything a site may set about dialling; the defaults are those of rules §13.

    Attributes:
        dial: when campaigns call at all, in the customer's local hours; `lunch` is cut out of it.
        dayparts: the ordinary windows inside `dial`.
        courtesy: an appointment outside it needs the note 客户要求.
        hard: the platform's window in Beijing time; only an appointment with that note is outside it.
        late_provinces: where local life runs `late_by_hours` behind Beijing time.
        appointment_grace_minutes: how long after its time a call is still the appointment's.
        faults_in_a_row: after so many faults of ours `fault_pause_minutes` pass before the next try.
    """

    dial: Hours = _DIAL
    lunch: Hours = _LUNCH
    dayparts: tuple[tuple[Daypart, Hours], ...] = _DAYPARTS
    courtesy: Hours = _COURTESY
    hard: Hours = _HARD
    late_provinces: frozenset[str] = frozenset({XINJIANG})
    late_by_hours: int = 2
    no_campaign_days: tuple[str, ...] = ("除夕", "初一", "初二")
    no_campaign_unless_expiring_hours: int = 48
    appointment_grace_minutes: int = 30
    per_number_day: int = 2
    per_number_day_with_appointment: int = 3
    per_number_24h_hard: int = 5
    per_number_5min_hard: int = 3
    min_valid: int = 3
    min_days: int = 2
    min_dayparts: int = 2
    evening_or_weekend_required: bool = True
    max_per_round: int = 6
    dead_number_confirmations: int = 2
    dead_number_gap_hours: int = 20
    first_attempt_by_day: int = 3
    last_resort_days: int = 5
    last_resort_attempts: int = 2
    faults_in_a_row: int = 3
    fault_pause_minutes: int = 10


_DAYS_KEPT = 1024  # the question is asked of the same few days again and again


class Opening(NamedTuple):
    """A stretch of time in which the phone may ring, end excluded."""

    start: datetime
    end: datetime

    def holds(self, at: datetime) -> bool:
        """Whether `at` is inside."""
        return self.start <= at < self.end


@lru_cache(maxsize=_DAYS_KEPT)
def openings(day: date, province: str, rules: DialRules) -> tuple[tuple[Daypart, Opening], ...]:
    """The ordinary windows of a day, in order, already cut to the platform's hard window (rules §9.1)."""
    hard = hard_window(day, rules)
    shift = local_lag(province, rules)
    pieces = (Hours(rules.dial.start, rules.lunch.start), Hours(rules.lunch.end, rules.dial.end))
    found = []
    for daypart, hours in rules.dayparts:
        for piece in pieces:
            window = _common(_common(_opening(day, hours, shift), _opening(day, piece, shift)), hard)
            if window.start < window.end:
                found.append((daypart, window))
    return tuple(found)


def daypart_of(at: datetime, province: str, rules: DialRules) -> Daypart | None:
    """The part of the day an instant falls into; None between them."""
    day = shanghai_day(at)
    return next((daypart for daypart, window in openings(day, province, rules) if window.holds(at)), None)


@lru_cache(maxsize=_DAYS_KEPT)
def lunch_break(day: date, province: str, rules: DialRules) -> Opening:
    """The hours nobody is called in without an appointment (rules §9.1)."""
    return _opening(day, rules.lunch, local_lag(province, rules))


@lru_cache(maxsize=_DAYS_KEPT)
def courtesy_hours(day: date, province: str, rules: DialRules) -> Opening:
    """The hours in which an appointment needs no note 客户要求 (rules §7.4)."""
    shifted = _opening(day, rules.courtesy, local_lag(province, rules))
    return _common(shifted, hard_window(day, rules))


def hard_window(day: date, rules: DialRules) -> Opening:
    """The platform's window of a day in Beijing time (rules §7.4)."""
    return _opening(day, rules.hard, timedelta())


def local_lag(province: str, rules: DialRules) -> timedelta:
    """How far local life runs behind Beijing time (rules §9.1, Xinjiang)."""
    return timedelta(hours=rules.late_by_hours if province in rules.late_provinces else 0)


def evening_or_weekend(at: datetime, province: str, rules: DialRules, calendar: WorkingCalendar) -> bool:
    """Whether a working person is likely at home: evening, or a day that is not worked (rules §9.1)."""
    if daypart_of(at, province, rules) is Daypart.EVENING:
        return True
    return not calendar.is_working_day(shanghai_day(at))


def _opening(day: date, hours: Hours, shift: timedelta) -> Opening:
    midnight = datetime.combine(day, time(), SHANGHAI)
    return Opening(midnight + _since_midnight(hours.start) + shift, midnight + _since_midnight(hours.end) + shift)


def _common(one: Opening, other: Opening) -> Opening:
    return Opening(max(one.start, other.start), min(one.end, other.end))


def _since_midnight(at: time) -> timedelta:
    return timedelta(hours=at.hour, minutes=at.minute, seconds=at.second)
