"""The console on a port, for as long as the block lasts."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web

from dialer.domain.errors import DialerError

_GOODBYE_SECONDS = 2.0


class PortTaken(DialerError):
    """Another program listens where the console should."""

    code = "PORT_TAKEN"


@asynccontextmanager
async def serving(app: web.Application, host: str, port: int) -> AsyncIterator[str]:
    """Serve, and give the address; port 0 takes a free one.

    Raises:
        PortTaken: the port can't be used.
    """
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=_GOODBYE_SECONDS)
    await runner.setup()
    try:
        try:
            await web.TCPSite(runner, host, port).start()
        except OSError as error:
            raise PortTaken(
                f"端口 {host}:{port} 不可用 · the console's port can't be used: {error.strerror}"
            ) from error
        bound_host, bound_port = runner.addresses[0][:2]
        yield f"http://{bound_host}:{bound_port}"
    finally:
        await runner.cleanup()
