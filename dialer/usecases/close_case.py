"""Chapter: closed. Nothing closes without its proof (rules §5.9); a case closes in the transaction that sees it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from dialer.domain.call import CallId
from dialer.domain.case import CASE, CaseEvent, CaseState, RevisitCase
from dialer.domain.outcome import Outcome
from dialer.domain.outcome_rules import OUTCOME_RULES
from dialer.domain.problem import ProblemType
from dialer.domain.reason import Reason
from dialer.domain.reply import Objection, ReplyContent
from dialer.domain.ticket import TICKET, TicketEvent, TicketId
from dialer.ports.storage import Moved, Storage, Work
from dialer.usecases.answer_ticket import archive_answered, close_answered_tickets
from dialer.usecases.check_reply import keep_reply
from dialer.usecases.prove_case import NOT_SEALED_YET, completed_inside, proof_of
from dialer.usecases.rulebook import Rulebook


async def close_what_is_proved(work: Work, call_id: CallId, rulebook: Rulebook, now: datetime) -> None:
    """A recording is sealed, or will never be: settle the cases of its call that were only waiting for it."""
    for attempt in await work.calls.attempts_of(call_id):
        await close_if_proved(work, await work.cases.get(attempt.case_id), rulebook, now)


async def close_if_proved(work: Work, case: RevisitCase, rulebook: Rulebook, now: datetime) -> RevisitCase:
    """Close a case that was only waiting for its recording, if it can; leave any other as it is.

    A recording that is sealed but can't serve as proof (too short, a silent side) loses the case its close: it is
    dialled again, and says why.
    """
    if case.state is CaseState.SEALING:
        return await _settle(work, case, rulebook, now)
    if case.state is CaseState.L2_REPLIED:
        return await archive_answered(work, case, rulebook, now)
    return case


async def _settle(work: Work, case: RevisitCase, rulebook: Rulebook, now: datetime) -> RevisitCase:
    missing = await proof_of(work, case, rulebook.proof)
    if not missing:
        return await _close(work, case, now)
    if missing == NOT_SEALED_YET:
        return case
    later = now + OUTCOME_RULES[Outcome.INCOMPLETE].spacing.gap  # the customer has just hung up
    unproved = case.flagged("RECORDING_UNFIT").due(later, Reason.PROOF_MISSING, about=", ".join(missing))
    return await work.cases.move(unproved, CaseEvent.RECORDING_LOST, Moved("system:proof", now, {"missing": missing}))


async def _close(work: Work, case: RevisitCase, now: datetime) -> RevisitCase:
    moved = Moved("system:proof", now, {})
    inside = await completed_inside(work, case)
    closed = replace(case, closed_at=now, closed_why="PHONE", in_free_look=inside)
    closed = await work.cases.move(closed, CaseEvent.SEALED, moved)
    await close_answered_tickets(work, closed, moved)
    return closed


async def accept_correction(
    storage: Storage, rulebook: Rulebook, ticket_id: TicketId, by: str, now: datetime, reply: ReplyContent
) -> Sequence[Objection]:
    """The customer was content but the reply untrue: its correction closes the case on that call (rules §5.3 no. 14).

    Returns:
        The objections; empty when the correction was accepted.

    Raises:
        ImpossibleMove: the ticket's case waits for no correction.
    """
    async with storage.begin() as work:
        ticket = await work.tickets.get(ticket_id)
        case = await work.cases.get(ticket.case_id)
        CASE.after(case.state, CaseEvent.CORRECTED)
        found = await keep_reply(work, ticket, by, now, reply, rulebook)
        if not found:
            moved = Moved(by, now, {"ticket": ticket.ticket_no})
            await _settle(work, await work.cases.move(case, CaseEvent.CORRECTED, moved), rulebook, now)
        return found


async def cancel_case(work: Work, case: RevisitCase, moved: Moved) -> RevisitCase:
    """The contract is gone: dialling stops, tickets come back; integrity findings live on without it (§5.3 no. 18)."""
    closing = replace(case, closed_at=moved.at, closed_why="CANCELLED")
    closed = await work.cases.move(closing, CaseEvent.CANCELLED, moved)
    for ticket in await work.tickets.of_case(case.id):
        if TicketEvent.RECALLED in TICKET.allowed(ticket.state):
            await work.tickets.move(ticket, TicketEvent.RECALLED, moved)
    types = {each.problem.type for each in await work.interviews.problems(case.id)}
    if ProblemType.AGENT_VIOLATION in types:
        await work.interviews.put_referral(case.id, None, "CONDUCT_INVESTIGATION", {"why": "CANCELLED"}, moved.at)
    return closed
