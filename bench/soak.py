# ruff: noqa: T201  # it prints what it has found
"""Kill `dialer serve` and Asterisk again and again under calls, and count what the network saw against the records.

`python -m bench.soak --kills 50 --calls 20` kills each 50 times at random moments (the seed is printed), with 20 agents
at work. The network is SIPp: it shares no code with the product and writes down every INVITE. Fails when an outcome was
lost, somebody was dialled twice, or a kill was not made good in time.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import shutil
import sqlite3
import statistics
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from bench.accounts import Account, account_for, read_calls
from bench.floor import Floor, a_floor
from bench.network import Network, network
from dialer.verification import verify

LIMIT_SECONDS = 10.0
"""So soon after Asterisk's return must every call that was open be resolved."""

_GIVE_UP_SECONDS = 60.0
_BETWEEN_SECONDS = (0.5, 4.0)
_AWAY_SECONDS = (0.0, 1.0)
_LOOK_SECONDS = 0.05
_POLICIES_A_KILL = 40


class Victim(StrEnum):
    """Who is killed; BOTH: the second while the first is away."""

    DIALER = "dialer"
    ASTERISK = "asterisk"
    BOTH = "both"


@dataclass(slots=True)
class Soak:
    """What a soak found."""

    seed: int
    kills: Counter[Victim] = field(default_factory=Counter)
    open_calls: list[int] = field(default_factory=list)
    resolved_seconds: dict[Victim, list[float]] = field(default_factory=dict)
    reseated_seconds: list[float] = field(default_factory=list)
    asterisk_died_at: list[float] = field(default_factory=list)
    verified: str = ""
    account: Account = field(default_factory=Account)

    @property
    def well(self) -> bool:
        """Whether nothing was lost, nobody dialled twice, and every kill made good in time."""
        slowest = max(self.resolved_seconds.get(Victim.ASTERISK, ()), default=0.0)
        return self.account.well and slowest <= LIMIT_SECONDS and not self.verified


