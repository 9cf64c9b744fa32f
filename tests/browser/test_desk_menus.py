"""Menus and small promises of the desk, by keyboard: the headset's panel, a pause after the call, the time agreed."""

from __future__ import annotations

import pytest

from dialer.domain.call import Party
from dialer.ports.topics import DESK_ORDERS
from dialer.usecases.follow_call import leg_is_up
from dialer.usecases.manage_users import give_phone
from tests.browser.chromium import Page
from tests.browser.conftest import keep, open_page
from tests.builders import a_holder, a_policy
from tests.console.desk import Console, Visitor
from tests.usecases.site import SEAT

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def _state(state: str) -> str:
    return f"document.querySelector('#desk').dataset.state === '{state}'"


async def test_escape_closes_the_headsets_panel_and_enter_is_the_desks_again(
    console: Console, agent: Visitor, page: Page
) -> None:
    await give_phone(console.site.storage, "agent1", "browser:agent1", "boss", console.site.now)
    await agent.act("stand-up")
    await open_page(console, agent, page, "/desk")
    await page.until("document.querySelector('#softphone .menu[data-explains]') !== null")  # no telephone system
    await page.ask("document.querySelector('#softphone .menu').open = false")
    await page.click("document.querySelector('#softphone .menu summary')")
    await page.until("document.querySelector('#softphone .menu').open")
    await page.press("Escape")
    await page.until("!document.querySelector('#softphone .menu').open")
    await page.press("Enter")
    await page.until(_state("SEATING"))
    page.complaints.clear()


async def test_a_pause_after_the_call_is_booked_by_key_and_taken_back_by_the_same(
    console: Console, agent: Visitor, page: Page
) -> None:
    await console.site.a_case_is_due(a_policy(product_code="DEMO-PAR"), a_holder())
    call = await console.site.connected()
    await open_page(console, agent, page, "/desk")
    await page.press("0")
    await page.until("document.querySelector('.bar .menu').open")
    await keep(page, "desk-pause-menu")
    await page.press("2")
    await page.until("document.querySelector('.bar .tag') !== null")
    assert (await console.site.seat()).why == "LUNCH"
    assert (await console.site.conversation(call)).interview.steps == ()
    await page.press("0")
    await page.until("document.querySelector('.bar .tag') === null")
    assert not (await console.site.seat()).pause_after_call


async def test_the_agreed_time_stands_in_words_and_nobody_is_offered_a_reload_in_a_call(
    console: Console, agent: Visitor, page: Page
) -> None:
    site = console.site
    await site.a_case_is_due(a_policy(product_code="DEMO-PAR"), a_holder())
    await open_page(console, agent, page, "/desk")
    shown = "getComputedStyle(document.querySelector('.language')).visibility"
    assert await page.ask(shown) == "visible"
    call = await site.connected()
    await console.desk_is_told()
    await page.until(_state("TALKING"))
    assert await page.ask(shown) == "hidden"
    await page.press("m")
    await page.until("document.querySelector('.where small').textContent === 'S160_BUSY'")
    await keep(page, "desk-side-branch")
    await page.press("1")
    await page.until("document.querySelector('[data-agreed]') !== null")
    assert await page.ask("document.querySelector('[data-agreed]').textContent") == "尚未选定时间"
    await page.press("2")
    await page.until("document.activeElement.value?.startsWith('2026-09-19')")
    async with page.tab.expect_response("**/desk/typed"):
        await page.press("Enter")  # the time that has the focus, and not the end of the call
    await page.until("document.querySelector('[data-agreed]').textContent === '9月19日 周六 09:00'")
    assert await page.ask(_state("TALKING"))
    async with page.tab.expect_response("**/desk/typed"):
        await page.press("ArrowRight")
    agreed = "9月19日 周六 09:30"
    await page.until(f"document.querySelector('[data-agreed]').textContent === '{agreed}'")
    await keep(page, "desk-agreed")
    await page.tab.reload()
    await page.until(f"document.querySelector('[data-agreed]').textContent === '{agreed}'")
    await site.hung_up(call, Party.CUSTOMER)
    await console.desk_is_told()
    await page.until(_state("WRAP_UP"))
    await page.until(f"document.querySelector('[data-agreed]').textContent === '{agreed}'")
    await page.tab.reload()
    await page.until(f"document.querySelector('[data-agreed]').textContent === '{agreed}'")
    assert await page.ask("document.querySelector('[name=note]').value") == ""
    await keep(page, "desk-agreed-wrap-up")
    await page.press("1")
    await page.until("document.activeElement.value?.startsWith('2026-09-18')")
    async with page.tab.expect_response("**/desk/typed"):
        await page.press("Enter")  # chooses, and confirms nothing, the key that bounces neither
        await page.tab.keyboard.press("Enter")
    await page.until("document.querySelector('[data-agreed]').textContent.startsWith('9月18日')")
    assert await page.ask(_state("WRAP_UP"))
    await page.press("9")
    await page.until("document.activeElement.name === 'asked_at'")
    async with page.tab.expect_response("**/desk/typed"):
        await page.tab.fill("[name=asked_at]", "2026-09-20T19:15")
    await page.tab.reload()
    await page.until("document.querySelector('[data-agreed]').textContent === '2026-09-20 19:15'")


async def test_who_has_signed_in_is_said_to_be_so(console: Console, agent: Visitor, page: Page) -> None:
    await agent.act("stand-up")
    await agent.act("sit-down")
    await leg_is_up(console.site.storage, console.signals, SEAT, console.site.now)
    await open_page(console, agent, page, "/desk")
    assert "已签入，未就绪" in await page.ask("document.querySelector('#desk').innerText")
    await keep(page, "desk-seated")
    await page.press("Enter")
    await page.until(_state("READY"))
    await keep(page, "desk-ready-idle")


async def test_a_key_that_bounces_answers_one_question(console: Console, agent: Visitor, page: Page) -> None:
    site = console.site
    await site.a_case_is_due(a_policy(product_code="DEMO-PAR"), a_holder())
    call = await site.connected()
    await open_page(console, agent, page, "/desk")
    await page.until("document.querySelector('.where small').textContent === 'M010_GREET'")
    async with page.tab.expect_response("**/desk/answer"):
        await page.press("1")
    second = "document.querySelector('.where small').textContent"
    await page.until(f"{second} !== 'M010_GREET'")
    await page.tab.keyboard.press("1")
    await page.press("1")
    await page.until(f"{second} === 'M030_VERIFY'")
    steps = (await site.conversation(call)).interview.steps
    assert [step.node for step in steps] == ["M010_GREET", "M020_NOTICE"]


async def test_hanging_up_on_open_questions_asks_for_the_key_again(
    console: Console, agent: Visitor, page: Page
) -> None:
    site = console.site
    await site.a_case_is_due(a_policy(product_code="DEMO-PAR"), a_holder())
    call = await site.connected()
    await open_page(console, agent, page, "/desk")
    await page.press("End")
    await page.until("document.querySelector('.bar .menu[open] .danger') !== null")
    await keep(page, "desk-hang-up-early")
    async with site.storage.read() as work:
        assert not await work.floor.open_orders()
    await page.press("End")
    await console.signals.wait(DESK_ORDERS, 5)
    async with site.storage.read() as work:
        assert [order.call_id for order in await work.floor.open_orders()] == [call]
    await site.hung_up(call, Party.DIALER)
    await console.desk_is_told()
    await page.until(_state("WRAP_UP"))
    words = await page.tab.inner_text(".wrap")
    assert "未完成" in words
    assert "我方挂断" in words
