"""A whole site for a journey: its own folder and settings, a telephone network, the real command line."""

from __future__ import annotations

import asyncio
import json
import os
import re
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

import aiohttp

from dialer.demo.carrier.simulator import CarrierSimulator
from dialer.telephony.asterisk.instance import PrivateAsterisk
from tests.journeys.records import Records, SqliteRecords

ROOT = Path(__file__).parents[2]
PASSWORD = "a long enough secret"
MIN_SECONDS = 2
"""The shortest recording that is proof at these sites."""

T = TypeVar("T")


@dataclass(frozen=True)
class Serving:
    """A `dialer serve` at work, all that it prints going to its log."""

    process: asyncio.subprocess.Process
    log: Path
    reader: asyncio.Task[None]

    @property
    def url(self) -> str:
        """The console's address."""
        found = re.search(r"http://\S+", self.printed)
        assert found, self.printed
        return found[0]

    @property
    def printed(self) -> str:
        return self.log.read_text(encoding="utf-8")

    @property
    def events(self) -> list[dict[str, Any]]:
        """Its log lines, those that are whole."""
        lines = (line for line in self.printed.splitlines() if line.startswith("{") and line.endswith("}"))
        return [json.loads(line) for line in lines]

    async def says(self, event: str, seconds: float = 30) -> dict[str, Any]:
        """Wait for the first log line of this event."""
        return (await until(lambda: [each for each in self.events if each["event"] == event], seconds))[0]

    def workers(self) -> list[int]:
        """The processes that hold seats."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        return [int(pid) for pid in children if b"pjsua.worker" in Path(f"/proc/{pid}/cmdline").read_bytes()]

    async def kill(self) -> None:
        """Without a warning; its workers go by themselves."""
        workers = self.workers()
        self.process.kill()
        await self.process.wait()
        await until(lambda: not any(Path(f"/proc/{pid}/cmdline").exists() for pid in workers))

    async def stopped(self, seconds: float = 30) -> None:
        """Wait until it has ended by itself, as it should."""
        await asyncio.wait_for(self.process.wait(), seconds)
        await self.reader
        assert self.process.returncode == 0, self.printed


@dataclass(frozen=True)
class Premises:
    folder: Path
    config: Path
    carrier: CarrierSimulator | None
    records: Records

    @classmethod
    def at(
        cls,
        folder: Path,
        carrier: CarrierSimulator | None = None,
        records: Records | None = None,
        asterisk: PrivateAsterisk | None = None,
        **settings: str,
    ) -> Premises:
        """A new site, or the site whose files lie in the folder; `settings` as in `write_config`."""
        trunk = carrier.address if carrier else "127.0.0.1:9"
        records = records or SqliteRecords(folder / "dialer.db")
        phones = on_asterisk(asterisk) if asterisk else on_trunk(trunk)
        return cls(folder, write_config(folder, records.url, phones, **settings), carrier, records)

    async def run(self, now: datetime, *command: str, typed: str = "") -> tuple[int, str]:
        """A command to its end: exit code and all that it printed."""
        process = await self._start(now, *command)
        printed, _ = await asyncio.wait_for(process.communicate(typed.encode()), 60)
        assert process.returncode is not None
        return process.returncode, printed.decode()

    @asynccontextmanager
    async def serving(self, now: datetime, *arguments: str) -> AsyncIterator[str]:
        """`dialer serve`: its address while it runs, and an orderly stop."""
        async with self.started(now, *arguments) as serving:
            yield serving.url
            serving.process.terminate()
            await serving.stopped()

    @asynccontextmanager
    async def started(self, now: datetime, *arguments: str, log: str = "serve.log") -> AsyncIterator[Serving]:
        """`dialer serve`, whatever becomes of it; killed at the end if it still runs."""
        process = await self._start(now, "serve", *arguments)
        assert process.stdout is not None
        file = self.folder / log
        before = file.read_text(encoding="utf-8") if file.exists() else ""
        file.write_text("", encoding="utf-8")
        reader = asyncio.create_task(_drain(process.stdout, file))
        serving = Serving(process, file, reader)
        try:
            await until(lambda: "running:" in serving.printed or process.returncode is not None)
            assert process.returncode is None, f"dialer serve ended: {serving.printed}"
            yield serving
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
            await reader
            file.write_text(before + serving.printed, encoding="utf-8")

    async def create(self, now: datetime, login: str, role: str, *more: str) -> None:
        code, printed = await self.run(
            now, "admin", "create", login, "--role", role, *more, typed=f"{PASSWORD}\n{PASSWORD}\n"
        )
        assert code == 0, printed

    def rows(self, query: str) -> list[dict[str, Any]]:
        """What the database says, asked past the product."""
        return self.records.rows(query)

    def alter(self, statement: str, *values: str) -> None:
        """Change the database past the product, as a disaster or somebody clever would."""
        self.records.alter(statement, *values)

    async def _start(self, now: datetime, *command: str) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "trials.at",
            now.isoformat(),
            *command,
            cwd=ROOT,
            env={**os.environ, "DIALER_CONFIG": str(self.config), "COLUMNS": "200"},
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )


async def until(look: Callable[[], T], seconds: float = 30) -> T:
    """Look again and again until there is something to be seen."""
    async with asyncio.timeout(seconds):
        while not (seen := look()):
            await asyncio.sleep(0.02)
    return seen


async def _drain(stream: asyncio.StreamReader, log: Path) -> None:
    with log.open("ab", buffering=0) as file:
        async for line in stream:
            file.write(line)


def on_trunk(carrier: str) -> str:
    """Settings of the embedded engine."""
    return f'[telephony]\ncarrier = "{carrier}"'


def on_asterisk(asterisk: PrivateAsterisk) -> str:
    """Settings that name an Asterisk, which has the trunk."""
    return f"""
