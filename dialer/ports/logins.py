"""Open sessions, second factors, and logins that failed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from dialer.domain.second_factor import SecondFactor
from dialer.domain.user import Failures, User


@dataclass(frozen=True, slots=True)
class LoginSession:
    """An open login, known by its token's fingerprint. `proved_at`: when the second factor was shown in it."""

    token_hash: str
    user: User
    csrf: str
    created_at: datetime
    seen_at: datetime
    address: str = ""
    proved_at: datetime | None = None
    enrolled: bool = False


STRANGERS_KEPT = 10_000
"""Of how many unknown logins the failures are counted."""


class Logins(Protocol):
    """Open sessions and second factors."""

    async def open(self, session: LoginSession) -> None:
        """Store a login. Raises NotFound for an unknown user."""
        ...

    async def find(self, token_hash: str) -> LoginSession | None:
        """A session, with whether its user has a second factor."""
        ...

    async def of(self, login: str) -> Sequence[LoginSession]:
        """Somebody's sessions, oldest first."""
        ...

    async def touch(self, token_hash: str, at: datetime) -> None:
        """Note that a session is being used."""
        ...

    async def close(self, token_hash: str) -> None:
        """Log out."""
        ...

    async def close_all(self, login: str) -> None:
        """Log somebody out wherever they are logged in."""
        ...

    async def factor(self, login: str) -> SecondFactor | None:
        """Somebody's second factor, enrolled or not yet."""
        ...

    async def put_factor(self, login: str, factor: SecondFactor, recovery: Sequence[str]) -> None:
        """Store a second factor in place of the one there was, with the fingerprints of its recovery codes."""
        ...

    async def drop_factor(self, login: str) -> None:
        """Forget it, and its recovery codes."""
        ...

    async def use_step(self, login: str, step: int) -> bool:
        """Accept a code of this half minute, once: False when this or a later one was accepted already."""
        ...

    async def use_recovery(self, login: str, code_hash: str) -> bool:
        """Accept a recovery code, once: False when there is no such code any more."""
        ...

    async def recovery_left(self, login: str) -> int:
        """How many recovery codes are left."""
        ...

    async def failures_of_stranger(self, login: str) -> Failures:
        """Wrong passwords in a row for a login that nobody has."""
        ...

    async def put_failures_of_stranger(self, login: str, failures: Failures, at: datetime) -> None:
        """Keep them, for the `STRANGERS_KEPT` logins that were tried last."""
        ...
