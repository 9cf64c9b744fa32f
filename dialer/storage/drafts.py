"""The shelf of what people have typed and not sent."""

from __future__ import annotations

from sqlalchemy import ColumnElement, select

from dialer.domain.call import CallId
from dialer.domain.ticket import TicketId
from dialer.ports.storage import Draft
from dialer.storage.statements import Statements
from dialer.storage.tables import drafts


class DraftShelf:
    """`dialer.ports.storage.Drafts` in SQL."""

    def __init__(self, statements: Statements) -> None:
        self._statements = statements
        self._vault = statements.vault

    async def put(self, draft: Draft) -> None:
        newer = {"fields_sealed": self._vault.seal_json(draft.fields), "at": draft.at}
        row = {"about": _named(draft.about), "login": draft.login, **newer}
        insert = self._statements.upsert(drafts, row)
        await self._statements.run(insert.on_conflict_do_update(index_elements=["about", "login"], set_=newer))

    async def of(self, about: TicketId | CallId, login: str) -> Draft | None:
        row = await self._statements.first(select(drafts).where(_theirs(about, login)))
        return Draft(about, login, self._vault.open_json(row["fields_sealed"]), row["at"]) if row else None

    async def drop(self, about: TicketId | CallId, login: str) -> None:
        await self._statements.run(drafts.delete().where(_theirs(about, login)))


def _theirs(about: TicketId | CallId, login: str) -> ColumnElement[bool]:
    return (drafts.c.about == _named(about)) & (drafts.c.login == login)


def _named(about: TicketId | CallId) -> str:
    return f"ticket {about}" if isinstance(about, int) else f"call {about}"
