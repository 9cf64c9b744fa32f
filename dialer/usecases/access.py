"""At the side: who sees what (rules §2.4). Here and nowhere else: what is out of somebody's sight does not exist."""

from __future__ import annotations

from dialer.domain.api_token import ApiToken
from dialer.domain.case import CaseId, RevisitCase
from dialer.domain.errors import NotFound
from dialer.domain.problem import ProblemLevel
from dialer.domain.recording import RecordingState
from dialer.domain.ticket import TicketId, TransferTicket
from dialer.domain.unit import within
from dialer.domain.user import Role, User
from dialer.ports.storage import Recording, Work


def sees(user: User | ApiToken, org: str) -> bool:
    """Whether a place of the organisation is one's own or below it."""
    return within(org, user.org)


def sees_ticket(user: User, ticket: TransferTicket) -> bool:
    """Whether a ticket is in the user's part of the organisation, or in the salesperson's own hands."""
    if not sees(user, ticket.place):
        return False
    if user.role is Role.SALES:
        return bool(user.salesperson_code) and ticket.handed_to == user.salesperson_code
    return user.role is not Role.INDEP_HANDLER or ticket.level is ProblemLevel.L1


async def case_in_scope(work: Work, user: User, case_id: CaseId) -> RevisitCase:
    """A case the user may see. Raises NotFound for all others."""
    case = await work.cases.get(case_id)
    if not sees(user, case.org):
        raise NotFound(f"there is no case {case_id}")
    return case


async def ticket_in_scope(work: Work, user: User, ticket_id: TicketId) -> TransferTicket:
    """A ticket the user may see. Raises NotFound for all others."""
    ticket = await work.tickets.get(ticket_id)
    if not sees_ticket(user, ticket):
        raise NotFound(f"there is no ticket with id {ticket_id}")
    return ticket


async def recording_in_scope(work: Work, user: User | ApiToken, recording_id: int) -> Recording:
    """A sealed recording of a case the user may see. Raises NotFound for all others."""
    recording = await work.recordings.get(recording_id)
    attempts = await work.calls.attempts_of(recording.call_id)
    cases = [await work.cases.get(attempt.case_id) for attempt in attempts]
    sealed = recording.state is RecordingState.SEALED and recording.seal is not None
    if not sealed or not any(sees(user, case.org) for case in cases):
        raise NotFound(f"there is no recording {recording_id} to hear")
    return recording
