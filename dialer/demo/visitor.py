"""A program at the console: it logs in as people do, and uses the same routes, asking for JSON instead of pages."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, Self

import aiohttp

from dialer.domain.errors import DialerError

Json = dict[str, Any]

_AS_DATA = {"Accept": "application/json"}
_SESSION_OVER = 401
_TRIES, _AGAIN_SECONDS = 5, 0.5
_NO_LIMIT = aiohttp.ClientTimeout(total=None, sock_connect=10)


class ConsoleFailed(DialerError):
    """The console does not answer as it should."""

    code = "CONSOLE_FAILED"


@dataclass(frozen=True, slots=True)
class Reply:
    """What the console answered."""

    status: int
    content: Json

    @property
    def accepted(self) -> bool:
        """Whether it did what was asked."""
        return self.status < 400


class Visitor:
    """Somebody logged in. A session that has run out (a night jumped over) is opened again by itself.

    `async with Visitor(url, login, password) as visitor:`
    """

    def __init__(self, url: str, login: str, password: str) -> None:
        self.login = login
        self._url, self._password = url, password
        self._csrf = ""

    async def __aenter__(self) -> Self:
        """Logged in."""
        jar = aiohttp.CookieJar(unsafe=True)  # the console is at an IP address here
        self._http = aiohttp.ClientSession(self._url, cookie_jar=jar, headers=_AS_DATA, timeout=_NO_LIMIT)
        try:
            await self._log_in()
        except BaseException:
            await self._http.close()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        """Connections closed."""
        await self._http.close()

    async def look(self, path: str) -> Json:
        """Read a page as data; a console that is out of breath is asked again. Raises ConsoleFailed."""
        for _ in range(_TRIES):
            reply = await self._ask("GET", path)
            if reply.accepted:
                return reply.content
            await asyncio.sleep(_AGAIN_SECONDS)
        raise ConsoleFailed(f"{self.login}: GET {path} was answered {reply.status} {reply.content.get('error')}")

    async def act(self, path: str, **fields: object) -> Reply:
        """Ask for something; a refusal of the rules is an answer, too."""
        return await self._ask("POST", path, fields)

    async def news(self, path: str) -> AsyncIterator[None]:
        """Each time the stream says that something has changed, for ever."""
        while True:
            async with self._http.get(path) as stream:
                if stream.status == _SESSION_OVER:
                    await self._log_in()
                    continue
                stream.raise_for_status()
                async for line in stream.content:
                    if line.startswith(b"event:"):
                        yield
            await asyncio.sleep(_AGAIN_SECONDS)

    async def _ask(self, method: str, path: str, fields: Json | None = None) -> Reply:
        reply = await self._once(method, path, fields)
        if reply.status == _SESSION_OVER:
            await self._log_in()
            reply = await self._once(method, path, fields)
        return reply

    async def _once(self, method: str, path: str, fields: Json | None) -> Reply:
        headers = {"X-CSRF-Token": self._csrf}
        async with self._http.request(method, path, json=fields, headers=headers) as response:
            if response.status >= 500 or (method == "GET" and response.status not in (200, _SESSION_OVER)):
                response.raise_for_status()
            return Reply(response.status, await response.json())

    async def _log_in(self) -> None:
        sent = {"login": self.login, "password": self._password}
        async with self._http.post("/login", json=sent) as response:
            response.raise_for_status()
            self._csrf = (await response.json())["csrf"]
