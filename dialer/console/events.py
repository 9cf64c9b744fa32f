"""One stream per desk that says "look again". It carries no news: the page fetches itself, so nothing can be missed."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

from aiohttp import web

from dialer.console.routes import Route
from dialer.console.site import SESSION, Site, site_of
from dialer.domain.user import Permission, User
from dialer.usecases.log_in import Session, still_lasts, still_open, take_no_more
from dialer.usecases.look_at_desk import look_from_afar

LOOK_AT_LEAST_EVERY_SECONDS = 20.0
"""Signals that were missed ring when they can be heard again; this is for a session that ends, and for proxies."""

_OVER = b"event: look\ndata: over\n\n"
"""The page looks again, and is led to the login: nobody waits at a desk that is dead."""

Tell = Callable[[web.StreamResponse, Site, Session], Awaitable[None]]

_STREAMS = web.AppKey("streams", dict[asyncio.Task[Any], str])


async def desk_events(request: web.Request) -> web.StreamResponse:
    """`event: look` with the desk's version: at once, and whenever it has changed."""
    return await streaming(request, _tell_changes)


async def streaming(request: web.Request, tell: Tell) -> web.StreamResponse:
    """A stream that lasts until the browser goes, the session ends (`tell` returns) or the server stops."""
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "X-Accel-Buffering": "no"})
    await response.prepare(request)
    streams = request.app[_STREAMS]
    task = asyncio.current_task()
    assert task is not None
    streams[task] = request[SESSION].user.login
    try:
        with suppress(ConnectionResetError):  # the browser has gone
            await tell(response, site_of(request), request[SESSION])
    finally:
        del streams[task]
    return response


async def _tell_changes(response: web.StreamResponse, site: Site, session: Session) -> None:
    told, leaving = "", False
    while True:
        async with site.storage.read() as work:
            lasts = await still_lasts(work, session.token, site.now)
            is_open = lasts or await still_open(work, session.token, site.now)
            version, topic = await look_from_afar(work, session.user)
        if not lasts and not leaving:
            leaving = True
            await take_no_more(site.storage, site.signals, session, site.now)
        if not is_open:
            await response.write(_OVER)
            return
        news = f"event: look\ndata: {version}\n\n" if version != told else ": nothing new\n\n"
        await response.write(news.encode())
        told = version
        await site.signals.wait(topic, LOOK_AT_LEAST_EVERY_SECONDS)


def tabs_of(app: web.Application, user: User) -> int:
    """How many of the agent's tabs listen at this process."""
    return [*app[_STREAMS].values()].count(user.login)


def end_streams_at_shutdown(app: web.Application) -> None:
    """Streams have no end of their own, and would hold up the server's."""
    streams: dict[asyncio.Task[Any], str] = {}
    app[_STREAMS] = streams

    async def end(_app: web.Application) -> None:
        for task in [*streams]:
            task.cancel()

    app.on_shutdown.append(end)


ROUTES = (Route("GET", "/desk/events", Permission.TAKE_CALLS, desk_events),)
