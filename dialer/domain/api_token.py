"""Programs that may speak to us over HTTP, and what each may do (rules §2.4). Denied unless listed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Scope(StrEnum):
    """What an endpoint of the API may need; a closed list."""

    POLICIES_WRITE = "policies:write"
    RECEIPTS_WRITE = "receipts:write"
    CANCELLATIONS_WRITE = "cancellations:write"
    CONTACTS_WRITE = "contacts:write"
    CASES_READ = "cases:read"
    RECORDINGS_READ = "recordings:read"


@dataclass(frozen=True, slots=True)
class ApiToken:
    """A program's key; only its hash is kept. `org` is the part of the organisation it reaches, as a path prefix."""

    name: str
    token_hash: str
    scopes: frozenset[Scope]
    org: str
    created_at: datetime
    created_by: str
    expires_at: datetime
    revoked_at: datetime | None = None
    last_used_at: datetime | None = None
    id: int = 0

    def __repr__(self) -> str:
        return f"ApiToken({self.name})"

    @property
    def actor(self) -> str:
        """Who the histories say it was."""
        return f"api:{self.name}"

    def opens_at(self, now: datetime) -> bool:
        """Whether it is neither revoked nor expired."""
        return self.revoked_at is None and now < self.expires_at
