"""Chapter: ticket → answered → dialled again. An answer that holds up sends its case on (rules §5.3 moves 6-16, §5.5).

An answered 回访不成功 or 一级 is dialled again with the right script; a 二级 is archived, or reconfirmed where the site
says so. An answer that comes while the case is elsewhere waits for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from dialer.domain.case import POOL, CaseEvent, CaseState, RevisitCase
from dialer.domain.phone import PhoneKind, PhoneNumber, PhoneSource, PhoneStatus
from dialer.domain.problem import ProblemLevel
from dialer.domain.reason import Reason
from dialer.domain.reply import Objection, ReplyContent
from dialer.domain.ticket import REDIAL_PURPOSE, TICKET, TicketEvent, TicketId, TicketState, TransferTicket
from dialer.ports import Signals
from dialer.ports.storage import Moved, Storage, Work
from dialer.ports.topics import DISPATCH
from dialer.usecases.check_reply import keep_reply
from dialer.usecases.gather_facts import gather, ranked
from dialer.usecases.prove_case import NOT_SEALED_YET, completed_inside, proof_of
from dialer.usecases.rulebook import Rulebook

OPEN_STATE = {
    CaseState.U_OPEN: ProblemLevel.U,
    CaseState.L1_OPEN: ProblemLevel.L1,
    CaseState.L2_OPEN: ProblemLevel.L2,
}
"""Where a case waits for its ticket to be issued, and the level of that ticket."""

_ISSUED_STATE = frozenset({CaseState.U_ISSUED, CaseState.L1_ISSUED, CaseState.L2_ISSUED})


async def reply_to_ticket(
    storage: Storage,
    signals: Signals,
    rulebook: Rulebook,
    ticket_id: TicketId,
    by: str,
    now: datetime,
    reply: ReplyContent,
) -> Sequence[Objection]:
    """Record an answer from below; one that holds up sends the case on, one that does not goes back with reasons.

    Returns:
        The objections; empty when the reply was accepted.

    Raises:
        ImpossibleMove: the ticket is not out for an answer.
    """
    async with storage.begin() as work:
        ticket = await work.tickets.get(ticket_id)
        TICKET.after(ticket.state, TicketEvent.REPLIED)
        found = await keep_reply(work, ticket, by, now, reply, rulebook)
        moved = Moved(by, now, {"objections": list(found)})
        if found:
            return found
        ticket = replace(ticket.put_down(), replied_at=now)
        for event in (TicketEvent.REPLIED, TicketEvent.CHECKED, TicketEvent.RETURNED, TicketEvent.ACCEPTED):
            ticket = await work.tickets.move(ticket, event, moved)
        await act_on(work, ticket, reply, rulebook, moved)
    await signals.notify(DISPATCH)
    return ()


async def act_on(work: Work, ticket: TransferTicket, reply: ReplyContent, rulebook: Rulebook, moved: Moved) -> None:
    """What an accepted answer does to its case."""
    case = await work.cases.get(ticket.case_id)
    if case.state.closed:
        await close_ticket(work, ticket, moved)
    elif reply.nobody_can_be_contacted and case.state is CaseState.U_ISSUED:
        await work.cases.move(case, CaseEvent.CANNOT_CONTACT, moved)
        await close_ticket(work, ticket, moved)
    else:
        case = await _with_new_phone(work, case, reply, moved.at)
        if not reply.new_phone and ticket.level is ProblemLevel.U:
            await _revive_numbers(work, case, moved.at)
        await go_on(work, ticket, case, rulebook, moved)


async def ticket_of_round(work: Work, case: RevisitCase) -> TransferTicket | None:
    """The ticket of the round the case is in."""
    return next((each for each in await work.tickets.of_case(case.id) if each.round == case.round), None)


async def take_up_answer(work: Work, case: RevisitCase, rulebook: Rulebook, moved: Moved) -> RevisitCase:
    """An answer that came while the case was on the phone, or with QA, sends it on now that it is free."""
    ticket = await ticket_of_round(work, case)
    if ticket is None or ticket.state is not TicketState.ACCEPTED:
        return case
    return await go_on(work, ticket, case, rulebook, moved)


async def go_on(work: Work, ticket: TransferTicket, case: RevisitCase, rulebook: Rulebook, moved: Moved) -> RevisitCase:
    """Where an accepted answer leads from where the case stands; a case that others hold takes it up afterwards."""
    if case.state in POOL:
        return await _confirm_in_next_call(work, ticket, case, rulebook, moved)
    if case.state in OPEN_STATE:
        case = await work.cases.move(case, CaseEvent.ISSUED, moved)
    if case.state not in _ISSUED_STATE:
        return case
    case = await work.cases.move(case, CaseEvent.REPLIED, moved)
    if case.state is CaseState.L2_REPLIED and not _needs_reconfirming(ticket, rulebook):
        return await _archive(work, ticket, case, rulebook, moved)
    if case.state is CaseState.U_REPLIED:
        case = await work.cases.move(case, CaseEvent.NUMBER_VERIFIED, moved)
    return await _dial_again(work, ticket, case, rulebook, moved)


async def _confirm_in_next_call(
    work: Work, ticket: TransferTicket, case: RevisitCase, rulebook: Rulebook, moved: Moved
) -> RevisitCase:
    """The case waits for a call anyway: that call confirms the answer and asks what is left; a promised time stays."""
    case = replace(case, purpose=REDIAL_PURPOSE[ticket.level], round=case.round + 1)
    case = await work.cases.move(case, CaseEvent.REPLIED, moved)
    return case if case.appointment is not None else await _due_now(work, case, rulebook, moved.at)


def _needs_reconfirming(ticket: TransferTicket, rulebook: Rulebook) -> bool:
    return any(item.problem.type in rulebook.tickets.l2_redial_types for item in ticket.items)


async def _with_new_phone(work: Work, case: RevisitCase, reply: ReplyContent, now: datetime) -> RevisitCase:
    """A number that came with the answer is the first to be dialled, and asks for the stronger check (rules §5.6)."""
    if not reply.new_phone:
        return case
    number = PhoneNumber.parse(reply.new_phone)
    phone = await work.policies.put_phone(case.holder_id, number, PhoneKind.MOBILE, PhoneSource.TICKET_REPLY, now)
    await work.policies.save_phone(
        replace(phone, status=PhoneStatus.OK, status_since=now, verified_by=reply.contacted_by)
    )
    return await work.cases.save(replace(case, phone_changed=True).flagged("PHONE_CHANGED"))


async def _dial_again(
    work: Work, ticket: TransferTicket, case: RevisitCase, rulebook: Rulebook, moved: Moved
) -> RevisitCase:
    case = replace(case, purpose=REDIAL_PURPOSE[ticket.level], round=case.round + 1)
    case = await work.cases.move(case, CaseEvent.REDIAL, moved)
    return await _due_now(work, case, rulebook, moved.at)


async def _due_now(work: Work, case: RevisitCase, rulebook: Rulebook, now: datetime) -> RevisitCase:
    known = await gather(work, case, rulebook.calendar, now)
    return await work.cases.save(ranked(known, rulebook, now).due(now))


async def _revive_numbers(work: Work, case: RevisitCase, now: datetime) -> None:
    """The third level confirmed that the number is the customer's own: earlier verdicts of the network are off."""
    for phone in await work.policies.phones(case.holder_id):
        if phone.status in (PhoneStatus.VACANT, PhoneStatus.SUSPENDED):
            await work.policies.save_phone(replace(phone, status=PhoneStatus.OK, status_since=now))


