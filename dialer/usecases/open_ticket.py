"""Chapter: ticket opened. What failed, or was complained of, gets the ticket of its round (rules §4.4, §5.3).

The highest level routes the case; one ticket a case and round carries all the round's problems; a round that fails is
issued again, three times at most.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from dialer.domain.case import CaseEvent, Purpose, RevisitCase
from dialer.domain.problem import Problem, ProblemLevel
from dialer.domain.retry import Exhausted
from dialer.domain.ticket import NOT_ACCEPTED_YET, TicketId, TicketItem, TicketState, TransferTicket, urgent
from dialer.ports.storage import FoundProblem, Moved, Work
from dialer.usecases.answer_ticket import OPEN_STATE, close_answered_tickets, go_on, ticket_of_round
from dialer.usecases.gather_facts import Known
from dialer.usecases.rulebook import Rulebook


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
    ticket = await ticket_of_round(work, case)
    if ticket is not None and ticket.level is ProblemLevel.L1:
        return True
    return any(each.problem.level is ProblemLevel.L1 for each in await _problems_of_round(work, case, case.round))


async def put_problems(work: Work, case: RevisitCase, found: Sequence[FoundProblem]) -> None:
    """Keep problems of the round; they join the round's ticket until its answer is accepted (rules §4.4)."""
    if not found:
        return
    ticket = await ticket_of_round(work, case)
    joins = ticket is not None and ticket.state in NOT_ACCEPTED_YET
    ticket_id = ticket.id if ticket is not None and joins else None
    await work.interviews.put_problems(case.id, [replace(each, ticket_id=ticket_id) for each in found])


async def open_ticket_of_state(work: Work, case: RevisitCase, rulebook: Rulebook, moved: Moved) -> RevisitCase:
    """The call that followed the last ticket has its outcome: that ticket is done, the case's problem gets the next."""
    if case.state not in OPEN_STATE:
        return case
    await close_answered_tickets(work, case, moved)
    return await open_ticket(work, case, OPEN_STATE[case.state], rulebook, moved.at)


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
    existing = await ticket_of_round(work, case)
    if existing is None:
        await _carry_over(work, case)
        items = await _items(work, case)
        await work.tickets.add(_new_ticket(case, level, items, now), moved)
    elif existing.state is TicketState.ACCEPTED and not await _heard_since(work, case):
        return await go_on(work, existing, case, rulebook, moved)
    elif existing.state in (TicketState.ACCEPTED, TicketState.CLOSED):
        case = await work.cases.save(replace(case, round=case.round + 1))
        await close_answered_tickets(work, case, moved)
        return await open_ticket(work, case, level, rulebook, now)
    elif existing.state is not TicketState.CREATED and case.state in OPEN_STATE:
        return await work.cases.move(case, CaseEvent.ISSUED, Moved(moved.actor, now, {"ticket": existing.ticket_no}))
    return case


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
    if case.state not in OPEN_STATE:
        return case
    return await work.cases.move(case, CaseEvent.ROUNDS_EXHAUSTED, moved)


async def _items(work: Work, case: RevisitCase) -> tuple[TicketItem, ...]:
    found = await _problems_of_round(work, case, case.round)
    return tuple(TicketItem(each.problem, each.words, each.attempt_id, each.offset_ms) for each in found)
