"""What stands before every handler: who is asking, may they, did the request come from our own page."""

from __future__ import annotations

import secrets
from urllib.parse import urlsplit

from aiohttp import web

from dialer.console.api.bearer import admit_program
from dialer.console.forms import field
from dialer.console.pages import wants_fragment
from dialer.console.routes import Door, Handler, admits, needs_of
from dialer.console.site import SESSION, site_of
from dialer.console.trace import leave_trace, refused
from dialer.domain.api_token import Scope
from dialer.domain.errors import NotAllowed
from dialer.usecases.log_in import SessionOver, StepMissing, session_of

SESSION_COOKIE = "dialer_session"
CSRF_HEADER = "X-CSRF-Token"
UNASKED_HEADER = "X-Unasked"
"""With what a page sends by itself."""

_READING = frozenset({"GET", "HEAD"})
_OUR_OWN = frozenset({"same-origin", "none"})

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; media-src 'self'; "
    "connect-src 'self'{phones}; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
"""`phones`: the origins of the WebSockets where agents' browsers register."""
SECURITY_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), payment=()",
}


async def add_security_headers(request: web.Request, response: web.StreamResponse) -> None:
    """On every response, errors and streams included; what a page showed stays in no cache."""
    response.headers.update(SECURITY_HEADERS)
    phones = (urlsplit(server.websocket) for server in site_of(request).phone_servers)
    origins = "".join(f" {phone.scheme}://{phone.netloc}" for phone in phones)
    response.headers["Content-Security-Policy"] = CONTENT_SECURITY_POLICY.format(phones=origins)
    ours = request.path.startswith("/static/")  # asked for anew, or a page of today runs with the script of yesterday
    response.headers.setdefault("Cache-Control", "no-cache" if ours else "no-store")


@web.middleware
async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Deny by default.

    Raises:
        SessionOver: the route needs a login and there is none.
        StepMissing: the login is not complete.
        NotAllowed: the role lacks the permission, or the request was not made by our own page.
        TokenRefused, ScopeMissing, RateLimited: the route is for programs, and this one may not pass.
    """
    if request.match_info.http_exception is not None:
        return await handler(request)  # no such page, no such method
    try:
        await _let_pass(request)
        response = await handler(request)
    except NotAllowed:
        await refused(request)
        raise
    if isinstance(response, web.Response):
        await leave_trace(request, response)
    return response


async def _let_pass(request: web.Request) -> None:
    needs = needs_of(request)
    if isinstance(needs, Scope):
        await admit_program(request, needs)
        return
    if request.method not in _READING:
        _from_our_own_page(request)
    if needs is Door.PUBLIC:
        return
    await _known(request)
    if needs is not Door.LOGGING_IN and (step := request[SESSION].step) is not None:
        raise StepMissing(f"the login is not complete: {step}")
    if not admits(needs, request[SESSION].user):
        raise NotAllowed(f"{request[SESSION].user.role} may not {request.method} {request.path}")


async def _known(request: web.Request) -> None:
    token = request.cookies.get(SESSION_COOKIE)
    if token is None:
        raise SessionOver("please log in")
    site = site_of(request)
    request[SESSION] = await session_of(site.storage, token, site.now, proving=site.proving, by_hand=_by_hand(request))
    if request.method not in _READING:
        await _with_token(request)


def _by_hand(request: web.Request) -> bool:
    """Somebody opened a page, sent a form or pressed a key.

    What a page fetches by itself (renewals, streams, sound, its phone's affairs) says nothing of anybody sitting there.
    """
    if request.method not in _READING:
        return UNASKED_HEADER not in request.headers
    return "text/html" in request.headers.get("Accept", "") and not wants_fragment(request)


async def _with_token(request: web.Request) -> None:
    """The session's CSRF secret comes back in a header (htmx, robots) or in a hidden field (plain forms)."""
    sent = request.headers.get(CSRF_HEADER) or await field(request, "csrf")
    if not secrets.compare_digest(sent.encode(), request[SESSION].csrf.encode()):
        raise NotAllowed("the request carries no valid CSRF token: load the page again")


def _from_our_own_page(request: web.Request) -> None:
    """Browsers say where a request comes from; robots say nothing and need no protection from their users."""
    fetched_from = request.headers.get("Sec-Fetch-Site", "none")
    origin = request.headers.get("Origin")
    foreign = origin is not None and urlsplit(origin).netloc != request.host
    if fetched_from not in _OUR_OWN or foreign:
        raise NotAllowed("the request was made by another site's page")
