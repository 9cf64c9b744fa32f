"""At the side: a year's schedule comes in force, and open deadlines that it moves are computed anew (rules §3).

A year that is in use is contradicted only as a correction, with a reason. The company's own last day to revisit is a
natural day and never moves; what the customer is told, and what branches have to keep, may.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from dialer.domain.calendar import WorkingCalendar, YearSchedule, shanghai_time
from dialer.domain.case import CaseEvent, CaseId, RevisitCase
from dialer.domain.errors import CalendarInvalid, CalendarMissing
from dialer.domain.ticket import AWAITED, TicketEvent, TicketId, TransferTicket
from dialer.domain.user import User
from dialer.ports import Signals
from dialer.ports.administration import IN_FORCE, CalendarYear, InForce
from dialer.ports.storage import Moved, Storage, Work
from dialer.usecases.govern_scripts import ReasonNeeded
from dialer.usecases.issue_tickets import due
from dialer.usecases.rulebook import Rulebook

_ALL_AT_ONCE = 100_000
_IN_ONE_GO = 100
_ONE_DAY = timedelta(days=1)


class YearInUse(CalendarInvalid):
    """Deadlines were computed with this year's days, and the new schedule says otherwise (rules §3)."""

    code = "YEAR_IN_USE"


@dataclass(frozen=True, slots=True)
class MovedCase:
    """A case whose customer has until another day to surrender in full."""

    case: RevisitCase
    before: date
    after: date


@dataclass(frozen=True, slots=True)
class MovedTicket:
    """A ticket whose answer is due at another time."""

    ticket: TransferTicket
    before: datetime
    after: datetime


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


async def foresee(storage: Storage, rulebook: Rulebook, in_force: InForce, text: str) -> CalendarChange:
    """What would happen, and nothing does.

    Raises:
        CalendarInvalid: the schedule can't be read, or contradicts a neighbouring year.
    """
    schedule = in_force.schedule(text)
    old, new = _old_and_new(rulebook, schedule)
    days = tuple(_changed_days(old, new, schedule.year))
    if not days:
        return CalendarChange(schedule, old.schedules.get(schedule.year), days, (), ())
    async with storage.read() as work:
        cases = await _moved_cases(work, new, days)
        tickets = await _moved_tickets(work, rulebook, (old, new), days, cases)
    return CalendarChange(schedule, old.schedules.get(schedule.year), days, tuple(cases), tuple(tickets))


def _old_and_new(rulebook: Rulebook, schedule: YearSchedule) -> tuple[WorkingCalendar, WorkingCalendar]:
    """The calendar as it is, held still, and as it would be. Raises CalendarInvalid for contradicting years."""
    old = WorkingCalendar(dict(rulebook.calendar.schedules))
    return old, WorkingCalendar({**old.schedules, schedule.year: schedule})


def _changed_days(old: WorkingCalendar, new: WorkingCalendar, year: int) -> Iterator[date]:
    """The days that are worked by one and not by the other; what the old one couldn't say moved no deadline yet."""
    day = date(year - 1, 12, 25)
    while day.year <= year:
        try:
            if old.is_working_day(day) != new.is_working_day(day):
                yield day
        except CalendarMissing:
            pass  # nothing was computed with this day
        day += _ONE_DAY


async def _moved_cases(work: Work, new: WorkingCalendar, days: Sequence[date]) -> list[MovedCase]:
    found = []
    for case in await work.cases.over(days[0], days[-1]):
        policy = (await work.policies.get(case.policy_no)).policy
        free_look = policy.free_look(new)
        before, after = case.surrender_last_day, free_look.surrender_last_day if free_look else None
        if before is not None and after is not None and before != after:
            found.append(MovedCase(case, before, after))
    return found


