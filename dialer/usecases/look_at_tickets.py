"""At the side: transfer tickets as the desks of branch, city, county and salesperson show them (rules §2.1, §5.5)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from dialer.domain.attachment import Attachment
from dialer.domain.attempt import Attempt
from dialer.domain.calendar import WorkingCalendar, shanghai_time
from dialer.domain.case import POOL, CaseState, RevisitCase
from dialer.domain.clocks import working_time_between
from dialer.domain.errors import CalendarMissing
from dialer.domain.ticket import (
    NOT_ACCEPTED_YET,
    OPEN_TICKETS,
    SENDING,
    TICKET,
    TicketEvent,
    TicketId,
    TicketState,
    TransferTicket,
)
from dialer.domain.ticket_desk import TicketStep, answers_at_once, steps, waits_for
from dialer.domain.unit import Level, level_of, within
from dialer.domain.user import Permission, Role, User
from dialer.ports.storage import Draft, HistoryRow, HolderPhone, Storage, StoredCall, StoredPolicy, TicketReply, Work
from dialer.usecases.access import sees, sees_ticket, ticket_in_scope

LISTED = 100
"""How many lines a list shows."""

_COUNTED = 5000

_DONE_LATELY = timedelta(days=60)

_JUST = timedelta(minutes=1)


def _handed_to(user: User) -> str | None:
    return user.salesperson_code if user.role is Role.SALES else None


@dataclass(frozen=True, slots=True)
class DueClock:
    """How a ticket stands to its due time. `working` is office time: what is left, or by how much it is late.

    It is None where the calendar of the year is not loaded: nobody guesses then.
    """

    due_at: datetime
    overdue: bool
    running: bool
    working: timedelta | None


def due_clock(ticket: TransferTicket, calendar: WorkingCalendar, now: datetime) -> DueClock | None:
    """The clock of a ticket that was issued; it stops when the branch has the answer."""
    if ticket.due_at is None:
        return None
    until = ticket.replied_at or now
    late = ticket.overdue(now)
    start, end = (ticket.due_at, until) if late else (until, ticket.due_at)
    try:
        working = working_time_between(start, end, calendar)
    except CalendarMissing:
        working = None
    return DueClock(ticket.due_at, late, ticket.replied_at is None, working)


@dataclass(frozen=True, slots=True)
class TicketLine:
    """A line of the ticket list."""

    ticket: TransferTicket
    case: RevisitCase
    policy: StoredPolicy
    clock: DueClock | None
    steps: frozenset[TicketStep]

    @property
    def overdue(self) -> bool:
        """Whether the branch should have had the answer by now."""
        return self.clock is not None and self.clock.overdue


class TicketView(StrEnum):
    """Which tickets a list shows."""

    TODO = "TODO"
    MINE = "MINE"
    WAITING = "WAITING"
    OVERDUE = "OVERDUE"
    EVERY = "EVERY"
    DONE = "DONE"


@dataclass(frozen=True, slots=True)
class TicketList:
    """One view's lines, the first due first, and how many tickets every view of open ones has.

    `left_off`: there are more than the lines shown.
    """

    view: TicketView
    lines: tuple[TicketLine, ...]
    left_off: bool
    counts: Mapping[TicketView, int]
    names: Mapping[str, str]


async def tickets(
    storage: Storage, user: User, calendar: WorkingCalendar, now: datetime, view: TicketView | None = None
) -> TicketList:
    """The open tickets the user sees; what waits for them, unless another view is asked for.

    Who never has a turn (auditors, managers) finds every open ticket. What is answered, or over, is listed by itself:
    the last first, of those issued in the last 60 days.
    """
    view = view or (TicketView.TODO if user.may(Permission.REPLY_TICKETS) else TicketView.EVERY)
    async with storage.read() as work:
        found = await work.tickets.in_state(*OPEN_TICKETS, org=user.org, handed_to=_handed_to(user), limit=_COUNTED)
        seen = [ticket for ticket in found if sees_ticket(user, ticket)]
        by_view = {
            each: [ticket for ticket in seen if _shown(each, user, ticket, now)]
            for each in TicketView
            if each is not TicketView.DONE
        }
        listed = by_view[view] if view in by_view else await _done(work, user, now)
        lines = [await _line(work, user, ticket, calendar, now) for ticket in listed[:LISTED]]
        names = {each.login: each.name for each in await work.floor.users()}
    counts: dict[TicketView, int] = {each: len(those) for each, those in by_view.items()}
    return TicketList(view, tuple(lines), len(listed) > LISTED, counts, names)


async def _done(work: Work, user: User, now: datetime) -> list[TransferTicket]:
    issued = await work.tickets.issued_between(now - _DONE_LATELY, now, user.org, _handed_to(user))
    return [each for each in reversed(issued) if each.state not in NOT_ACCEPTED_YET and sees_ticket(user, each)]


def _shown(view: TicketView, user: User, ticket: TransferTicket, now: datetime) -> bool:
    match view:
        case TicketView.TODO:
            return waits_for(user, ticket, "")
        case TicketView.MINE:
            return ticket.taken_by == user.login
        case TicketView.WAITING:
            return not waits_for(user, ticket, "") and ticket.state is not TicketState.ACCEPTED
        case TicketView.OVERDUE:
            return ticket.replied_at is None and ticket.overdue(now)
    return True


async def _line(work: Work, user: User, ticket: TransferTicket, calendar: WorkingCalendar, now: datetime) -> TicketLine:
    case = await work.cases.get(ticket.case_id)
    policy = await work.policies.get(case.policy_no)
    may = steps(user, ticket, policy.policy.salesperson_code)
    return TicketLine(ticket, case, policy, due_clock(ticket, calendar, now), may)


@dataclass(frozen=True, slots=True)
class Destination:
    """A level-4 place or a department that a ticket can be forwarded to, with who works there."""

    org: str
    people: tuple[str, ...]


class Became(StrEnum):
    """What became of an answer that was just taken."""

    CHECKED_NEXT = "CHECKED_NEXT"
    DIALLED_AGAIN = "DIALLED_AGAIN"
    TAKEN = "TAKEN"


@dataclass(frozen=True, slots=True)
class TicketFile:
    """A ticket with what has been answered, what lies with it, and what became of it.

    Attributes:
        names: people's names by login.
        found_in: the call in which the problems were heard, and its agent.
        dialled_again: the call that followed the answer.
        own_papers: the attachments that the user may take back.
        just_sent: what became of the answer that the user sent in this minute, if it was taken.
    """

    line: TicketLine
    phones: tuple[HolderPhone, ...]
    replies: tuple[TicketReply, ...]
    attachments: tuple[Attachment, ...]
    history: tuple[HistoryRow, ...]
    draft: Draft | None
    destinations: tuple[Destination, ...]
    names: Mapping[str, str]
    found_in: tuple[Attempt, StoredCall] | None
    dialled_again: Attempt | None
    may_correct: bool
    own_papers: frozenset[int]
    just_sent: Became | None

    @property
    def may_reply(self) -> bool:
        """Whether the user can send an answer, or its correction, now."""
        return self.may_correct or bool(self.line.steps & {TicketStep.ANSWER, TicketStep.REPLY})


async def ticket_file(
    storage: Storage, user: User, ticket_id: TicketId, calendar: WorkingCalendar, now: datetime
) -> TicketFile:
    """The ticket page. Raises NotFound for a ticket that is not there or out of the user's sight."""
    async with storage.read() as work:
        ticket = await ticket_in_scope(work, user, ticket_id)
        line = await _line(work, user, ticket, calendar, now)
        people = await work.floor.users()
        attempts = await work.calls.attempts(ticket.case_id)
        replies = await work.tickets.replies(ticket.id)
        papers, history = await work.papers.attachments(ticket.id), await work.tickets.history(ticket.id)
        takes_back = TicketEvent.TAKEN_BACK in TICKET.allowed(ticket.state)
        return TicketFile(
            line=line,
            phones=tuple(await work.policies.phones(line.case.holder_id)),
            replies=tuple(replies),
            attachments=tuple(papers),
            history=tuple(history),
            draft=await work.drafts.of(ticket.id, user.login),
            destinations=destinations(people, user, ticket) if TicketStep.FORWARD in line.steps else (),
            names={each.login: each.name for each in people},
            found_in=await _found_in(work, ticket, attempts),
            dialled_again=_last([each for each in attempts if each.round == ticket.round + 1]),
            may_correct=may_correct(user, ticket, line.case),
            own_papers=frozenset(each.id for each in papers if takes_back and may_take_back(user, each, history)),
            just_sent=_became(line) if _just_sent(user, replies, now) else None,
        )


