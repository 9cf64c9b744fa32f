"""Tokens of other systems' programs."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

import typer
from rich.table import Table

from dialer.bootstrap import Site
from dialer.cli.at_site import DEFAULT_CONFIG, Config, at_site, err, out
from dialer.domain.api_token import ApiToken, Scope
from dialer.usecases.api_tokens import create_token, revoke_token, tokens

app = typer.Typer(no_args_is_help=True, help="接口令牌 · tokens of other systems' programs")


@app.command()
def create(
    name: Annotated[str, typer.Option(help="系统名 · which system, such as core")],
    scope: Annotated[list[Scope], typer.Option(help="权限，可多次 · what it may do; may be repeated")],
    org: Annotated[str, typer.Option(help="机构路径，如 44 · part of the organisation")] = "",
    days: Annotated[int, typer.Option(min=1, max=3650, help="有效天数 · days until it expires")] = 365,
    by: str = "cli",
    config: Config = DEFAULT_CONFIG,
) -> None:
    """建令牌 · make a token for another system's program; it is shown once and never again."""

    async def work(site: Site) -> str:
        now = site.clock.now()
        return await create_token(site.storage, now, name=name, scopes=scope, org=org, days=days, by=by)

    text = at_site(config, work, make=True)
    err.print("只显示这一次 · shown this once:", style="yellow")
    out.print(text, soft_wrap=True)


@app.command("list")
def list_(config: Config = DEFAULT_CONFIG) -> None:
    """列表 · tokens with what they may do, and whether they still hold."""

    async def table(site: Site) -> Table:
        return _table(await tokens(site.storage), site.clock.now())

    out.print(at_site(config, table))


def _table(found: Sequence[ApiToken], now: datetime) -> Table:
    table = Table("名称 · name", "权限 · scopes", "机构 · org", "到期 · expires", "最近使用 · used", "状态 · state")
    for token in found:
        used = f"{token.last_used_at:%Y-%m-%d %H:%M}" if token.last_used_at else ""
        state = "有效 · holds" if token.opens_at(now) else "无效 · void"
        scopes = " ".join(sorted(token.scopes))
        table.add_row(token.name, scopes, token.org, f"{token.expires_at:%Y-%m-%d}", used, state)
    return table


@app.command()
def revoke(name: str, config: Config = DEFAULT_CONFIG) -> None:
    """吊销 · from now on the token opens nothing."""
    at_site(config, lambda site: revoke_token(site.storage, name, site.clock.now()))
    out.print(f"已吊销 · revoked: {name}")
