"""The audit log, for those who check: by person, record, kind and date (rules §7.6)."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlencode

from aiohttp import web

from dialer.console.forms import code_if_any, day_begins, day_ends, number
from dialer.console.pages import page
from dialer.console.routes import Route
from dialer.console.site import site_of, user_of
from dialer.domain.audit import AuditKind, AuditQuestion
from dialer.domain.user import Permission
from dialer.usecases.audit import AuditPage, search_audit

_PAGES = {"case": "/cases/", "ticket": "/tickets/"}


async def show_audit(request: web.Request) -> web.Response:
    """Rows of the log, the latest first, a page at a time."""
    site, user = site_of(request), user_of(request)
    asked = {name: value.strip() for name, value in request.query.items()}
    found = await search_audit(site.storage, user, _question(asked))
    return page(
        request,
        "audit.html",
        found=found,
        asked=asked,
        kinds=tuple(AuditKind),
        older=_older(found, asked),
        parts=_parts,
    )


def _question(asked: dict[str, str]) -> AuditQuestion:
    return AuditQuestion(
        login=asked.get("login", "").lower(),
        record=asked.get("record", ""),
        kind=code_if_any(AuditKind, asked.get("kind", "")),
        since=day_begins(asked.get("since", "")),
        until=day_ends(asked.get("until", "")),
        before=number(asked["before"]) if asked.get("before") else None,
    )


def _older(found: AuditPage, asked: dict[str, str]) -> str:
    """The address of the page after this one; empty on the last."""
    return f"/audit?{urlencode({**asked, 'before': str(found.older.before)})}" if found.older else ""


def _parts(record: str) -> Iterator[tuple[str, str, str]]:
    """A record's nouns with their numbers, and where each can be seen; empty where nowhere."""
    for part in filter(None, record.split(", ")):
        noun, _, value = part.partition(" ")
        yield noun, value, f"{_PAGES[noun]}{value}" if noun in _PAGES and value.isdecimal() else ""


ROUTES = (Route("GET", "/audit", Permission.SEE_AUDIT, show_audit, AuditKind.AUDIT_SEEN),)
