"""The floor wall, dialling control and the figures, as they look on a screen."""

from __future__ import annotations

from datetime import timedelta

import pytest

from dialer.domain.call import SeatId
from dialer.domain.case import CaseState
from dialer.domain.seat import SeatState
from dialer.domain.user import Role
from dialer.usecases.staff_the_floor import PauseReason
from tests.browser.axe import stumbling_blocks
from tests.browser.chromium import Page
from tests.browser.conftest import keep, open_page
from tests.builders import a_policy, a_seat, a_user
from tests.console.desk import Console, Visitor
from tests.usecases.site import Site

pytestmark = [pytest.mark.browser, pytest.mark.slow]

_FAMILY, _GIVEN = "陈黄林周吴郑何郭赵钱孙李", ("晓燕", "志强", "美玲", "建国", "雨桐")
_STATES = (SeatState.TALKING, SeatState.READY, SeatState.TALKING, SeatState.WRAP_UP, SeatState.RESERVED,
           SeatState.PAUSED, SeatState.TALKING, SeatState.READY)  # fmt: skip
_THE_REASON_HAS_THE_CURSOR = "document.activeElement.name === 'why'"


async def _agents(site: Site, count: int) -> None:
    async with site.storage.begin() as work:
        for number in range(count):
            login = f"a{number:03}"
            name = _FAMILY[number % 12] + _GIVEN[number % 5] + (str(number // 60) if number >= 60 else "")
            state = _STATES[number % 8]
            await work.floor.add_user(a_user(login=login, name=name))
            why = tuple(PauseReason)[number % 5] if state is SeatState.PAUSED else ""
            since = site.now - timedelta(seconds=17 + 13 * number % 400 + (1800 if why == "BREAK" else 0))
            await work.floor.put_seat(
                a_seat(id=SeatId(login), login=login, state=state, since=since, why=why, leg_up=True)
            )


async def _cases(site: Site) -> None:
    today = site.now.date()
    for number in range(48):
        day = today + timedelta(days=number % 12 - 3)
        done = number % 12 < 3 or number % 3 == 0
        closed = site.now - timedelta(days=5) if done else None
        await site.a_case_is_due(
            a_policy(product_code="DEMO-PAR"),
            org=("44/4401", "44/4403", "32/3201")[number % 3],
            revisit_last_day=day,
            state=CaseState.CLOSED_SUCCESS if done and number % 7 else CaseState.READY,
            closed_at=closed,
            next_at=site.now + timedelta(hours=number % 30 - 12),
        )


async def test_a_pause_is_previewed_decided_seen_on_the_wall_and_taken_back(
    console: Console, agent: Visitor, log_in, page: Page
) -> None:
    site = console.site
    case = await site.a_case_is_due(a_policy(product_code="DEMO-PAR"), revisit_last_day=site.now.date())
    manager = await log_in(Role.CC_MANAGER, login="lina")
    browser = page.tab.context.browser
    assert browser is not None
    tab, wall = page.tab, await browser.new_page(locale="zh-CN")
    await open_page(console, manager, page, "/campaigns")
    await open_page(console, manager, Page(wall), "/floor")
    await tab.select_option("select[name=org]", "44")
    await tab.keyboard.press("Tab")
    await tab.get_by_role("button", name="查看影响").click()
    assert "1 件的犹豫期将在此期间届满" in await tab.inner_text(".notice.danger")
    await keep(page, "campaign-effect")
    await page.until(_THE_REASON_HAS_THE_CURSOR)
    await page.write("台风停电")
    await page.press("Enter")
    await tab.wait_for_url("**/campaigns")
    await wall.wait_for_selector(".steered:has-text('台风停电')")  # by itself
    assert await wall.inner_text("#held b") == "1"
    assert await site.dial() is None
    await tab.get_by_role("link", name="恢复外呼").click()
    await page.until(_THE_REASON_HAS_THE_CURSOR)
    await page.write("来电了")
    await page.press("Enter")
    await tab.wait_for_url("**/campaigns")
    await wall.wait_for_selector(".steered", state="detached")
    await site.dialled()
    assert (await site.case(case)).state is CaseState.DIALING
    await page.until("document.body.innerText.includes('来电了')")


@pytest.mark.parametrize("count", [30, 300])
async def test_the_wall_shows_itself(console: Console, agent: Visitor, log_in, page: Page, count: int) -> None:
    site = console.site
    await _cases(site)
    await site.connected()
    site.later(minutes=2, seconds=13)
    await _agents(site, count - 1)
    manager = await log_in(Role.CC_MANAGER, login="lina")
    await manager.post("/campaigns", None, kind="PAUSE", org="44/4403", why="台风停电")
    async with site.storage.begin() as work:
        await work.ledger.beat("engine-1", "engine", site.now, "")
    await open_page(console, manager, page, "/floor")
    assert len(await page.tab.query_selector_all(".agent")) == count
    if count == 30:  # everything is in sight at 1440 by 900
        assert await page.ask(
            "document.querySelector('.page').scrollHeight <= document.querySelector('.page').clientHeight"
        )
    await keep(page, f"wall-{count}")


async def test_the_figures_show_themselves_and_lead_to_their_cases(console: Console, log_in, page: Page) -> None:
    site = console.site
    await _cases(site)
    manager = await log_in(Role.CC_MANAGER, login="lina")
    await open_page(console, manager, page, "/figures")
    await keep(page, "burn-down")
    await page.tab.click("table.figures tr.mine td.duty-due a")
    assert "应回访" in await page.tab.inner_text("h1")
    await keep(page, "figure-cases")
    await page.go(str(console.server.make_url("/figures/main?from=2026-09-01&to=2026-09-30")))
    await keep(page, "main-figures")
    await page.go(str(console.server.make_url("/campaigns")))
    await keep(page, "campaigns")


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_everybody_can_read_the_wall_the_control_and_the_figures(
    console: Console, agent: Visitor, log_in, page: Page, scheme: str
) -> None:
    site = console.site
    await _cases(site)
    await site.connected()
    site.later(minutes=2)
    await _agents(site, 20)
    manager = await log_in(Role.CC_MANAGER, login="lina")
    await manager.post("/campaigns", None, kind="PAUSE", org="44/4403", why="台风停电")
    await page.size(1440, 900, dark=scheme == "dark")
    for path in ("/floor", "/campaigns", "/campaigns/effect?kind=PAUSE&org=44", "/campaigns/1/end", "/figures",
                 "/figures/main", "/figures/cases?of=DUE"):  # fmt: skip
        await open_page(console, manager, page, path)
        assert await stumbling_blocks(page) == [], path
