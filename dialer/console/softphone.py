"""The phone in the page, an agent's at the desk or a supervisor's on the floor: what the browser needs to register."""

from __future__ import annotations

from aiohttp import web

from dialer.console.routes import Route
from dialer.console.site import site_of, user_of
from dialer.domain.errors import NotFound
from dialer.domain.user import Permission, User
from dialer.usecases.staff_the_floor import call_phone_again


async def at_the_desk(request: web.Request) -> web.Response:
    """Where the agent's browser registers, and its passwords; a seat's call names the seat, which is the login.

    Raises NotFound for one whose phone is no browser.
    """
    user = user_of(request)
    return _credentials(request, _browser_of(user), caller=user.login)


async def on_the_floor(request: web.Request) -> web.Response:
    """The same for a supervisor; a call into a talk names the browser that it is for."""
    name = _browser_of(user_of(request))
    return _credentials(request, name, caller=name)


def _credentials(request: web.Request, name: str, *, caller: str) -> web.Response:
    """`caller`: by whose name a call is known to be meant for this browser; others are not taken."""
    servers = [
        {"name": server.name, "websocket": server.websocket, "user": name, "password": password, "caller": caller}
        for server in site_of(request).phone_servers
        if (password := server.passwords().get(name))
    ]
    return web.json_response({"servers": servers}, headers={"Cache-Control": "no-store"})


async def call_again(request: web.Request) -> web.Response:
    """The browser has registered and holds no leg: the seat's is called anew, if the agent sits."""
    site, user = site_of(request), user_of(request)
    _browser_of(user)
    await call_phone_again(site.storage, site.signals, user, site.now)
    return web.Response(status=204)


def _browser_of(user: User) -> str:
    if not user.browser_name:
        raise NotFound(f"the phone of {user.login} is no browser")
    return user.browser_name


ROUTES = (
    Route("GET", "/desk/phone", Permission.TAKE_CALLS, at_the_desk),
    Route("GET", "/floor/phone", Permission.LISTEN_IN, on_the_floor),
    Route("POST", "/desk/phone/call-again", Permission.TAKE_CALLS, call_again),
)
