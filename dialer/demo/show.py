"""The demonstration in a terminal: who to log in as, what goes on, what came of it. Plain lines where it is none."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from rich.console import Console
from rich.live import Live
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from dialer.demo.carrier import CarrierSimulator
from dialer.demo.robots import Shift
from dialer.demo.tally import Tally, is_ticketed, percentile
from dialer.domain.seat import SeatState
from dialer.domain.user import Role
from dialer.ports import Clock
from dialer.ports.storage import Storage

_REFRESH_SECONDS = 0.5
_LINE_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Login:
    """An account that was made for looking around."""

    role: Role
    login: str
    password: str


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Where the demonstration stands."""

    now: datetime
    policies: int
    dialled: int
    talking: int
    closed: int
    ticketed: int
    waited_p50_seconds: float
    waited_p95_seconds: float
    halted: str = ""

    @property
    def fields(self) -> tuple[tuple[str, str], ...]:
        """Label and value, in order."""
        halted = (("停止外呼 · no calls are placed", self.halted),) if self.halted else ()
        return (
            ("演示时钟 · clock", f"{self.now:%Y-%m-%d %a %H:%M:%S}"),
            ("保单 · policies", str(self.policies)),
            ("已拨 · dialled", str(self.dialled)),
            ("通话中 · talking", str(self.talking)),
            ("已结案 · closed", str(self.closed)),
            ("转办中 · ticketed", str(self.ticketed)),
            ("坐席等待 · agents waited p50/p95", f"{self.waited_p50_seconds:.1f} / {self.waited_p95_seconds:.1f} s"),
            *halted,
        )


@dataclass(frozen=True, slots=True)
class Watch:
    """Where the live view looks."""

    storage: Storage
    clock: Clock
    carrier: CarrierSimulator
    shift: Shift
    url: str
    policies: int
    halted: Callable[[], str]

    async def snapshot(self) -> Snapshot:
        """Look once."""
        async with self.storage.read() as work:
            states = await work.cases.counts()
            seats = await work.floor.seats()
        return Snapshot(
            now=self.clock.now(),
            policies=self.policies,
            dialled=len(self.carrier.log),
            talking=sum(seat.state is SeatState.TALKING for seat in seats),
            closed=sum(count for state, count in states.items() if state.closed),
            ticketed=sum(count for state, count in states.items() if is_ticketed(state)),
            waited_p50_seconds=percentile(self.shift.waited_seconds, 0.5),
            waited_p95_seconds=percentile(self.shift.waited_seconds, 0.95),
            halted=self.halted(),
        )


_ANSWERS_ITSELF = "cc-agent 已配自动应答话机，登录即可坐席 · cc-agent has a phone that answers by itself"
_IS_THE_BROWSER = (
    "cc-agent、cc-leader、cc-manager 的话机就是浏览器：用本机的 Chromium 打开，戴上耳麦，允许麦克风 · "
    "cc-agent's, cc-leader's and cc-manager's phone is the browser: Chromium on this machine, a headset, and allow the "
    "microphone"
)


def welcome(
    console: Console, url: str, logins: Sequence[Login], differences: Sequence[str], *, at_browser: bool = False
) -> None:
    """Where to look, as whom, and what of the settings is not as in production."""
    table = Table(
        "岗位 · role", "账号 · login", "密码 · password", title=f"控制台 · console  {url}", title_style="bold"
    )
    for each in logins:
        table.add_row(each.role, each.login, each.password)
    table.caption = _IS_THE_BROWSER if at_browser else _ANSWERS_ITSELF
    console.print(table)
    if differences:
        console.print("演示设置与正式不同 · demo settings: " + "; ".join(differences), style="yellow", markup=False)


async def show_progress(console: Console, watch: Watch) -> None:
    """Show where it stands until cancelled."""
    if console.is_terminal:
        await _live(console, watch)
    else:
        await _lines(console, watch)


async def _live(console: Console, watch: Watch) -> None:
    with Live(console=console, refresh_per_second=4) as live:
        while True:
            live.update(_panel(await watch.snapshot(), watch.url))
            await asyncio.sleep(_REFRESH_SECONDS)


def _panel(snapshot: Snapshot, url: str) -> Panel:
    table = Table.grid(padding=(0, 2))
    for label, value in snapshot.fields:
        table.add_row(label, Text(value, style="bold"))
    return Panel(table, title="新契约电话回访 · dialer demo", subtitle=url, expand=False)


async def _lines(console: Console, watch: Watch) -> None:
    while True:
        snapshot = await watch.snapshot()
        console.print("; ".join(f"{label}: {value}" for label, value in snapshot.fields), markup=False, highlight=False)
        await asyncio.sleep(_LINE_SECONDS)


def summary(console: Console, counted: Tally) -> None:
    """What came of it."""
    table = Table("结果 · result", "", title="演示小结 · summary", title_style="bold")
    for name, value in counted.as_json().items():
        if name != "lost_what":
            table.add_row(name, _plain(value))
    console.print(table)
    for what in counted.lost:
        console.print(f"LOST: {what}", style="red", markup=False, highlight=False)


def _plain(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key} {count}" for key, count in value.items()) or "0"
    return str(value)
