"""The shelf of messages to the core system."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from dialer.domain.webhook import WebhookMessage


@dataclass(frozen=True, slots=True)
class MessagesStanding:
    """How the messages to the core system stand: how many wait, the most tries of one, and what it said last."""

    waiting: int
    held: int
    most_tries: int
    error: str


class Webhooks(Protocol):
    """Messages on their way to the core system. They are written with the moves they tell of (`Cases.move`)."""

    async def due(self, now: datetime) -> WebhookMessage | None:
        """The oldest that may be tried: none while the core system is out of reach; a case's in their order."""
        ...

    async def save(self, message: WebhookMessage) -> None:
        """Store how it stands. Raises NotFound: it was delivered meanwhile."""
        ...

    async def delivered(self, message_no: int) -> None:
        """The core system has it; it is forgotten here."""
        ...

    async def undelivered(self, limit: int) -> Sequence[WebhookMessage]:
        """Those that wait, oldest first."""
        ...

    async def all_due(self) -> int:
        """Make everything that waits due at once; how many."""
        ...

    async def standing(self) -> MessagesStanding:
        """How they stand."""
        ...
