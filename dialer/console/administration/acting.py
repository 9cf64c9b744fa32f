"""What all administration pages do alike: act, and show the page again with the reason when the rules said no."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Protocol

from aiohttp import web

from dialer.console.routes import Handler
from dialer.domain.errors import DialerError, NotFound

Act = Callable[[web.Request], Awaitable[web.Response]]


class Show(Protocol):
    """Renders a page, with a refusal on it if there is one."""

    async def __call__(self, request: web.Request, refused: DialerError | None = None) -> web.Response:
        """The page."""
        ...


def acting(act: Act, show: Show) -> Handler:
    """A handler for one button of a page."""

    async def handle(request: web.Request) -> web.StreamResponse:
        try:
            return await act(request)
        except NotFound:
            raise
        except DialerError as refused:
            return await show(request, refused)

    return handle
