"""Chapter: ticket → answered → dialled again. What failed or was complained of goes down, and its answer comes back.

Rules §5.3 moves 5-16, §5.5, §5.6. Opened by rule when an attempt finishes, issued by the daily extraction, answered
within two working days, dialled again with the right script; a round that fails is issued again, three times at most.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from dialer.domain.calendar import shanghai_time
from dialer.domain.case import POOL, CaseEvent, CaseState, Purpose, RevisitCase
from dialer.domain.clocks import ticket_due
from dialer.domain.errors import CalendarMissing
from dialer.domain.phone import PhoneKind, PhoneNumber, PhoneSource, PhoneStatus
from dialer.domain.problem import Problem, ProblemLevel
from dialer.domain.reply import Objection, ReplyContent, objections
from dialer.domain.retry import Exhausted
from dialer.domain.ticket import (
    REDIAL_PURPOSE,
    TICKET,
    TicketEvent,
    TicketId,
    TicketItem,
    TicketState,
    TransferTicket,
    urgent,
)
from dialer.ports.storage import FoundProblem, Moved, Storage, TicketReply, Work
from dialer.usecases.gather_facts import Known, gather, ranked
from dialer.usecases.prove_case import CLOSING_NEEDS_PROOF, NOT_SEALED_YET, completed_inside, proof_of
from dialer.usecases.rulebook import Rulebook

_OPEN_STATE = {
    CaseState.U_OPEN: ProblemLevel.U,
    CaseState.L1_OPEN: ProblemLevel.L1,
    CaseState.L2_OPEN: ProblemLevel.L2,
}
_ISSUED_STATE = frozenset({CaseState.U_ISSUED, CaseState.L1_ISSUED, CaseState.L2_ISSUED})
_NOT_ANSWERED = frozenset({TicketState.ISSUED_TO_L3, TicketState.FORWARDED_TO_L4, TicketState.SIGNED_BY_SALES})
_ALL_AT_ONCE = 100_000


async def give_round_up(work: Work, known: Known, over: Exhausted, rulebook: Rulebook, now: datetime) -> RevisitCase:
    """Nobody was reached and nothing more may be tried: a 回访不成功 of this type (rules §5.3 no. 4)."""
    moved = Moved("system:engine", now, {"problem": over.problem, "why": over.why})
    event = await routed(work, known.case, CaseEvent.UNREACHED)
    case = await work.cases.move(known.case, event, moved)
    await put_problems(work, case, [FoundProblem(Problem(over.problem), now, case.round)])
    return await open_ticket_of_state(work, case, rulebook, moved)


async def routed(work: Work, case: RevisitCase, event: CaseEvent) -> CaseEvent:
    """The event, unless something weightier is open: the highest level routes the case (rules §4.4, §5.3 no. 13).

    An L1 heard earlier in the round (before the line broke) is not undone by a call that went well, nor made smaller
    by one that reached nobody; a re-dial that did not confirm what it was to confirm leaves that open.
    """
    if event in _OVERRULED_BY_L1 and await _l1_was_heard(work, case):
        return CaseEvent.L1_FOUND
    return _STAYS_OPEN.get((case.purpose, event), event)


_STAYS_OPEN = {
    (Purpose.L1_CONFIRM, CaseEvent.UNREACHED): CaseEvent.L1_FOUND,
    (Purpose.L1_CONFIRM, CaseEvent.L2_FOUND): CaseEvent.L1_FOUND,
    (Purpose.L2_RECONFIRM, CaseEvent.UNREACHED): CaseEvent.L2_FOUND,
}
_OVERRULED_BY_L1 = frozenset(
    {CaseEvent.UNREACHED, CaseEvent.SUCCEEDED, CaseEvent.CORRECTION_NEEDED, CaseEvent.L2_FOUND}
)


async def _l1_was_heard(work: Work, case: RevisitCase) -> bool:
    ticket = await _ticket_of_round(work, case)
    if ticket is not None and ticket.level is ProblemLevel.L1:
        return True
    return any(each.problem.level is ProblemLevel.L1 for each in await _problems_of_round(work, case, case.round))


async def put_problems(work: Work, case: RevisitCase, found: Sequence[FoundProblem]) -> None:
    """Keep problems of the round; they join the round's ticket as long as nobody has answered it (rules §4.4)."""
    ticket = await _ticket_of_round(work, case)
    joins = ticket is not None and (ticket.state is TicketState.CREATED or ticket.state in _NOT_ANSWERED)
    ticket_id = ticket.id if ticket is not None and joins else None
    await work.interviews.put_problems(case.id, [replace(each, ticket_id=ticket_id) for each in found])


