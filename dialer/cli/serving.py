"""The dialer at work: a site's own, and the demonstration."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path
from typing import Annotated

import typer

from dialer.bootstrap import collect_seldom, opened, running
from dialer.cli.at_site import DEFAULT_CONFIG, Config, out
from dialer.demo.run import DemoOptions, run_demo
from dialer.domain.user import PRIVILEGED
from dialer.logs import log_to
from dialer.settings import PhoneSystem, Settings, load_settings


def serve(
    config: Config = DEFAULT_CONFIG,
    only: Annotated[str | None, typer.Option(help="engine 或 console · just one of the two")] = None,
) -> None:
    """启动 · run the engine and the console until Ctrl-C; talking calls finish first."""
    if only not in (None, "engine", "console"):
        raise typer.BadParameter("--only engine | console")
    log_to()
    asyncio.run(_serve(load_settings(config), only))


async def _serve(settings: Settings, only: str | None) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(name, stop.set)
    async with (
        opened(settings) as site,
        running(site, engine=only != "console", console=only != "engine", proving=PRIVILEGED) as dialer,
    ):
        collect_seldom()
        out.print(f"运行中 · running: {dialer.console_url or 'engine only'}")
        await stop.wait()
        out.print("正在停机，通话结束后退出 · stopping when the talking calls are over")


def demo(
    policies: Annotated[int, typer.Option(min=1, help="保单数 · policies")] = 60,
    days: Annotated[int, typer.Option(min=1, max=5, help="模拟天数 · simulated days")] = 1,
    seats: Annotated[int | None, typer.Option(min=1, max=20, help="机器坐席数 · robot agents")] = None,
    until_done: Annotated[bool, typer.Option("--until-done", help="全部处理完后自行结束 · end by itself")] = False,
    json: Annotated[Path | None, typer.Option(help="写入统计 · where the counts are written")] = None,
    port: Annotated[int | None, typer.Option(min=0, max=65535, help="控制台端口 · the console's port")] = None,
    folder: Annotated[Path | None, typer.Option(help="数据目录 · where its data goes")] = None,
    engine: Annotated[PhoneSystem, typer.Option(help="话务引擎 · the phone system")] = PhoneSystem.PJSUA,
    seed: int = 1,
) -> None:
    """演示 · the whole product on this machine: simulated customers on real SIP, robot agents, the console."""
    options = DemoOptions(
        policies=policies,
        days=days,
        seats=seats,
        until_done=until_done,
        json_path=json,
        port=port,
        folder=folder,
        seed=seed,
        engine=engine,
    )
    raise typer.Exit(asyncio.run(run_demo(options)))
