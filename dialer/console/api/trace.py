"""What programs saw and sent leaves its row in the audit log, as what people see does (rules §7.6)."""

from __future__ import annotations

from aiohttp import web

from dialer.console.address import address
from dialer.console.api.bearer import token_in
from dialer.console.site import site_of
from dialer.domain.audit import AuditEntry, AuditKind
from dialer.usecases.audit import note


async def leave_trace(request: web.Request, kind: AuditKind, record: str = "") -> None:
    """Note it, before the answer goes out."""
    site, token = site_of(request), token_in(request)
    where = f"{request.method} {request.path_qs}"
    entry = AuditEntry(site.now, kind, token.actor, token.org, address(request), record=record, detail=where)
    await note(site.storage, entry)
