"""The floor: who does what, how many cases stand where, and a supervisor's way into a live call."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any

import structlog
from aiohttp import web

from dialer.console.forms import FormInvalid, fields
from dialer.console.pages import page, see, wants_fragment, wants_json
from dialer.console.problems import status_of
from dialer.console.routes import Route
from dialer.console.site import site_of, user_of
from dialer.domain.call import CallId, ListenMode
from dialer.domain.errors import DialerError
from dialer.domain.user import Permission
from dialer.usecases import look_at
from dialer.usecases.listen_in import listen_in, stop_listening
from dialer.usecases.look_at import FloorPicture

log = structlog.get_logger("console")


async def show_floor(request: web.Request) -> web.Response:
    """Seats by state, cases by state, tickets late, and why no calls are placed when none are."""
    return await _floor(request)


async def _floor(request: web.Request, refused: DialerError | None = None) -> web.Response:
    site, user = site_of(request), user_of(request)
    picture = await look_at.floor(site.storage, user, site.now)
    status = status_of(refused) if refused else 200
    if wants_json(request):
        return web.json_response(_as_json(picture, refused), status=status)
    may_listen = user.may(Permission.LISTEN_IN)
    return page(
        request, "floor.html", status, picture=picture, refused=refused, may_listen=may_listen, modes=tuple(ListenMode)
    )


def _as_json(picture: FloorPicture, refused: DialerError | None) -> dict[str, Any]:
    return {
        "now": picture.now.isoformat(),
        "cases": {state.value: count for state, count in picture.by_state.items()},
        "seats": [
            {
                "id": each.seat.id,
                "state": each.seat.state,
                "why": each.seat.why,
                "call": each.call_id,
                "listening": each.listening
                and {"by": each.listening.login, "mode": each.listening.mode, "live": each.listening.is_live},
            }
            for each in picture.seats
        ],
        "overdue_tickets": picture.overdue_tickets,
        "notices": list(picture.notices),
        "refused": refused and {"code": refused.code, "message": str(refused)},
    }


async def listen(request: web.Request) -> web.Response:
    """The supervisor's phone into the call that is on screen, or another mode for it."""
    site, user, sent = site_of(request), user_of(request), await fields(request)
    call_id, mode = CallId(sent.get("call", "")), _mode(sent.get("mode", ""))
    log.info("listening.asked", call_id=call_id, by=user.login, mode=mode)
    return await _after(request, listen_in(site.storage, site.signals, user, call_id, mode, site.now))


def _mode(given: str) -> ListenMode:
    try:
        return ListenMode(given)
    except ValueError:
        raise FormInvalid(f"{given!r} is no way to listen; known: {', '.join(ListenMode)}") from None


async def stop(request: web.Request) -> web.Response:
    """The supervisor's phone out of the call it is in."""
    site, user = site_of(request), user_of(request)
    log.info("listening.stopped", by=user.login)
    return await _after(request, stop_listening(site.storage, site.signals, user, site.now))


async def _after(request: web.Request, act: Coroutine[Any, Any, object]) -> web.Response:
    """Act, and show the floor as it stands then, with the reason when the rules said no."""
    try:
        await act
    except DialerError as refused:
        log.info("listening.not_asked", by=user_of(request).login, code=refused.code)
        return await _floor(request, refused)
    return await _floor(request) if wants_json(request) or wants_fragment(request) else see("/floor")


ROUTES = (
    Route("GET", "/floor", Permission.SEE_FLOOR, show_floor),
    Route("POST", "/floor/listen", Permission.LISTEN_IN, listen),
    Route("POST", "/floor/stop-listening", Permission.LISTEN_IN, stop),
)
