"""The official working-day calendar: which days China works (rules §3).

Weekends are off and weekdays work, except as the State Council's yearly notice says: it takes weekdays off
for holidays and makes some Saturdays and Sundays working days (调休).

**Which years a day needs.** A day is answered from its own year's schedule. The last week of December
(25th to 31st) needs the next year's schedule too, because that notice may start the New Year holiday in
December or make the weekend before it work; so a year's schedule may list days of that week of the year
before. Earlier December days need only their own year. Whatever is not loaded raises `CalendarMissing`:
the product never falls back on Monday to Friday.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from dialer.domain.errors import CalendarInvalid, CalendarMissing

SHANGHAI = ZoneInfo("Asia/Shanghai")

_ONE_DAY = timedelta(days=1)
_SATURDAY = 5
_DECEMBER = 12
_NEW_YEARS_WEEK_BEGINS = 25  # of December; seven days reach back to any weekend a New Year holiday is swapped for


def shanghai_time(moment: datetime) -> datetime:
    """The same instant on a clock in Shanghai.

    Raises:
        ValueError: the moment is naive, so nobody knows which instant it is.
    """
    if moment.tzinfo is None:
        raise ValueError(f"{moment.isoformat()} has no time zone; rules are computed on aware times only")
    return moment.astimezone(SHANGHAI)


def shanghai_day(moment: datetime) -> date:
    """The day it is in Shanghai at an instant. Raises ValueError for a naive one."""
    return shanghai_time(moment).date()


@dataclass(frozen=True, slots=True)
class YearSchedule:
    """One year's notice: holidays, the weekend days worked for them, and days known by name.

    Attributes:
        year: the calendar year the notice is for.
        off: days the notice takes off, including the weekend days inside a holiday.
        adjusted_working: Saturdays and Sundays that are worked (调休).
        named: days the rules call by name, such as 除夕 (rules §9.1, no-campaign days).

    Raises:
        CalendarInvalid: a day is of another year, both off and working, or a worked day that is no weekend.
    """

    year: int
    off: frozenset[date]
    adjusted_working: frozenset[date]
    named: Mapping[str, date] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for key, days in (("off", self.off), ("adjusted_working", self.adjusted_working)):
            for day in sorted(days):
                self._refuse_foreign(key, day)
        for name, day in self.named.items():
            self._refuse_foreign(f"named {name}", day)
        if both := self.off & self.adjusted_working:
            raise CalendarInvalid(f"{_listed(both)}: both in off and in adjusted_working")
        if idle := {day for day in self.adjusted_working if day.weekday() < _SATURDAY}:
            raise CalendarInvalid(f"adjusted_working: {_listed(idle)} is no Saturday or Sunday")

    def _refuse_foreign(self, key: str, day: date) -> None:
        if day.year == self.year or (day.year == self.year - 1 and _in_new_years_week(day)):
            return
        raise CalendarInvalid(f"{key}: {day} is neither a day of {self.year} nor of the last week of {self.year - 1}")

    @property
    def version(self) -> str:
        """Twelve hex digits of the content's SHA-256; the order and comments of a file don't change it."""
        named = sorted(f"{name}={day}" for name, day in self.named.items())
        content = [str(self.year), _listed(self.off), _listed(self.adjusted_working), " ".join(named)]
        return _fingerprint(content)


@dataclass(frozen=True, slots=True)
class HolidaySpan:
    """A run of consecutive days off, both ends included; `day in span` asks for membership."""

    first: date
    last: date

    def __contains__(self, day: date) -> bool:
        return self.first <= day <= self.last


@dataclass(frozen=True, slots=True)
class WorkingCalendar:
    """The loaded years as one calendar (see the module's text for which years a day needs).

    Every question raises `CalendarMissing`, naming the year, when it touches a year that is not loaded.

    Raises:
        CalendarInvalid: a schedule is filed under another year, or two years contradict each other on a day.
    """

    schedules: Mapping[int, YearSchedule]

    def __post_init__(self) -> None:
        for year, schedule in self.schedules.items():
            if schedule.year != year:
                raise CalendarInvalid(f"the schedule of {schedule.year} is filed under {year}")
            following = self.schedules.get(year + 1)
            if following and (clash := _contradictions(schedule, following)):
                raise CalendarInvalid(f"{_listed(clash)}: the schedules of {year} and {year + 1} disagree")

    @property
    def years(self) -> tuple[int, ...]:
        """The loaded years, ascending."""
        return tuple(sorted(self.schedules))

    @property
    def version(self) -> str:
        """Changes when any year's content changes or a year is added; stored beside computed deadlines."""
        return _fingerprint(self.schedules[year].version for year in self.years)

    def is_working_day(self, day: date) -> bool:
        """Whether the office works on this day, by notice or because it is an ordinary weekday."""
        schedules = self._schedules_for(day)
        if any(day in schedule.adjusted_working for schedule in schedules):
            return True
        return day.weekday() < _SATURDAY and not any(day in schedule.off for schedule in schedules)

    def is_public_holiday(self, day: date) -> bool:
        """Whether the notice itself takes the day off; an ordinary weekend is none (rules §9.1, roster)."""
        return any(day in schedule.off for schedule in self._schedules_for(day))

    def is_named(self, day: date, names: Collection[str]) -> bool:
        """Whether the day bears one of these names, such as 除夕 (rules §9.1).

        Raises:
            CalendarMissing: the year's schedule does not say when one of the names is.
        """
        named = self._schedule(day.year, day).named
        if unknown := [name for name in names if name not in named]:
            raise CalendarMissing(f"the schedule of {day.year} does not say when {'、'.join(unknown)} is")
        return any(named[name] == day for name in names)

    def next_working_day(self, day: date) -> date:
        """The first working day strictly after `day`."""
        return self.first_working_day_on_or_after(day + _ONE_DAY)

    def first_working_day_on_or_after(self, day: date) -> date:
        """`day` itself if it is worked, else the next day that is."""
        while not self.is_working_day(day):
            day += _ONE_DAY
        return day

    def last_working_day_on_or_before(self, day: date) -> date:
        """`day` itself if it is worked, else the last one before it that is."""
        while not self.is_working_day(day):
            day -= _ONE_DAY
        return day

    def working_days_after(self, day: date, n: int) -> date:
        """The n-th working day strictly after `day`, which counts as day 0 whether worked or not.

        Raises:
            ValueError: n is less than 1.
        """
        if n < 1:
            raise ValueError(f"working days are counted from 1, not {n}")
        for _ in range(n):
            day = self.next_working_day(day)
        return day

    def holiday_span(self, day: date) -> HolidaySpan | None:
        """The run of consecutive days off around `day`; None when `day` is worked."""
        if self.is_working_day(day):
            return None
        before = self.last_working_day_on_or_before(day)
        after = self.first_working_day_on_or_after(day)
        return HolidaySpan(before + _ONE_DAY, after - _ONE_DAY)

    def _schedules_for(self, day: date) -> list[YearSchedule]:
        if isinstance(day, datetime):  # a datetime passes for a date and equals none, so it would find no holiday
            raise TypeError(f"a calendar is asked about days, not moments such as {day.isoformat()}")
        own = self._schedule(day.year, day)
        return [own, self._schedule(day.year + 1, day)] if _in_new_years_week(day) else [own]

    def _schedule(self, year: int, day: date) -> YearSchedule:
        if year in self.schedules:
            return self.schedules[year]
        why = "" if year == day.year else f" (the New Year holiday of {year} may change it)"
        raise CalendarMissing(f"{day} needs the working-day schedule of {year}{why}, which is not loaded")


def _in_new_years_week(day: date) -> bool:
    return day.month == _DECEMBER and day.day >= _NEW_YEARS_WEEK_BEGINS


def _contradictions(one: YearSchedule, other: YearSchedule) -> frozenset[date]:
    return (one.off & other.adjusted_working) | (one.adjusted_working & other.off)


def _listed(days: Collection[date]) -> str:
    return " ".join(day.isoformat() for day in sorted(days))


def _fingerprint(lines: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:12]
