"""Logging in and out, the language, and where to go from here."""

from __future__ import annotations

from aiohttp import web

from dialer.console.forms import field, fields
from dialer.console.guard import SESSION_COOKIE
from dialer.console.navigation import links
from dialer.console.pages import page, see, wants_json
from dialer.console.problems import status_of
from dialer.console.routes import Door, Route
from dialer.console.site import SESSION, site_of, user_of
from dialer.console.words import LANGUAGE_COOKIE, LANGUAGES
from dialer.domain.errors import DialerError
from dialer.usecases import log_in as sessions
from dialer.usecases.log_in import LockedOut, LoginRefused

_A_YEAR_SECONDS = 365 * 24 * 3600


async def show_login(request: web.Request) -> web.Response:
    """The login page."""
    return page(request, "login.html", refused=None, login="")


async def log_in(request: web.Request) -> web.StreamResponse:
    """Open a session; a program gets its CSRF token in the answer."""
    site, sent = site_of(request), await fields(request)
    login = sent.get("login", "").strip().lower()
    try:
        session = await sessions.log_in(site.storage, site.hasher, login, sent.get("password", ""), site.now)
    except (LoginRefused, LockedOut) as refused:
        return _refused(request, login, refused)
    described = {"login": session.user.login, "role": session.user.role, "csrf": session.csrf}
    response = web.json_response(described) if wants_json(request) else see("/")
    response.set_cookie(
        SESSION_COOKIE, session.token, httponly=True, samesite="Strict", secure=site.secure_cookies, path="/"
    )
    return response


def _refused(request: web.Request, login: str, error: DialerError) -> web.Response:
    if wants_json(request):
        return web.json_response({"error": error.code, "message": str(error)}, status=status_of(error))
    return page(request, "login.html", status_of(error), refused=error.code, login=login)


async def log_out(request: web.Request) -> web.StreamResponse:
    """End the session. A call goes on: logging in again leads back to it."""
    await sessions.log_out(site_of(request).storage, request[SESSION].token)
    response = web.json_response({}) if wants_json(request) else see("/login")
    response.del_cookie(SESSION_COOKIE, path="/")
    return response


async def home(request: web.Request) -> web.StreamResponse:
    """The first page the role may open."""
    mine = links(user_of(request))
    return see(mine[0].path) if mine else page(request, "home.html")


async def choose_language(request: web.Request) -> web.StreamResponse:
    """Remember the language, and show the same page in it."""
    sent = await fields(request)
    response = see(_own_path(await field(request, "back")))
    if sent.get("language") in LANGUAGES:
        response.set_cookie(
            LANGUAGE_COOKIE, sent["language"], max_age=_A_YEAR_SECONDS, httponly=True, samesite="Strict", path="/"
        )
    return response


def _own_path(path: str) -> str:
    """A path of this console, and no other site's address."""
    return path if path.startswith("/") and not path.startswith(("//", "/\\")) else "/"


ROUTES = (
    Route("GET", "/", Door.SIGNED_IN, home),
    Route("GET", "/login", Door.PUBLIC, show_login),
    Route("POST", "/login", Door.PUBLIC, log_in),
    Route("POST", "/logout", Door.SIGNED_IN, log_out),
    Route("POST", "/language", Door.PUBLIC, choose_language),
)
