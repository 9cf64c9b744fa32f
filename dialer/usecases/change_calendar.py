"""At the side: a year's schedule comes in force, and open deadlines that it moves are computed anew (rules §3).

A year that is in use is contradicted only as a correction, with a reason. The deadlines move at once, and what an
interruption left where it was is found again (`move_deadlines`).
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from dialer.domain.calendar import WorkingCalendar, YearSchedule
from dialer.domain.errors import CalendarInvalid, StaleVersion, reason_given
from dialer.domain.user import User
from dialer.ports import Signals
from dialer.ports.administration import CalendarYear, InForce
from dialer.ports.storage import Storage
from dialer.ports.topics import IN_FORCE
from dialer.usecases.move_deadlines import (
    MovedCase,
    MovedTicket,
    changed_days,
    move_deadlines,
    settle_calendar,
    would_move,
)
from dialer.usecases.rulebook import Rulebook


class YearInUse(CalendarInvalid):
    """Deadlines were computed with this year's days, and the new schedule says otherwise (rules §3)."""

    code = "YEAR_IN_USE"


@dataclass(frozen=True, slots=True)
class CalendarChange:
    """What a schedule would change. `days` are those on which the office works where it did not, or the reverse."""

    schedule: YearSchedule
    known: YearSchedule | None
    days: tuple[date, ...]
    cases: tuple[MovedCase, ...]
    tickets: tuple[MovedTicket, ...]

    @property
    def is_correction(self) -> bool:
        """Whether it contradicts a year that is in use."""
        return self.known is not None and self.known.version != self.schedule.version

    @property
    def is_nothing(self) -> bool:
        """Whether the very same days are in force."""
        return self.known is not None and self.known.version == self.schedule.version


async def decided_years(storage: Storage, year: int) -> tuple[CalendarYear, ...]:
    """What was put in force for a year, the first first."""
    async with storage.read() as work:
        return tuple(each for each in await work.decisions.years() if each.year == year)


async def foresee(storage: Storage, rulebook: Rulebook, in_force: InForce, text: str) -> CalendarChange:
    """What would happen, and nothing does.

    Raises:
        CalendarInvalid: the schedule can't be read, or contradicts a neighbouring year.
    """
    schedule = in_force.schedule(text)
    old, new = _old_and_new(rulebook, schedule)
    days = tuple(changed_days(old, new, schedule.year))
    async with storage.read() as work:
        cases, tickets = await would_move(work, rulebook, (old, new), days)
    return CalendarChange(schedule, old.schedules.get(schedule.year), days, tuple(cases), tuple(tickets))


def _old_and_new(rulebook: Rulebook, schedule: YearSchedule) -> tuple[WorkingCalendar, WorkingCalendar]:
    """The calendar as it is, held still, and as it would be. Raises CalendarInvalid for contradicting years."""
    old = WorkingCalendar(dict(rulebook.calendar.schedules))
    return old, WorkingCalendar({**old.schedules, schedule.year: schedule})


async def put_in_force(
    storage: Storage,
    signals: Signals,
    rulebook: Rulebook,
    in_force: InForce,
    by: User,
    text: str,
    reason: str,
    now: datetime,
    *,
    correction: bool = False,
) -> CalendarChange:
    """Go by a schedule from now on, in every running process, and move the deadlines that it moves.

    What is not moved, because this process dies or somebody works on a record, is moved by `settle_calendar`.

    Raises:
        CalendarInvalid: the schedule can't be read, or contradicts a neighbouring year.
        YearInUse: it contradicts a year in use and nobody said that this is a correction.
        ReasonMissing: it comes without a reason.
    """
    change = await foresee(storage, rulebook, in_force, text)
    if change.is_nothing:
        return change
    if change.is_correction and not correction:
        raise YearInUse(f"deadlines were computed with other days of {change.schedule.year}: confirm the correction")
    why = reason_given(reason)
    await settle_calendar(storage, rulebook, in_force, now, waited=timedelta())  # the next begins where this one ends
    async with storage.begin() as work:
        year = CalendarYear(change.schedule.year, change.schedule.version, text, why, by.login, now)
        year = await work.decisions.put_year(year)
    await in_force.take_up()
    await signals.notify(IN_FORCE)
    with suppress(StaleVersion):  # somebody is at one of them: the sweep goes on
        await move_deadlines(storage, rulebook, in_force, year, now)
    return change
