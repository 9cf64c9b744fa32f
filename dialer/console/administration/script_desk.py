"""The desk of scripts: drafts, what differs, what the gate finds, each step to publication (rules §8.4)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from enum import StrEnum

import structlog
from aiohttp import web

from dialer.console.acting import acting
from dialer.console.administration.sheets import sent_text
from dialer.console.forms import code_if_any, fields, moment, number
from dialer.console.pages import page, see
from dialer.console.routes import Handler, Route
from dialer.console.site import Site, site_of, user_of
from dialer.domain.errors import DialerError
from dialer.domain.script.version import SCRIPT_VERSION, ScriptEvent
from dialer.domain.user import Permission, User
from dialer.usecases import govern_scripts as governing
from dialer.usecases.govern_scripts import ScriptFile

log = structlog.get_logger("console")

_WORDING = "wording."
_P = Permission
_WHO = {
    ScriptEvent.EDITED: _P.WRITE_SCRIPTS,
    ScriptEvent.SUBMITTED: _P.WRITE_SCRIPTS,
    ScriptEvent.PUBLISHED: _P.WRITE_SCRIPTS,
    ScriptEvent.RETIRED: _P.WRITE_SCRIPTS,
    ScriptEvent.APPROVED: _P.APPROVE_SCRIPTS,
    ScriptEvent.SENT_BACK: _P.APPROVE_SCRIPTS,
}


class ScriptView(StrEnum):
    """What of a version the page shows."""

    CHANGES = "changes"
    WORDING = "wording"
    TEXT = "text"
    HISTORY = "history"


Act = Callable[[Site, User, int, Mapping[str, str], datetime], Awaitable[object]]


async def list_scripts(request: web.Request, refused: DialerError | None = None) -> web.Response:
    """Every script with the version calls are read now, and what is on its way."""
    site = site_of(request)
    shelves = await governing.script_shelves(site.storage, site.scripts, site.in_force)
    return page(
        request, "administration/scripts.html", shelves=shelves,
        refused=refused, may_write=user_of(request).may(_P.WRITE_SCRIPTS), now=site.now,
    )  # fmt: skip


async def show_script(request: web.Request, refused: DialerError | None = None) -> web.Response:
    """One version: what differs from what holds now, its wording, its text, its history."""
    site, user = site_of(request), user_of(request)
    view = code_if_any(ScriptView, request.query.get("view", "")) or ScriptView.CHANGES
    file = await governing.script_file(site.storage, site.scripts, site.in_force, version_id(request))
    return page(
        request, "administration/script.html", file=file, version=file.version,
        may=frozenset(_allowed(user, file)), view=view, views=tuple(ScriptView), refused=refused,
        typed=await sent_text(request, "text") if refused else "", now=site.now,
    )  # fmt: skip


def _allowed(user: User, file: ScriptFile) -> set[str]:
    """What the page offers: what the state allows and the role may."""
    allowed = {event.value for event in SCRIPT_VERSION.allowed(file.version.state) if user.may(_WHO[event])}
    return allowed if file.publishable else allowed - {ScriptEvent.SUBMITTED, ScriptEvent.PUBLISHED}


async def _begin(request: web.Request) -> web.Response:
    site, user, sent = site_of(request), user_of(request), await fields(request)
    script_id = sent.get("script", "")
    draft = await governing.draft_from(site.storage, site.scripts, site.in_force, user, script_id, site.now)
    log.info("script.begun", script=draft.script_id, version=draft.script_version, by=user.login)
    return see(f"/scripts/{draft.id}?view=wording")


async def _text(site: Site, user: User, version: int, sent: Mapping[str, str], now: datetime) -> None:
    seen = number(sent.get("seen", ""))
    await governing.edit_draft(site.storage, site.in_force, user, version, sent.get("text", ""), seen, now)


async def _reword(site: Site, user: User, version: int, sent: Mapping[str, str], now: datetime) -> None:
    wording = {name.removeprefix(_WORDING): words for name, words in sent.items() if name.startswith(_WORDING)}
    node, seen = sent.get("node", ""), number(sent.get("seen", ""))
    await governing.reword_node(site.storage, site.in_force, user, version, node, wording, seen, now)


async def _submit(site: Site, user: User, version: int, _sent: Mapping[str, str], now: datetime) -> None:
    await governing.submit_draft(site.storage, site.in_force, user, version, now)


async def _approve(site: Site, user: User, version: int, _sent: Mapping[str, str], now: datetime) -> None:
    await governing.approve_script(site.storage, site.in_force, user, version, now)


async def _send_back(site: Site, user: User, version: int, sent: Mapping[str, str], now: datetime) -> None:
    await governing.send_back(site.storage, user, version, sent.get("why", ""), now)


async def _publish(site: Site, user: User, version: int, sent: Mapping[str, str], now: datetime) -> None:
    begins = moment(sent.get("effective_at", ""))
    await governing.publish_script(site.storage, site.signals, site.in_force, user, version, now, begins)


async def _retire(site: Site, user: User, version: int, sent: Mapping[str, str], now: datetime) -> None:
    why = sent.get("why", "")
    await governing.retire_script(site.storage, site.signals, site.in_force, user, version, why, now)


def _step(act: Act, back: str = "") -> Handler:
    """One button of the page: act, log it, show the version again."""

    async def do(request: web.Request) -> web.Response:
        site, user, version = site_of(request), user_of(request), version_id(request)
        sent = await fields(request)
        await act(site, user, version, sent, site.now)
        log.info("script.moved", deed=act.__name__.strip("_"), version_id=version, by=user.login)
        anchor = f"#{sent['node']}" if "node" in sent else ""
        return see(f"/scripts/{version}{back}{anchor}")

    return acting(do, show_script)


def version_id(request: web.Request) -> int:
    """The version that the path names. Raises FormInvalid."""
    return number(request.match_info["version_id"])


ROUTES = (
    Route("GET", "/scripts", _P.SEE_SCRIPTS, list_scripts),
    Route("POST", "/scripts", _P.WRITE_SCRIPTS, acting(_begin, list_scripts)),
    Route("GET", "/scripts/{version_id}", _P.SEE_SCRIPTS, show_script),
    Route("POST", "/scripts/{version_id}/text", _P.WRITE_SCRIPTS, _step(_text, "?view=text")),
    Route("POST", "/scripts/{version_id}/wording", _P.WRITE_SCRIPTS, _step(_reword, "?view=wording")),
    Route("POST", "/scripts/{version_id}/submit", _P.WRITE_SCRIPTS, _step(_submit)),
    Route("POST", "/scripts/{version_id}/approve", _P.APPROVE_SCRIPTS, _step(_approve)),
    Route("POST", "/scripts/{version_id}/send-back", _P.APPROVE_SCRIPTS, _step(_send_back)),
    Route("POST", "/scripts/{version_id}/publish", _P.WRITE_SCRIPTS, _step(_publish)),
    Route("POST", "/scripts/{version_id}/retire", _P.WRITE_SCRIPTS, _step(_retire)),
)
