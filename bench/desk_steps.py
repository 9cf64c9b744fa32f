# ruff: noqa: T201  # it prints what it measured
"""How long an agent waits for the next screen after a key, while hundreds work at one console process.

A real `dialer serve --only console` on PostgreSQL (SQLite where there is none), a call up at every desk, each with
the page's stream open. Each presses a key every 6 to 10 seconds and gets the page's fragment, as a browser would; timed
here, at the client. `python -m bench.desk_steps --agents 300 --seconds 25` prints every measurement, then p50 and p99.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import os
import random
import re
import secrets
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp

from bench.databases import databases
from bench.floor import Dialer, import_due
from dialer.bootstrap import Site, opened
from dialer.console.passwords import Argon2Hasher
from dialer.demo.tally import percentile
from dialer.domain.call import Answered, Connected, RecordingKind, RecordingStarted, Ringing, SeatId, SoundFiles
from dialer.domain.seat import Seat, SeatEvent
from dialer.domain.user import Role
from dialer.ports import DialOrder
from dialer.ports.storage import Moved
from dialer.settings import Settings, load_settings
from dialer.usecases.follow_call import follow_call
from dialer.usecases.manage_users import create_user
from dialer.usecases.place_call import place_next_call
from trials.clock import RunningClock
from trials.ports import free_ports

LIMIT_MS = 50.0
_THINKS_SECONDS = (6.0, 10.0)
_PASSWORD = secrets.token_urlsafe(12)
_CHEAP = Argon2Hasher(time_cost=1, memory_kib=64)
_FIELD = re.compile(r'name="(node|version|option)" value="([^"]*)"')
_ARRIVE_TOGETHER = 4


async def calls_come_up(settings: Settings, clock: RunningClock, folder: Path, agents: int) -> None:
    """So many agents, each with a customer on the line, through the use cases and without a phone system."""
    async with opened(settings, clock) as site:
        await import_due(site, folder, [f"138{number:08d}" for number in range(agents)])
        for number in range(agents):
            await _has_a_customer(site, f"agent{number}", folder)


async def _has_a_customer(site: Site, login: str, folder: Path) -> None:
    now = site.clock.now
    await create_user(site.storage, _CHEAP, now(), login=login, name=login, password=_PASSWORD, role=Role.CC_AGENT)
    async with site.storage.begin() as work:
        seat = await work.floor.put_seat(Seat(SeatId(login), login, "sip:nobody@127.0.0.1", now(), leg_up=True))
        for move in (SeatEvent.SIT_DOWN, SeatEvent.LEG_UP, SeatEvent.READY):
            seat = await work.floor.move_seat(seat, move, Moved(login, now(), {}))
    order = await place_next_call(site.storage, site.scripts, site.rulebook, seat, "bench", now())
    assert isinstance(order, DialOrder)
    call, sound = order.call_id, SoundFiles(RecordingKind.TALK, folder / "customer.wav", folder / "agent.wav")
    told = (Ringing(call, now()), Answered(call, now()), RecordingStarted(call, now(), sound), Connected(call, now()))
    for event in told:
        await follow_call(site.storage, site.scripts, site.rulebook, event, now())


def configured(folder: Path, database: str) -> Settings:
    """The site's settings, in a file for `dialer serve`."""
    (port,) = free_ports(1)
    config = folder / "dialer.toml"
    key = folder / "data.key"
    config.write_text(f'[paths]\ndata_key = "{key}"\n[storage]\nurl = "{database}"\n[console]\nport = {port}\n')
    return load_settings(config)


@asynccontextmanager
async def a_console(folder: Path, settings: Settings, clock: RunningClock) -> AsyncIterator[Dialer]:
    """`dialer serve --only console`, on the morning of the calls."""
    console = Dialer(folder, clock, f"http://127.0.0.1:{settings.console.port}", ("--only", "console"))
    try:
        await console.start()
        yield console
    finally:
        await console.stop()