async def soak(folder: Path, kills: int, seats: int, seed: int, say: Callable[[str], None] = print) -> Soak:
    """Kill each so many times under the calls of so many agents, and account for every call."""
    draw, found = random.Random(seed), Soak(seed)
    blows = _blows(kills, draw)
    async with (
        network(folder / "network") as outside,
        a_floor(folder, outside.address, seats, _POLICIES_A_KILL * len(blows) + 20 * seats, seed) as floor,
    ):
        work = [asyncio.create_task(agent.work()) for agent in floor.agents]
        await _until(lambda: _open_calls(floor) >= seats // 2)
        for number, victim in enumerate(blows, start=1):
            await asyncio.sleep(draw.uniform(*_BETWEEN_SECONDS))
            await _blow(floor, victim, draw, found)
            say(_progress(number, len(blows), victim, found))
        for agent in floor.agents:
            agent.leaving = True
        await asyncio.wait(work, timeout=_GIVE_UP_SECONDS)
        for task in work:
            task.cancel()
        found.verified = await _verified(floor, folder)
        await floor.dialer.stop()
        found.account = _account(floor, outside, folder, found)
    return found


def _blows(kills: int, draw: random.Random) -> list[Victim]:
    """In random order; a tenth of them while the other is away."""
    both = kills // 10
    alone = kills - both
    blows = [Victim.DIALER] * alone + [Victim.ASTERISK] * alone + [Victim.BOTH] * both
    draw.shuffle(blows)
    return blows


async def _blow(floor: Floor, victim: Victim, draw: random.Random, found: Soak) -> None:
    """Kill, let some time pass, start again, and wait until every call that was open is accounted for."""
    under_way = {row["id"]: row["owner"] for row in _rows(floor, "SELECT id, owner FROM calls WHERE ended_at IS NULL")}
    found.open_calls.append(len(under_way))
    found.kills[victim] += 1
    if victim is not Victim.DIALER:
        found.asterisk_died_at.append(time.monotonic())
        with (floor.dialer.folder / "asterisk-died-at").open("a") as log:
            log.write(f"{time.monotonic()}\n")
        await floor.asterisk.kill()
    if victim is not Victim.ASTERISK:
        await floor.dialer.kill()
    await asyncio.sleep(draw.uniform(*_AWAY_SECONDS))
    if victim is not Victim.DIALER:
        await floor.asterisk.start()
    if victim is not Victim.ASTERISK:
        await floor.dialer.start()
    back = time.monotonic()
    await _until(lambda: _accounted_for(floor, victim, under_way))
    found.resolved_seconds.setdefault(victim, []).append(time.monotonic() - back)
    await _until(lambda: _all_seated(floor))
    found.reseated_seconds.append(time.monotonic() - back)


def _accounted_for(floor: Floor, victim: Victim, under_way: dict[str, str]) -> bool:
    """Ended, or, of a talk that goes on, served by the dialer that lives."""
    still = _rows(floor, "SELECT id, owner FROM calls WHERE ended_at IS NULL")
    return not any(
        row["id"] in under_way and (victim is Victim.ASTERISK or row["owner"] == under_way[row["id"]]) for row in still
    )


def _all_seated(floor: Floor) -> bool:
    return not _rows(floor, "SELECT id FROM seats WHERE NOT leg_up OR owner = ''")


def _open_calls(floor: Floor) -> int:
    return int(_rows(floor, "SELECT count(*) AS open FROM calls WHERE ended_at IS NULL")[0]["open"])


async def _until(look: Callable[[], bool]) -> None:
    """Wait; whoever waited for too long finds that in the figures."""
    until = time.monotonic() + _GIVE_UP_SECONDS
    while not look() and time.monotonic() < until:  # noqa: ASYNC110  # another process sets no event
        await asyncio.sleep(_LOOK_SECONDS)


def _rows(floor: Floor, query: str) -> list[dict[str, Any]]:
    with closing(sqlite3.connect(floor.dialer.folder / "dialer.db")) as connection:
        connection.row_factory = sqlite3.Row
        return [dict(row) for row in connection.execute(query)]


async def _verified(floor: Floor, folder: Path) -> str:
    """What `dialer verify` complains of; empty when of nothing."""
    report = await verify(floor.site)
    (folder / "verify.txt").write_text(
        "\n".join(f"{fault.kind} {fault.record} {fault.what}" for fault in report.faults)
    )
    return "" if not report.faults else f"{report.summary}: {Counter(str(fault.kind) for fault in report.faults)}"


def _account(floor: Floor, outside: Network, folder: Path, found: Soak) -> Account:
    calls = read_calls(folder / "dialer.db", floor.numbers, floor.clock.monotonic)
    return account_for(calls, outside.dialogs(), found.asterisk_died_at)


def _progress(number: int, blows: int, victim: Victim, found: Soak) -> str:
    resolved, seated = found.resolved_seconds[victim][-1], found.reseated_seconds[-1]
    open_calls = found.open_calls[-1]
    return (
        f"{number:3}/{blows} {victim:8} under {open_calls:2} calls: resolved {resolved:4.1f} s, seated {seated:4.1f} s"
    )


def report(found: Soak) -> str:
    """The figures, for people."""
    account = found.account
    both = found.kills[Victim.BOTH]
    killed = Counter({Victim.DIALER: both, Victim.ASTERISK: both}) + found.kills
    lines = [
        f"seed {found.seed}",
        f"kills: dialer {killed[Victim.DIALER]}, Asterisk {killed[Victim.ASTERISK]}; of them both at once {both}",
        f"open calls at a kill: median {statistics.median(found.open_calls):.0f}, max {max(found.open_calls)}",
        f"calls in the records: {account.calls}; INVITEs counted outside: {account.invites}",
        f"outcomes lost: {len(account.lost)} (goal 0); double dials: {len(account.twice)} (goal 0)",
        f"cut off by Asterisk's death: {account.cut_off}; orphans ended by the session timer: {account.orphans}",
    ]
    for victim, seconds in sorted(found.resolved_seconds.items()):
        lines.append(f"seconds to resolve after {victim}: p50 {statistics.median(seconds):.1f}, max {max(seconds):.1f}")
    seated = found.reseated_seconds
    lines.append(f"seconds until every agent sat again: p50 {statistics.median(seated):.1f}, max {max(seated):.1f}")
    lines.append(f"outcomes: {', '.join(f'{name} {count}' for name, count in account.outcomes.most_common())}")
    lines.append(f"dialer verify: {found.verified or 'nothing is wrong'}")
    lines += [f"LOST {line}" for line in account.lost[:20]] + [f"TWICE {line}" for line in account.twice[:20]]
    return "\n".join(lines)


def main() -> int:
    """Soak, print, and fail when anything was lost."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=50, help="of each")
    parser.add_argument("--calls", type=int, default=20, help="agents, each with a call")
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--keep", action="store_true", help="leave the folder with database and logs")
    asked = parser.parse_args()
    seed = asked.seed if asked.seed is not None else random.SystemRandom().randrange(1_000_000)
    folder = Path(tempfile.mkdtemp(prefix="dialer-soak-"))
    print(f"seed {seed}, folder {folder}", flush=True)
    found = asyncio.run(soak(folder, asked.kills, asked.calls, seed, lambda line: print(line, flush=True)))
    print(report(found))
    if found.well and not asked.keep:
        shutil.rmtree(folder)
    return 0 if found.well else 1


if __name__ == "__main__":
    raise SystemExit(main())
