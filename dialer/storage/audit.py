"""The shelf of the audit log: rows that are only added, each hashed with the one before it (rules §7.6).

The hash is keyed with the installation's key: who can write to the database but has no key can't forge a row. The last
row's number and hash stand in `audit_head`, so that rows missing at the end show too; its lock puts writers in order.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC
from typing import Any

from sqlalchemy import ColumnElement, RowMapping, select, true

from dialer.domain.audit import AuditEntry, AuditQuestion
from dialer.storage.plain import dumps, from_row
from dialer.storage.statements import Row, Statements, under
from dialer.storage.tables import audit, audit_head
from dialer.storage.vault import Vault


class AuditShelf:
    """`dialer.ports.storage.Audit` in SQL."""

    def __init__(self, statements: Statements) -> None:
        self._statements = statements

    async def put(self, *entries: AuditEntry) -> None:
        head = await self._statements.first(select(audit_head).with_for_update())
        if head is None:
            raise LookupError("the audit log has no head: its migration did not run to the end")
        number, last = head["last_id"], head["hash"]
        for number, entry in enumerate(entries, number + 1):  # noqa: B020 - counts on from the head
            row = _row(self._statements.vault, entry, number, last)
            await self._statements.run(audit.insert(), row)
            last = row["hash"]
        await self._statements.run(audit_head.update().values(last_id=number, hash=last))

    async def find(self, question: AuditQuestion, org: str, limit: int) -> Sequence[AuditEntry]:
        wanted = select(audit).where(*_asked(question), under(audit.c.org, org)).order_by(audit.c.id.desc())
        return [entry_of(row, self._statements.vault) for row in await self._statements.all(wanted.limit(limit))]


def _row(vault: Vault, entry: AuditEntry, number: int, previous: str) -> dict[str, Any]:
    row = {
        "id": number,
        "at": entry.at,
        "kind": entry.kind.value,
        "login": entry.login,
        "org": entry.org,
        "address": entry.address,
        "record": entry.record,
        "told_sealed": vault.seal_json({"detail": entry.detail, "reason": entry.reason}),
    }
    return row | {"hash": chained(vault, row, previous)}


def chained(vault: Vault, row: Row, previous: str) -> str:
    """The hash of a row that follows another; what is sealed is hashed as it lies there."""
    told = [row[name] for name in ("id", "kind", "login", "org", "address", "record")]
    at, sealed = row["at"].astimezone(UTC).isoformat(), row["told_sealed"].hex()
    return vault.digest(dumps(["audit", previous, at, *told, sealed]))


def _asked(question: AuditQuestion) -> Iterator[ColumnElement[bool]]:
    yield true()
    if question.login:
        yield audit.c.login == question.login
    if question.record:
        yield (audit.c.record == question.record) | audit.c.record.startswith(f"{question.record},", autoescape=True)
    if question.kind is not None:
        yield audit.c.kind == question.kind.value
    if question.since is not None:
        yield audit.c.at >= question.since
    if question.until is not None:
        yield audit.c.at < question.until
    if question.before is not None:
        yield audit.c.id < question.before


def entry_of(row: RowMapping, vault: Vault) -> AuditEntry:
    """A row as it was written."""
    return from_row(AuditEntry, row, **vault.open_json(row["told_sealed"]))
