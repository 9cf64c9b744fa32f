"""The shelf of what lies with a ticket: drafts of replies, and what is known of its scans."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ColumnElement, RowMapping, select

from dialer.domain.attachment import Attachment
from dialer.domain.ticket import TicketId
from dialer.ports.storage import Draft
from dialer.storage.plain import from_row, row_of
from dialer.storage.statements import Statements
from dialer.storage.tables import ticket_attachments, ticket_drafts
from dialer.storage.vault import Vault


class PaperShelf:
    """`dialer.ports.storage.Papers` in SQL."""

    def __init__(self, statements: Statements) -> None:
        self._statements = statements
        self._vault = statements.vault

    async def put_draft(self, draft: Draft) -> None:
        row = row_of(draft, ticket_drafts, fields_sealed=self._vault.seal_json(draft.fields))
        newer = {"fields_sealed": row["fields_sealed"], "at": draft.at}
        insert = self._statements.upsert(ticket_drafts, row)
        await self._statements.run(insert.on_conflict_do_update(index_elements=["ticket_id", "login"], set_=newer))

    async def draft(self, ticket_id: TicketId, login: str) -> Draft | None:
        row = await self._statements.first(select(ticket_drafts).where(_theirs(ticket_id, login)))
        return from_row(Draft, row, fields=self._vault.open_json(row["fields_sealed"])) if row else None

    async def drop_draft(self, ticket_id: TicketId, login: str) -> None:
        await self._statements.run(ticket_drafts.delete().where(_theirs(ticket_id, login)))

    async def put_attachment(self, attachment: Attachment) -> Attachment:
        row = row_of(attachment, ticket_attachments, name_sealed=self._vault.seal(attachment.name))
        del row["id"]
        await self._statements.run(self._statements.upsert(ticket_attachments, row).on_conflict_do_nothing())
        kept = await self.attachments(attachment.ticket_id)
        return next(each for each in kept if each.sha256 == attachment.sha256)

    async def attachments(self, ticket_id: TicketId) -> Sequence[Attachment]:
        its_own = ticket_attachments.c.ticket_id == ticket_id
        rows = await self._statements.all(select(ticket_attachments).where(its_own).order_by(ticket_attachments.c.id))
        return [attachment_of(row, self._vault) for row in rows]


def attachment_of(row: RowMapping, vault: Vault) -> Attachment:
    """A paper from its row."""
    return from_row(Attachment, row, name=vault.open(row["name_sealed"]))


def _theirs(ticket_id: TicketId, login: str) -> ColumnElement[bool]:
    return (ticket_drafts.c.ticket_id == ticket_id) & (ticket_drafts.c.login == login)
