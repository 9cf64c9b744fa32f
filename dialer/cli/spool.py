"""The spool, where sound waits to be sealed."""

from __future__ import annotations

import typer

from dialer.bootstrap import take_spool
from dialer.cli.at_site import DEFAULT_CONFIG, Config, at_site, out

app = typer.Typer(no_args_is_help=True, help="录音暂存目录 · the spool where sound waits to be sealed")


@app.command()
def take(config: Config = DEFAULT_CONFIG) -> None:
    """启用暂存目录 · the old spool is gone for good: sound waits on the settings' spool from now on."""
    waiting = at_site(config, take_spool)
    out.print("已启用新的录音暂存目录 · the spool is taken")
    if waiting:
        out.print(
            f"待封存录音 {waiting} 条：不在新目录中的将记为丢失 · {waiting} recordings wait to be sealed:"
            " those that are not on it will count as lost",
            style="yellow",
        )
