"""Words that are half typed when the page goes: there again, with the cursor behind them, and no longer than needed."""

from __future__ import annotations

import pytest

from dialer.domain.call import CallId, Party
from tests.browser.chromium import Page
from tests.browser.conftest import keep, open_page
from tests.builders import a_policy
from tests.console.desk import Console, Visitor

pytestmark = [pytest.mark.browser, pytest.mark.slow]

_WRITTEN = "document.activeElement.value"


def _node(node: str) -> str:
    return f"document.querySelector('.where small')?.textContent === '{node}'"


async def _type(page: Page, text: str) -> None:
    """As it is typed: the server has it when this returns."""
    async with page.tab.expect_response("**/desk/typed"):
        await page.write(text)


async def _writing(console: Console, agent: Visitor, page: Page) -> CallId:
    """The customer says they were misled; the cursor is where their words go."""
    await console.site.a_case_is_due(a_policy(product_code="DEMO-PAR"))
    call = await console.site.connected()
    await console.site.answer_until(call, "M130_DIVIDEND")
    await open_page(console, agent, page, "/desk")
    await page.press("o")
    await page.until(_node("S920_MISLED"))
    await page.press(await page.ask("document.querySelector('details.option summary').dataset.key"))
    await page.until("document.activeElement.tagName === 'TEXTAREA'")
    return call


async def test_a_reload_in_mid_sentence_loses_no_word(console: Console, agent: Visitor, page: Page) -> None:
    call = await _writing(console, agent, page)
    await _type(page, "业务员说每年分红")
    await page.tab.reload()
    await page.until(f"{_WRITTEN} === '业务员说每年分红'")
    await keep(page, "desk-words-again")
    await page.write("百分之五")
    await page.press("Enter")
    await page.until("document.querySelector('.where small').textContent !== 'S920_MISLED'")
    current = await console.site.conversation(call)
    assert [captured.value for captured in current.interview.captures] == ["业务员说每年分红百分之五"]


async def test_a_tab_that_crashes_is_followed_by_one_that_knows_the_words(
    console: Console, agent: Visitor, page: Page
) -> None:
    await _writing(console, agent, page)
    await _type(page, "业务员说每年分红")
    chromium = page.tab.context.browser
    assert chromium is not None
    await page.tab.close()
    another = Page(await chromium.new_page(locale="zh-CN"))
    await open_page(console, agent, another, "/desk")
    await another.until(f"{_WRITTEN} === '业务员说每年分红'")
    assert another.complaints == []


async def test_a_change_on_the_desk_leaves_the_cursor_where_it_is(console: Console, agent: Visitor, page: Page) -> None:
    await _writing(console, agent, page)
    await _type(page, "业务员说每年分红")
    await page.tab.reload()
    await page.until(f"{_WRITTEN} === '业务员说每年分红'")
    await page.press("Home")
    await agent.act("pause", reason="LUNCH")  # in another tab
    await page.until("document.querySelector('.bar .tag') !== null")
    await page.write("他的")
    assert await page.ask(_WRITTEN) == "他的业务员说每年分红"


async def test_a_note_half_written_is_there_again_and_goes_with_the_call(
    console: Console, agent: Visitor, page: Page
) -> None:
    await console.site.a_case_is_due()
    call = await console.site.connected()
    await console.site.hung_up(call, Party.CUSTOMER)
    await open_page(console, agent, page, "/desk")
    await page.until("document.activeElement.name === 'note'")
    await _type(page, "客户在开会")
    await page.tab.reload()
    await page.until(f"{_WRITTEN} === '客户在开会'")
    await page.write("，晚上再打")
    await page.press("Enter")
    await page.until("document.querySelector('#desk').dataset.state === 'READY'")
    async with console.site.storage.read() as work:
        assert (await work.calls.attempts_of(call))[0].why == "客户在开会，晚上再打"
        assert await work.drafts.of(call, "agent1") is None


async def test_nothing_of_it_stays_in_the_browser(console: Console, agent: Visitor, page: Page) -> None:
    await _writing(console, agent, page)
    await _type(page, "业务员说每年分红")
    assert "分红" not in await page.ask("JSON.stringify({...localStorage, ...sessionStorage})")
    assert await page.ask("(await indexedDB.databases()).length") == 0