async def open_ticket_of_state(work: Work, case: RevisitCase, rulebook: Rulebook, moved: Moved) -> RevisitCase:
    """The call that followed the last ticket has its outcome: that ticket is done, the case's problem gets the next."""
    if case.state not in _OPEN_STATE:
        return case
    await close_answered_tickets(work, case, moved)
    return await open_ticket(work, case, _OPEN_STATE[case.state], rulebook, moved.at)


async def open_ticket(
    work: Work, case: RevisitCase, level: ProblemLevel, rulebook: Rulebook, now: datetime
) -> RevisitCase:
    """One ticket for the case's round with all the round's problems; past the last round there is none.

    A ticket opened early in the round (an L1 heard before the line broke, rules §11 no. 26) stays the round's ticket.
    If it was answered meanwhile, the answer is taken up; but what was heard since needs a ticket of its own.
    """
    moved = Moved("system:rules", now, {"level": level, "round": case.round})
    if case.round >= rulebook.tickets.max_rounds:
        return await _no_more_rounds(work, case, moved)
    existing = await _ticket_of_round(work, case)
    if existing is None:
        await _carry_over(work, case)
        items = await _items(work, case)
        await work.tickets.add(_new_ticket(case, level, items, now), moved)
    elif existing.state is TicketState.ACCEPTED and not await _heard_since(work, case):
        return await _go_on(work, existing, case, rulebook, moved)
    elif existing.state in (TicketState.ACCEPTED, TicketState.CLOSED):
        case = await work.cases.save(replace(case, round=case.round + 1))
        await close_answered_tickets(work, case, moved)
        return await open_ticket(work, case, level, rulebook, now)
    elif existing.state is not TicketState.CREATED and case.state in _OPEN_STATE:
        return await work.cases.move(case, CaseEvent.ISSUED, Moved(moved.actor, now, {"ticket": existing.ticket_no}))
    return case


async def _ticket_of_round(work: Work, case: RevisitCase) -> TransferTicket | None:
    return next((each for each in await work.tickets.of_case(case.id) if each.round == case.round), None)


async def _problems_of_round(work: Work, case: RevisitCase, round_no: int) -> list[FoundProblem]:
    return [each for each in await work.interviews.problems(case.id) if each.round == round_no]


async def _heard_since(work: Work, case: RevisitCase) -> bool:
    """Whether the round has a finding that no ticket carries."""
    found = await _problems_of_round(work, case, case.round)
    return any(each.ticket_id is None and each.problem.level is not ProblemLevel.U for each in found)


def _new_ticket(case: RevisitCase, level: ProblemLevel, items: tuple[TicketItem, ...], now: datetime) -> TransferTicket:
    return TransferTicket(
        id=TicketId(0),
        ticket_no="",
        case_id=case.id,
        level=level,
        round=case.round,
        org=case.org,
        created_at=now,
        urgent=urgent(level, items),
        items=items,
    )


async def _carry_over(work: Work, case: RevisitCase) -> None:
    """What a failed re-dial was to confirm is still open: it stands on the next ticket too."""
    before = await _problems_of_round(work, case, case.round - 1)
    open_still = [each for each in before if each.problem.level is not ProblemLevel.U]
    carried = [replace(each, round=case.round, ticket_id=None) for each in open_still]
    await work.interviews.put_problems(case.id, carried)


async def _no_more_rounds(work: Work, case: RevisitCase, moved: Moved) -> RevisitCase:
    if case.state not in _OPEN_STATE:
        return case
    return await work.cases.move(case, CaseEvent.ROUNDS_EXHAUSTED, moved)


async def _items(work: Work, case: RevisitCase) -> tuple[TicketItem, ...]:
    found = await _problems_of_round(work, case, case.round)
    return tuple(TicketItem(each.problem, each.words, each.attempt_id, each.offset_ms) for each in found)


async def issue_tickets(storage: Storage, rulebook: Rulebook, now: datetime, *, only_urgent: bool = False) -> int:
    """The daily extraction (rules §9.3: 16:00): every ticket waiting goes to the third level, its clock starts.

    A ticket whose due time can't be computed stays, and raises the alarm of CALENDAR_MISSING; the others go.

    Returns:
        How many were issued.

    Raises:
        CalendarMissing: after all that could be issued were.
    """
    async with storage.read() as work:
        waiting = await work.tickets.in_state(TicketState.CREATED, limit=_ALL_AT_ONCE)
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
        if case.state in _OPEN_STATE:
            await work.cases.move(case, CaseEvent.ISSUED, moved)
        return True


