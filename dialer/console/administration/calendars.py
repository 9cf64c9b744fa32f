"""The official year, next year's schedule, and what a correction would move before anybody agrees to it."""

from __future__ import annotations

import calendar as weeks_of
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

import structlog
from aiohttp import web

from dialer.console.acting import acting
from dialer.console.administration.sheets import sent_text
from dialer.console.forms import FormInvalid, fields, number
from dialer.console.pages import page, see
from dialer.console.routes import Route
from dialer.console.site import site_of, user_of
from dialer.domain.calendar import YearSchedule
from dialer.domain.errors import DialerError
from dialer.domain.user import Permission, User
from dialer.usecases.access import sees
from dialer.usecases.change_calendar import CalendarChange, decided_years, foresee, put_in_force

log = structlog.get_logger("console")

_SATURDAY = 5


@dataclass(frozen=True, slots=True)
class Day:
    """A day of a month's picture: `kind` is off, worked (a weekend day that is), weekend or plain."""

    number: int
    kind: str
    name: str


async def show_calendars(request: web.Request, refused: DialerError | None = None) -> web.Response:
    """One year as months, who put it in force and why, and the form for another schedule."""
    return await _calendars(request, refused)


async def _calendars(
    request: web.Request, refused: DialerError | None = None, change: CalendarChange | None = None, text: str = ""
) -> web.Response:
    site, user = site_of(request), user_of(request)
    schedules = site.in_force.calendar.schedules
    year = number(request.query.get("year", str(site.now.year)))
    text = text or (await sent_text(request, "text") if refused else "")
    return page(
        request, "administration/calendars.html", year=year, years=sorted(schedules), schedule=schedules.get(year),
        months=tuple(_months(schedules.get(year), year)), decided=await decided_years(site.storage, year),
        refused=refused, change=change, text=text, next_year=max(schedules) + 1, named=_named(user, change),
    )  # fmt: skip


def _named(user: User, change: CalendarChange | None) -> frozenset[str]:
    """The policies and tickets that the reader may know by name; the others are told without it (rules §2.4, §7.6)."""
    if change is None:
        return frozenset()
    cases = [each.case for each in change.cases if user.may(Permission.SEE_CASES)]
    tickets = [each.ticket for each in change.tickets if user.may(Permission.SEE_TICKETS)]
    return frozenset(
        {case.policy_no for case in cases if sees(user, case.org)}
        | {ticket.ticket_no for ticket in tickets if sees(user, ticket.org)}
    )


def _months(schedule: YearSchedule | None, year: int) -> Iterator[tuple[int, list[list[Day | None]]]]:
    if schedule is None:
        return
    names = {day: name for name, day in schedule.named.items()}
    for month in range(1, 13):
        weeks = weeks_of.Calendar().monthdatescalendar(year, month)
        yield month, [[_day(schedule, day, names) if day.month == month else None for day in week] for week in weeks]


def _day(schedule: YearSchedule, day: date, names: dict[date, str]) -> Day:
    if day in schedule.off:
        kind = "off"
    elif day in schedule.adjusted_working:
        kind = "worked"
    else:
        kind = "weekend" if day.weekday() >= _SATURDAY else "plain"
    return Day(day.day, kind, names.get(day, ""))


async def _preview(request: web.Request) -> web.Response:
    site = site_of(request)
    text = await sent_text(request, "file") or await sent_text(request, "text")
    if not text.strip():
        raise FormInvalid("choose a file or write the schedule into the field")
    change = await foresee(site.storage, site.rulebook, site.in_force, text)
    return await _calendars(request, change=change, text=text)


async def _put(request: web.Request) -> web.Response:
    site, user, sent = site_of(request), user_of(request), await fields(request)
    text, reason = sent.get("text", "").replace("\r\n", "\n"), sent.get("reason", "")
    change = await put_in_force(
        site.storage, site.signals, site.rulebook, site.in_force, user, text, reason, site.now,
        correction=bool(sent.get("correction")),
    )  # fmt: skip
    moved = {"cases": len(change.cases), "tickets": len(change.tickets)}
    log.info("calendar.put_in_force", year=change.schedule.year, by=user.login, **moved)
    return see(f"/calendars?year={change.schedule.year}")


_P = Permission.KEEP_CALENDARS
ROUTES = (
    Route("GET", "/calendars", _P, show_calendars),
    Route("POST", "/calendars/preview", _P, acting(_preview, show_calendars)),
    Route("POST", "/calendars", _P, acting(_put, show_calendars)),
)
