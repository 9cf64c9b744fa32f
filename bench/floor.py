"""A whole site for a soak: due policies, a real Asterisk, agents at work at their desks, a `dialer serve` to kill."""

from __future__ import annotations

import asyncio
import os
import random
import secrets
import signal
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import aiohttp

from dialer.bootstrap import Site, opened
from dialer.demo.carrier import AgentPhone
from dialer.demo.profile import demo_settings, on_asterisk, write_settings
from dialer.demo.visitor import ConsoleFailed, Json, Visitor
from dialer.domain.user import Role
from dialer.importing import ErrorFile, PolicyFile, give_way
from dialer.settings import Settings
from dialer.telephony.asterisk.instance import PrivateAsterisk, find_program
from dialer.usecases.import_policies import import_policies
from dialer.usecases.manage_users import create_user
from trials.clock import MORNING, RunningClock
from trials.extracts import due_rows, write_csv
from trials.ports import free_ports

ROOT = Path(__file__).parents[1]
_READY_SECONDS = 60.0
_LOOK_SECONDS = 0.05
_AGENT_LOOKS_SECONDS = 0.6
_READS_SECONDS = (0.4, 0.8)
_LEASE_SECONDS = 3.0


@dataclass(slots=True)
class Dialer:
    """`dialer serve` on a morning of `trials`, with its options: it can be started and killed again and again."""

    folder: Path
    clock: RunningClock
    url: str
    options: Sequence[str] = ()
    _process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        """Until its console answers."""
        morning = ("--began", str(self.clock.began), MORNING.isoformat())
        with (self.folder / "serve.log").open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "trials.at", *morning, "serve", *self.options,
                cwd=ROOT, env={**os.environ, "DIALER_CONFIG": str(self.folder / "dialer.toml")},
                stdin=asyncio.subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip
        async with asyncio.timeout(_READY_SECONDS), aiohttp.ClientSession() as session:
            while not await self._answers(session):  # noqa: ASYNC110  # another process sets no event
                await asyncio.sleep(_LOOK_SECONDS)

    async def _answers(self, session: aiohttp.ClientSession) -> bool:
        if self._process is None or self._process.returncode is not None:
            raise SystemExit(f"dialer serve has ended by itself: see {self.folder / 'serve.log'}")
        try:
            async with session.get(f"{self.url}/login") as answer:
                return answer.status == 200
        except aiohttp.ClientError:
            return False

    @property
    def pid(self) -> int:
        """Its process."""
        assert self._process is not None
        return self._process.pid

    async def kill(self) -> None:
        """Without a warning."""
        if self._process is not None and self._process.returncode is None:
            self._process.kill()
            await self._process.wait()

    async def stop(self) -> None:
        """As an operator would."""
        if self._process is not None and self._process.returncode is None:
            self._process.send_signal(signal.SIGTERM)
            try:
                await asyncio.wait_for(self._process.wait(), 30)
            except TimeoutError:
                await self.kill()


@dataclass(slots=True)
class Agent:
    """Somebody at a desk: reads and presses keys, waits while the console is away, and goes on where it was."""

    visitor: Visitor
    clock: RunningClock
    draw: random.Random
    leaving: bool = False

    async def work(self) -> None:
        """Take calls until told to leave."""
        desk: Json = {}
        while not (self.leaving and _state(desk) in ("SEATED", "PAUSED")):
            try:
                desk = await self._act(desk) if desk else await self.visitor.look("/desk")
            except (aiohttp.ClientError, ConsoleFailed, OSError, TimeoutError):
                desk = {}
                await asyncio.sleep(_AGENT_LOOKS_SECONDS)

    async def _act(self, desk: Json) -> Json:
        """Do what the desk asks for; the desk as it is then, empty when it must be looked at."""
        match _state(desk):
            case "READY" if self.leaving:
                return await self._press("pause", reason="BREAK")
            case "AWAY":
                return await self._press("sit-down")
            case "SEATED" | "PAUSED":
                return await self._press("ready")
            case "TALKING":
                return await self._talk(desk)
            case "WRAP_UP":
                return await self._wrap_up(desk)
        await asyncio.sleep(_AGENT_LOOKS_SECONDS)
        return {}

    async def _talk(self, desk: Json) -> Json:
        screen = desk["screen"]
        await asyncio.sleep(self.draw.uniform(*_READS_SECONDS))
        if screen["outcome"] is not None:
            return await self._press("hang-up", call=desk["call"]["id"])
        option = screen["options"][0]["code"]
        return await self._press("answer", node=screen["node"], option=option, version=desk["version"])

    async def _wrap_up(self, desk: Json) -> Json:
        later = (self.clock.now() + timedelta(hours=2)).isoformat() if desk["wrap_up"]["needs_appointment"] else ""
        offered = [each for each in desk["wrap_up"]["appointments"] if each >= later]
        return await self._press("wrap-up", note="", appointment_at=offered[0] if offered else later)

    async def _press(self, key: str, **fields: object) -> Json:
        reply = await self.visitor.act(f"/desk/{key}", **fields)
        return reply.content if reply.accepted and "seat" in reply.content else {}


