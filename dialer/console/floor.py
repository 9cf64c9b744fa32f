"""The floor wall: who does what, what waits, what is wrong, and a supervisor's way into a live call."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import structlog
from aiohttp import web

from dialer.console.acting import acting
from dialer.console.events import streaming
from dialer.console.forms import code, code_if_any, fields
from dialer.console.pages import page, see, wants_fragment, wants_json
from dialer.console.routes import Handler, Route
from dialer.console.site import Site, site_of, user_of
from dialer.console.statuses import status_of
from dialer.domain.call import CallId, ListenMode
from dialer.domain.errors import DialerError
from dialer.domain.seat import SeatState
from dialer.domain.user import Permission
from dialer.ports.topics import WALL
from dialer.usecases.listen_in import listen_in, stop_listening
from dialer.usecases.log_in import Session, still_open
from dialer.usecases.watch_floor import FloorPicture, watch_floor

log = structlog.get_logger("console")

_REFRESH_AT_LEAST_EVERY_SECONDS = 5.0
_REFRESH_AT_MOST_EVERY_SECONDS = 1.0
"""Three hundred agents change something many times a second, and every wall reads the whole floor anew."""

_SILENT_SECONDS = 10.0

_CHIPS = (
    SeatState.TALKING, SeatState.RESERVED, SeatState.WRAP_UP, SeatState.READY, SeatState.PAUSED, SeatState.SEATED,
    SeatState.SEATING, SeatState.AWAY,
)  # fmt: skip


class Pulse:
    """Whether an engine is alive, as this process sees it: its count of beats goes on (`docs/decisions/0005`)."""

    def __init__(self) -> None:
        self._seen: dict[str, tuple[int, float]] = {}

    def beats(self, counts: Mapping[str, int], instant: float) -> bool:
        """Whether one of the engines has counted on of late; one never seen before is given that long to do so."""
        for owner, count in counts.items():
            if self._seen.get(owner, (None, 0.0))[0] != count:
                self._seen[owner] = (count, instant)
        self._seen = {owner: seen for owner, seen in self._seen.items() if owner in counts}
        return any(instant - since < _SILENT_SECONDS for _, since in self._seen.values())


PULSE = web.AppKey("pulse", Pulse)


async def show_floor(request: web.Request, refused: DialerError | None = None) -> web.Response:
    """Agents by what they do, calls, the queue, alarms; `state` picks the agents that are shown."""
    if refused:
        log.info("listening.not_asked", by=user_of(request).login, code=refused.code)
    site, user = site_of(request), user_of(request)
    picture = await watch_floor(site.storage, site.rulebook, user, site.now, site.settings.engine.wrap_up_seconds)
    alive = request.app[PULSE].beats(picture.beats, time.monotonic())
    if wants_json(request):
        return web.json_response(_as_json(picture, refused, alive=alive), status=status_of(refused))
    return page(
        request,
        "floor.html",
        picture=picture,
        alive=alive,
        refused=refused,
        may_listen=user.may(Permission.LISTEN_IN),
        may_see_tickets=user.may(Permission.SEE_TICKETS),
        modes=tuple(ListenMode),
        states=_CHIPS,
        wanted=code_if_any(SeatState, request.query.get("state", "")),
    )


def _as_json(picture: FloorPicture, refused: DialerError | None, *, alive: bool) -> dict[str, Any]:
    return {
        "now": picture.now.isoformat(),
        "engine_alive": alive,
        "cases": {state.value: count for state, count in picture.by_state.items()},
        "queue": {each.value: count for each, count in picture.queue.items()},
        "seats": [
            {
                "id": each.seat.id,
                "state": each.seat.state,
                "why": each.seat.why,
                "seconds": round(each.seconds),
                "over_target": each.over_target,
                "call": each.call_id,
                "listening": each.listening
                and {"by": each.listening.login, "mode": each.listening.mode, "live": each.listening.is_live},
            }
            for each in picture.seats
        ],
        "overdue_tickets": picture.overdue_tickets,
        "steerings": [each.id for each in picture.steerings],
        "notices": list(picture.notices),
        "refused": refused and {"code": refused.code, "message": str(refused)},
    }


async def floor_events(request: web.Request) -> web.StreamResponse:
    """`event: look`: at once when the floor has changed, and every few seconds for the figures."""
    return await streaming(request, _tell_changes)


async def _tell_changes(response: web.StreamResponse, site: Site, session: Session) -> None:
    while True:
        async with site.storage.read() as work:
            if not await still_open(work, session.token, site.now):
                return
        await response.write(f"event: look\ndata: {site.now.isoformat()}\n\n".encode())
        await asyncio.sleep(_REFRESH_AT_MOST_EVERY_SECONDS)
        await site.signals.wait(WALL, _REFRESH_AT_LEAST_EVERY_SECONDS - _REFRESH_AT_MOST_EVERY_SECONDS)


async def _listen(request: web.Request) -> None:
    """The supervisor's phone into the call that is on screen, or another mode for it."""
    site, user, sent = site_of(request), user_of(request), await fields(request)
    call_id, mode = CallId(sent.get("call", "")), code(ListenMode, sent.get("mode", ""))
    log.info("listening.asked", call_id=call_id, by=user.login, mode=mode)
    await listen_in(site.storage, site.signals, user, call_id, mode, site.now)


async def _stop(request: web.Request) -> None:
    """The supervisor's phone out of the call it is in."""
    site, user = site_of(request), user_of(request)
    log.info("listening.stopped", by=user.login)
    await stop_listening(site.storage, site.signals, user, site.now)


def _wish(ask: Callable[[web.Request], Awaitable[None]]) -> Handler:
    """A handler that asks for something, and shows the floor as it stands then."""

    async def act(request: web.Request) -> web.Response:
        await ask(request)
        return await show_floor(request) if wants_json(request) or wants_fragment(request) else see("/floor")

    return acting(act, show_floor, tells_programs=True)


ROUTES = (
    Route("GET", "/floor", Permission.SEE_FLOOR, show_floor),
    Route("GET", "/floor/events", Permission.SEE_FLOOR, floor_events),
    Route("POST", "/floor/listen", Permission.LISTEN_IN, _wish(_listen)),
    Route("POST", "/floor/stop-listening", Permission.LISTEN_IN, _wish(_stop)),
)
