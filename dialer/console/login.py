"""Logging in, step by step, and out; the language, and where to go from here."""

from __future__ import annotations

import segno
from aiohttp import web
from markupsafe import Markup

from dialer.console.acting import Show, acting
from dialer.console.address import address
from dialer.console.forms import field, fields
from dialer.console.guard import SESSION_COOKIE
from dialer.console.navigation import links
from dialer.console.pages import page, see, wants_json
from dialer.console.routes import Door, Handler, Route
from dialer.console.site import SESSION, site_of, user_of
from dialer.console.words import LANGUAGE_COOKIE, LANGUAGES
from dialer.domain.errors import DialerError
from dialer.domain.password import PasswordFault
from dialer.usecases import log_in as sessions
from dialer.usecases import own_account, second_factor
from dialer.usecases.log_in import LockedOut, Session, Step
from dialer.usecases.own_account import PasswordUnusable

_A_YEAR_SECONDS = 365 * 24 * 3600

_PAGES = {Step.CODE: "/login/code", Step.ENROL: "/login/enrol", Step.NEW_PASSWORD: "/login/password", None: "/"}


async def show_login(request: web.Request, refused: DialerError | None = None) -> web.Response:
    """The login page."""
    login = (await field(request, "login")).lower() if refused else ""
    return page(request, "login/login.html", refused=refused, login=login, proving=bool(site_of(request).proving))


async def log_in(request: web.Request) -> web.StreamResponse:
    """Open a session; a program gets its CSRF token in the answer."""
    site, sent = site_of(request), await fields(request)
    login = sent.get("login", "").strip().lower()
    session = await sessions.log_in(
        site.storage, site.hasher, login, sent.get("password", ""), site.now, address(request), proving=site.proving
    )
    return gone_on(request, session)


def gone_on(request: web.Request, session: Session) -> web.StreamResponse:
    """One step further: the session's new secrets, and the page of the next step."""
    described = {"login": session.user.login, "role": session.user.role, "csrf": session.csrf, "step": session.step}
    response = web.json_response(described) if wants_json(request) else see(_PAGES[session.step])
    keep_session(request, response, session)
    return response


def keep_session(request: web.Request, response: web.StreamResponse, session: Session) -> None:
    """The browser's one secret."""
    secure = site_of(request).settings.console.secure_cookies
    response.set_cookie(SESSION_COOKIE, session.token, httponly=True, samesite="Strict", secure=secure, path="/")


async def next_step(request: web.Request) -> web.StreamResponse:
    """Whatever is wanted next."""
    return see(_PAGES[request[SESSION].step])


def _at(step: Step, handler: Handler) -> Handler:
    """A handler of one step; whoever is at another goes there."""

    async def handle(request: web.Request) -> web.StreamResponse:
        return await (handler if request[SESSION].step is step else next_step)(request)

    return handle


def _trying(step: Step, act: Handler, show: Show) -> Handler:
    """A handler of one step's form. A lock ends the session, so that the login page says why."""

    async def show_or_end(request: web.Request, refused: DialerError | None = None) -> web.StreamResponse:
        if not isinstance(refused, LockedOut):
            return await show(request, refused)
        del request[SESSION]
        return page(request, "login/login.html", refused=refused, login="", proving=True)

    return _at(step, acting(act, show_or_end))


async def show_code(request: web.Request, refused: DialerError | None = None) -> web.StreamResponse:
    """The page that asks for a code."""
    return page(request, "login/code.html", refused=refused)


async def give_code(request: web.Request) -> web.StreamResponse:
    """A code from the authenticator, or one for recovery."""
    site, code = site_of(request), await field(request, "code")
    session = await second_factor.show_code(
        site.storage, request[SESSION], code, site.now, address(request), proving=site.proving
    )
    return gone_on(request, session)


async def show_enrolment(request: web.Request, refused: DialerError | None = None) -> web.StreamResponse:
    """The secret as a QR code and as text."""
    factor = await second_factor.begin_enrolment(site_of(request).storage, request[SESSION])
    if wants_json(request):
        return web.json_response({"secret": factor.secret})
    grouped = " ".join(factor.secret[start : start + 4] for start in range(0, len(factor.secret), 4))
    picture = _picture(factor.address(user_of(request).login))
    return page(request, "login/enrol.html", refused=refused, picture=picture, secret=grouped)


def _picture(text: str) -> Markup:
    """A QR code as markup: our own, with neither script nor style in it."""
    return Markup(segno.make(text, error="m").svg_inline(scale=5, light="#ffffff", border=3))  # noqa: S704 - made here


async def enrol(request: web.Request) -> web.StreamResponse:
    """The first code: the authenticator works. The recovery codes are in this answer and nowhere else."""
    site, code = site_of(request), await field(request, "code")
    done = await second_factor.enrol(
        site.storage, request[SESSION], code, site.now, address(request), proving=site.proving
    )
    request[SESSION] = done.session
    described = {"csrf": done.session.csrf, "step": done.session.step, "recovery": done.recovery}
    shown = page(request, "login/recovery.html", recovery=done.recovery)
    response = web.json_response(described) if wants_json(request) else shown
    keep_session(request, response, done.session)
    return response


async def show_new_password(request: web.Request, refused: DialerError | None = None) -> web.StreamResponse:
    """The page for a password of one's own in place of the one that was given out."""
    return page(request, "login/password.html", refused=refused, fault=fault_in(refused))


def fault_in(refused: DialerError | None) -> PasswordFault | None:
    """What is wrong with the new password, if that is why."""
    return refused.fault if isinstance(refused, PasswordUnusable) else None


async def choose_password(request: web.Request) -> web.StreamResponse:
    """A password of one's own."""
    return gone_on(request, await changed_password(request))


async def changed_password(request: web.Request) -> Session:
    """The form's three fields. Raises what `change_password` raises."""
    site, sent = site_of(request), await fields(request)
    if sent.get("new", "") != sent.get("again", ""):
        raise PasswordUnusable(PasswordFault.TYPED_DIFFERENTLY)
    return await own_account.change_password(
        site.storage, site.hasher, request[SESSION], sent.get("old", ""), sent.get("new", ""), site.now,
        address(request), proving=site.proving,
    )  # fmt: skip


async def log_out(request: web.Request) -> web.StreamResponse:
    """End the session. A call goes on: logging in again leads back to it."""
    site = site_of(request)
    await sessions.log_out(site.storage, request[SESSION], site.now, address(request))
    return logged_out(request)


def logged_out(request: web.Request) -> web.StreamResponse:
    """The browser forgets its secret."""
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
    Route("POST", "/login", Door.PUBLIC, acting(log_in, show_login)),
    Route("GET", "/login/next", Door.LOGGING_IN, next_step),
    Route("GET", "/login/code", Door.LOGGING_IN, _at(Step.CODE, show_code)),
    Route("POST", "/login/code", Door.LOGGING_IN, _trying(Step.CODE, give_code, show_code)),
    Route("GET", "/login/enrol", Door.LOGGING_IN, _at(Step.ENROL, show_enrolment)),
    Route("POST", "/login/enrol", Door.LOGGING_IN, _trying(Step.ENROL, enrol, show_enrolment)),
    Route("GET", "/login/password", Door.LOGGING_IN, _at(Step.NEW_PASSWORD, show_new_password)),
    Route("POST", "/login/password", Door.LOGGING_IN, _trying(Step.NEW_PASSWORD, choose_password, show_new_password)),
    Route("POST", "/logout", Door.LOGGING_IN, log_out),
    Route("POST", "/language", Door.PUBLIC, choose_language),
)
