"""The floor: who does what, and how many cases stand where."""

from __future__ import annotations

from aiohttp import web

from dialer.console.pages import page, wants_json
from dialer.console.routes import Route
from dialer.console.site import site_of, user_of
from dialer.domain.user import Permission
from dialer.usecases import look_at


async def show_floor(request: web.Request) -> web.Response:
    """Seats by state, cases by state, tickets late, and why no calls are placed when none are."""
    site = site_of(request)
    picture = await look_at.floor(site.storage, user_of(request), site.now)
    if wants_json(request):
        return web.json_response(
            {
                "now": picture.now.isoformat(),
                "cases": {state.value: count for state, count in picture.by_state.items()},
                "seats": [{"id": seat.id, "state": seat.state, "why": seat.why} for seat, _ in picture.seats],
                "overdue_tickets": picture.overdue_tickets,
                "notices": list(picture.notices),
            }
        )
    return page(request, "floor.html", picture=picture)


ROUTES = (Route("GET", "/floor", Permission.SEE_FLOOR, show_floor),)
