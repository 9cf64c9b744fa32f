"""One button of a page: act, or show the page again with the reason when the rules said no."""

from __future__ import annotations

from typing import Protocol

from aiohttp import web

from dialer.console import trace
from dialer.console.pages import wants_json
from dialer.console.routes import Handler
from dialer.domain.errors import DialerError, NotAllowed


class Show(Protocol):
    """Renders a page, with a refusal on it if there is one."""

    async def __call__(self, request: web.Request, refused: DialerError | None = None) -> web.StreamResponse:
        """The page."""
        ...


def acting(act: Handler, show: Show, *, tells_programs: bool = False) -> Handler:
    """A handler that answers what `act` answers, and what `show` shows when that is refused.

    A program is told the refusal as data, unless the page itself `tells_programs`.
    """

    async def handle(request: web.Request) -> web.StreamResponse:
        try:
            return await act(request)
        except DialerError as refused:
            if wants_json(request) and not tells_programs:
                raise
            if isinstance(refused, NotAllowed):
                await trace.refused(request)
            return await show(request, refused)

    return handle
