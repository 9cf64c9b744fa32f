"""How long is long enough: the clock kinds deadlines are computed with (rules §3), and the ticket's own (§5.6).

Each kind answers `due(start, calendar)`: the instant, in Asia/Shanghai, until which a thing is on time;
anything later is overdue. Starts may be in any zone but never naive (ValueError). A start later than the
close by any fraction of a second is after it. Kinds that touch an unloaded year raise `CalendarMissing`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Protocol

from dialer.domain.calendar import SHANGHAI, WorkingCalendar, shanghai_time

BUSINESS_CLOSE = time(17, 30)

_MIDNIGHT = time(0)
_SHORTEST_MONTH = 28
_ONE_DAY = timedelta(days=1)


class DeadlineRule(Protocol):
    """A clock kind of rules §3."""

    def due(self, start: datetime, calendar: WorkingCalendar, /) -> datetime:
        """The last instant on time for what starts at `start`."""
        ...


@dataclass(frozen=True, slots=True)
class WorkingDays:
    """WD(n): the close of the n-th working day after day 0.

    Day 0 is the start's day, or the next working day if that is off or the start is after the close.
    """

    days: int
    close: time = BUSINESS_CLOSE

    def due(self, start: datetime, calendar: WorkingCalendar, /) -> datetime:
        """The close of the n-th working day (rules §3 WD)."""
        start = shanghai_time(start)
        day_zero = calendar.first_working_day_on_or_after(start.date())
        if start > _at(day_zero, self.close):
            day_zero = calendar.next_working_day(day_zero)
        return _at(calendar.working_days_after(day_zero, self.days), self.close)


@dataclass(frozen=True, slots=True)
class WorkingDayHours:
    """WH(n): n hours, of which a working day gives 24 and a day off none; minutes are kept.

    A start on a day off counts from 00:00 of the next working day. Hours used up exactly at 24:00 before
    days off end there, not at 00:00 of the next working day: the stricter of two equal counts.
    """

    hours: int

    def due(self, start: datetime, calendar: WorkingCalendar, /) -> datetime:
        """The instant the n-th counted hour ends (rules §3 WH)."""
        return _spend(timedelta(hours=self.hours), start, calendar, _MIDNIGHT, _MIDNIGHT)


@dataclass(frozen=True, slots=True)
class ElapsedHours:
    """EH(n): n hours by the clock on the wall, never paused."""

    hours: int

    def due(self, start: datetime, _calendar: WorkingCalendar, /) -> datetime:
        """The start plus n hours (rules §3 EH)."""
        return shanghai_time(start) + timedelta(hours=self.hours)


@dataclass(frozen=True, slots=True)
class NaturalDays:
    """ND(n): 24:00 of the n-th calendar day after the start's day, which is day 0.

    24:00 is returned as 00:00 of the day after; texts that name a day use `last_day`.
    """

    days: int

    def last_day(self, start: datetime) -> date:
        """Day n, the last one on which the thing is on time."""
        return shanghai_time(start).date() + timedelta(days=self.days)

    def due(self, start: datetime, _calendar: WorkingCalendar, /) -> datetime:
        """00:00 of the day after day n (rules §3 ND)."""
        return _end_of(self.last_day(start))


@dataclass(frozen=True, slots=True)
class NaturalDaysRolled:
    """1日内, 三天内: ND(n), but a day n that is off gives way to the next working day.

    24:00 is returned as 00:00 of the day after; texts that name a day use `last_day`.
    """

    days: int

    def last_day(self, start: datetime, calendar: WorkingCalendar) -> date:
        """Day n, or the first working day after it."""
        return calendar.first_working_day_on_or_after(NaturalDays(self.days).last_day(start))

    def due(self, start: datetime, calendar: WorkingCalendar, /) -> datetime:
        """00:00 of the day after the last day (rules §3, last row)."""
        return _end_of(self.last_day(start, calendar))


@dataclass(frozen=True, slots=True)
class NextDayAt:
    """AT 次日: the given time of the next calendar day, worked or not."""

    at: time = time(8, 30)

    def due(self, start: datetime, _calendar: WorkingCalendar, /) -> datetime:
        """Tomorrow at the given time (rules §3 AT)."""
        return _at(shanghai_time(start).date() + _ONE_DAY, self.at)


@dataclass(frozen=True, slots=True)
class MonthlyOnOrAfter:
    """AT 每月1日: the close of the first working day on or after a day of the month.

    It is the deadline of the start's own month, or of the next once that one has passed.
    """

    day: int = 1
    close: time = BUSINESS_CLOSE

    def due(self, start: datetime, calendar: WorkingCalendar, /) -> datetime:
        """The month's deadline that is not before the start (rules §3 AT)."""
        return _monthly(start, self.day, self.close, calendar.first_working_day_on_or_after)


