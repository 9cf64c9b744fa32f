"""The command line: `dialer COMMAND --help`.

Exit codes: 0 well; 1 refused or found wrong, the message says what; 2 wrong usage or settings; 3 an import kept the
good rows and left bad ones in the error file; 4 a fault of the program itself.
"""

from __future__ import annotations

import asyncio
import gc
import secrets
import signal
import traceback
from collections.abc import Coroutine, Iterator
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer
from rich.console import Console
from rich.table import Table

from dialer.bootstrap import Site, opened, rulebook_of, running, take_spool
from dialer.calendars import add_year, load_calendar
from dialer.console.words import words
from dialer.demo.run import DemoOptions, run_demo
from dialer.domain.api_token import Scope
from dialer.domain.errors import DialerError
from dialer.domain.reply import ReplyContent
from dialer.domain.ticket import OPEN_TICKETS
from dialer.domain.user import Role
from dialer.importing import ErrorFile, PolicyFile, give_way
from dialer.logs import log_to
from dialer.ports.topics import DISPATCH
from dialer.scripts_yaml import check as check_scripts
from dialer.scripts_yaml import expand, load_scripts
from dialer.settings import PhoneSystem, Settings, SettingsInvalid, load_settings
from dialer.usecases.answer_ticket import reply_to_ticket
from dialer.usecases.api_tokens import create_token, revoke_token, tokens
from dialer.usecases.explain_case import explain_case
from dialer.usecases.import_policies import import_policies
from dialer.usecases.second_factor import reset_second_factor
from dialer.usecases.staff_the_floor import create_user, give_phone
from dialer.usecases.tell_core import send_again
from dialer.verification import verify

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="新契约电话回访 · new-policy telephone revisits",
)
scripts_app = typer.Typer(no_args_is_help=True, help="话术 · call scripts")
calendar_app = typer.Typer(no_args_is_help=True, help="工作日历 · working-day calendars")
spool_app = typer.Typer(no_args_is_help=True, help="录音暂存目录 · the spool where sound waits to be sealed")
admin_app = typer.Typer(no_args_is_help=True, help="账号 · accounts")
token_app = typer.Typer(no_args_is_help=True, help="接口令牌 · tokens of other systems' programs")
webhooks_app = typer.Typer(no_args_is_help=True, help="通知核心系统 · messages to the core system")
ticket_app = typer.Typer(no_args_is_help=True, help="转办单 · transfer tickets")
app.add_typer(scripts_app, name="scripts")
app.add_typer(calendar_app, name="calendar")
app.add_typer(spool_app, name="spool")
app.add_typer(admin_app, name="admin")
admin_app.add_typer(token_app, name="token")
app.add_typer(webhooks_app, name="webhooks")
app.add_typer(ticket_app, name="ticket")

out = Console()
err = Console(stderr=True)

Config = Annotated[Path, typer.Option("--config", envvar="DIALER_CONFIG", help="设置文件 · settings file")]
DEFAULT_CONFIG = Path("config/dialer.toml")

_BAD_ROWS = 3
_OUR_FAULT = 4
_WRONG_USAGE = 2

Result = TypeVar("Result")


def main() -> None:
    """Run a command; a refusal is one clear message and exit code 1, never a traceback."""
    try:
        app()
    except Exception as error:  # noqa: BLE001 - the last stop: whatever it is, it is told without anybody's data
        raise SystemExit(_tell(error)) from None


def _tell(error: Exception) -> int:
    """Say what went wrong, for a person; the exit code."""
    causes = [*_causes(error)]
    for cause in causes:
        if isinstance(cause, DialerError):
            told = f"{cause.code}: {cause}{_also_in_chinese(cause)}"
            err.print(told, style="red", markup=False, highlight=False, soft_wrap=True)
        else:
            _tell_our_fault(cause)
    if not all(isinstance(cause, DialerError) for cause in causes):
        return _OUR_FAULT
    return _WRONG_USAGE if isinstance(error, SettingsInvalid) else 1


def _also_in_chinese(error: DialerError) -> str:
    """What the screens call it, unless the message says both already."""
    name = words("zh_CN").label(error.code, "Error")
    return f" · {name}" if str(error).isascii() and name != error.code else ""


def _causes(error: Exception) -> Iterator[Exception]:
    """What really happened: a task group wraps the errors of its tasks."""
    if not isinstance(error, ExceptionGroup):
        yield error
        return
    for each in error.exceptions:
        yield from _causes(each)


def _tell_our_fault(error: Exception) -> None:
    """Kind and place of an error that nobody foresaw. Not its message: that may hold a customer's data."""
    place = "".join(traceback.format_tb(error.__traceback__))
    said = "程序内部错误，请报给维护人员 · a fault of the program, please report"
    err.print(f"{said}:\n{place}{type(error).__name__}", style="red", markup=False, highlight=False, soft_wrap=True)


