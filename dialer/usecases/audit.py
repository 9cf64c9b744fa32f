"""At the side: the audit log, written by whoever shows or decides something, read by those who check (rules §7.6)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from dialer.domain.audit import AuditEntry, AuditQuestion
from dialer.domain.user import User
from dialer.ports.storage import Storage

PAGE_ROWS = 50


async def note(storage: Storage, *entries: AuditEntry) -> None:
    """Write down what was no other unit of work's business."""
    async with storage.begin() as work:
        await work.audit.put(*entries)


@dataclass(frozen=True, slots=True)
class AuditPage:
    """Some rows, the latest first; `older` asks for those that follow, if there are any."""

    rows: tuple[AuditEntry, ...]
    older: AuditQuestion | None


async def search_audit(storage: Storage, user: User, question: AuditQuestion) -> AuditPage:
    """What people under the reader's organisation saw and did."""
    async with storage.read() as work:
        found: Sequence[AuditEntry] = await work.audit.find(question, user.org, PAGE_ROWS + 1)
    rows = tuple(found[:PAGE_ROWS])
    return AuditPage(rows, replace(question, before=rows[-1].id) if len(found) > PAGE_ROWS else None)
