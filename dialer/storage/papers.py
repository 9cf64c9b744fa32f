"""The shelf of what lies with a ticket: what is known of its scans."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import RowMapping, select

from dialer.domain.attachment import Attachment
from dialer.domain.ticket import TicketId
from dialer.storage.plain import from_row, row_of
from dialer.storage.statements import Statements
from dialer.storage.tables import ticket_attachments
from dialer.storage.vault import Vault


class PaperShelf:
    """`dialer.ports.storage.Papers` in SQL."""

    def __init__(self, statements: Statements) -> None:
        self._statements = statements
        self._vault = statements.vault

    async def put_attachment(self, attachment: Attachment) -> Attachment:
        row = row_of(attachment, ticket_attachments, name_sealed=self._vault.seal(attachment.name))
        await self._statements.add_new(ticket_attachments, row)
        kept = await self.attachments(attachment.ticket_id)
        return next(each for each in kept if each.sha256 == attachment.sha256)

    async def drop_attachment(self, attachment_id: int) -> None:
        await self._statements.run(ticket_attachments.delete().where(ticket_attachments.c.id == attachment_id))

    async def attachments(self, ticket_id: TicketId) -> Sequence[Attachment]:
        its_own = ticket_attachments.c.ticket_id == ticket_id
        rows = await self._statements.all(select(ticket_attachments).where(its_own).order_by(ticket_attachments.c.id))
        return [attachment_of(row, self._vault) for row in rows]


def attachment_of(row: RowMapping, vault: Vault) -> Attachment:
    """A paper from its row."""
    return from_row(Attachment, row, name=vault.open(row["name_sealed"]))
