"""The organisation's tree: entered, imported, named, closed."""

from __future__ import annotations

import structlog
from aiohttp import web

from dialer.console.acting import acting
from dialer.console.administration.sheets import sent_text, table
from dialer.console.forms import FormInvalid, field, fields
from dialer.console.pages import page, see
from dialer.console.routes import Route
from dialer.console.site import site_of, user_of
from dialer.domain.errors import DialerError
from dialer.domain.user import Permission
from dialer.usecases import shape_organisation as organisation
from dialer.usecases.shape_organisation import UnitImport

log = structlog.get_logger("console")

_COLUMNS = {"path": ("机构路径", "机构代码", "路径"), "name": ("机构名称", "名称")}


async def show_units(request: web.Request, refused: DialerError | None = None) -> web.Response:
    """The whole tree, searched, with the forms for one unit and for a file beside it."""
    return await _units(request, refused)


async def _units(
    request: web.Request, refused: DialerError | None = None, imported: UnitImport | None = None
) -> web.Response:
    units = await organisation.organisation(site_of(request).storage)
    wanted = request.query.get("q", "").strip()
    found = [unit for unit in units if wanted.lower() in f"{unit.path} {unit.name}".lower()]
    sent = await fields(request) if refused else {}
    return page(
        request, "administration/units.html", units=found, count=len(units), wanted=wanted, refused=refused,
        imported=imported, given={"unit": sent.get("unit", ""), "name": sent.get("name", "")},
    )  # fmt: skip


async def _put(request: web.Request) -> web.Response:
    site, user, sent = site_of(request), user_of(request), await fields(request)
    path, name = sent.get("unit", "").strip("/ "), sent.get("name", "")
    await organisation.put_unit(site.storage, site.signals, site.in_force, user, path, name, site.now)
    log.info("unit.put", unit=path, by=user.login)
    return see("/units")


async def _import(request: web.Request) -> web.Response:
    site, user = site_of(request), user_of(request)
    rows = table(await sent_text(request, "file"), _COLUMNS)
    done = await organisation.import_units(site.storage, site.signals, site.in_force, user, rows, site.now)
    log.info("units.imported", taken=done.taken, faults=len(done.faults), by=user.login)
    return await _units(request, imported=done)


_DEEDS = {
    "close": organisation.close_unit,
    "reopen": organisation.reopen_unit,
    "remove": organisation.remove_unit,
}


async def _change(request: web.Request) -> web.Response:
    site, user, path = site_of(request), user_of(request), await field(request, "unit")
    deed = _DEEDS.get(await field(request, "deed"))
    if deed is None:
        raise FormInvalid(f"`deed` is one of {', '.join(_DEEDS)}")
    await deed(site.storage, site.signals, site.in_force, user, path, site.now)
    log.info("unit.changed", unit=path, deed=deed.__name__, by=user.login)
    return see("/units")


_P = Permission.MANAGE_USERS
ROUTES = (
    Route("GET", "/units", _P, show_units),
    Route("POST", "/units", _P, acting(_put, show_units)),
    Route("POST", "/units/import", _P, acting(_import, show_units)),
    Route("POST", "/units/change", _P, acting(_change, show_units)),
)
