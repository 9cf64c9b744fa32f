"""How long is long enough: working days and office hours (rules §3), and the ticket's own deadline (§5.6).

Deadlines are instants in Asia/Shanghai until which a thing is on time; anything later is overdue. Starts may be in any
zone but never naive (ValueError). A start later than the close by any fraction of a second is after it. What touches an
unloaded year raises `CalendarMissing`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from dialer.domain.calendar import SHANGHAI, WorkingCalendar, shanghai_time

BUSINESS_CLOSE = time(17, 30)

_ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class WorkingDays:
    """WD(n): the close of the n-th working day after day 0.

    Day 0 is the start's day, or the next working day if that is off or the start is after the close.
    """

    days: int
    close: time = BUSINESS_CLOSE

    def due(self, start: datetime, calendar: WorkingCalendar) -> datetime:
        """The close of the n-th working day (rules §3 WD)."""
        start = shanghai_time(start)
        day_zero = calendar.first_working_day_on_or_after(start.date())
        if start > _at(day_zero, self.close):
            day_zero = calendar.next_working_day(day_zero)
        return _at(calendar.working_days_after(day_zero, self.days), self.close)


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
_LEAST_WORKING_HOURS = 4


def working_hours_after(
    start: datetime, hours: int, calendar: WorkingCalendar, office: OfficeHours = OFFICE
) -> datetime:
    """The instant by which `hours` of office time have passed since `start` (rules §5.6 "4 working hours")."""
    needed, start = timedelta(hours=hours), shanghai_time(start)
    day = calendar.first_working_day_on_or_after(start.date())
    while True:
        begins, ends = max(start, _at(day, office.opens)), _at(day, office.closes)
        if begins + needed <= ends:
            return begins + needed
        needed -= max(ends - begins, timedelta(0))
        day = calendar.next_working_day(day)


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
) -> datetime:
    """When a transfer ticket's reply must be in: WD(2) with the free-look squeeze (rules §5.6).

    min(WD(2), 12:00 two days before `surrender_last_day`), but never sooner than 4 working hours after
    issue; so a surrender asked for near the end is due in those 4 hours (rules §11 scenario 17).
    With no `surrender_last_day` there is nothing to squeeze.
    """
    due = WorkingDays(working_days, OFFICE.closes).due(issued, calendar)
    if surrender_last_day is None:
        return due
    squeezed = _at(surrender_last_day - 2 * _ONE_DAY, time(12))
    return max(min(due, squeezed), working_hours_after(issued, _LEAST_WORKING_HOURS, calendar, OFFICE))


def _at(day: date, at: time) -> datetime:
    return datetime.combine(day, at, tzinfo=SHANGHAI)
