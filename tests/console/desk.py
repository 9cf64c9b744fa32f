"""People at browsers, as tests speak of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pyotp
from aiohttp import ClientResponse
from aiohttp.test_utils import TestClient, TestServer

from dialer.console import Argon2Hasher
from dialer.domain.second_factor import STEP_SECONDS
from dialer.ports import Signals
from dialer.ports.topics import desk
from dialer.recording.local_store import LocalStore
from dialer.usecases.log_in import Step
from tests.usecases.site import SEAT, Site

PASSWORD = "correct horse battery"
JSON = {"Accept": "application/json"}


@dataclass(frozen=True)
class Console:
    """What runs: the site behind, the server in front."""

    site: Site
    server: TestServer
    hasher: Argon2Hasher
    store: LocalStore
    signals: Signals

    async def desk_is_told(self) -> None:
        """What the engine does when it has stored what the phone system said."""
        await self.signals.notify(desk(SEAT))


@dataclass
class Authenticator:
    """An app on somebody's telephone. The tests' clock stands still, so it shows each half minute's code in turn."""

    secret: str
    shown: int = 0

    def code(self, now: datetime) -> str:
        """A code that was not shown before and is near enough to be accepted."""
        self.shown = max(self.shown + 1, int(now.timestamp()) // STEP_SECONDS - 1)
        return pyotp.TOTP(self.secret).generate_otp(self.shown)


@dataclass
class Visitor:
    """A browser; its CSRF token is that of the page it has open."""

    client: TestClient
    site: Site
    authenticators: dict[str, Authenticator] = field(default_factory=dict)
    csrf: str = ""

    async def log_in(self, login: str, password: str = PASSWORD) -> ClientResponse:
        """As far as an authenticator leads: a password of one's own is for the person to choose."""
        response = await self.client.post("/login", data={"login": login, "password": password}, headers=JSON)
        while response.status == 200:
            told = await response.json()
            self.csrf = told["csrf"]
            if told["step"] in (None, Step.NEW_PASSWORD):
                break
            response = await self._next(login, told["step"])
        return response

    async def _next(self, login: str, step: str) -> ClientResponse:
        if step == Step.ENROL:
            told = await (await self.client.get("/login/enrol", headers=JSON)).json()
            self.authenticators[login] = Authenticator(told["secret"])
        code = self.authenticators[login].code(self.site.now)
        return await self.client.post(
            f"/login/{step.lower()}", data={"code": code}, headers={**JSON, "X-CSRF-Token": self.csrf}
        )

    async def get(self, path: str, **headers: str) -> ClientResponse:
        return await self.client.get(path, headers=headers, allow_redirects=False)

    async def post(self, path: str, _headers: dict[str, str] | None = None, **fields: str) -> ClientResponse:
        headers = {"X-CSRF-Token": self.csrf, **(_headers or {})}
        return await self.client.post(path, data=fields, headers=headers, allow_redirects=False)

    async def desk(self) -> dict[str, Any]:
        desk: dict[str, Any] = await (await self.client.get("/desk", headers=JSON)).json()
        return desk

    async def act(self, action: str, **fields: Any) -> tuple[int, dict[str, Any]]:
        """A program's action on the desk; status and the desk as it stands then."""
        headers = {"X-CSRF-Token": self.csrf, **JSON}
        response = await self.client.post(f"/desk/{action}", json=fields, headers=headers)
        return response.status, await response.json()

    async def answer(self, desk: dict[str, Any], option: str | None = None, **captures: str) -> dict[str, Any]:
        """The first option, or the one named, to the screen that is shown."""
        screen = desk["screen"]
        code = option or screen["options"][0]["code"]
        status, after = await self.act(
            "answer", version=desk["version"], node=screen["node"], option=code, captures=captures
        )
        assert status == 200, after
        return after
