"""Chapter: ticket issued. The daily extraction sends every waiting ticket down; its clock starts (rules §5.6, §9.3)."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from dialer.domain.calendar import shanghai_day
from dialer.domain.case import CaseEvent, RevisitCase
from dialer.domain.clocks import ticket_due
from dialer.domain.errors import CalendarMissing
from dialer.domain.ticket import TicketEvent, TicketId, TicketState, TransferTicket
from dialer.ports.storage import Moved, Storage
from dialer.usecases.answer_ticket import OPEN_STATE
from dialer.usecases.rulebook import Rulebook


async def issue_tickets(storage: Storage, rulebook: Rulebook, now: datetime, *, only_urgent: bool = False) -> int:
    """The daily extraction (rules §9.3: 16:00): every ticket waiting goes to the third level, its clock starts.

    A ticket whose due time can't be computed stays, and raises the alarm of CALENDAR_MISSING; the others go.

    Returns:
        How many were issued.

    Raises:
        CalendarMissing: after all that could be issued were.
    """
    async with storage.read() as work:
        waiting = await work.tickets.in_state(TicketState.CREATED)
    missing: CalendarMissing | None = None
    issued = 0
    for ticket in waiting:
        try:
            issued += await _issue(storage, ticket.id, rulebook, now, only_urgent=only_urgent)
        except CalendarMissing as error:
            missing = error
    if missing is not None:
        raise missing
    return issued


async def _issue(
    storage: Storage, ticket_id: TicketId, rulebook: Rulebook, now: datetime, *, only_urgent: bool
) -> bool:
    async with storage.begin() as work:
        ticket = await work.tickets.get(ticket_id)
        case = await work.cases.get(ticket.case_id)
        if ticket.state is not TicketState.CREATED or (only_urgent and not _cannot_wait(ticket, case, now)):
            return False
        due_at = due(case, rulebook, now)
        moved = Moved("system:extraction", now, {"due_at": due_at.isoformat(), "ticket": ticket.ticket_no})
        issued = replace(ticket, issued_at=now, due_at=due_at, calendar_version=rulebook.calendar.version)
        await work.tickets.move(issued, TicketEvent.ISSUED, moved)
        if case.state in OPEN_STATE:
            await work.cases.move(case, CaseEvent.ISSUED, moved)
        return True


def due(case: RevisitCase, rulebook: Rulebook, issued: datetime) -> datetime:
    """When the branch must have the answer: WD(2) with the free-look squeeze while the free-look runs (rules §5.6)."""
    last_day = case.surrender_last_day
    still_open = last_day is not None and shanghai_day(issued) <= last_day
    return ticket_due(
        issued, last_day if still_open else None, rulebook.calendar, working_days=rulebook.tickets.working_days
    )


def _cannot_wait(ticket: TransferTicket, case: RevisitCase, now: datetime) -> bool:
    """Priority items near the end of the free-look go down at once, not at 16:00 (rules §5.6, §11 no. 17)."""
    if not ticket.urgent or case.surrender_last_day is None:
        return False
    return 0 <= (case.surrender_last_day - shanghai_day(now)).days <= 3
