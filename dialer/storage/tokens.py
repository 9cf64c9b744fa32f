"""The shelf of other systems' tokens and of what their programs were answered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import ColumnElement, select

from dialer.domain.api_token import ApiToken
from dialer.ports.storage import KeptAnswer
from dialer.storage.plain import from_row, row_of
from dialer.storage.statements import Statements
from dialer.storage.tables import api_answers, api_tokens


class TokenShelf:
    """`dialer.ports.storage.Tokens` in SQL."""

    def __init__(self, statements: Statements) -> None:
        self._statements = statements

    async def add(self, token: ApiToken) -> ApiToken:
        return replace(token, id=await self._statements.add(api_tokens, row_of(token, api_tokens)))

    async def save(self, token: ApiToken) -> None:
        await self._statements.save(api_tokens, row_of(token, api_tokens), f"token {token.name}")

    async def of_hash(self, token_hash: str) -> ApiToken | None:
        row = await self._statements.first(select(api_tokens).where(api_tokens.c.token_hash == token_hash))
        return from_row(ApiToken, row) if row else None

    async def all(self) -> Sequence[ApiToken]:
        rows = await self._statements.all(select(api_tokens).order_by(api_tokens.c.name))
        return [from_row(ApiToken, row) for row in rows]

    async def touch(self, token_id: int, at: datetime) -> None:
        used = api_tokens.update().where(api_tokens.c.id == token_id).values(last_used_at=at)
        await self._statements.run(used)

    async def claim_answer(self, token_id: int, key: str, asked: KeptAnswer) -> KeptAnswer | None:
        row = {"token_id": token_id, "key": key, **row_of(asked, api_answers)}
        insert = self._statements.upsert(api_answers, row).on_conflict_do_nothing().returning(api_answers.c.key)
        if await self._statements.scalar(insert) is not None:
            return None
        stood = await self._statements.first(select(api_answers).where(_under(token_id, key)))
        return from_row(KeptAnswer, stood) if stood else None

    async def keep_answer(self, token_id: int, key: str, status: int, body: str) -> None:
        kept = api_answers.update().where(_under(token_id, key)).values(status=status, body=body)
        await self._statements.run(kept)

    async def drop_answer(self, token_id: int, key: str) -> None:
        await self._statements.run(api_answers.delete().where(_under(token_id, key)))

    async def forget_answers(self, before: datetime) -> None:
        await self._statements.run(api_answers.delete().where(api_answers.c.asked_at < before))


def _under(token_id: int, key: str) -> ColumnElement[bool]:
    return (api_answers.c.token_id == token_id) & (api_answers.c.key == key)
