"""Who saw and did what."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from dialer.domain.audit import AuditEntry, AuditQuestion


class Audit(Protocol):
    """The audit log: rows are added and read, never changed (rules §7.6)."""

    async def put(self, *entries: AuditEntry) -> None:
        """Add rows, in order; their ids are given here."""
        ...

    async def find(self, question: AuditQuestion, org: str, limit: int) -> Sequence[AuditEntry]:
        """What people under an organisation saw and did, the latest first."""
        ...
