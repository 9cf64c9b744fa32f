"""At the side: the core system is told what became of cases; every message at least once, a case's in their order.

The messages are written with the moves they tell of (`storage`). One is gone when the core system has said that it
has it: who is killed in between sends it again, under the same id.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from dialer.domain.errors import DialerError
from dialer.domain.webhook import ALARM_AFTER, MessageState, WebhookMessage, retry_after, state_when_refused
from dialer.ports import CoreRefused, CoreUnreached, Courier
from dialer.ports.storage import Storage, Work

_CLAIMED_FOR = timedelta(seconds=60)
"""Longer than a delivery may take; whoever has died with a claim delays its message by this."""


async def deliver_messages(storage: Storage, courier: Courier, now: Callable[[], datetime]) -> int:
    """Deliver what is due, the oldest first, until nothing is or the core system can't be reached; how many."""
    delivered = 0
    while (message := await _claimed(storage, now())) is not None:
        try:
            await courier.deliver(message.message_id, message.body, now())
        except CoreUnreached as error:
            await _not_taken(storage, message, MessageState.UNREACHED, error, now())
            return delivered
        except CoreRefused as error:
            await _not_taken(storage, message, state_when_refused(message.tries + 1), error, now())
        else:
            async with storage.begin() as work:
                await work.webhooks.delivered(message.id)
            delivered += 1
    return delivered


async def _claimed(storage: Storage, now: datetime) -> WebhookMessage | None:
    """The next message, claimed; looked for without the lock of a write, since mostly there is none."""
    async with storage.read() as work:
        if await work.webhooks.due(now) is None:
            return None
    async with storage.begin() as work:
        message = await work.webhooks.due(now)
        if message is not None:
            await work.webhooks.save(replace(message, next_try_at=now + _CLAIMED_FOR))
    return message


async def _not_taken(
    storage: Storage, message: WebhookMessage, state: MessageState, error: DialerError, now: datetime
) -> None:
    tries = message.tries + 1
    again_at = None if state is MessageState.HELD else now + retry_after(tries)
    async with storage.begin() as work:
        await work.webhooks.save(
            replace(message, state=state, tries=tries, next_try_at=again_at, error=f"{error.code}: {error}")
        )


async def send_again(storage: Storage) -> int:
    """Everything that waits is due at once, also what was refused for good; how many messages."""
    async with storage.begin() as work:
        return await work.webhooks.all_due()


async def core_notices(work: Work) -> Sequence[str]:
    """What people on the floor should know of it; empty when all is well."""
    standing = await work.webhooks.standing()
    if standing.held == 0 and standing.most_tries < ALARM_AFTER:
        return ()
    chinese = f"核心系统未接收通知，积压 {standing.waiting} 条，将自动重试；立即重试：dialer webhooks retry"
    english = f"the core system takes no messages, {standing.waiting} wait, tried again by itself: {standing.error}"
    return (f"{chinese} · {english}",)
