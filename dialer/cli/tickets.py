"""Transfer tickets."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

import typer
from rich.table import Table

from dialer.bootstrap import Site
from dialer.cli.at_site import DEFAULT_CONFIG, Config, at_site, err, out
from dialer.domain.calendar import SHANGHAI
from dialer.domain.reply import Objection, ReplyContent
from dialer.domain.ticket import OPEN_TICKETS, TransferTicket
from dialer.usecases.answer_ticket import reply_to_ticket

app = typer.Typer(no_args_is_help=True, help="转办单 · transfer tickets")


@app.command("list")
def list_(org: str = "", config: Config = DEFAULT_CONFIG) -> None:
    """列表 · open transfer tickets, the first due first."""

    async def table(site: Site) -> Table:
        async with site.storage.read() as work:
            tickets = await work.tickets.in_state(*OPEN_TICKETS, org=org)
        return _table(tickets, site.clock.now())

    out.print(at_site(config, table))


def _table(tickets: Sequence[TransferTicket], now: datetime) -> Table:
    table = Table("单号 · no.", "类别 · level", "轮次 · round", "状态 · state", "截止 · due", "问题 · problems")
    for ticket in tickets:
        due = f"{ticket.due_at:%Y-%m-%d %H:%M}" if ticket.due_at else ""
        late = " 逾期" if ticket.overdue(now) else ""
        items = ", ".join(item.problem.type for item in ticket.items)
        table.add_row(ticket.ticket_no, ticket.level, str(ticket.round + 1), ticket.state, due + late, items)
    return table


@app.command()
def reply(
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
    content = ReplyContent(
        contacted_by=contacted_by,
        contacted_whom=contacted_whom,
        contacted_at=contacted_at.replace(tzinfo=SHANGHAI),
        means=means,
        account=account,
        customer_said=customer_said,
        done=done,
        new_phone=new_phone,
        new_phone_owner=new_phone_owner,
        attachment_note=attachment_note,
    )
    objections = at_site(config, lambda site: _reply(site, ticket_no, content, by))
    if objections:
        err.print(f"退回 · sent back: {', '.join(objections)}", style="red")
        raise typer.Exit(1)
    out.print(f"{ticket_no} 已受理 · accepted")


async def _reply(site: Site, ticket_no: str, content: ReplyContent, by: str) -> Sequence[Objection]:
    async with site.storage.read() as work:
        ticket = await work.tickets.find(ticket_no)
    if ticket is None:
        raise typer.BadParameter(f"没有转办单 {ticket_no} · no such ticket")
    now = site.clock.now()
    return await reply_to_ticket(site.storage, site.signals, site.rulebook, ticket.id, by, now, content)