def _state(desk: Json) -> str:
    if not desk:
        return ""
    return str(desk["seat"]["state"]) if desk["seat"] else "AWAY"


@dataclass(slots=True)
class Floor:
    """Everything that is up."""

    site: Site
    clock: RunningClock
    dialer: Dialer
    asterisk: PrivateAsterisk
    agents: list[Agent]
    numbers: dict[str, str]
    """Policy → number."""
    phones: list[AgentPhone] = field(default_factory=list)


@asynccontextmanager
async def a_floor(folder: Path, carrier: str, seats: int, policies: int, seed: int) -> AsyncIterator[Floor]:
    """A site with so many agents at work, whose trunk is the network at this address."""
    program = find_program(ROOT / ".parts")
    assert program is not None
    clock = RunningClock()
    async with AsyncExitStack() as stack:
        asterisk = PrivateAsterisk(program, ROOT / "config" / "asterisk", folder / "asterisk", carrier)
        await stack.enter_async_context(asterisk)
        settings = _settings(folder, carrier, seats, asterisk)
        phones = [await stack.enter_async_context(AgentPhone(f"phone{seat}")) for seat in range(seats)]
        site = await stack.enter_async_context(opened(settings, clock))
        passwords = [await an_account(site, f"agent{seat}", phone) for seat, phone in enumerate(phones)]
        numbers = [f"138{index:08d}" for index in range(policies)]  # as many of every last digit
        policy_nos = await import_due(site, folder, numbers)
        dialer = Dialer(folder, clock, f"http://127.0.0.1:{settings.console.port}")
        stack.push_async_callback(dialer.kill)
        await dialer.start()
        agents = []
        for seat, password in enumerate(passwords):
            visitor = await stack.enter_async_context(Visitor(dialer.url, f"agent{seat}", password))
            agents.append(Agent(visitor, clock, random.Random(seed + seat)))
        yield Floor(site, clock, dialer, asterisk, agents, dict(zip(policy_nos, numbers, strict=True)), phones)


def _settings(folder: Path, carrier: str, seats: int, asterisk: PrivateAsterisk) -> Settings:
    settings = on_asterisk(demo_settings(folder, carrier, seats, free_ports(1)[0]), asterisk)
    engine = settings.engine.model_copy(update={"lease_seconds": _LEASE_SECONDS})
    settings = settings.model_copy(update={"engine": engine})
    write_settings(settings, folder / "dialer.toml")
    return settings


async def an_account(site: Site, login: str, phone: AgentPhone) -> str:
    """Somebody who takes calls at this phone; the password."""
    password = secrets.token_urlsafe(9)
    await create_user(
        site.storage, site.hasher, site.clock.now(), login=login, name=login, password=password, role=Role.CC_AGENT,
        phone_address=phone.uri,
    )  # fmt: skip
    return password


async def import_due(site: Site, folder: Path, numbers: Sequence[str]) -> list[str]:
    """A policy for each number, due now; their policy numbers."""
    rows = due_rows(numbers)
    extract = write_csv(folder / "policies.csv", rows)
    with ErrorFile(extract) as faults:
        await import_policies(
            site.storage, site.signals, PolicyFile.open(extract), faults, site.clock, site.rulebook, by="bench",
            seed="1", give_way=give_way,
        )  # fmt: skip
    return [str(row["policy_no"]) for row in rows]
