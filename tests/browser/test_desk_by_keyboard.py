"""The agent's desk in a real browser, by keyboard alone; screenshots are kept in build/screenshots."""

from __future__ import annotations

import asyncio

import pytest
from playwright.async_api import Route

from dialer.domain.call import Party
from dialer.domain.holder import Gender, PersonName
from dialer.domain.outcome import Outcome
from dialer.domain.policy import Channel, Design
from dialer.domain.seat import SeatState
from dialer.ports.topics import DESK_ORDERS
from tests.browser.chromium import Page
from tests.browser.conftest import keep, open_page
from tests.builders import a_holder, a_policy
from tests.console.desk import Console, Visitor
from tests.usecases.site import SEAT

pytestmark = [pytest.mark.browser, pytest.mark.slow]


async def _fits(page: Page) -> bool:
    """Nothing scrolls: not the page, and none of the desk's three columns."""
    answer = await page.ask(
        "[document.documentElement, ...document.querySelectorAll('.customer, .talk, .aside')]"
        ".every(box => box.scrollHeight <= box.clientHeight && box.scrollWidth <= box.clientWidth)"
    )
    return answer is True


def _node(node: str) -> str:
    return f"document.querySelector('.where small')?.textContent === '{node}'"


async def test_a_call_arrives_by_itself_and_is_talked_through_by_keys(
    console: Console, agent: Visitor, page: Page
) -> None:
    site = console.site
    await open_page(console, agent, page, "/desk")
    await keep(page, "ready")
    holder = a_holder(name=PersonName("欧阳慧敏"), gender=Gender.FEMALE)
    await site.a_case_is_due(a_policy(product_code="DEMO-PAR"), holder)
    call = await site.connected()
    await console.desk_is_told()
    await page.until("document.querySelector('#desk').dataset.state === 'TALKING'")
    await page.until(_node("M010_GREET"))
    assert "欧阳慧敏" in await page.ask("document.body.innerText")
    assert await _fits(page)
    nodes = set()
    while not await page.ask("document.querySelector('.over') !== null"):
        node = await page.ask("document.querySelector('.where small').textContent")
        assert await _fits(page), f"{node} scrolls"
        if node == "M110_FREELOOK":
            await keep(page, "talking")
        nodes.add(node)
        version = await page.ask("document.querySelector('#desk').getAttribute('hx-get')")
        site.later(seconds=6)
        await page.press("1")
        await page.until(f"document.querySelector('#desk').getAttribute('hx-get') !== '{version}'")
    assert len(nodes) > 15
    await page.press("Enter")  # say goodbye and hang up
    await console.signals.wait(DESK_ORDERS, 5)
    await site.hung_up(call)
    await console.desk_is_told()
    await page.until("document.querySelector('#desk').dataset.state === 'WRAP_UP'")
    await page.until("document.activeElement.name === 'note'")
    await keep(page, "wrap-up")
    await page.write("客户很满意")
    await page.press("Enter")
    await page.until("document.querySelector('#desk').dataset.state === 'READY'")
    async with site.storage.read() as work:
        attempt = (await work.calls.attempts_of(call))[0]
    assert attempt.outcome is Outcome.SUCCESS


async def test_a_side_event_by_its_letter_and_the_customers_words_where_they_are_asked(
    console: Console, agent: Visitor, page: Page
) -> None:
    site = console.site
    await site.a_case_is_due(a_policy(product_code="DEMO-PAR"))
    await site.connected()
    await open_page(console, agent, page, "/desk")
    desk = await agent.desk()
    while desk["screen"]["node"] != "M130_DIVIDEND":
        desk = await agent.answer(desk)
    await console.desk_is_told()
    await page.until(_node("M130_DIVIDEND"))
    await page.press("o")  # 称被误导
    await page.until(_node("S920_MISLED"))
    key = await page.ask("document.querySelector('details.option summary').dataset.key")
    await page.press(key)
    await page.until("document.activeElement.tagName === 'TEXTAREA'")
    await page.write("业务员说每年分红百分之五，保证的")
    await keep(page, "words")
    await page.press("Enter")
    await page.until("document.querySelector('.where small').textContent !== 'S920_MISLED'")
    current = await site.conversation((await agent.desk())["call"]["id"])
    assert [captured.value for captured in current.interview.captures] == ["业务员说每年分红百分之五，保证的"]