@dataclass(slots=True)
class Agent:
    """Somebody at a desk, who reads a screen and presses a key."""

    url: str
    login: str
    draw: random.Random
    steps_ms: list[float] = field(default_factory=list)

    async def work(self, arriving: asyncio.Semaphore, begin: asyncio.Barrier, seconds: float) -> None:
        """Log in, open the desk, and when everybody has, step until the time is over or the script is."""
        async with aiohttp.ClientSession(self.url, cookie_jar=aiohttp.CookieJar(unsafe=True)) as http:
            async with arriving:
                csrf = await self._log_in(http)
                news = asyncio.create_task(self._listen(http), name=f"{self.login}-news")
                async with http.get("/desk") as answer:
                    screen = await answer.text()
            try:
                await begin.wait()
                await self._steps(http, csrf, screen, time.monotonic() + seconds)
            finally:
                news.cancel()

    async def _log_in(self, http: aiohttp.ClientSession) -> str:
        sent = {"login": self.login, "password": _PASSWORD}
        async with http.post("/login", json=sent, headers={"Accept": "application/json"}) as answer:
            answer.raise_for_status()
            return str((await answer.json())["csrf"])

    async def _listen(self, http: aiohttp.ClientSession) -> None:
        forever = aiohttp.ClientTimeout(total=None)
        async with http.get("/desk/events", timeout=forever) as stream:
            async for _ in stream.content:
                pass

    async def _steps(self, http: aiohttp.ClientSession, csrf: str, screen: str, until: float) -> None:
        await asyncio.sleep(self.draw.uniform(0, _THINKS_SECONDS[1]))
        headers = {"HX-Request": "true", "X-CSRF-Token": csrf}
        while time.monotonic() < until and "option" in (seen := _first_option(screen)):
            pressed = time.perf_counter()
            async with http.post("/desk/answer", data=seen, headers=headers) as answer:
                screen = await answer.text()
            self.steps_ms.append((time.perf_counter() - pressed) * 1000)
            assert answer.status == 200, screen
            await asyncio.sleep(self.draw.uniform(*_THINKS_SECONDS))


def _first_option(screen: str) -> dict[str, str]:
    """What the form of the first answer on the page sends; nothing when the script has come to its end."""
    found: dict[str, str] = {}
    for name, value in _FIELD.findall(screen):
        found.setdefault(name, value)
    return found


async def measured(console: Dialer, agents: int, seconds: float) -> tuple[list[float], float]:
    """Every step of every agent, in milliseconds, and the share of one core that the console used meanwhile."""
    people = [Agent(console.url, f"agent{number}", random.Random(number)) for number in range(agents)]
    arriving, begin = asyncio.Semaphore(_ARRIVE_TOGETHER), asyncio.Barrier(agents + 1)
    async with asyncio.TaskGroup() as group:
        for agent in people:
            group.create_task(agent.work(arriving, begin, seconds), name=agent.login)
        await begin.wait()
        began, spent = time.monotonic(), _cpu_seconds(console.pid)
        await asyncio.sleep(seconds)
        share = (_cpu_seconds(console.pid) - spent) / (time.monotonic() - began)
    return [step for agent in people for step in agent.steps_ms], share


def _cpu_seconds(pid: int) -> float:
    user, system = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def report(steps_ms: list[float], share: float, seconds: float, where: str, agents: int) -> None:
    """Every measurement, then what they come to."""
    ordered = sorted(steps_ms)
    for start in range(0, len(ordered), 20):
        print(" ".join(f"{step:.1f}" for step in ordered[start : start + 20]))
    p50, p90, p99 = (percentile(ordered, share) for share in (0.5, 0.9, 0.99))
    print(
        f"desk steps: {agents} agents on one console process, {where}: {len(ordered)} steps in {seconds:.0f} s,"
        f" p50 {p50:.1f} ms, p90 {p90:.1f} ms, p99 {p99:.1f} ms, longest {ordered[-1]:.1f} ms"
        f" (limit p99 {LIMIT_MS:.0f} ms); the console used {100 * share:.0f}% of one core"
    )


async def main(agents: int, seconds: float, *, sqlite: bool) -> None:
    """Set the floor up, measure, tell."""
    gc.disable()  # a pause of the clients' would be timed as the console's
    with tempfile.TemporaryDirectory(prefix="dialer-steps-") as place:
        folder, clock = Path(place), RunningClock()
        with databases(folder, sqlite=sqlite) as there:
            settings = configured(folder, there.url("steps"))
            await calls_come_up(settings, clock, folder, agents)
            async with a_console(folder, settings, clock) as console:
                steps_ms, share = await measured(console, agents, seconds)
            report(steps_ms, share, seconds, there.name, agents)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--agents", type=int, default=300)
    parser.add_argument("--seconds", type=float, default=25.0)
    parser.add_argument("--sqlite", action="store_true", help="on SQLite, even where there is PostgreSQL")
    given = parser.parse_args()
    asyncio.run(main(given.agents, given.seconds, sqlite=given.sqlite))
