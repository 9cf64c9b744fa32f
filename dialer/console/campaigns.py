"""Campaign control: what supervisors have decided about dialling, and the effect of what they wish (rules §2.4)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import structlog
from aiohttp import web

from dialer.console.acting import acting
from dialer.console.forms import code, code_if_any, field, fields, moment, number, time_of_day
from dialer.console.pages import page, see
from dialer.console.routes import Route
from dialer.console.site import site_of, user_of
from dialer.domain.case import Purpose
from dialer.domain.errors import DialerError
from dialer.domain.steering import Steering, SteeringKind
from dialer.domain.user import Permission
from dialer.usecases.steer_dialling import decision, decisions, end_steering, preview, steer

log = structlog.get_logger("console")


async def show_decisions(request: web.Request, refused: DialerError | None = None) -> web.Response:
    """What stands, what has been, and a form for more."""
    site = site_of(request)
    return page(
        request,
        "campaigns.html",
        view=await decisions(site.storage, user_of(request), site.now),
        kinds=tuple(SteeringKind),
        purposes=tuple(Purpose),
        wished=request.query,
        refused=refused,
    )


async def show_effect(request: web.Request) -> web.Response:
    """What a decision would do, before it is made; what can't be is said above the form that asked for it."""
    return await _effect(request, _wish(request, request.query), None, ending=False)


async def make(request: web.Request) -> web.Response:
    """The decision, with its reason."""
    site, user, sent = site_of(request), user_of(request), await fields(request)
    wish = _wish(request, sent)
    made = await steer(site.storage, site.signals, site.rulebook, user, wish, site.now)
    log.info("steering.made", id=made.id, kind=made.kind, org=made.org, purpose=made.purpose, by=user.login)
    return see("/campaigns")


async def _effect_again(request: web.Request, refused: DialerError | None = None) -> web.Response:
    return await _effect(request, _wish(request, await fields(request)), refused, ending=False)


async def show_end(request: web.Request, refused: DialerError | None = None) -> web.Response:
    """What ending a decision would do."""
    known = await decision(site_of(request).storage, user_of(request), _id(request))
    return await _effect(request, known, refused, ending=True)


async def end(request: web.Request) -> web.Response:
    """A decision taken back, with the reason."""
    site, user, why = site_of(request), user_of(request), await field(request, "why")
    ended = await end_steering(site.storage, site.signals, site.rulebook, user, _id(request), why, site.now)
    log.info("steering.ended", id=ended.id, kind=ended.kind, org=ended.org, by=user.login)
    return see("/campaigns")


async def _effect(
    request: web.Request, steering: Steering, refused: DialerError | None, *, ending: bool
) -> web.Response:
    site = site_of(request)
    effect = await preview(site.storage, site.rulebook, user_of(request), steering, site.now)
    return page(request, "campaign_effect.html", effect=effect, ending=ending, refused=refused)


def _id(request: web.Request) -> int:
    return number(request.match_info["steering_id"])


def _wish(request: web.Request, sent: Mapping[str, str]) -> Steering:
    """A decision as a form states it; what its kind has no use for is left out. Raises FormInvalid."""
    user, kind = user_of(request), code(SteeringKind, sent.get("kind", ""))
    wish = Steering(
        id=0,
        kind=kind,
        org=sent.get("org", "") or user.org,
        purpose=code_if_any(Purpose, sent.get("purpose", "")),
        by=user.login,
        at=site_of(request).now,
        why=sent.get("why", ""),
        until=moment(sent.get("until", "")),
    )
    if kind is SteeringKind.HOURS:
        return replace(wish, start=time_of_day(sent.get("start", "")), end=time_of_day(sent.get("end", "")))
    return replace(wish, seats=number(sent.get("seats", ""))) if kind is SteeringKind.SEATS else wish


ROUTES = (
    Route("GET", "/campaigns", Permission.SEE_FLOOR, show_decisions),
    Route("POST", "/campaigns", Permission.STEER_DIALLING, acting(make, _effect_again)),
    Route("GET", "/campaigns/effect", Permission.STEER_DIALLING, acting(show_effect, show_decisions)),
    Route("GET", "/campaigns/{steering_id}/end", Permission.STEER_DIALLING, show_end),
    Route("POST", "/campaigns/{steering_id}/end", Permission.STEER_DIALLING, acting(end, show_end)),
)
