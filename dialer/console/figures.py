"""Figures: the free-look's burn-down, the main figures of a period, and the cases behind any number (rules §5.10)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode

from aiohttp import web

from dialer.console.forms import code, code_if_any, day
from dialer.console.pages import page
from dialer.console.routes import Route
from dialer.console.site import site_of, user_of
from dialer.domain.audit import AuditKind
from dialer.domain.calendar import shanghai_day
from dialer.domain.policy import Channel
from dialer.domain.user import Permission
from dialer.ports.figures import CaseSet, Slice
from dialer.usecases.count_cases import cases_behind
from dialer.usecases.report_figures import DUTY, SHARES, Rate, burn_down, main_figures

_BACK, _AHEAD = timedelta(days=7), timedelta(days=15)
_RECEIVED_BACK = timedelta(days=30)


async def show_burn_down(request: web.Request) -> web.Response:
    """Day by day: due, done in time, open, at risk, missed."""
    site, today = site_of(request), _today(request)
    period = _period(request.query, today - _BACK, today + _AHEAD)
    part = replace(_part(request.query), last_days=period)
    view = await burn_down(site.storage, site.rulebook, user_of(request), part, site.now)
    return page(request, "burn_down.html", view=view, duty=DUTY, **_filters(request, part, period))


async def show_figures(request: web.Request) -> web.Response:
    """The main figures of the policies received in a period."""
    site, today = site_of(request), _today(request)
    period = _period(request.query, today - _RECEIVED_BACK, today)
    part = replace(_part(request.query), receipts=period)
    view = await main_figures(site.storage, site.rulebook, user_of(request), part, site.now)
    return page(request, "figures.html", view=view, rates=tuple(Rate), shares=SHARES, **_filters(request, part, period))


def _filters(request: web.Request, part: Slice, period: tuple[date, date]) -> dict[str, Any]:
    """What every page of figures needs to show its filter and to lead on."""
    kept = {"org": part.org, "channel": part.channel.value if part.channel else "", "product": part.product}
    return {
        "part": part,
        "period": period,
        "kept": urlencode({name: value for name, value in kept.items() if value}),
        "channels": tuple(Channel),
        "products": sorted(site_of(request).rulebook.products.values(), key=lambda each: each.code),
    }


async def show_cases(request: web.Request) -> web.Response:
    """The cases of a number: `of` a set, `without` another, in a slice."""
    site, asked = site_of(request), request.query
    wanted, without = code(CaseSet, asked.get("of", "")), code_if_any(CaseSet, asked.get("without", ""))
    part = replace(_part(asked), last_days=_days(asked, "last_day"), receipts=_days(asked, "received"))
    view = await cases_behind(site.storage, site.rulebook, user_of(request), wanted, without, part, site.now)
    return page(request, "figure_cases.html", view=view, part=part)


def _part(asked: Mapping[str, str]) -> Slice:
    return Slice(asked.get("org", ""), code_if_any(Channel, asked.get("channel", "")), asked.get("product", ""))


def _period(asked: Mapping[str, str], first: date, last: date) -> tuple[date, date]:
    return day(asked.get("from", "")) or first, day(asked.get("to", "")) or last


def _days(asked: Mapping[str, str], name: str) -> tuple[date, date] | None:
    """A period, or the one day of its beginning; None when it is not asked for."""
    first, last = day(asked.get(f"{name}_from", "")), day(asked.get(f"{name}_to", ""))
    return (first, last or first) if first else None


def _today(request: web.Request) -> date:
    return shanghai_day(site_of(request).now)


ROUTES = (
    Route("GET", "/figures", Permission.SEE_FLOOR, show_burn_down),
    Route("GET", "/figures/main", Permission.SEE_FLOOR, show_figures),
    Route("GET", "/figures/cases", Permission.SEE_CASES, show_cases, AuditKind.SEARCHED),
)
