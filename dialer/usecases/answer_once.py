"""At the side: a request that is sent again gets the answer it got, and is not worked on again."""

from __future__ import annotations

from datetime import datetime, timedelta

from dialer.domain.api_token import ApiToken
from dialer.domain.errors import DialerError
from dialer.ports.storage import KeptAnswer, Storage

KEPT_FOR = timedelta(hours=24)
_ABANDONED_AFTER = timedelta(minutes=5)


class KeyUsed(DialerError):
    """The idempotency key was used for another request; take a new one."""

    code = "IDEMPOTENCY_KEY_USED"


class StillWorking(DialerError):
    """The same request is being worked on; ask again in a moment."""

    code = "STILL_WORKING"


async def answered_before(
    storage: Storage, token: ApiToken, key: str, request_sha256: str, now: datetime
) -> KeptAnswer | None:
    """The answer that was kept; None when it is this caller's to work on, and then to keep or to drop.

    Raises:
        KeyUsed: the key belongs to another request of the last 24 hours.
        StillWorking: somebody works on it; whoever has died doing so is forgotten after five minutes.
    """
    asked = KeptAnswer(request_sha256, now)
    async with storage.begin() as work:
        await work.tokens.forget_answers(now - KEPT_FOR)
        stood = await work.tokens.claim_answer(token.id, key, asked)
        if stood is not None and stood.status is None and now - stood.asked_at > _ABANDONED_AFTER:
            await work.tokens.drop_answer(token.id, key)
            stood = await work.tokens.claim_answer(token.id, key, asked)
    if stood is None:
        return None
    if stood.request_sha256 != request_sha256:
        raise KeyUsed(f"the key {key!r} was used for another request")
    if stood.status is None:
        raise StillWorking("the same request is being worked on")
    return stood


async def keep_answer(storage: Storage, token: ApiToken, key: str, status: int, body: str) -> None:
    """From now on the same request gets this answer."""
    async with storage.begin() as work:
        await work.tokens.keep_answer(token.id, key, status, body)


async def drop_answer(storage: Storage, token: ApiToken, key: str) -> None:
    """Nothing came of it: the request may be sent again."""
    async with storage.begin() as work:
        await work.tokens.drop_answer(token.id, key)
