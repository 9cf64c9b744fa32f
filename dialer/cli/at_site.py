"""What commands share: whose settings they take, the site they work at, where they print."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, TypeVar

import typer
from rich.console import Console

from dialer.bootstrap import Site, opened
from dialer.settings import load_settings

Result = TypeVar("Result")

Config = Annotated[Path, typer.Option("--config", envvar="DIALER_CONFIG", help="设置文件 · settings file")]
DEFAULT_CONFIG = Path("config/dialer.toml")

out = Console(markup=False, highlight=False)
err = Console(stderr=True, markup=False, highlight=False)


def at_site(config: Path, work: Callable[[Site], Awaitable[Result]], *, make: bool = False) -> Result:
    """Open the site of these settings, do the work there, close it. `make`: its database, too, if there is none yet."""
    settings = load_settings(config)

    async def visit() -> Result:
        async with opened(settings, make=make) as site:
            return await work(site)

    return asyncio.run(visit())
