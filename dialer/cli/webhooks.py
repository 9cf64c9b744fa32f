"""Messages to the core system."""

from __future__ import annotations

import typer
from rich.table import Table

from dialer.bootstrap import Site
from dialer.cli.at_site import DEFAULT_CONFIG, Config, at_site, out
from dialer.usecases.tell_core import send_again

app = typer.Typer(no_args_is_help=True, help="通知核心系统 · messages to the core system")


@app.command("list")
def list_(config: Config = DEFAULT_CONFIG) -> None:
    """列表 · messages that the core system does not have yet, oldest first."""
    out.print(at_site(config, _table))


async def _table(site: Site) -> Table:
    table = Table("编号 · id", "类别 · type", "状态 · state", "次数 · tries", "下次 · next try", "原因 · error")
    async with site.storage.read() as work:
        for each in await work.webhooks.undelivered(100):
            again = f"{each.next_try_at:%m-%d %H:%M:%S}" if each.next_try_at else ""
            table.add_row(each.message_id, each.type, each.state, str(each.tries), again, each.error)
    return table


@app.command()
def retry(config: Config = DEFAULT_CONFIG) -> None:
    """重试 · try everything that waits again at once, also what was refused for good."""
    out.print(f"将立即重试 · due at once: {at_site(config, lambda site: send_again(site.storage))}")