async def test_a_reload_in_mid_call_shows_the_same_node(console: Console, agent: Visitor, page: Page) -> None:
    await console.site.a_case_is_due()
    await console.site.connected()
    await open_page(console, agent, page, "/desk")
    await page.press("1")
    await page.until("document.querySelector('.where small').textContent !== 'M010_GREET'")
    node = await page.ask("document.querySelector('.where small').textContent")
    await page.tab.reload()
    await page.until("document.readyState === 'complete' && " + _node(node))


async def test_a_key_counts_while_the_desk_is_fetched_anew(console: Console, agent: Visitor, page: Page) -> None:
    await console.site.a_case_is_due()
    await console.site.connected()
    await open_page(console, agent, page, "/desk")
    # the stream's word and the key in one breath, so that the fetch is under way when the key comes
    await page.ask(
        "document.querySelector('#desk').dispatchEvent(new CustomEvent('sse:look')),"
        "document.dispatchEvent(new KeyboardEvent('keydown', {code: 'Digit1'}))"
    )
    await page.until("document.querySelector('.where small').textContent !== 'M010_GREET'")


async def test_a_key_pressed_twice_answers_once(console: Console, agent: Visitor, page: Page) -> None:
    await console.site.a_case_is_due()
    call = await console.site.connected()
    await open_page(console, agent, page, "/desk")
    await page.tab.keyboard.press("1")
    await page.tab.keyboard.press("1")
    await page.until("document.querySelector('.where small').textContent !== 'M010_GREET'")
    conversation = await console.site.conversation(call)
    assert len(conversation.interview.steps) == 1


async def test_a_customer_who_hangs_up_leaves_the_agent_with_the_result(
    console: Console, agent: Visitor, page: Page
) -> None:
    await console.site.a_case_is_due()
    call = await console.site.connected()
    await open_page(console, agent, page, "/desk")
    await console.site.hung_up(call, Party.CUSTOMER)
    await console.desk_is_told()
    await page.until("document.querySelector('#desk').dataset.state === 'WRAP_UP'")
    assert "未完成" in await page.ask("document.body.innerText")
    async with console.site.storage.read() as work:
        seat = await work.floor.seat(SEAT)
    assert seat is not None
    assert seat.state is SeatState.WRAP_UP


async def test_what_is_being_written_outlives_a_change_on_the_desk(
    console: Console, agent: Visitor, page: Page
) -> None:
    await console.site.a_case_is_due()
    call = await console.site.connected()
    await console.site.hung_up(call, Party.CUSTOMER)
    await open_page(console, agent, page, "/desk")
    await page.until("document.activeElement.name === 'note'")
    await page.write("客户说晚上再打")
    await agent.act("pause", reason="LUNCH")  # in another tab
    await page.until("document.querySelector('.bar .tag') !== null")
    assert await page.ask("document.querySelector('[name=note]').value") == "客户说晚上再打"


async def test_a_wrong_key_is_taken_back_by_one_key(console: Console, agent: Visitor, page: Page) -> None:
    await console.site.a_case_is_due()
    call = await console.site.connected()
    await console.site.answer_until(call, "M060_SIGN_HOLDER")
    await open_page(console, agent, page, "/desk")
    await page.press("x")  # the line is gone, it says: the questions are over
    await page.until("document.querySelector('.over') !== null")
    await keep(page, "wrong-key")
    await page.press("Backspace")
    await page.until(_node("M060_SIGN_HOLDER"))
    assert await page.ask("document.querySelector('[data-key=Backspace]') === null")
    await page.press("b")
    await page.until(_node("S900_SURRENDER"))
    await page.press(await page.ask("document.querySelector('details.option summary').dataset.key"))
    await page.until("document.activeElement.tagName === 'TEXTAREA'")
    await page.write("退保吧")
    await page.press("Backspace")
    assert await page.ask("document.activeElement.value") == "退保"
    await keep(page, "taken-back-later")
    assert await page.ask(_node("S900_SURRENDER"))


async def test_a_refusal_moves_nothing_on_the_desk(console: Console, agent: Visitor, page: Page) -> None:
    await console.site.a_case_is_due()
    await console.site.connected()
    await open_page(console, agent, page, "/desk")
    await page.until(_node("M010_GREET"))
    top = "document.querySelector('.talk').getBoundingClientRect().top"
    before = await page.ask(top)
    await agent.answer(await agent.desk())  # in another tab
    await page.press("1")
    await page.until("document.querySelector('.notice') !== null")
    assert await page.ask(_node("M020_NOTICE"))
    assert await page.ask(top) == before
    await keep(page, "refused")
    await page.press("1")
    await page.until(_node("M030_VERIFY"))
    assert await page.ask("document.querySelector('.notice') === null")
    page.complaints.clear()  # the browser reports the 409 that was asked for


