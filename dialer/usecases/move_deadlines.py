"""At the side: deadlines that a corrected calendar moves, each to its new day with a history row (rules §3).

A correction stays unsettled in the database until all that it moves is moved. Whoever puts it in force moves at once;
the sweep goes through it again when every process goes by the new days, and finds what a crash, a racing save or a
process with the old days left behind. The company's own last day to revisit is a natural day and never moves.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from dialer.domain.calendar import WorkingCalendar, shanghai_day
from dialer.domain.case import CaseEvent, CaseId, RevisitCase
from dialer.domain.errors import CalendarMissing, StaleVersion
from dialer.domain.ticket import AWAITED, TicketEvent, TransferTicket
from dialer.ports.administration import CalendarYear, InForce
from dialer.ports.storage import Moved, Storage, Work
from dialer.usecases.issue_tickets import due
from dialer.usecases.rulebook import Rulebook

TAKEN_UP_WITHIN = timedelta(seconds=30)
"""When every running process goes by a new schedule, so that nothing is computed with the old one any more."""

_IN_ONE_GO = 100
_PASSES = 3
_ONE_DAY = timedelta(days=1)

Calendars = tuple[WorkingCalendar, WorkingCalendar]
"""Before a change and after it."""


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


async def settle_calendar(
    storage: Storage, rulebook: Rulebook, in_force: InForce, now: datetime, waited: timedelta = TAKEN_UP_WITHIN
) -> int:
    """Finish every correction that is not known to be finished, in their order. How many records were moved.

    `waited`: how long ago it was put in force at least.
    """
    async with storage.read() as work:
        years = [each for each in await work.decisions.years() if each.settled_at is None]
    return sum([await _settle(storage, rulebook, in_force, year, now) for year in years if now - year.at >= waited])


async def _settle(storage: Storage, rulebook: Rulebook, in_force: InForce, year: CalendarYear, now: datetime) -> int:
    """It is settled when nothing is found any more; what people save meanwhile is looked at again."""
    count = 0
    for _ in range(_PASSES):
        try:
            found = await move_deadlines(storage, rulebook, in_force, year, now)
        except StaleVersion:
            continue
        if not found:
            async with storage.begin() as work:
                await work.decisions.settle_year(year.id, now)
            break
        count += found
    return count


async def move_deadlines(
    storage: Storage, rulebook: Rulebook, in_force: InForce, year: CalendarYear, now: datetime
) -> int:
    """Move what a schedule moves and is not moved yet, in short transactions: calls go on meanwhile.

    Returns:
        How many records were found; one that somebody has changed meanwhile stays, to be looked at again.

    Raises:
        StaleVersion: somebody else saved one of the records; those moved before stay moved.
    """
    async with storage.read() as work:
        calendars = _around(await work.decisions.years(), in_force, year)
        days = tuple(changed_days(*calendars, year.year))
        together = _together(*await would_move(work, rulebook, calendars, days))
    moved = Moved(year.by, now, {"calendar": calendars[1].version, "reason": year.reason})
    for start in range(0, len(together), _IN_ONE_GO):
        async with storage.begin() as work:
            for case, tickets in together[start : start + _IN_ONE_GO]:
                await _move_one(work, case, tickets, moved)
    return sum((case is not None) + len(tickets) for case, tickets in together)


def _around(years: Sequence[CalendarYear], in_force: InForce, year: CalendarYear) -> Calendars:
    """The calendar without this decision and with it, as they were when it was taken."""
    before = {each.year: in_force.schedule(each.text) for each in years if each.id < year.id}
    old = {**in_force.installed_years, **before}
    return WorkingCalendar(old), WorkingCalendar({**old, year.year: in_force.schedule(year.text)})


def _together(
    cases: Sequence[MovedCase], tickets: Sequence[MovedTicket]
) -> Sequence[tuple[MovedCase | None, Sequence[MovedTicket]]]:
    """A case and its tickets move in one transaction: the tickets' time is counted from the case's last day."""
    of_case = {each.case.id: each for each in cases}
    its_tickets: dict[CaseId, list[MovedTicket]] = {case_id: [] for case_id in of_case}
    for each in tickets:
        its_tickets.setdefault(each.ticket.case_id, []).append(each)
    return [(of_case.get(case_id), theirs) for case_id, theirs in its_tickets.items()]


def changed_days(old: WorkingCalendar, new: WorkingCalendar, year: int) -> Iterator[date]:
    """The days that are worked by one and not by the other; what the old one couldn't say moved no deadline yet."""
    day = date(year - 1, 12, 25)
    while day.year <= year:
        try:
            if old.is_working_day(day) != new.is_working_day(day):
                yield day
        except CalendarMissing:
            pass  # nothing was computed with this day
        day += _ONE_DAY


async def would_move(
    work: Work, rulebook: Rulebook, calendars: Calendars, days: Sequence[date]
) -> tuple[Sequence[MovedCase], Sequence[MovedTicket]]:
    """What has another deadline by the new calendar; nothing is done. Raises CalendarMissing."""
    if not days:
        return (), ()
    cases = await _moved_cases(work, calendars[1], days)
    return cases, await _moved_tickets(work, rulebook, calendars, days, cases)


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
    calendars: Calendars,
    days: Sequence[date],
    cases: Sequence[MovedCase],
) -> list[MovedTicket]:
    """Tickets that wait for an answer and would be due at another time by the new calendar than by the old one."""
    old, new = (replace(rulebook, calendar=calendar) for calendar in calendars)
    moved = {each.case.id: each for each in cases}
    found = []
    for ticket in await work.tickets.in_state(*AWAITED):
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
    issued, until = shanghai_day(ticket.issued_at), shanghai_day(ticket.due_at)
    return ticket.case_id in moved or any(issued <= day <= until + _ONE_DAY for day in days)


async def _move_one(work: Work, case: MovedCase | None, tickets: Sequence[MovedTicket], moved: Moved) -> None:
    if case is not None and not await _move_case(work, case, moved):
        return  # another day was computed meanwhile, perhaps with the old calendar: the next pass looks again
    for ticket in tickets:
        await _move_ticket(work, ticket, moved)


async def _move_case(work: Work, moving: MovedCase, moved: Moved) -> bool:
    case = await work.cases.get(moving.case.id)
    if case.state.closed or case.surrender_last_day != moving.before:
        return False
    told = {"surrender_last_day": _from_to(moving.before, moving.after), **moved.detail}
    later = replace(case, surrender_last_day=moving.after)
    await work.cases.move(later, CaseEvent.CALENDAR_CHANGED, replace(moved, detail=told))
    return True


async def _move_ticket(work: Work, moving: MovedTicket, moved: Moved) -> None:
    ticket = await work.tickets.get(moving.ticket.id)
    if ticket.state not in AWAITED or ticket.due_at != moving.before:
        return
    told = {"due_at": _from_to(moving.before, moving.after), **moved.detail}
    later = replace(ticket, due_at=moving.after, calendar_version=moved.detail["calendar"])
    await work.tickets.move(later, TicketEvent.CALENDAR_CHANGED, replace(moved, detail=told))


def _from_to(before: date, after: date) -> dict[str, str]:
    return {"from": before.isoformat(), "to": after.isoformat()}
