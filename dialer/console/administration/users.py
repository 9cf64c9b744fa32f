"""Accounts: who may log in, as what, for which part of the organisation. No customer's data is shown here."""

from __future__ import annotations

from collections.abc import Mapping

import structlog
from aiohttp import web

from dialer.console.acting import acting
from dialer.console.forms import code, code_if_any, fields
from dialer.console.pages import page, see
from dialer.console.routes import Route
from dialer.console.site import site_of, user_of
from dialer.domain.errors import DialerError
from dialer.domain.user import Permission, Role
from dialer.usecases import manage_users
from dialer.usecases.manage_users import Account
from dialer.usecases.shape_organisation import organisation

log = structlog.get_logger("console")

_FIELDS = ("login", "name", "role", "org", "phone_address", "salesperson_code")


async def list_users(request: web.Request, refused: DialerError | None = None) -> web.Response:
    """Accounts, searched and by role, with the form for a new one beside them."""
    return await _list(request, await fields(request) if refused else {}, refused)


async def _list(
    request: web.Request,
    sent: Mapping[str, str],
    refused: DialerError | None = None,
    opened: str = "",
    password: str = "",
) -> web.Response:
    site = site_of(request)
    wanted, role = request.query.get("q", ""), code_if_any(Role, request.query.get("role", ""))
    found = await manage_users.accounts(site.storage, wanted, role)
    return page(
        request, "administration/users.html", found=found, wanted=wanted,
        role=role, roles=tuple(Role), given={name: sent.get(name, "") for name in _FIELDS}, refused=refused,
        login=opened, password=password, now=site.now, units=await organisation(site.storage),
    )  # fmt: skip


async def show_user(request: web.Request, refused: DialerError | None = None, password: str = "") -> web.Response:
    """One account with its history."""
    site = site_of(request)
    file = await manage_users.account_file(site.storage, _login(request))
    return page(
        request, "administration/user.html", file=file, account=file.user,
        roles=tuple(Role), refused=refused, password=password, locked=file.user.locked(site.now),
        mine=file.user.login == user_of(request).login, units=await organisation(site.storage),
    )  # fmt: skip


async def _create(request: web.Request) -> web.Response:
    site, user, sent = site_of(request), user_of(request), await fields(request)
    login = sent.get("login", "").strip().lower()
    password = await manage_users.open_account(site.storage, site.hasher, user, login, _account(sent), site.now)
    log.info("account.opened", login=login, by=user.login)
    return await _list(request, {}, opened=login, password=password)


async def _change(request: web.Request) -> web.Response:
    site, user, sent, login = site_of(request), user_of(request), await fields(request), _login(request)
    await manage_users.change_account(site.storage, site.signals, user, login, _account(sent), site.now)
    log.info("account.changed", login=login, by=user.login)
    return see(f"/users/{login}")


async def _disable(request: web.Request) -> web.Response:
    site, user, login = site_of(request), user_of(request), _login(request)
    await manage_users.disable_account(site.storage, site.signals, user, login, site.now)
    log.info("account.disabled", login=login, by=user.login)
    return see(f"/users/{login}")


async def _enable(request: web.Request) -> web.Response:
    site, user, login = site_of(request), user_of(request), _login(request)
    await manage_users.enable_account(site.storage, user, login, site.now)
    log.info("account.enabled", login=login, by=user.login)
    return see(f"/users/{login}")


async def _unlock(request: web.Request) -> web.Response:
    site, user, login = site_of(request), user_of(request), _login(request)
    await manage_users.unlock_account(site.storage, user, login, site.now)
    log.info("account.unlocked", login=login, by=user.login)
    return see(f"/users/{login}")


async def _reset_password(request: web.Request) -> web.Response:
    """The new password is in this answer and nowhere else."""
    site, user, login = site_of(request), user_of(request), _login(request)
    password = await manage_users.reset_password(site.storage, site.hasher, user, login, site.now)
    log.info("account.password_reset", login=login, by=user.login)
    return await show_user(request, password=password)


def _login(request: web.Request) -> str:
    return request.match_info["login"]


def _account(sent: Mapping[str, str]) -> Account:
    typed = (sent.get(name, "").strip() for name in ("name", "org", "phone_address", "salesperson_code"))
    name, org, phone, salesperson = typed
    return Account(name, code(Role, sent.get("role", "")), org, phone, salesperson)


_P = Permission.MANAGE_USERS
ROUTES = (
    Route("GET", "/users", _P, list_users),
    Route("POST", "/users", _P, acting(_create, list_users)),
    Route("GET", "/users/{login}", _P, show_user),
    Route("POST", "/users/{login}", _P, acting(_change, show_user)),
    Route("POST", "/users/{login}/disable", _P, acting(_disable, show_user)),
    Route("POST", "/users/{login}/enable", _P, acting(_enable, show_user)),
    Route("POST", "/users/{login}/unlock", _P, acting(_unlock, show_user)),
    Route("POST", "/users/{login}/reset-password", _P, acting(_reset_password, show_user)),
)
