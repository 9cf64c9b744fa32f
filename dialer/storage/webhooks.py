"""The shelf of messages on their way to the core system, and how a case's move becomes one."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import exists, func, or_, select

from dialer.domain.case import CaseEvent, RevisitCase
from dialer.domain.errors import NotFound
from dialer.domain.webhook import Announcement, MessageState, WebhookMessage, announced_by
from dialer.ports.storage import Moved
from dialer.ports.webhooks import MessagesStanding
from dialer.storage.plain import dumps, from_row, row_of
from dialer.storage.statements import Statements
from dialer.storage.tables import webhook_messages as messages

_TRIED_BY_ITSELF = (MessageState.WAITING, MessageState.UNREACHED, MessageState.REFUSED)


class WebhookShelf:
    """`dialer.ports.storage.Webhooks` in SQL."""

    def __init__(self, statements: Statements) -> None:
        self._statements = statements

    async def due(self, now: datetime) -> WebhookMessage | None:
        out_of_reach = select(messages.c.id).where(
            messages.c.state == MessageState.UNREACHED, messages.c.next_try_at > now
        )
        if await self._statements.first(out_of_reach.limit(1)) is not None:
            return None
        earlier = messages.alias("earlier")
        waits_for_another = exists().where((earlier.c.case_id == messages.c.case_id) & (earlier.c.id < messages.c.id))
        come = or_(messages.c.next_try_at.is_(None), messages.c.next_try_at <= now)
        wanted = select(messages).where(messages.c.state.in_(_TRIED_BY_ITSELF), come, ~waits_for_another)
        row = await self._statements.first(wanted.order_by(messages.c.id).limit(1))
        return from_row(WebhookMessage, row) if row else None

    async def save(self, message: WebhookMessage) -> None:
        saved = messages.update().where(messages.c.id == message.id).values(row_of(message, messages))
        if not await self._statements.change(saved):
            raise NotFound(f"message {message.message_id} was delivered meanwhile")

    async def delivered(self, message_no: int) -> None:
        await self._statements.run(messages.delete().where(messages.c.id == message_no))

    async def undelivered(self, limit: int) -> Sequence[WebhookMessage]:
        rows = await self._statements.all(select(messages).order_by(messages.c.id).limit(limit))
        return [from_row(WebhookMessage, row) for row in rows]

    async def all_due(self) -> int:
        again = messages.update().values(state=MessageState.WAITING, tries=0, next_try_at=None)
        return await self._statements.change(again)

    async def standing(self) -> MessagesStanding:
        counts = select(
            func.count().label("waiting"),
            func.count().filter(messages.c.state == MessageState.HELD).label("held"),
            func.coalesce(func.max(messages.c.tries), 0).label("most_tries"),
        ).select_from(messages)
        worst = select(messages.c.error).order_by(messages.c.tries.desc(), messages.c.id).limit(1)
        row = await self._statements.first(counts)
        assert row is not None  # an aggregate always has its row
        return from_row(MessagesStanding, row, error=await self._statements.scalar(worst) or "")


async def announce(
    statements: Statements, wanted: frozenset[Announcement], case: RevisitCase, event: CaseEvent,
    after: RevisitCase, moved: Moved,
) -> None:  # fmt: skip
    """Write the message that a case's move asks for, if any, in the transaction of the move.

    It says what stood then; no person's data is in it. The case's version makes its id, which no retry changes.
    """
    kind = announced_by(case.state, event, after.state)
    if kind is None or kind not in wanted:
        return
    told = {
        "policy_no": after.policy_no,
        "case_id": after.id,
        "version": after.version,
        "org": after.org,
        "state": after.state,
        "from_state": case.state,
        "round": after.round,
        "closed_why": after.closed_why,
        "in_free_look": after.in_free_look,
    }
    body = dumps({"type": kind, "timestamp": moved.at, "data": told})
    message = WebhookMessage(0, f"case_{after.id}_{after.version}", after.id, kind, body, moved.at)
    await statements.add(messages, row_of(message, messages))
