"""Every view of personal data, and every refusal, leaves its row in the audit log before the answer goes out.

A route says what it shows (`Route.seen`); a handler that knows better says it itself (`showed`). Who looks at the same
record again soon, by a reload or as a page refreshes itself, is noted once.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from aiohttp import web

from dialer.console.address import address
from dialer.console.routes import SEEN
from dialer.console.site import SESSION, site_of
from dialer.domain.audit import AuditEntry, AuditKind, record_named
from dialer.usecases.audit import note

AGAIN_AFTER = timedelta(minutes=10)
_REMEMBERED = 20_000

_View = tuple[str, AuditKind, str, str]

_LATELY = web.AppKey("lately", dict[_View, datetime])
_SHOWN = web.RequestKey("shown", set[tuple[AuditKind, str]])


def remember_traces(app: web.Application) -> None:
    """Room for what was noted lately. Streams are sent by their handlers, so they are noted as they begin."""
    app[_LATELY] = {}
    app.on_response_prepare.append(_before_a_stream)


def showed(request: web.Request, kind: AuditKind, record: str) -> None:
    """The answer shows this record: what the path alone doesn't say."""
    request.setdefault(_SHOWN, set()).add((kind, record))


async def _before_a_stream(request: web.Request, response: web.StreamResponse) -> None:
    if not isinstance(response, web.Response):
        await leave_trace(request, response)


async def leave_trace(request: web.Request, response: web.StreamResponse) -> None:
    """Note what an answer shows, if it shows anything and to somebody known."""
    if response.status >= 400 or SESSION not in request:
        return
    await _note(request, *_shown(request))


def _shown(request: web.Request) -> Iterator[tuple[AuditKind, str, str]]:
    resource = request.match_info.route.resource
    told = dict.fromkeys(request.get(_SHOWN, ()), "")
    kind = request.app[SEEN].get((request.method, resource.canonical)) if resource is not None else None
    if kind is not None:
        told[kind, record_named(request.match_info)] = request.path_qs
    yield from ((kind, record, detail) for (kind, record), detail in told.items())


async def refused(request: web.Request) -> None:
    """Note that somebody known wanted what they may not."""
    if SESSION in request:
        await _note(request, (AuditKind.PERMISSION_REFUSED, "", f"{request.method} {request.path}"))


async def _note(request: web.Request, *views: tuple[AuditKind, str, str]) -> None:
    site, user = site_of(request), request[SESSION].user
    lately = request.app[_LATELY]
    new = [view for view in views if _is_new(lately.get((user.login, *view)), site.now)]
    if not new:
        return
    entries = [
        AuditEntry.of(user, kind, site.now, address(request), record=record, detail=detail)
        for kind, record, detail in new
    ]
    await note(site.storage, *entries)
    _forget_old(lately, site.now)
    lately.update({(user.login, *view): site.now for view in new})


def _is_new(noted_at: datetime | None, now: datetime) -> bool:
    return noted_at is None or now - noted_at >= AGAIN_AFTER


def _forget_old(lately: dict[_View, datetime], now: datetime) -> None:
    """They are in the order of time, but for what was noted again."""
    if len(lately) >= _REMEMBERED:
        for view in [view for view, noted_at in lately.items() if _is_new(noted_at, now)]:
            del lately[view]
