"""At the side: one whole telephone number, for a stated reason and on record (rules §2.4, §7.6).

A call centre's manager may for any case of the own organisation; the third-level handler for tickets that
wait with them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from dialer.domain.audit import AuditEntry, AuditKind
from dialer.domain.case import CaseId, RevisitCase
from dialer.domain.errors import NotAllowed, NotFound, ReasonMissing, reason_given
from dialer.domain.ticket import OPEN_TICKETS, TicketId, TransferTicket
from dialer.domain.user import Permission, User
from dialer.ports.storage import HolderPhone, Storage, Work
from dialer.usecases.access import case_in_scope, ticket_in_scope

MIN_WORDS_CHARS = 4


class RevealReason(StrEnum):
    """Why somebody needs the whole number."""

    TICKET_HANDLING = "TICKET_HANDLING"
    CALLBACK_ASKED = "CALLBACK_ASKED"
    NUMBER_CHECK = "NUMBER_CHECK"
    COMPLAINT = "COMPLAINT"


@dataclass(frozen=True, slots=True)
class StatedReason:
    """What is written into the log: a reason from the list, with a few words of one's own."""

    kind: str
    words: str

    def checked(self) -> str:
        """As one text. Raises ReasonMissing."""
        if self.kind not in set(RevealReason):
            raise ReasonMissing(f"choose one of the reasons: {', '.join(RevealReason)}")
        return f"{self.kind}: {reason_given(self.words, MIN_WORDS_CHARS)}"


async def phone_of_case(storage: Storage, user: User, case_id: CaseId, phone_id: int) -> HolderPhone:
    """A number of a case the user may see. Raises NotFound."""
    async with storage.read() as work:
        return await _phone(work, await case_in_scope(work, user, case_id), phone_id)


async def phone_of_ticket(storage: Storage, user: User, ticket_id: TicketId, phone_id: int) -> HolderPhone:
    """A number of a ticket the user may see. Raises NotFound."""
    async with storage.read() as work:
        ticket = await ticket_in_scope(work, user, ticket_id)
        return await _phone(work, await work.cases.get(ticket.case_id), phone_id)


async def reveal_of_case(
    storage: Storage, user: User, case_id: CaseId, phone_id: int, reason: StatedReason, now: datetime, address: str = ""
) -> HolderPhone:
    """One number of a case. Raises NotFound, ReasonMissing."""
    async with storage.begin() as work:
        phone = await _phone(work, await case_in_scope(work, user, case_id), phone_id)
        await _log(work, user, f"case {case_id}, phone {phone_id}", reason, now, address)
        return phone


async def reveal_of_ticket(
    storage: Storage,
    user: User,
    ticket_id: TicketId,
    phone_id: int,
    reason: StatedReason,
    now: datetime,
    address: str = "",
) -> HolderPhone:
    """One number of a ticket. Raises NotFound, ReasonMissing, and NotAllowed: the ticket does not wait below."""
    async with storage.begin() as work:
        ticket = await ticket_in_scope(work, user, ticket_id)
        phone = await _phone(work, await work.cases.get(ticket.case_id), phone_id)
        if not may_reveal(user, ticket):
            raise NotAllowed("a number is shown while the ticket is being handled")
        await _log(work, user, f"ticket {ticket_id}, phone {phone_id}", reason, now, address)
        return phone


def may_reveal(user: User, ticket: TransferTicket) -> bool:
    """Whether the ticket is the handler's to work on; a manager needs no ticket."""
    waits = ticket.issued_at is not None and ticket.state in OPEN_TICKETS
    return user.may(Permission.REVEAL_NUMBERS) or (waits and user.may(Permission.REVEAL_TICKET_NUMBERS))


async def _phone(work: Work, case: RevisitCase, phone_id: int) -> HolderPhone:
    phones = await work.policies.phones(case.holder_id)
    found = next((phone for phone in phones if phone.id == phone_id), None)
    if found is None:
        raise NotFound(f"there is no phone {phone_id} here")
    return found


async def _log(work: Work, user: User, record: str, reason: StatedReason, now: datetime, address: str) -> None:
    entry = AuditEntry.of(user, AuditKind.NUMBER_REVEALED, now, address, record=record, reason=reason.checked())
    await work.audit.put(entry)
