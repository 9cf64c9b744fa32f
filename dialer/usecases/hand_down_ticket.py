"""Chapter: ticket handed down. City → county or department → salesperson, who signs (rules §5.5 steps 2-4)."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from dialer.domain.errors import DialerError, NotAllowed, StaleVersion
from dialer.domain.ticket import TICKET, TicketEvent, TicketId, TransferTicket
from dialer.domain.ticket_desk import TicketStep, event_of, steps
from dialer.domain.user import User
from dialer.ports.storage import Moved, Storage, Work
from dialer.usecases.access import ticket_in_scope
from dialer.usecases.look_at_tickets import destinations


class UnitRefused(DialerError):
    """The ticket can't be forwarded there: no unit below one's own, or of another city."""

    code = "UNIT_REFUSED"


class SignatureInvalid(DialerError):
    """A signature without a name or code, or of a time before the ticket was issued or still to come."""

    code = "SIGNATURE_INVALID"


async def ticket_for(
    work: Work, user: User, ticket_id: TicketId, step: TicketStep, version: int | None = None
) -> TransferTicket:
    """The ticket, if the user may do this with it now.

    Args:
        work: the unit of work in which it will be done.
        user: who wants to.
        ticket_id: the ticket.
        step: what they want to do.
        version: what they had on their screen, where that matters.

    Raises:
        NotFound: it is out of the user's sight.
        StaleVersion: it is not as it was on their screen.
        ImpossibleMove: nobody can do this in its state.
        NotAllowed: somebody else can.
    """
    ticket = await ticket_in_scope(work, user, ticket_id)
    if version is not None and version != ticket.version:
        raise StaleVersion(f"ticket {ticket.ticket_no} has changed since it was shown: look at it again")
    case = await work.cases.get(ticket.case_id)
    if step in steps(user, ticket, (await work.policies.get(case.policy_no)).policy.salesperson_code):
        return ticket
    TICKET.after(ticket.state, event_of(step))
    raise NotAllowed(f"{user.login} ({user.role}) may not {step} ticket {ticket.ticket_no}")


async def take_ticket(storage: Storage, user: User, ticket_id: TicketId, now: datetime) -> None:
    """Tell the others that one works on it; it keeps nobody out, and the next to take it takes it over."""
    async with storage.begin() as work:
        ticket = await ticket_for(work, user, ticket_id, TicketStep.TAKE)
        taken = replace(ticket, taken_by=user.login, taken_at=now)
        await work.tickets.move(taken, TicketEvent.TAKEN, Moved(user.login, now, {}))


async def forward_ticket(
    storage: Storage, user: User, ticket_id: TicketId, unit: str, now: datetime, version: int | None = None
) -> None:
    """To a level-4 place or a department below one's own. Raises UnitRefused."""
    async with storage.begin() as work:
        ticket = await ticket_for(work, user, ticket_id, TicketStep.FORWARD, version)
        if unit not in [each.org for each in destinations(await work.floor.users(), user, ticket)]:
            raise UnitRefused(f"ticket {ticket.ticket_no} can't be forwarded to {unit!r}")
        moved = Moved(user.login, now, {"unit": unit})
        await work.tickets.move(replace(ticket, unit=unit).put_down(), TicketEvent.FORWARDED, moved)


async def hand_to_salesperson(
    storage: Storage,
    user: User,
    ticket_id: TicketId,
    now: datetime,
    *,
    salesperson_code: str,
    signed_by: str,
    signed_at: datetime | None,
    version: int | None = None,
) -> None:
    """The salesperson has the ticket and signed the 明细簿 for it: who, and when (rules §2.4).

    Raises:
        SignatureInvalid: it can't be so.
    """
    signed_at = signed_at or now
    async with storage.begin() as work:
        ticket = await ticket_for(work, user, ticket_id, TicketStep.HAND_OVER, version)
        if not salesperson_code or not signed_by:
            raise SignatureInvalid("a signature needs the salesperson's code and name")
        if signed_at > now or (ticket.issued_at is not None and signed_at < ticket.issued_at):
            raise SignatureInvalid(f"signed at {signed_at:%Y-%m-%d %H:%M}: before the ticket's issue, or still to come")
        signed = replace(ticket, handed_to=salesperson_code, signed_by=signed_by, signed_at=signed_at)
        detail = {"handed_to": salesperson_code, "signed_by": signed_by, "signed_at": signed_at}
        await work.tickets.move(signed.put_down(), TicketEvent.SIGNED, Moved(user.login, now, detail))
