"""Chapter: answer checked. The third level returns it or sends it back, the branch accepts it (rules §5.5)."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from dialer.domain.errors import DialerError, reason_given
from dialer.domain.problem import ProblemLevel
from dialer.domain.reply import ReplyContent
from dialer.domain.ticket import TicketEvent, TicketId, TransferTicket
from dialer.domain.ticket_desk import TicketStep
from dialer.domain.user import User
from dialer.ports import Signals
from dialer.ports.storage import Moved, Storage, TicketReply, Work
from dialer.ports.topics import DISPATCH
from dialer.usecases.answer_ticket import act_on
from dialer.usecases.hand_down_ticket import ticket_for
from dialer.usecases.rulebook import Rulebook


class ScanMissing(DialerError):
    """A second-level ticket is archived with its signed paper: a scan must be attached first (rules §2.4, §5.3)."""

    code = "SCAN_MISSING"


async def return_to_branch(
    storage: Storage, user: User, ticket_id: TicketId, now: datetime, opinion: str = "", version: int | None = None
) -> None:
    """The answer is complete: the branch has it from now on, and the ticket's clock stops (rules §5.6).

    Raises:
        ScanMissing: a second-level ticket without its signed paper.
    """
    async with storage.begin() as work:
        ticket = await ticket_for(work, user, ticket_id, TicketStep.RETURN, version)
        if ticket.level is ProblemLevel.L2 and not await work.papers.attachments(ticket.id):
            raise ScanMissing(f"ticket {ticket.ticket_no}: attach the signed paper first")
        moved = Moved(user.login, now, {"opinion": opinion})
        ticket = await work.tickets.move(ticket.put_down(), TicketEvent.CHECKED, moved)
        await work.tickets.move(replace(ticket, replied_at=now), TicketEvent.RETURNED, Moved(user.login, now, {}))


async def send_back(
    storage: Storage, user: User, ticket_id: TicketId, reason: str, now: datetime, version: int | None = None
) -> None:
    """The answer is checked and does not hold up: it is to be handed down again. Raises ReasonMissing."""
    async with storage.begin() as work:
        ticket = await ticket_for(work, user, ticket_id, TicketStep.SEND_BACK, version)
        moved = _with_reason(user, reason, now)
        ticket = await work.tickets.move(ticket.put_down(), TicketEvent.CHECKED, Moved(user.login, now, {}))
        await work.tickets.move(ticket, TicketEvent.REJECTED, moved)


async def accept_answer(
    storage: Storage,
    signals: Signals,
    rulebook: Rulebook,
    user: User,
    ticket_id: TicketId,
    now: datetime,
    version: int | None = None,
) -> None:
    """The branch takes the answer: the case is dialled again, or archived (rules §5.3 moves 6-16)."""
    async with storage.begin() as work:
        ticket = await ticket_for(work, user, ticket_id, TicketStep.ACCEPT, version)
        reply = await _last_answer(work, ticket)
        moved = Moved(user.login, now, {})
        ticket = await work.tickets.move(ticket.put_down(), TicketEvent.ACCEPTED, moved)
        await act_on(work, ticket, ReplyContent.from_mapping(reply.content), rulebook, moved)
    await signals.notify(DISPATCH)


async def reject_answer(
    storage: Storage, user: User, ticket_id: TicketId, reason: str, now: datetime, version: int | None = None
) -> None:
    """The branch sends the answer back to the third level; the ticket's clock goes on. Raises ReasonMissing."""
    async with storage.begin() as work:
        ticket = await ticket_for(work, user, ticket_id, TicketStep.REJECT, version)
        moved = _with_reason(user, reason, now)
        await work.tickets.move(replace(ticket.put_down(), replied_at=None), TicketEvent.REJECTED, moved)


async def _last_answer(work: Work, ticket: TransferTicket) -> TicketReply:
    answers = [each for each in await work.tickets.replies(ticket.id) if each.accepted and not each.statement]
    return answers[-1]


def _with_reason(user: User, reason: str, now: datetime) -> Moved:
    return Moved(user.login, now, {"reason": reason_given(reason)})
