"""The search for cases and for sound. A holder's name is posted and becomes a key: it stands in no address."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from aiohttp import web

from dialer.console.forms import code_if_any, day_begins, day_ends, fields, number
from dialer.console.pages import page, see
from dialer.console.routes import Route
from dialer.console.site import Site, site_of, user_of
from dialer.console.words import codes
from dialer.domain.audit import AuditKind
from dialer.domain.case import NOT_CLOSED, CaseState
from dialer.domain.outcome import Outcome
from dialer.domain.problem import ProblemType
from dialer.domain.user import Permission
from dialer.ports.search import Criteria
from dialer.usecases.search import agents_to_ask_for, find_cases, find_sound, holder_key

FIELDS = ("policy_no", "holder", "agent", "from", "to", "outcome", "problem", "flag", "state", "early")
OPEN = "OPEN"
"""In place of a state: every case that is not closed."""


async def ask(request: web.Request) -> web.Response:
    """What was filled in becomes an address that can be kept, passed on and gone back to."""
    site, sent = site_of(request), await fields(request)
    asked = {name: sent[name].strip() for name in FIELDS if sent.get(name, "").strip()}
    name = sent.get("name", "").strip()
    if name:
        asked["holder"] = await holder_key(site.storage, name)
    return see(f"{request.path}?{urlencode(asked)}" if asked else request.path)


async def show_cases(request: web.Request) -> web.Response:
    """Cases, newest first; those that are not closed when nothing is asked."""
    asked = _asked(request)
    if not asked:
        asked = {"state": OPEN}
    found = await find_cases(site_of(request).storage, user_of(request), criteria_of(asked), _before(request))
    return await _results(request, "cases.html", asked, found)


async def show_sound(request: web.Request) -> web.Response:
    """Sealed recordings, newest first."""
    asked = _asked(request)
    found = await find_sound(site_of(request).storage, user_of(request), criteria_of(asked), _before(request))
    return await _results(request, "recordings.html", asked, found)


def criteria_of(asked: Mapping[str, str]) -> Criteria:
    """What an address asks for. Raises FormInvalid."""
    state = asked.get("state", "")
    states = NOT_CLOSED if state == OPEN else tuple(filter(None, [code_if_any(CaseState, state)]))
    return Criteria(
        policy_no=asked.get("policy_no", ""),
        holder=asked.get("holder", ""),
        states=states,
        flag=asked.get("flag", ""),
        problem=code_if_any(ProblemType, asked.get("problem", "")),
        agent=asked.get("agent", ""),
        outcome=code_if_any(Outcome, asked.get("outcome", "")),
        called_from=day_begins(asked.get("from", "")),
        called_before=day_ends(asked.get("to", "")),
        early_media=bool(asked.get("early")),
    )


def _asked(request: web.Request) -> dict[str, str]:
    return {name: request.query[name] for name in FIELDS if request.query.get(name)}


def _before(request: web.Request) -> int | None:
    return number(request.query["before"]) if "before" in request.query else None


async def _results(request: web.Request, template: str, asked: dict[str, str], found: object) -> web.Response:
    site: Site = site_of(request)
    choices: dict[str, Any] = {
        "agents": await agents_to_ask_for(site.storage, user_of(request)),
        "outcomes": tuple(Outcome),
        "problems": tuple(ProblemType),
        "flags": codes("Flag"),
        "states": tuple(CaseState),
    }
    may_hear = user_of(request).may(Permission.HEAR_RECORDINGS)
    address, filled = urlencode(asked), {name: asked.get(name, "") for name in FIELDS}
    return page(request, template, asked=filled, found=found, choices=choices, may_hear=may_hear, address=address)


ROUTES = (
    Route("GET", "/cases", Permission.SEE_CASES, show_cases, AuditKind.SEARCHED),
    Route("POST", "/cases", Permission.SEE_CASES, ask),
    Route("GET", "/recordings", Permission.HEAR_RECORDINGS, show_sound, AuditKind.SEARCHED),
    Route("POST", "/recordings", Permission.HEAR_RECORDINGS, ask),
)
