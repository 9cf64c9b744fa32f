"""Other systems' programs, and what they were answered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from dialer.domain.api_token import ApiToken


@dataclass(frozen=True, slots=True)
class KeptAnswer:
    """What a program was told, kept under its key; `status` None while the request is being worked on."""

    request_sha256: str
    asked_at: datetime
    status: int | None = None
    body: str = ""


class Tokens(Protocol):
    """Other systems' tokens, and what their programs were answered."""

    async def add(self, token: ApiToken) -> ApiToken:
        """Store a new token; its id is given here. Raises StaleVersion: the name is taken."""
        ...

    async def save(self, token: ApiToken) -> None:
        """Store changes."""
        ...

    async def of_hash(self, token_hash: str) -> ApiToken | None:
        """The token with this fingerprint."""
        ...

    async def all(self) -> Sequence[ApiToken]:
        """By name."""
        ...

    async def touch(self, token_id: int, at: datetime) -> None:
        """Note that it is being used."""
        ...

    async def claim_answer(self, token_id: int, key: str, asked: KeptAnswer) -> KeptAnswer | None:
        """Keep a place for an answer; what stands there already, when the key was used before."""
        ...

    async def keep_answer(self, token_id: int, key: str, status: int, body: str) -> None:
        """The answer, for whoever sends the same again."""
        ...

    async def drop_answer(self, token_id: int, key: str) -> None:
        """Nothing came of the request: its key is free."""
        ...

    async def forget_answers(self, before: datetime) -> None:
        """Remove what was asked before an instant."""
        ...