def _run(work: Coroutine[Any, Any, Result]) -> Result:
    return asyncio.run(work)


@app.command("import")
def import_(file: Path, config: Config = DEFAULT_CONFIG, by: str = "cli") -> None:
    """导入保单 · import policies from an xlsx or csv file; bad rows go to FILE.errors.csv, good rows are kept."""
    raise typer.Exit(_run(_import(load_settings(config), file, by)))


async def _import(settings: Settings, file: Path, by: str) -> int:
    source = PolicyFile.open(file)
    async with opened(settings) as site:
        with ErrorFile(file) as faults:
            report = await import_policies(
                site.storage,
                source,
                faults,
                site.clock,
                site.rulebook,
                by=by,
                seed=secrets.token_hex(16),
                give_way=give_way,
            )
        await site.signals.notify(DISPATCH)
    for name, count in report.counts.items():
        out.print(f"{name}: {count}", highlight=False)
    if report.unknown_columns:
        out.print(f"未识别的列 · unknown columns: {', '.join(report.unknown_columns)}", markup=False)
    if not report.bad:
        return 0
    err.print(f"有错误的行见 · bad rows are in {faults.path}", style="yellow", markup=False, highlight=False)
    return _BAD_ROWS


@app.command()
def serve(
    config: Config = DEFAULT_CONFIG,
    only: Annotated[str | None, typer.Option(help="engine 或 console · just one of the two")] = None,
) -> None:
    """启动 · run the engine and the console until Ctrl-C; talking calls finish first."""
    if only not in (None, "engine", "console"):
        raise typer.BadParameter("--only engine | console")
    log_to()
    _run(_serve(load_settings(config), only))


async def _serve(settings: Settings, only: str | None) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(name, stop.set)
    async with (
        opened(settings) as site,
        running(site, engine=only != "console", console=only != "engine") as dialer,
    ):
        gc.collect()
        gc.freeze()  # what was loaded stays: to walk through it again and again held every desk up for 200 ms
        out.print(f"运行中 · running: {dialer.console_url or 'engine only'}", highlight=False)
        await stop.wait()
        out.print("正在停机，通话结束后退出 · stopping when the talking calls are over", highlight=False)


@app.command()
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
    raise typer.Exit(_run(run_demo(options)))


@app.command("verify")
def verify_(config: Config = DEFAULT_CONFIG) -> None:
    """核查 · prove that nothing is lost: every close has its proof, every call its outcome, no limit was passed."""
    raise typer.Exit(_run(_verify(load_settings(config))))


async def _verify(settings: Settings) -> int:
    async with opened(settings, make=False) as site:
        report = await verify(site)
    for fault in report.faults:
        err.print(f"{fault.kind} {fault.record}: {fault.what}", style="red", markup=False, highlight=False)
    out.print(report.summary, highlight=False)
    return 1 if report.faults else 0


@app.command()
def why(policy_no: str, config: Config = DEFAULT_CONFIG) -> None:
    """为何 · why a case is dialled now, later or never: the dispatcher's own answer."""

    async def ask() -> str:
        async with opened(load_settings(config), make=False) as site:
            explanation = await explain_case(site.storage, site.rulebook, policy_no, site.clock.now())
        case = explanation.case
        deadline = f"犹豫期回访截止 · last day {case.revisit_last_day}" if case.revisit_last_day else ""
        return f"{policy_no} {case.state} {deadline}\n{explanation}"

    out.print(_run(ask()), markup=False, highlight=False)


@app.command()
def check(config: Config = DEFAULT_CONFIG) -> None:
    """检查设置 · check settings, calendars, products and scripts without starting anything."""
    settings = load_settings(config)
    rulebook = rulebook_of(settings)
    library = load_scripts(settings.paths.scripts)
    years = ", ".join(map(str, sorted(rulebook.calendar.years)))
    out.print(f"设置有效 · settings are valid: {config}", highlight=False)
    out.print(f"日历年份 · calendar years: {years}", highlight=False)
    out.print(f"话术 · scripts: {len(library.scripts)}; 产品 · products: {len(rulebook.products)}", highlight=False)


@scripts_app.command("check")
def scripts_check(folder: Path) -> None:
    """发布检查 · the publication gate over a folder of scripts."""
    findings = check_scripts(folder)
    for finding in findings:
        err.print(str(finding), style="red", markup=False, highlight=False)
    if findings:
        raise typer.Exit(1)
    out.print("全部通过 · all scripts may be published")


