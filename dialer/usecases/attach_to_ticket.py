"""Chapter: papers with a ticket. Scans and photographs, told by their content, kept for good (rules §5.5, §6.1.3)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from dialer.domain.attachment import Attachment, AttachmentTooLarge, TooManyAttachments, kind_of
from dialer.domain.errors import NotAllowed, NotFound, StaleVersion
from dialer.domain.ticket import TicketEvent, TicketId, TransferTicket
from dialer.domain.ticket_desk import TicketStep
from dialer.domain.user import User
from dialer.ports import RecordingStore
from dialer.ports.storage import Moved, Storage, Work
from dialer.usecases.access import ticket_in_scope
from dialer.usecases.hand_down_ticket import ticket_for
from dialer.usecases.look_at_tickets import may_take_back
from dialer.usecases.rulebook import TicketRules


@dataclass(frozen=True, slots=True)
class ReceivedFile:
    """A file that has arrived whole, on this machine's disk."""

    name: str
    path: Path
    size_bytes: int
    sha256: str
    first_bytes: bytes

    def __repr__(self) -> str:
        return f"ReceivedFile({self.size_bytes} bytes)"


async def attach_to_ticket(
    storage: Storage,
    store: RecordingStore,
    rules: TicketRules,
    user: User,
    ticket_id: TicketId,
    file: ReceivedFile,
    now: datetime,
) -> Attachment:
    """Store a paper and list it on its ticket; the same paper again is the same.

    A file that was stored and not listed, because somebody was faster or the process died, is seen by nobody.

    Raises:
        AttachmentTypeRefused, AttachmentTooLarge, TooManyAttachments: the site does not take it.
        StoreFull, StoreFailed: it can't be stored now.
        StaleVersion: the same paper was taken back at this moment.
    """
    kind = kind_of(file.first_bytes)
    if file.size_bytes > rules.attachment_max_bytes:
        raise AttachmentTooLarge(f"{file.size_bytes} bytes; the most is {rules.attachment_max_bytes}")
    async with storage.read() as work:
        ticket = await ticket_for(work, user, ticket_id, TicketStep.ATTACH)
        if listed := await _listed(work, ticket_id, file, rules):
            return listed
    key = f"tickets/{ticket.ticket_no}/{file.sha256}.{kind.extension}"
    await store.put(key, file.path)
    async with storage.begin() as work:
        ticket = await ticket_for(work, user, ticket_id, TicketStep.ATTACH)
        if listed := await _listed(work, ticket_id, file, rules):
            return listed
        await _still_there(store, key)
        attachment = Attachment(0, ticket.id, file.name, kind, file.size_bytes, file.sha256, key, user.login, now)
        attachment = await work.papers.put_attachment(attachment)
        await work.tickets.move(ticket, TicketEvent.ATTACHED, Moved(user.login, now, {"sha256": file.sha256}))
        return attachment


async def _still_there(store: RecordingStore, key: str) -> None:
    try:
        await store.get(key, 0, 1)
    except NotFound:
        raise StaleVersion("the same paper was taken back at this moment: attach it again") from None


async def _listed(work: Work, ticket_id: TicketId, file: ReceivedFile, rules: TicketRules) -> Attachment | None:
    """The paper, if the ticket has it already. Raises TooManyAttachments when there is no place for it."""
    there = await work.papers.attachments(ticket_id)
    same = next((each for each in there if each.sha256 == file.sha256), None)
    if same is None and len(there) >= rules.attachments_max:
        raise TooManyAttachments(f"a ticket takes {rules.attachments_max} papers")
    return same


async def take_back(
    storage: Storage, store: RecordingStore, user: User, ticket_id: TicketId, attachment_id: int, now: datetime
) -> None:
    """Take a wrong paper away from its ticket, with its file. The ticket's history keeps that it was there.

    The file goes while the ticket's row is ours: whoever attaches the same paper at this moment waits, and is told.

    Raises:
        NotFound: the ticket or the paper is out of the user's sight.
        NotAllowed: somebody else attached it, or it has been sent since.
        ImpossibleMove: the ticket is accepted, closed or recalled.
        StoreFailed: its file can't be removed now; it is still there.
    """
    async with storage.begin() as work:
        ticket = await ticket_in_scope(work, user, ticket_id)
        paper = _found(await work.papers.attachments(ticket.id), ticket, attachment_id)
        if not may_take_back(user, paper, await work.tickets.history(ticket.id)):
            raise NotAllowed(f"paper {paper.id} of ticket {ticket.ticket_no} was sent, or attached by another")
        await work.papers.drop_attachment(paper.id)
        told = Moved(user.login, now, {"sha256": paper.sha256})
        await work.tickets.move(ticket, TicketEvent.TAKEN_BACK, told)
        await store.delete(paper.key)


async def attachment_in_scope(storage: Storage, user: User, ticket_id: TicketId, attachment_id: int) -> Attachment:
    """A paper of a ticket the user may see. Raises NotFound for all others."""
    async with storage.read() as work:
        ticket = await ticket_in_scope(work, user, ticket_id)
        return _found(await work.papers.attachments(ticket.id), ticket, attachment_id)


def _found(papers: Sequence[Attachment], ticket: TransferTicket, attachment_id: int) -> Attachment:
    found = next((each for each in papers if each.id == attachment_id), None)
    if found is None:
        raise NotFound(f"ticket {ticket.ticket_no} has no attachment {attachment_id}")
    return found
