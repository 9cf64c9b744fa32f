"""One's own account: where one is logged in, the password, the authenticator."""

from __future__ import annotations

from aiohttp import web

from dialer.console.address import address
from dialer.console.login import changed_password, fault_in, keep_session, logged_out
from dialer.console.pages import page, see
from dialer.console.routes import Door, Route
from dialer.console.site import SESSION, site_of
from dialer.domain.errors import DialerError
from dialer.usecases import own_account
from dialer.usecases.log_in import LoginRefused
from dialer.usecases.own_account import PasswordUnusable


async def show_account(request: web.Request, refused: DialerError | None = None) -> web.Response:
    """Sessions, password, authenticator."""
    site, session = site_of(request), request[SESSION]
    mine = await own_account.own_account(site.storage, session, site.now)
    return page(
        request, "account.html", mine=mine, refused=refused, fault=fault_in(refused),
        proving=session.user.role in site.proving, changed="changed" in request.query,
    )  # fmt: skip


async def change_password(request: web.Request) -> web.StreamResponse:
    """Another password; all other sessions end."""
    try:
        session = await changed_password(request)
    except (LoginRefused, PasswordUnusable) as refused:
        return await show_account(request, refused)
    response = see("/account?changed=1")
    keep_session(request, response, session)
    return response


async def log_out_everywhere(request: web.Request) -> web.StreamResponse:
    """End every session, this one too."""
    site = site_of(request)
    await own_account.log_out_everywhere(site.storage, request[SESSION], site.now, address(request))
    return logged_out(request)


ROUTES = (
    Route("GET", "/account", Door.SIGNED_IN, show_account),
    Route("POST", "/account/password", Door.SIGNED_IN, change_password),
    Route("POST", "/account/log-out-everywhere", Door.SIGNED_IN, log_out_everywhere),
)
