"""The branch desks in a real browser: a county clerk replies with the rules turning green; what is printed."""

from __future__ import annotations

from pathlib import Path

import pytest

from dialer.domain.holder import PersonName
from dialer.domain.problem import ProblemLevel
from dialer.domain.ticket import TicketId, TicketState, TransferTicket
from dialer.domain.user import Role
from tests.browser.chromium import Page
from tests.browser.conftest import SCREENSHOTS, keep, open_page
from tests.builders import a_holder
from tests.console.desk import Console, Visitor
from tests.console.stories import BRANCH, REPLY, a_forwarded_ticket, a_ticket_of_the_county

pytestmark = [pytest.mark.browser, pytest.mark.slow]


async def _ticket(console: Console, ticket_id: TicketId) -> TransferTicket:
    async with console.site.storage.read() as work:
        return await work.tickets.get(ticket_id)


async def _clerk(console: Console, log_in) -> tuple[Visitor, TransferTicket]:
    handler = await log_in(Role.L3_HANDLER, org=BRANCH.city, login="zhanghua")
    clerk = await log_in(Role.L4_CLERK, org=BRANCH.county, login="liqiang")
    ticket = await a_forwarded_ticket(console, handler, a_holder(name=PersonName("欧阳慧敏")))
    await clerk.log_in("liqiang")
    return clerk, ticket


async def _fill(page: Page, name: str, text: str) -> None:
    await page.tab.locator(f"#reply [name={name}]").fill(text)


async def test_a_county_clerk_replies_and_sees_the_rules_turn_green(console: Console, log_in, page: Page) -> None:
    clerk, ticket = await _clerk(console, log_in)
    await open_page(console, clerk, page, "/tickets")
    await keep(page, "branch-tickets")
    await page.tab.get_by_role("link", name=ticket.ticket_no).click()
    await page.until("document.querySelectorAll('#rules li.kept').length === 0")  # nothing is begun
    await _fill(page, "contacted_by", "李强")
    await _fill(page, "contacted_whom", "欧阳慧敏")
    await page.until("document.querySelectorAll('#rules li.kept').length === 3")
    await _fill(page, "account", "已联系，已处理。")
    await page.until("document.querySelectorAll('#rules li.kept').length === 2")  # stock phrases alone
    await keep(page, "branch-reply-half")
    await page.tab.reload()
    assert await page.ask("document.querySelector('#reply [name=account]').value") == "已联系，已处理。"
    await page.tab.get_by_role("button", name="提交回复").click()
    await page.until("document.querySelector('#objections[role=alert]') !== null")
    page.complaints.clear()  # the browser reports the 422 that was asked for
    await _fill(page, "contacted_at", "2026-09-18T16:05")
    await _fill(page, "means", "电话")
    await _fill(page, "account", "当日拨打客户本人手机，核对姓名和出生日期，确认号码由客户本人使用，并说明将再次回访。")
    await _fill(page, "customer_said", "客户说白天开会没有接听，愿意晚上再接。")
    await _fill(page, "done", "与客户约定当晚七点以后回访。")
    await page.until("document.querySelectorAll('#rules li.open').length === 0")
    await page.until("document.querySelector('#objections').hidden")  # what was refused is put right
    await keep(page, "branch-reply-green")
    await page.tab.get_by_role("button", name="提交回复").click()
    await page.until("document.querySelector('#reply') === null")
    assert "待三级机构审核" in await page.ask("document.querySelector('main [role=status]').textContent")
    assert (await _ticket(console, ticket.id)).state is TicketState.REPLIED
    await keep(page, "branch-replied")


async def test_the_third_level_checks_and_the_seller_states_their_side(
    console: Console, log_in, page: Page, tmp_path: Path
) -> None:
    handler = await log_in(Role.L3_HANDLER, org=BRANCH.city, login="zhanghua")
    clerk = await log_in(Role.L4_CLERK, org=BRANCH.county, login="liqiang")
    seller = await log_in(Role.SALES, org=BRANCH.city, login="chenwei")
    independent = await log_in(Role.INDEP_HANDLER, org=BRANCH.city, login="hejing")
    ticket = await a_ticket_of_the_county(console, ProblemLevel.L1, a_holder(name=PersonName("欧阳慧敏")))
    path = f"/tickets/{ticket.id}"
    await open_page(console, handler, page, path)
    await keep(page, "branch-forward")
    await page.tab.get_by_role("button", name="转发").click()
    await clerk.post(f"{path}/hand-over", salesperson_code="S0001", signed_by="李业务")
    await open_page(console, seller, page, path)
    await page.tab.locator("[name=statement]").fill("投保当日客户本人在家中签字，家人在场，愿意配合核实。")
    await keep(page, "branch-statement")
    await page.tab.get_by_role("button", name="提交说明").click()
    await page.until("document.querySelector('.reply .words') !== null")
    await independent.post(f"{path}/reply", None, **REPLY | {"contacted_at": "2026-09-18T16:05"})
    await open_page(console, handler, page, path)
    await keep(page, "branch-check")
    await page.tab.locator(".steps input[name=reason]").fill("请补充客户本人确认的时间")
    await page.tab.get_by_role("button", name="退回").click()
    await page.until("document.querySelector('.story .late') !== null")
    assert (await _ticket(console, ticket.id)).state is TicketState.ISSUED_TO_L3


async def test_a_scan_is_attached_shown_and_taken_back(console: Console, log_in, page: Page, tmp_path: Path) -> None:
    clerk, ticket = await _clerk(console, log_in)
    await open_page(console, clerk, page, f"/tickets/{ticket.id}")
    await page.picture(tmp_path / "scan.png")
    await page.tab.locator("input[type=file]").set_input_files(tmp_path / "scan.png")
    await page.tab.get_by_role("button", name="上传").click()
    await page.until("document.querySelector('.papers img')?.naturalWidth > 0")
    await keep(page, "branch-papers")
    await page.tab.get_by_role("button", name="收回").click()
    await page.until("document.querySelector('.papers img') === null")
    page.complaints.clear()


async def test_the_ticket_and_the_ledger_are_printed_on_a4(console: Console, log_in, page: Page) -> None:
    clerk, ticket = await _clerk(console, log_in)
    for name, path in (("paper", f"/tickets/{ticket.id}/paper"), ("ledger", "/tickets/ledger")):
        await open_page(console, clerk, page, path)
        await keep(page, f"branch-{name}")
        await page.tab.emulate_media(media="print")
        assert not await page.tab.locator(".head").is_visible()
        pdf = await page.tab.pdf(path=SCREENSHOTS / f"branch-{name}.pdf", prefer_css_page_size=True)
        assert pdf.count(b"/Type /Page\n") == 1, "one sheet"
        await page.picture(SCREENSHOTS / f"branch-{name}-print.png")
        await page.tab.emulate_media(media="screen")
