"""One stream per desk that says "look again". It carries no news: the page fetches itself, so nothing can be missed."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any

from aiohttp import web

from dialer.console.routes import Route
from dialer.console.site import SESSION, Site, site_of
from dialer.domain.call import SeatId
from dialer.domain.user import Permission
from dialer.usecases.log_in import Session, still_open
from dialer.usecases.look_at_desk import desk_version
from dialer.usecases.staff_the_floor import desk_topic

LOOK_AT_LEAST_EVERY_SECONDS = 5.0

_STREAMS = web.AppKey("streams", set[asyncio.Task[Any]])


async def desk_events(request: web.Request) -> web.StreamResponse:
    """`event: look` with the desk's version: at once, and whenever it has changed."""
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "X-Accel-Buffering": "no"})
    await response.prepare(request)
    streams = request.app[_STREAMS]
    task = asyncio.current_task()
    assert task is not None
    streams.add(task)
    try:
        with suppress(ConnectionResetError):  # the browser has gone
            await _tell_changes(response, site_of(request), request[SESSION])
    finally:
        streams.discard(task)
    return response


async def _tell_changes(response: web.StreamResponse, site: Site, session: Session) -> None:
    told = ""
    while await still_open(site.storage, session.token, site.now):
        async with site.storage.read() as work:
            version = await desk_version(work, site.scripts, session.user)
            seat = await work.floor.seat_of(session.user.login)
        news = f"event: look\ndata: {version}\n\n" if version != told else ": nothing new\n\n"
        await response.write(news.encode())
        told = version
        topic = desk_topic(seat.id if seat else SeatId(session.user.login))
        await site.signals.wait(topic, LOOK_AT_LEAST_EVERY_SECONDS)


def end_streams_at_shutdown(app: web.Application) -> None:
    """Streams have no end of their own, and would hold up the server's."""
    streams: set[asyncio.Task[Any]] = set()
    app[_STREAMS] = streams

    async def end(_app: web.Application) -> None:
        for task in [*streams]:
            task.cancel()

    app.on_shutdown.append(end)


ROUTES = (Route("GET", "/desk/events", Permission.TAKE_CALLS, desk_events),)