@scripts_app.command("expand")
def scripts_expand(folder: Path, target: Path) -> None:
    """展开 · write each script whole, in the self-contained form of _schema.yaml."""
    library = load_scripts(folder)
    target.mkdir(parents=True, exist_ok=True)
    for ref, document in library.documents.items():
        (target / f"{ref.id}-{ref.version}.yaml").write_text(expand(document), encoding="utf-8")
    out.print(f"{len(library.documents)} → {target}", highlight=False)


@calendar_app.command("show")
def calendar_show(year: int, config: Config = DEFAULT_CONFIG) -> None:
    """显示 · a year's holidays and adjusted working days."""
    calendar = load_calendar(load_settings(config).paths.calendars)
    schedule = calendar.schedules.get(year)
    if schedule is None:
        err.print(f"CALENDAR_MISSING: {year} 年日历未载入 · not loaded", style="red", highlight=False)
        raise typer.Exit(1)
    table = Table("日期 · day", "性质 · kind")
    for day in sorted(schedule.off | schedule.adjusted_working):
        table.add_row(day.isoformat(), "休 · off" if day in schedule.off else "班 · working")
    out.print(table)


@calendar_app.command("add")
def calendar_add(file: Path, config: Config = DEFAULT_CONFIG, replace: bool = False) -> None:
    """载入 · add a year's schedule after checking it."""
    schedule = add_year(load_settings(config).paths.calendars, file, replace=replace)
    out.print(f"{schedule.year} 年日历已载入 · calendar {schedule.year} loaded, version {schedule.version}")


@spool_app.command("take")
def spool_take(config: Config = DEFAULT_CONFIG) -> None:
    """启用暂存目录 · the old spool is gone for good: sound waits on the settings' spool from now on."""

    async def take() -> int:
        async with opened(load_settings(config), make=False) as site:
            return await take_spool(site)

    waiting = _run(take())
    out.print("已启用新的录音暂存目录 · the spool is taken", highlight=False)
    if waiting:
        out.print(
            f"待封存录音 {waiting} 条：不在新目录中的将记为丢失 · {waiting} recordings wait to be sealed:"
            " those that are not on it will count as lost",
            style="yellow",
            highlight=False,
        )