def _just_sent(user: User, replies: Sequence[TicketReply], now: datetime) -> bool:
    answers = [each for each in replies if not each.statement]
    last = answers[-1] if answers else None
    return last is not None and last.accepted and last.by == user.login and now - last.at < _JUST


def _became(line: TicketLine) -> Became:
    if line.ticket.state is TicketState.REPLIED:
        return Became.CHECKED_NEXT
    return Became.DIALLED_AGAIN if line.case.state in POOL else Became.TAKEN


async def _found_in(
    work: Work, ticket: TransferTicket, attempts: Sequence[Attempt]
) -> tuple[Attempt, StoredCall] | None:
    """The call the first item was heard in; for a ticket without one, the last of its round."""
    heard = {item.attempt_id for item in ticket.items if item.attempt_id is not None}
    of_items = [each for each in attempts if each.id in heard]
    attempt = of_items[0] if of_items else _last([each for each in attempts if each.round == ticket.round])
    return (attempt, await work.calls.get(attempt.call_id)) if attempt is not None else None


def _last(attempts: Sequence[Attempt]) -> Attempt | None:
    return attempts[-1] if attempts else None


def may_take_back(user: User, paper: Attachment, history: Sequence[HistoryRow]) -> bool:
    """Whether the user attached the paper, and nothing has been sent with it since: what was sent stays."""
    if paper.by != user.login or not user.may(Permission.REPLY_TICKETS):
        return False
    for row in reversed(history):
        if row.event in SENDING:
            return False
        if row.event == TicketEvent.ATTACHED and row.detail.get("sha256") == paper.sha256:
            return True
    return False