def due(case: RevisitCase, rulebook: Rulebook, issued: datetime) -> datetime:
    """When the branch must have the answer: WD(2) with the free-look squeeze while the free-look runs (rules §5.6)."""
    last_day = case.surrender_last_day
    still_open = last_day is not None and shanghai_time(issued).date() <= last_day
    return ticket_due(
        issued, last_day if still_open else None, rulebook.calendar, working_days=rulebook.tickets.working_days
    )


def _cannot_wait(ticket: TransferTicket, case: RevisitCase, now: datetime) -> bool:
    """Priority items near the end of the free-look go down at once, not at 16:00 (rules §5.6, §11 no. 17)."""
    if not ticket.urgent or case.surrender_last_day is None:
        return False
    return 0 <= (case.surrender_last_day - shanghai_time(now).date()).days <= 3


async def reply_to_ticket(
    storage: Storage, rulebook: Rulebook, ticket_id: TicketId, by: str, now: datetime, reply: ReplyContent
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
        rules = rulebook.tickets
        found = objections(reply, ticket.level, rules.reply_min_chars, rules.reply_banned)
        await work.tickets.put_reply(TicketReply(ticket.id, now, by, reply.as_mapping(), not found, found))
        moved = Moved(by, now, {"objections": list(found)})
        if found:
            return found
        ticket = replace(ticket, replied_at=now)
        for event in (TicketEvent.REPLIED, TicketEvent.CHECKED, TicketEvent.RETURNED, TicketEvent.ACCEPTED):
            ticket = await work.tickets.move(ticket, event, moved)
        await _act_on(work, ticket, reply, rulebook, moved)
    return ()


async def _act_on(work: Work, ticket: TransferTicket, reply: ReplyContent, rulebook: Rulebook, moved: Moved) -> None:
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
        await _go_on(work, ticket, case, rulebook, moved)


async def take_up_answer(work: Work, case: RevisitCase, rulebook: Rulebook, moved: Moved) -> RevisitCase:
    """An answer that came while the case was on the phone, or with QA, sends it on now that it is free."""
    ticket = await _ticket_of_round(work, case)
    if ticket is None or ticket.state is not TicketState.ACCEPTED:
        return case
    return await _go_on(work, ticket, case, rulebook, moved)


async def _go_on(
    work: Work, ticket: TransferTicket, case: RevisitCase, rulebook: Rulebook, moved: Moved
) -> RevisitCase:
    """Where an accepted answer leads from where the case stands; a case that others hold takes it up afterwards."""
    if case.state in POOL:
        return await _confirm_in_next_call(work, ticket, case, rulebook, moved)
    if case.state in _OPEN_STATE:
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
    return await work.cases.save(ranked(known, rulebook, now).due(now, ""))


async def _revive_numbers(work: Work, case: RevisitCase, now: datetime) -> None:
    """The third level confirmed that the number is the customer's own: earlier verdicts of the network are off."""
    for phone in await work.policies.phones(case.holder_id):
        if phone.status in (PhoneStatus.VACANT, PhoneStatus.SUSPENDED):
            await work.policies.save_phone(replace(phone, status=PhoneStatus.OK, status_since=now))


async def archive_answered(work: Work, case: RevisitCase, rulebook: Rulebook, now: datetime) -> None:
    """An answered L2 that waited for its recording to be sealed is archived now."""
    for ticket in await work.tickets.of_case(case.id):
        if ticket.state is TicketState.ACCEPTED:
            await _archive(work, ticket, case, rulebook, Moved("system:proof", now, {}))


async def _archive(
    work: Work, ticket: TransferTicket, case: RevisitCase, rulebook: Rulebook, moved: Moved
) -> RevisitCase:
    """留档备查: an L2 that needs no second call ends here, if the call that found it is proved (rules §5.3 no. 16).

    It waits for its recording; where that can never be proof, the customer is asked again.
    """
    missing = await proof_of(work, case, rulebook.proof)
    why = CLOSING_NEEDS_PROOF.format(missing="、".join(missing))
    if missing == NOT_SEALED_YET:
        return await work.cases.save(case.due(moved.at, why))
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