async def _asked_of_surrender(console: Console, agent: Visitor, page: Page) -> None:
    await console.site.a_case_is_due()
    call = await console.site.connected()
    await console.site.answer_until(call, "M060_SIGN_HOLDER")
    await open_page(console, agent, page, "/desk")
    await page.ask("(window.news = window.drawn = 0, addEventListener('sse:look', () => news++, true))")
    await page.ask("addEventListener('htmx:afterSwap', () => drawn++)")


async def _drawn_once(page: Page) -> None:
    await page.until(_node("S900_SURRENDER"))
    await page.tab.wait_for_timeout(300)
    assert await page.ask("drawn") == 1
    assert await page.ask("document.querySelector('details.option textarea') !== null")


async def test_news_that_overtakes_the_answer_to_a_key_leaves_the_desk_whole(
    console: Console, agent: Visitor, page: Page
) -> None:
    await _asked_of_surrender(console, agent, page)

    async def overtaken(route: Route) -> None:
        answer = await route.fetch()
        await console.desk_is_told()
        await page.until("news > 0")
        await page.tab.wait_for_timeout(200)  # as long as a look takes
        await route.fulfill(response=answer)

    await page.tab.route("**/desk/event", overtaken)
    await page.press("b")
    await _drawn_once(page)


async def test_a_server_that_does_not_answer_is_not_asked_without_pause(
    console: Console, agent: Visitor, page: Page
) -> None:
    await console.site.a_case_is_due()
    await open_page(console, agent, page, "/desk")
    asked: list[str] = []

    async def unavailable(route: Route) -> None:
        asked.append(route.request.url)
        await route.fulfill(status=503)

    await page.tab.route("**/desk?seen=*", unavailable)
    await console.site.connected()
    await console.desk_is_told()
    await page.tab.wait_for_timeout(1500)
    assert len(asked) in (1, 2)
    await page.tab.unroute("**/desk?seen=*")
    await page.until(_node("M010_GREET"))  # and by itself again
    page.complaints.clear()  # the browser reports the 503


async def test_a_look_that_is_overtaken_by_a_key_leaves_the_desk_whole(
    console: Console, agent: Visitor, page: Page
) -> None:
    await _asked_of_surrender(console, agent, page)
    drawn = asyncio.Event()

    async def asked_first(route: Route) -> None:
        await drawn.wait()
        await route.continue_()

    await page.tab.route("**/desk?seen=*", asked_first)
    async with page.tab.expect_request("**/desk?seen=*"):
        await page.ask("document.getElementById('desk').dispatchEvent(new CustomEvent('sse:look')) && null")
    await page.press("b")
    await page.until(_node("S900_SURRENDER"))
    async with page.tab.expect_response("**/desk?seen=*"):
        drawn.set()
    await _drawn_once(page)


async def test_the_longest_screens_of_a_bank_policy_need_no_scrolling(
    console: Console, agent: Visitor, page: Page
) -> None:
    policy = a_policy(
        channel=Channel.BANK,
        bank_name="示例银行",
        design=Design.UNIT_LINKED,
        product_code="DEMO-ILP",
        product_name="示例年金保险（投资连结型）",
        risk_level_text="稳健型",
        account_text="成长型账户百分之百",
    )
    await console.site.a_case_is_due(policy)
    await console.site.connected()
    await open_page(console, agent, page, "/desk")
    assert await page.ask("document.querySelectorAll('.items li').length") >= 17
    assert await _fits(page)
    await page.press("2")
    await page.until(_node("S110_THIRD_PARTY"))
    assert await _fits(page)
    await page.press("1")
    await page.until(_node("M010_GREET"))
    desk = await agent.desk()
    while desk["screen"]["node"] != "M060_SIGN_HOLDER":
        desk = await agent.answer(desk)
    await page.until(_node("M060_SIGN_HOLDER"))
    await page.press("b")
    await page.until(_node("S900_SURRENDER"))
    await page.press(await page.ask("document.querySelector('details.option summary').dataset.key"))
    await page.until("document.activeElement.tagName === 'TEXTAREA'")
    await keep(page, "longest")
    assert await _fits(page)