@dataclass(frozen=True, slots=True)
class MonthlyOnOrBefore:
    """AT 每月10日前: the close of the last working day on or before a day of the month.

    It is the deadline of the start's own month, or of the next once that one has passed.
    """

    day: int = 10
    close: time = BUSINESS_CLOSE

    def due(self, start: datetime, calendar: WorkingCalendar, /) -> datetime:
        """The month's deadline that is not before the start (rules §3 AT)."""
        return _monthly(start, self.day, self.close, calendar.last_working_day_on_or_before)


@dataclass(frozen=True, slots=True)
class OfficeHours:
    """When a branch office works, without a lunch break: the rules give only the close (17:30).

    Raises:
        ValueError: the office closes before it opens.
    """

    opens: time = time(8, 30)
    closes: time = BUSINESS_CLOSE

    def __post_init__(self) -> None:
        if self.closes <= self.opens:
            raise ValueError(f"an office that opens at {self.opens} can't close at {self.closes}")

    @property
    def day(self) -> timedelta:
        """How long a working day is."""
        return datetime.combine(date.min, self.closes) - datetime.combine(date.min, self.opens)


OFFICE = OfficeHours()


def working_hours_after(
    start: datetime, hours: int, calendar: WorkingCalendar, office: OfficeHours = OFFICE
) -> datetime:
    """The instant by which `hours` of office time have passed since `start` (rules §5.6 "4 working hours")."""
    return _spend(timedelta(hours=hours), start, calendar, office.opens, office.closes)


def working_time_between(
    start: datetime, end: datetime, calendar: WorkingCalendar, office: OfficeHours = OFFICE
) -> timedelta:
    """The office time between two instants: what is left of a ticket's time, or by how much it is late (rules §5.6).

    None of it when the end is not after the start.
    """
    start, end = shanghai_time(start), shanghai_time(end)
    counted, day = timedelta(0), start.date()
    while day <= end.date():
        if calendar.is_working_day(day):
            worked = min(end, _at(day, office.closes)) - max(start, _at(day, office.opens))
            counted += max(worked, timedelta(0))
        day += _ONE_DAY
    return counted


def ticket_due(
    issued: datetime,
    surrender_last_day: date | None,
    calendar: WorkingCalendar,
    *,
    working_days: int = 2,
    least_working_hours: int = 4,
    office: OfficeHours = OFFICE,
) -> datetime:
    """When a transfer ticket's reply must be in: WD(2) with the free-look squeeze (rules §5.6).

    min(WD(2), 12:00 two days before `surrender_last_day`), but never sooner than 4 working hours after
    issue; so a surrender asked for near the end is due in those 4 hours (rules §11 scenario 17).
    With no `surrender_last_day` there is nothing to squeeze.
    """
    due = WorkingDays(working_days, office.closes).due(issued, calendar)
    if surrender_last_day is None:
        return due
    squeezed = _at(surrender_last_day - 2 * _ONE_DAY, time(12))
    return max(min(due, squeezed), working_hours_after(issued, least_working_hours, calendar, office))


def _spend(needed: timedelta, start: datetime, calendar: WorkingCalendar, opens: time, closes: time) -> datetime:
    """The first instant at which `needed` has been counted between `opens` and `closes` of working days."""
    start = shanghai_time(start)
    day = calendar.first_working_day_on_or_after(start.date())
    while True:
        begins = max(start, _at(day, opens))
        ends = _end_of(day) if closes == _MIDNIGHT else _at(day, closes)
        if begins + needed <= ends:
            return begins + needed
        needed -= max(ends - begins, timedelta(0))
        day = calendar.next_working_day(day)


def _monthly(start: datetime, day: int, close: time, to_working_day: Callable[[date], date]) -> datetime:
    if not 1 <= day <= _SHORTEST_MONTH:
        raise ValueError(f"not every month has a day {day}")
    start = shanghai_time(start)
    month_day = start.date().replace(day=day)
    while (due := _at(to_working_day(month_day), close)) < start:
        month_day = _month_later(month_day)
    return due


def _month_later(day: date) -> date:
    years, month_index = divmod(day.month, 12)
    return day.replace(year=day.year + years, month=month_index + 1)


def _at(day: date, at: time) -> datetime:
    return datetime.combine(day, at, tzinfo=SHANGHAI)


def _end_of(day: date) -> datetime:
    return _at(day + _ONE_DAY, _MIDNIGHT)