def may_correct(user: User, ticket: TransferTicket, case: RevisitCase) -> bool:
    """Whether the accepted answer was untrue though the customer is content, and the user may put it right (§5.3)."""
    untrue = case.state is CaseState.REPLY_CORRECTION and ticket.state is TicketState.ACCEPTED
    return untrue and answers_at_once(user)


_RECEIVES = (Role.L4_CLERK, Role.DEPT_CLERK)


def destinations(people: Sequence[User], user: User, ticket: TransferTicket) -> tuple[Destination, ...]:
    """Where a ticket can be forwarded: its own county first, then the other units of its city that have a clerk."""
    own_county = (ticket.org,) if level_of(ticket.org) is Level.COUNTY else ()
    clerks = [each for each in people if each.role in _RECEIVES and not each.disabled]
    city = ticket.org.rpartition("/")[0] if own_county else ticket.org
    places = dict.fromkeys((*own_county, *sorted(each.org for each in clerks)))
    return tuple(
        Destination(place, tuple(each.name for each in clerks if each.org == place))
        for place in places
        if within(place, city) and place not in (city, user.org) and sees(user, place)
    )


async def ledger(
    storage: Storage, user: User, calendar: WorkingCalendar, day: date, now: datetime
) -> Sequence[TicketLine]:
    """业务员转办单明细簿: what was issued to the user's part of the organisation on a day (rules §5.11)."""
    start = shanghai_time(now).replace(year=day.year, month=day.month, day=day.day, hour=0, minute=0, second=0)
    start = start.replace(microsecond=0)
    async with storage.read() as work:
        found = await work.tickets.issued_between(start, start + timedelta(days=1), user.org, _handed_to(user))
        seen = [ticket for ticket in found if sees_ticket(user, ticket)]
        return [await _line(work, user, ticket, calendar, now) for ticket in seen]
