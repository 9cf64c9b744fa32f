"""Who calls the API: a program with a bearer token; never a cookie, so no page of another site can act for anybody."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

from aiohttp import web

from dialer.console.site import site_of
from dialer.domain.api_token import ApiToken, Scope
from dialer.domain.errors import DialerError
from dialer.usecases.api_tokens import ScopeMissing, TokenRefused, token_of
from dialer.usecases.import_policies import PolicySource

_SECONDS_A_MINUTE = 60.0


class RateLimited(DialerError):
    """The token was used too often; try again after a while."""

    code = "RATE_LIMITED"

    def __init__(self, wait_seconds: float) -> None:
        super().__init__(f"too many requests with this token: wait {wait_seconds:.0f} s")
        self.wait_seconds = wait_seconds


class RateLimiter:
    """A bucket of requests for each token, which fills evenly; in this process and by real time."""

    def __init__(self, per_minute: int, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._per_minute = per_minute
        self._monotonic = monotonic
        self._buckets: dict[int, tuple[float, float]] = {}

    def take(self, token_id: int) -> None:
        """Count one request. Raises RateLimited."""
        now = self._monotonic()
        left, since = self._buckets.get(token_id, (float(self._per_minute), now))
        rate = self._per_minute / _SECONDS_A_MINUTE
        left = min(self._per_minute, left + (now - since) * rate)
        self._buckets[token_id] = (max(0.0, left - 1), now)
        if left < 1:
            raise RateLimited((1 - left) / rate)


@dataclass(frozen=True, slots=True)
class ApiParts:
    """What the API needs beside the site.

    Attributes:
        read_rows: sent rows as an import takes them (`dialer.importing.SentRows`), given who sent them.
        give_way: as `import_policies` wants it.
        limiter: how often a token may be used.
    """

    read_rows: Callable[[str, Sequence[Mapping[str, str]]], PolicySource]
    give_way: Callable[[], Awaitable[None]]
    limiter: RateLimiter


API = web.AppKey("api", ApiParts)
TOKEN = web.RequestKey("api_token", ApiToken)


def token_in(request: web.Request) -> ApiToken:
    """The program that asks; only behind an endpoint that names a scope."""
    return request[TOKEN]


async def admit_program(request: web.Request, scope: Scope) -> None:
    """Let a program pass.

    Raises:
        TokenRefused: no token, or none that holds.
        RateLimited: it asks too often.
        ScopeMissing: it may not do this.
    """
    kind, _, text = request.headers.get("Authorization", "").partition(" ")
    if kind.lower() != "bearer" or not text.strip():
        raise TokenRefused("send `Authorization: Bearer …`")
    site = site_of(request)
    token = await token_of(site.storage, text.strip(), site.now)
    request.app[API].limiter.take(token.id)
    if scope not in token.scopes:
        raise ScopeMissing(f"token {token.name} lacks the scope {scope}")
    request[TOKEN] = token
