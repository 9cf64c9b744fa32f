"""ARI: commands over HTTP, news over one websocket. Speaks of channels; knows nothing of calls."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from typing import Any, Self

import aiohttp

from dialer.domain.errors import DialerError

_COMMAND_SECONDS = 5.0
_DOWNLOAD_SECONDS = 60.0  # half an hour of one side is 29 MB
_HEARTBEAT_SECONDS = 5.0  # a websocket that answers no ping for so long is dead
_ABSENT = 404

Event = Mapping[str, Any]


class AriRefused(DialerError):
    """Asterisk has read the command and does not do it; `status` is its HTTP status."""

    code = "ARI_REFUSED"

    def __init__(self, status: int, message: str) -> None:
        super().__init__(f"Asterisk refuses ({status}): {message}")
        self.status = status


class AriSilent(DialerError):
    """No answer: the command was done, or was not. Look its channel id up before anything else."""

    code = "ARI_SILENT"


class Ari:
    """One Asterisk's REST interface. `url` is its web server, without a path."""

    def __init__(self, url: str, app: str, user: str, secret: str) -> None:
        """Nothing is opened before `open`."""
        self._url, self._app = f"{url}/ari", app
        self._headers = {"Authorization": aiohttp.encode_basic_auth(user, secret)}
        self._session: aiohttp.ClientSession | None = None

    async def open(self) -> Self:
        """Ready for commands."""
        timeout = aiohttp.ClientTimeout(total=_COMMAND_SECONDS)
        self._session = aiohttp.ClientSession(headers=self._headers, timeout=timeout)
        return self

    async def close(self) -> None:
        """Every connection closed."""
        if self._session is not None:
            await self._session.close()

    async def get(self, path: str) -> Any:  # noqa: ANN401  # JSON is whatever Asterisk says
        """What Asterisk says of something; None when there is no such thing. Raises AriRefused, AriSilent."""
        try:
            return await self._ask("GET", path)
        except AriRefused as refusal:
            if refusal.status == _ABSENT:
                return None
            raise

    async def download(self, path: str) -> bytes | None:
        """A file, whole; None when there is no such file. Raises AriRefused, AriSilent."""
        timeout = aiohttp.ClientTimeout(total=_DOWNLOAD_SECONDS)
        try:
            async with self._opened.get(self._url + path, timeout=timeout) as reply:
                if reply.status == _ABSENT and reply.content_type == "application/json":
                    return None
                if reply.status != 200:
                    raise AriRefused(reply.status, (await reply.text())[:200])
                return await reply.read()
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise AriSilent(f"no answer to GET {path}: {_said(error)}") from error

    async def post(self, path: str, **arguments: object) -> Any:  # noqa: ANN401  # as above
        """Do something. Raises AriRefused, AriSilent."""
        return await self._ask("POST", path, arguments)

    async def put(self, path: str, arguments: Mapping[str, object]) -> None:
        """Set something. Raises AriRefused, AriSilent."""
        await self._ask("PUT", path, arguments)

    async def delete(self, path: str) -> bool:
        """End something; False when it was not there. Raises AriRefused, AriSilent."""
        try:
            await self._ask("DELETE", path)
        except AriRefused as refusal:
            if refusal.status != _ABSENT:
                raise
            return False
        return True

    async def events(self) -> AsyncIterator[Event | None]:
        """First None, when Asterisk has accepted the connection; then every event until it is lost.

        Raises AriSilent when it can't be made. A second reader would take the application from the first.
        """
        try:
            async with self._opened.ws_connect(
                f"{self._url}/events",
                params={"app": self._app, "subscribeAll": "true"},
                heartbeat=_HEARTBEAT_SECONDS,
                max_msg_size=0,
            ) as socket:
                yield None
                async for message in socket:
                    if message.type is aiohttp.WSMsgType.TEXT:
                        yield json.loads(message.data)
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise AriSilent(f"no events from {self._url}: {_said(error)}") from error

    async def _ask(self, method: str, path: str, arguments: Mapping[str, object] | None = None) -> Any:  # noqa: ANN401
        try:
            async with self._opened.request(method, self._url + path, json=arguments or None) as reply:
                text = await reply.text()
                if reply.status >= 400 and reply.content_type != "application/json":
                    raise AriSilent(f"no ARI yet at {self._url}: status {reply.status}")  # Asterisk is still booting
                if reply.status >= 400:
                    raise AriRefused(reply.status, text[:200])
                return json.loads(text) if text else None
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise AriSilent(f"no answer to {method} {path}: {_said(error)}") from error

    @property
    def _opened(self) -> aiohttp.ClientSession:
        assert self._session is not None, "open() comes first"
        return self._session


def _said(error: Exception) -> str:
    """A failure in words; the library's own would show the request's headers, and with them our password."""
    if isinstance(error, aiohttp.WSServerHandshakeError):
        return f"status {error.status}"
    return str(error) if isinstance(error, OSError) else type(error).__name__
