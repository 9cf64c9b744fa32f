"""The desk in mid-call and the page of a recording hold to WCAG 2.1 AA: what the walk over all pages does not meet."""

from __future__ import annotations

from pathlib import Path

import pytest

from dialer.domain.call import CallId, Party
from dialer.domain.case import CaseId
from dialer.domain.policy import Channel, Design
from dialer.domain.user import Role
from tests.browser.axe import stumbling_blocks
from tests.browser.chromium import Page
from tests.browser.conftest import keep, open_page
from tests.browser.test_pages import talked_through
from tests.builders import a_holder, a_number, a_policy
from tests.console.desk import Console, Visitor

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def _node(node: str) -> str:
    return f"document.querySelector('.where small')?.textContent === '{node}'"


def _state(state: str) -> str:
    return f"document.querySelector('#desk').dataset.state === '{state}'"


async def _nobody_stumbles(page: Page, where: str) -> None:
    """In both colours, over what is on the screen now."""
    await keep(page, f"axe-{where}")
    found = {}
    for dark in (False, True):
        await page.size(1440, 900, dark=dark)
        found["dark" if dark else "light"] = await stumbling_blocks(page)
    assert found == {"light": [], "dark": []}, where


@pytest.fixture
async def call(console: Console, agent: Visitor, page: Page) -> CallId:
    """The fullest call there is: two policies of a holder who was called before, on the agent's screen."""
    holder, number = a_holder(), a_number()
    linked = a_policy(
        channel=Channel.BANK, bank_name="示例银行", design=Design.UNIT_LINKED, product_code="DEMO-ILP",
        product_name="示例年金保险（投资连结型）", risk_level_text="稳健型", account_text="成长型账户百分之百",
    )  # fmt: skip
    site = console.site
    case = await site.a_case_is_due(linked, holder, number)
    await site.a_case_is_due(a_policy(product_code="DEMO-PAR", premium_fen=600_000), holder, number)
    first = await site.connected_when_due(case)
    await site.answer_until(first, "M060_SIGN_HOLDER")
    await site.hung_up(first, Party.CUSTOMER)
    await site.wrapped_up(note="客户要开会，说话很急")
    call = await site.connected_when_due(case)
    await open_page(console, agent, page, "/desk")
    await page.until(_state("TALKING"))
    return call


async def test_while_a_question_is_asked(console: Console, call: CallId, page: Page) -> None:
    await _nobody_stumbles(page, "greeting")
    await console.site.answer_until(call, "M110_FREELOOK")
    await page.tab.reload()
    await page.until(_node("M110_FREELOOK"))
    await _nobody_stumbles(page, "question")


async def test_while_a_side_branch_takes_words_down(console: Console, call: CallId, page: Page) -> None:
    await console.site.answer_until(call, "M060_SIGN_HOLDER")
    await page.tab.reload()
    await page.until(_node("M060_SIGN_HOLDER"))
    await page.press("b")
    await page.until(_node("S900_SURRENDER"))
    await page.press(await page.ask("document.querySelector('details.option summary').dataset.key"))
    await page.until("document.activeElement.tagName === 'TEXTAREA'")
    await _nobody_stumbles(page, "side-branch")


async def test_while_another_time_is_looked_for(console: Console, call: CallId, page: Page) -> None:
    await page.press("m")
    await page.until(_node("S160_BUSY"))
    await _nobody_stumbles(page, "busy")
    await page.press("1")
    await page.until("document.querySelector('.over .days') !== null")
    await _nobody_stumbles(page, "appointment")
    await console.site.hung_up(call, Party.CUSTOMER)
    await page.tab.reload()
    await page.until(_state("WRAP_UP"))
    await _nobody_stumbles(page, "appointment-wrap-up")


async def test_while_a_call_with_a_problem_is_wrapped_up(console: Console, call: CallId, page: Page) -> None:
    await console.site.answer_until(call, "M060_SIGN_HOLDER")
    node = (await console.site.conversation(call)).script.node("M060_SIGN_HOLDER")
    not_mine = next(option.code for option in node.options if option.raises_problem)
    await console.site.answer_everything(call, M060_SIGN_HOLDER=not_mine)
    await page.tab.reload()
    await page.until("document.querySelector('.over') !== null")
    await _nobody_stumbles(page, "goodbye")
    await console.site.hung_up(call)
    await page.tab.reload()
    await page.until(_state("WRAP_UP"))
    await _nobody_stumbles(page, "wrap-up")


async def test_while_the_agent_rests(console: Console, agent: Visitor, page: Page) -> None:
    await open_page(console, agent, page, "/desk")
    await _nobody_stumbles(page, "ready")
    await page.press("2")
    await page.until(_state("PAUSED"))
    await _nobody_stumbles(page, "paused")


async def test_while_a_recording_is_heard(console: Console, log_in, page: Page, tmp_path: Path) -> None:
    case_id, _ = await talked_through(console, tmp_path)
    leader = await log_in(Role.CC_LEADER, login="zhangwei")
    async with console.site.storage.read() as work:
        recording, _ = (await work.recordings.of_case(CaseId(case_id)))[0]
    await open_page(console, leader, page, f"/recordings/{recording.id}/listen")
    await page.until("'drawn' in document.querySelector('sound-player').dataset")
    await _nobody_stumbles(page, "listen")
    await page.press("Space")
    await page.until("!document.querySelector('audio').paused")
    await _nobody_stumbles(page, "listening")