async def _moved_tickets(
    work: Work,
    rulebook: Rulebook,
    calendars: tuple[WorkingCalendar, WorkingCalendar],
    days: Sequence[date],
    cases: Sequence[MovedCase],
) -> list[MovedTicket]:
    """Tickets that wait for an answer and would be due at another time by the new calendar than by the old one."""
    old, new = (replace(rulebook, calendar=calendar) for calendar in calendars)
    moved = {each.case.id: each for each in cases}
    found = []
    for ticket in await work.tickets.in_state(*AWAITED, limit=_ALL_AT_ONCE):
        if ticket.issued_at is None or ticket.due_at is None or not _touched(ticket, days, moved):
            continue
        case = await work.cases.get(ticket.case_id)
        later = replace(case, surrender_last_day=moved[case.id].after) if case.id in moved else case
        after = due(later, new, ticket.issued_at)
        if after != due(case, old, ticket.issued_at) and after != ticket.due_at:
            found.append(MovedTicket(ticket, ticket.due_at, after))
    return found


def _touched(ticket: TransferTicket, days: Sequence[date], moved: dict[CaseId, MovedCase]) -> bool:
    """Whether a changed day lies between issue and deadline, so that there may be something to compute."""
    assert ticket.issued_at is not None  # asked before
    assert ticket.due_at is not None
    issued, until = shanghai_time(ticket.issued_at).date(), shanghai_time(ticket.due_at).date()
    return ticket.case_id in moved or any(issued <= day <= until + _ONE_DAY for day in days)


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

    Raises:
        CalendarInvalid: the schedule can't be read, or contradicts a neighbouring year.
        YearInUse: it contradicts a year in use and nobody said that this is a correction.
        ReasonNeeded: it comes without a reason.
    """
    change = await foresee(storage, rulebook, in_force, text)
    if change.is_nothing:
        return change
    if change.is_correction and not correction:
        raise YearInUse(f"deadlines were computed with other days of {change.schedule.year}: confirm the correction")
    if not reason.strip():
        raise ReasonNeeded("say why, or which notice; it is kept with the schedule and with every deadline it moves")
    async with storage.begin() as work:
        year = CalendarYear(change.schedule.year, change.schedule.version, text, reason.strip(), by.login, now)
        await work.decisions.put_year(year)
    await in_force.take_up()
    await signals.notify(IN_FORCE)
    _, new = _old_and_new(rulebook, change.schedule)
    await _move_deadlines(storage, change, new.version, Moved(by.login, now, {"reason": reason.strip()}))
    return change


async def _move_deadlines(storage: Storage, change: CalendarChange, version: str, moved: Moved) -> None:
    """In short transactions: calls go on meanwhile."""
    for start in range(0, len(change.cases), _IN_ONE_GO):
        async with storage.begin() as work:
            for case in change.cases[start : start + _IN_ONE_GO]:
                await _move_case(work, case, version, moved)
    for start in range(0, len(change.tickets), _IN_ONE_GO):
        async with storage.begin() as work:
            for ticket in change.tickets[start : start + _IN_ONE_GO]:
                await _move_ticket(work, ticket, version, moved)


async def _move_case(work: Work, moving: MovedCase, version: str, moved: Moved) -> None:
    case = await work.cases.get(moving.case.id)
    if case.state.closed or case.surrender_last_day == moving.after:
        return
    told = {"surrender_last_day": _from_to(moving.before, moving.after), "calendar": version, **moved.detail}
    later = replace(case, surrender_last_day=moving.after)
    await work.cases.move(later, CaseEvent.CALENDAR_CHANGED, replace(moved, detail=told))


async def _move_ticket(work: Work, moving: MovedTicket, version: str, moved: Moved) -> None:
    ticket = await work.tickets.get(TicketId(moving.ticket.id))
    if ticket.state not in AWAITED or ticket.due_at != moving.before:
        return
    told = {"due_at": _from_to(moving.before, moving.after), "calendar": version, **moved.detail}
    later = replace(ticket, due_at=moving.after, calendar_version=version)
    await work.tickets.move(later, TicketEvent.CALENDAR_CHANGED, replace(moved, detail=told))


def _from_to(before: date, after: date) -> dict[str, str]:
    return {"from": before.isoformat(), "to": after.isoformat()}
