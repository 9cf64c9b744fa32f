"""Chapter: ticket answered from below. Written, looked over while it is written, sent up to be checked (rules §5.5).

What is typed is kept with every look, so that no crash and no refusal loses a word.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from dialer.domain.errors import DialerError
from dialer.domain.reply import Objection, ReplyContent
from dialer.domain.ticket import TicketEvent, TicketId
from dialer.domain.ticket_desk import TicketStep, answers_at_once
from dialer.domain.user import User
from dialer.ports import Signals
from dialer.ports.storage import Draft, Moved, Storage, TicketReply, Work
from dialer.usecases.access import ticket_in_scope
from dialer.usecases.answer_ticket import reply_to_ticket
from dialer.usecases.check_reply import LookedOver, keep_reply, look_over
from dialer.usecases.close_case import accept_correction
from dialer.usecases.hand_down_ticket import ticket_for
from dialer.usecases.look_at_tickets import may_correct
from dialer.usecases.rulebook import Rulebook


class StatementEmpty(DialerError):
    """A statement says something."""

    code = "STATEMENT_EMPTY"


async def keep_draft(
    storage: Storage, user: User, ticket_id: TicketId, fields: Mapping[str, str], now: datetime
) -> None:
    """Keep what is typed, as it stands. Raises NotFound for a ticket out of the user's sight."""
    async with storage.begin() as work:
        ticket = await ticket_in_scope(work, user, ticket_id)
        await work.drafts.put(Draft(ticket.id, user.login, dict(fields), now))


async def look_over_draft(
    storage: Storage, rulebook: Rulebook, user: User, ticket_id: TicketId, reply: ReplyContent
) -> LookedOver:
    """What the final check would say of the reply as it stands."""
    async with storage.read() as work:
        return await look_over(work, await ticket_in_scope(work, user, ticket_id), reply, rulebook)


async def send_reply(
    storage: Storage,
    signals: Signals,
    rulebook: Rulebook,
    user: User,
    ticket_id: TicketId,
    now: datetime,
    reply: ReplyContent,
) -> Sequence[Objection]:
    """Send an answer the way the user's role has: from below to be checked, at the branch to count at once.

    Returns:
        The objections; empty when the reply holds up.

    Raises:
        NotFound, ImpossibleMove, NotAllowed: as for every step (`ticket_for`).
    """
    async with storage.read() as work:
        step, correction = await _way(work, user, ticket_id)
    if correction:
        return await accept_correction(storage, rulebook, ticket_id, user.login, now, reply)
    if step is TicketStep.ANSWER:
        return await reply_to_ticket(storage, signals, rulebook, ticket_id, user.login, now, reply)
    return await _reply(storage, rulebook, user, ticket_id, now, reply)


async def _way(work: Work, user: User, ticket_id: TicketId) -> tuple[TicketStep, bool]:
    ticket = await ticket_in_scope(work, user, ticket_id)
    if may_correct(user, ticket, await work.cases.get(ticket.case_id)):
        return TicketStep.ANSWER, True
    step = TicketStep.ANSWER if answers_at_once(user) else TicketStep.REPLY
    await ticket_for(work, user, ticket_id, step)
    return step, False


async def _reply(
    storage: Storage, rulebook: Rulebook, user: User, ticket_id: TicketId, now: datetime, reply: ReplyContent
) -> Sequence[Objection]:
    async with storage.begin() as work:
        ticket = await ticket_for(work, user, ticket_id, TicketStep.REPLY)
        found = await keep_reply(work, ticket, user.login, now, reply, rulebook)
        if not found:
            await work.tickets.move(ticket.put_down(), TicketEvent.REPLIED, Moved(user.login, now, {"objections": []}))
        return found


async def add_statement(storage: Storage, user: User, ticket_id: TicketId, text: str, now: datetime) -> None:
    """The salesperson's side of a first-level item, beside the answer of whoever handles it (rules §12 C-03).

    Raises:
        StatementEmpty: it says nothing.
    """
    async with storage.begin() as work:
        ticket = await ticket_for(work, user, ticket_id, TicketStep.STATE)
        if not text:
            raise StatementEmpty("write the statement first")
        content = {"account": text}
        await work.tickets.put_reply(TicketReply(ticket.id, now, user.login, content, accepted=False, statement=True))
        await work.tickets.move(ticket, TicketEvent.STATED, Moved(user.login, now, {}))