[telephony]
engine = "asterisk"
[[asterisk.nodes]]
url = "{asterisk.url}"
ami = "{asterisk.bind}:{asterisk.ports.ami}"
secrets = "{asterisk.secrets_file}"
cel = "{asterisk.folders.cel}"
websocket = "{asterisk.websocket}"
browsers = "{asterisk.browsers_file}"
"""


def write_config(
    folder: Path,
    database: str,
    phones: str,
    *,
    min_free_mb: str = "1",
    scripts: str = "scripts",
    calendars: str = "config/calendars",
    lease_seconds: str = "1",
    preview_elderly_from: str = "",
) -> Path:
    """Settings of a small site: everything in its folder, and conversations of seconds; with an age, previews too."""
    dial = f'[dial]\npreview_for = ["ELDERLY"]\npreview_elderly_from = {preview_elderly_from}'
    config = folder / "dialer.toml"
    config.write_text(
        f"""
[paths]
spool = "{folder}/spool"
sealed = "{folder}/sealed"
attachments = "{folder}/attachments"
data_key = "{folder}/data.key"
scripts = "{scripts}"
calendars = "{calendars}"
[storage]
url = "{database}"
{phones}
[recording]
min_seconds = {MIN_SECONDS}
min_free_mb = {min_free_mb}
[console]
port = 0
[engine]
lease_seconds = {lease_seconds}
{dial if preview_elderly_from else ""}
""",
        encoding="utf-8",
    )
    return config


class Desk:
    """Somebody at a browser: logs in once, then reads and does."""

    def __init__(self, session: aiohttp.ClientSession, csrf: str) -> None:
        self._session = session
        self._headers = {"Accept": "application/json", "X-CSRF-Token": csrf}

    @classmethod
    @asynccontextmanager
    async def of(cls, url: str, login: str) -> AsyncIterator[Desk]:
        jar = aiohttp.CookieJar(unsafe=True)
        async with aiohttp.ClientSession(url, cookie_jar=jar) as session:
            credentials = {"login": login, "password": PASSWORD}
            async with session.post("/login", data=credentials, headers={"Accept": "application/json"}) as answer:
                assert answer.status == 200, await answer.text()
                csrf = (await answer.json())["csrf"]
            yield cls(session, csrf)

    async def see(self, path: str = "/desk") -> Any:
        async with self._session.get(path, headers=self._headers) as answer:
            assert answer.status == 200, await answer.text()
            return await answer.json()

    async def fetch(self, path: str) -> bytes:
        async with self._session.get(path) as answer:
            assert answer.status == 200, await answer.text()
            return await answer.read()

    async def do(self, path: str, **form: str) -> Any:
        async with self._session.post(path, data=form, headers=self._headers) as answer:
            assert answer.status == 200, f"{path}: {answer.status} {await answer.text()}"
            return await answer.json()

    async def until(self, state: str, seconds: float = 30) -> Any:
        """Look until the seat is in this state."""
        async with asyncio.timeout(seconds):
            while True:
                desk = await self.see()
                if desk["seat"] and desk["seat"]["state"] == state:
                    return desk
                await asyncio.sleep(0.05)

    async def answer_everything(self, instead: Mapping[str, str]) -> Any:
        """The first answer to every question, or the one named for a node; with the customer's voice in between."""
        desk = await self.see()
        while desk["screen"]["outcome"] is None:
            desk = await self.answer(desk, instead)
        return desk

    async def answer(self, desk: Any, instead: Mapping[str, str], seconds: float = 0.1) -> Any:
        """One answer, after having listened for a while."""
        screen = desk["screen"]
        option = instead.get(screen["node"], screen["options"][0]["code"])
        await asyncio.sleep(seconds)
        return await self.do("/desk/answer", node=screen["node"], option=option, version=desk["version"])

    async def long_enough(self) -> None:
        """Stay on the line until the recording can be proof."""
        async with asyncio.timeout(10):
            while (await self.see())["elapsed_seconds"] < MIN_SECONDS + 1:
                await asyncio.sleep(0.05)

    async def hang_up(self, desk: Any) -> Any:
        """The call that the desk shows."""
        return await self.do("/desk/hang-up", call=desk["call"]["id"])

    async def interview(self, **instead: str) -> Any:
        """Wait for a customer, ask everything, say goodbye, wrap up, take no more calls."""
        await self.until("TALKING")
        done = await self.answer_everything(instead)
        await self.long_enough()
        await self.do("/desk/pause", reason="BREAK")
        await self.hang_up(done)
        await self.until("WRAP_UP")
        await self.do("/desk/wrap-up", note="")
        return done

    async def notices(self, seconds: float = 10) -> list[str]:
        """What the floor says is in the way of calls, as soon as it says something."""
        async with asyncio.timeout(seconds):
            while not (notices := (await self.see("/floor"))["notices"]):
                await asyncio.sleep(0.1)
        return list(notices)

    async def take_calls(self) -> None:
        """Sit down, wait for the phone to ring, be ready."""
        await self.do("/desk/sit-down")
        await self.until("SEATED")
        await self.do("/desk/ready")