async def archive_answered(work: Work, case: RevisitCase, rulebook: Rulebook, now: datetime) -> RevisitCase:
    """An answered L2 that waited for its recording to be sealed is archived now."""
    for ticket in await work.tickets.of_case(case.id):
        if ticket.state is TicketState.ACCEPTED:
            case = await _archive(work, ticket, case, rulebook, Moved("system:proof", now, {}))
    return case


async def _archive(
    work: Work, ticket: TransferTicket, case: RevisitCase, rulebook: Rulebook, moved: Moved
) -> RevisitCase:
    """留档备查: an L2 that needs no second call ends here, if the call that found it is proved (rules §5.3 no. 16).

    It waits for its recording; where that can never be proof, the customer is asked again.
    """
    missing = await proof_of(work, case, rulebook.proof)
    if missing == NOT_SEALED_YET:
        return await work.cases.save(case.due(moved.at, Reason.PROOF_MISSING, about=", ".join(missing)))
    if missing:
        return await _dial_again(work, ticket, case.flagged("RECORDING_UNFIT"), rulebook, moved)
    inside = await completed_inside(work, case)
    closed = replace(case, closed_at=moved.at, closed_why="L2_ARCHIVED", in_free_look=inside)
    closed = await work.cases.move(closed, CaseEvent.ARCHIVED, moved)
    await close_ticket(work, ticket, moved)
    return closed


async def close_ticket(work: Work, ticket: TransferTicket, moved: Moved) -> TransferTicket:
    """The answer was confirmed, or archived: the ticket is done."""
    return await work.tickets.move(replace(ticket, closed_at=moved.at), TicketEvent.CLOSED, moved)


async def close_answered_tickets(work: Work, case: RevisitCase, moved: Moved) -> None:
    """The call that followed a ticket has its outcome: tickets accepted in earlier rounds are done (or issued again).

    A closed case has no ticket of its own round to wait for either.
    """
    for ticket in await work.tickets.of_case(case.id):
        if ticket.state is TicketState.ACCEPTED and (case.state.closed or ticket.round < case.round):
            await close_ticket(work, ticket, moved)