@admin_app.command("create")
def admin_create(
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

    async def create() -> None:
        async with opened(load_settings(config)) as site:
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

    _run(create())
    out.print(f"已创建 · created: {login} ({role})", highlight=False)


@admin_app.command("phone")
def admin_phone(login: str, address: str, config: Config = DEFAULT_CONFIG) -> None:
    """登记话机 · enter the phone of an agent or a supervisor (a SIP address); who sits keeps the old one until then."""

    async def give() -> None:
        async with opened(load_settings(config), make=False) as site:
            await give_phone(site.storage, login, address, site.clock.now())

    _run(give())
    out.print(f"已登记 · entered: {login}", highlight=False)


@token_app.command("create")
def token_create(
    name: Annotated[str, typer.Option(help="系统名 · which system, such as core")],
    scope: Annotated[list[Scope], typer.Option(help="权限，可多次 · what it may do; may be repeated")],
    org: Annotated[str, typer.Option(help="机构路径，如 44 · part of the organisation")] = "",
    days: Annotated[int, typer.Option(min=1, max=3650, help="有效天数 · days until it expires")] = 365,
    by: str = "cli",
    config: Config = DEFAULT_CONFIG,
) -> None:
    """建令牌 · make a token for another system's program; it is shown once and never again."""

    async def create() -> str:
        async with opened(load_settings(config)) as site:
            now = site.clock.now()
            return await create_token(site.storage, now, name=name, scopes=scope, org=org, days=days, by=by)

    text = _run(create())
    err.print("只显示这一次 · shown this once:", style="yellow")
    out.print(text, markup=False, highlight=False, soft_wrap=True)


@token_app.command("list")
def token_list(config: Config = DEFAULT_CONFIG) -> None:
    """列表 · tokens with what they may do, and whether they still hold."""

    async def show() -> Table:
        table = Table("名称 · name", "权限 · scopes", "机构 · org", "到期 · expires", "最近使用 · used", "状态 · state")
        async with opened(load_settings(config), make=False) as site:
            for token in await tokens(site.storage):
                used = f"{token.last_used_at:%Y-%m-%d %H:%M}" if token.last_used_at else ""
                state = "有效 · holds" if token.opens_at(site.clock.now()) else "无效 · void"
                scopes = " ".join(sorted(token.scopes))
                table.add_row(token.name, scopes, token.org, f"{token.expires_at:%Y-%m-%d}", used, state)
        return table

    out.print(_run(show()))


@token_app.command("revoke")
def token_revoke(name: str, config: Config = DEFAULT_CONFIG) -> None:
    """吊销 · from now on the token opens nothing."""

    async def revoke() -> None:
        async with opened(load_settings(config), make=False) as site:
            await revoke_token(site.storage, name, site.clock.now())

    _run(revoke())
    out.print(f"已吊销 · revoked: {name}", highlight=False)


@admin_app.command("reset-code")
def admin_reset_code(login: str, config: Config = DEFAULT_CONFIG) -> None:
    """重置动态口令 · forget somebody's authenticator: they set up another at the next login."""

    async def reset() -> None:
        async with opened(load_settings(config), make=False) as site:
            await reset_second_factor(site.storage, login, "cli", site.clock.now())

    _run(reset())
    out.print(f"已重置 · reset: {login}", highlight=False)


@webhooks_app.command("list")
def webhooks_list(config: Config = DEFAULT_CONFIG) -> None:
    """列表 · messages that the core system does not have yet, oldest first."""

    async def show() -> Table:
        table = Table("编号 · id", "类别 · type", "状态 · state", "次数 · tries", "下次 · next try", "原因 · error")
        async with opened(load_settings(config), make=False) as site, site.storage.read() as work:
            for each in await work.webhooks.undelivered(100):
                again = f"{each.next_try_at:%m-%d %H:%M:%S}" if each.next_try_at else ""
                table.add_row(each.message_id, each.type, each.state, str(each.tries), again, each.error)
        return table

    out.print(_run(show()))


@webhooks_app.command("retry")
def webhooks_retry(config: Config = DEFAULT_CONFIG) -> None:
    """重试 · try everything that waits again at once, also what was refused for good."""

    async def retry() -> int:
        async with opened(load_settings(config), make=False) as site:
            return await send_again(site.storage)

    out.print(f"将立即重试 · due at once: {_run(retry())}", highlight=False)


@ticket_app.command("list")
def ticket_list(org: str = "", config: Config = DEFAULT_CONFIG) -> None:
    """列表 · open transfer tickets, the first due first."""

    async def show(site: Site) -> Table:
        table = Table("单号 · no.", "类别 · level", "轮次 · round", "状态 · state", "截止 · due", "问题 · problems")
        async with site.storage.read() as work:
            tickets = await work.tickets.in_state(*OPEN_TICKETS, org=org)
        for ticket in tickets:
            due = f"{ticket.due_at:%Y-%m-%d %H:%M}" if ticket.due_at else ""
            late = " 逾期" if ticket.overdue(site.clock.now()) else ""
            items = ", ".join(item.problem.type for item in ticket.items)
            table.add_row(ticket.ticket_no, ticket.level, str(ticket.round + 1), ticket.state, due + late, items)
        return table

    async def work() -> Table:
        async with opened(load_settings(config), make=False) as site:
            return await show(site)

    out.print(_run(work()))


@ticket_app.command("reply")
def ticket_reply(
    ticket_no: str,
    contacted_by: Annotated[str, typer.Option(prompt="经办人 · who contacted the customer")],
    contacted_whom: Annotated[str, typer.Option(prompt="联系对象 · whom")],
    contacted_at: Annotated[datetime, typer.Option(prompt="联系时间 · when (YYYY-MM-DDTHH:MM:SS)")],
    means: Annotated[str, typer.Option(prompt="方式 · by what means")],
    account: Annotated[str, typer.Option(prompt="处理经过 · what happened")],
    customer_said: Annotated[str, typer.Option(prompt="客户意见 · what the customer said")],
    done: Annotated[str, typer.Option(prompt="处理结果 · what was done")],
    new_phone: str = "",
    new_phone_owner: str = "",
    attachment_note: str = "",
    by: str = "cli",
    config: Config = DEFAULT_CONFIG,
) -> None:
    """回复 · record the answer to a ticket; it is checked, and what is wrong with it is said."""

    async def reply() -> list[str]:
        async with opened(load_settings(config), make=False) as site:
            async with site.storage.read() as work:
                ticket = await work.tickets.find(ticket_no)
            if ticket is None:
                raise typer.BadParameter(f"没有转办单 {ticket_no} · no such ticket")
            now = site.clock.now()
            content = ReplyContent(
                contacted_by=contacted_by,
                contacted_whom=contacted_whom,
                contacted_at=contacted_at.replace(tzinfo=now.tzinfo),
                means=means,
                account=account,
                customer_said=customer_said,
                done=done,
                new_phone=new_phone,
                new_phone_owner=new_phone_owner,
                attachment_note=attachment_note,
            )
            found = await reply_to_ticket(site.storage, site.rulebook, ticket.id, by, now, content)
            await site.signals.notify(DISPATCH)
            return list(found)

    objections = _run(reply())
    if objections:
        err.print(f"退回 · sent back: {', '.join(objections)}", style="red", highlight=False)
        raise typer.Exit(1)
    out.print(f"{ticket_no} 已受理 · accepted", highlight=False)
