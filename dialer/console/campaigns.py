"""Campaign control: what supervisors have decided about dialling, and the effect of what they wish (rules §2.4)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import structlog
from aiohttp import web

from dialer.console.forms import FormInvalid, code, code_if_any, field, fields, moment, number, time_of_day
from dialer.console.pages import page, see
from dialer.console.problems import status_of
from dialer.console.routes import Route
from dialer.console.site import site_of, user_of
from dialer.domain.case import Purpose
from dialer.domain.errors import DialerError
from dialer.domain.steering import Steering, SteeringInvalid, SteeringKind
from dialer.domain.user import Permission
from dialer.usecases.steer_dialling import decision_in_scope, decisions, end_steering, preview, steer

log = structlog.get_logger("console")


async def show_decisions(request: web.Request) -> web.Response:
    """What stands, what has been, and a form for more."""
    return await _decisions(request, request.query)


async def _decisions(
    request: web.Request, wished: Mapping[str, str], refused: DialerError | None = None
) -> web.Response:
    site = site_of(request)
    return page(
        request,
        "campaigns.html",
        status_of(refused) if refused else 200,
        view=await decisions(site.storage, user_of(request), site.now),
        kinds=tuple(SteeringKind),
        purposes=tuple(Purpose),
        wished=wished,
        refused=refused,
    )


async def show_effect(request: web.Request) -> web.Response:
    """What a decision would do, before it is made; what can't be is said above the form that asked for it."""
    site = site_of(request)
    try:
        wish = _wish(request, request.query)
        effect = await preview(site.storage, site.rulebook, user_of(request), wish, site.now)
    except (FormInvalid, SteeringInvalid) as refused:
        return await _decisions(request, request.query, refused)
    return page(request, "campaign_effect.html", effect=effect, ending=False, refused=None)


async def make(request: web.Request) -> web.Response:
    """The decision, with its reason."""
    site, user, sent = site_of(request), user_of(request), await fields(request)
    wish = _wish(request, sent)
    try:
        made = await steer(site.storage, site.signals, site.rulebook, user, wish, site.now)
    except SteeringInvalid as refused:
        return await _again(request, wish, refused, ending=False)
    log.info("steering.made", id=made.id, kind=made.kind, org=made.org, purpose=made.purpose, by=user.login)
    return see("/campaigns")


async def show_end(request: web.Request) -> web.Response:
    """What ending a decision would do."""
    return await _again(request, await _known(request), None, ending=True)


async def end(request: web.Request) -> web.Response:
    """A decision taken back, with the reason."""
    site, user, steering = site_of(request), user_of(request), await _known(request)
    why = await field(request, "why")
    try:
        await end_steering(site.storage, site.signals, site.rulebook, user, steering.id, why, site.now)
    except SteeringInvalid as refused:
        return await _again(request, steering, refused, ending=True)
    log.info("steering.ended", id=steering.id, kind=steering.kind, org=steering.org, by=user.login)
    return see("/campaigns")


async def _again(
    request: web.Request, steering: Steering, refused: DialerError | None, *, ending: bool
) -> web.Response:
    site = site_of(request)
    effect = await preview(site.storage, site.rulebook, user_of(request), steering, site.now)
    status = status_of(refused) if refused else 200
    return page(request, "campaign_effect.html", status, effect=effect, ending=ending, refused=refused)


async def _known(request: web.Request) -> Steering:
    async with site_of(request).storage.read() as work:
        return await decision_in_scope(work, user_of(request), number(request.match_info["steering_id"]))


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
    Route("POST", "/campaigns", Permission.STEER_DIALLING, make),
    Route("GET", "/campaigns/effect", Permission.STEER_DIALLING, show_effect),
    Route("GET", "/campaigns/{steering_id}/end", Permission.STEER_DIALLING, show_end),
    Route("POST", "/campaigns/{steering_id}/end", Permission.STEER_DIALLING, end),
)
