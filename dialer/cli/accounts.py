"""Accounts of people."""

from __future__ import annotations

from typing import Annotated

import typer

from dialer.bootstrap import Site
from dialer.cli.at_site import DEFAULT_CONFIG, Config, at_site, out
from dialer.domain.user import Role
from dialer.usecases.manage_users import create_user, give_phone
from dialer.usecases.second_factor import reset_second_factor

app = typer.Typer(no_args_is_help=True, help="账号 · accounts")


@app.command()
def create(
    login: str,
    role: Role = Role.ADMIN,
    name: str = "",
    org: Annotated[str, typer.Option(help="机构路径，如 44/4401 · part of the organisation")] = "",
    phone: Annotated[str, typer.Option(help="坐席或主管的话机 SIP 地址 · an agent's or supervisor's phone")] = "",
    salesperson: Annotated[
        str, typer.Option(help="业务员工号 · a salesperson's code, as it stands on the policies")
    ] = "",
    config: Config = DEFAULT_CONFIG,
) -> None:
    """建账号 · create an account; the password is asked for, never taken from the command line."""
    password = typer.prompt("密码 · password", hide_input=True, confirmation_prompt=True)

    async def work(site: Site) -> None:
        await create_user(
            site.storage,
            site.hasher,
            site.clock.now(),
            login=login,
            name=name or login,
            password=password,
            role=role,
            org=org,
            phone_address=phone,
            salesperson_code=salesperson,
        )

    at_site(config, work, make=True)
    out.print(f"已创建 · created: {login} ({role})")


@app.command()
def phone(login: str, address: str, config: Config = DEFAULT_CONFIG) -> None:
    """登记话机 · enter the phone of an agent or a supervisor (a SIP address); who sits keeps the old one until then."""
    at_site(config, lambda site: give_phone(site.storage, login, address, "cli", site.clock.now()))
    out.print(f"已登记 · entered: {login}")


@app.command("reset-code")
def reset_code(login: str, config: Config = DEFAULT_CONFIG) -> None:
    """重置动态口令 · forget somebody's authenticator: they set up another at the next login."""
    at_site(config, lambda site: reset_second_factor(site.storage, login, "cli", site.clock.now()))
    out.print(f"已重置 · reset: {login}")
