"""Every state of the desk, looked at: nothing scrolls at 1440 by 900, and pictures are kept of each."""

from __future__ import annotations

import pytest

from dialer.domain.call import Party
from dialer.domain.holder import Gender, PersonName
from dialer.domain.policy import Channel, Design
from tests.browser.chromium import Page
from tests.browser.conftest import keep, open_page
from tests.builders import a_holder, a_number, a_policy
from tests.console.desk import Console, Visitor

pytestmark = [pytest.mark.browser, pytest.mark.slow]

FITS = (
    "[document.documentElement, ...document.querySelectorAll('.customer, .talk, .aside')]"
    ".every(box => box.scrollHeight <= box.clientHeight && box.scrollWidth <= box.clientWidth)"
)


def _node(node: str) -> str:
    return f"document.querySelector('.where small')?.textContent === '{node}'"


def _state(state: str) -> str:
    return f"document.querySelector('#desk').dataset.state === '{state}'"


async def _seen(page: Page, name: str) -> None:
    await keep(page, f"desk-{name}")
    assert await page.ask(FITS), f"{name} scrolls"


async def test_two_long_policies_after_a_broken_call_fit_the_window(
    console: Console, agent: Visitor, visit, page: Page
) -> None:
    """The fullest desk there is: a bank's unit-linked policy and another, called before, interrupted before the end."""
    site = console.site
    holder, number = a_holder(name=PersonName("欧阳慧敏"), gender=Gender.FEMALE), a_number()
    linked = a_policy(
        channel=Channel.BANK, bank_name="示例银行", design=Design.UNIT_LINKED, product_code="DEMO-ILP",
        product_name="示例年金保险（投资连结型）", risk_level_text="稳健型", account_text="成长型账户百分之百",
    )  # fmt: skip
    case = await site.a_case_is_due(linked, holder, number)
    await site.a_case_is_due(a_policy(product_code="DEMO-PAR", premium_fen=600_000), holder, number)
    for _ in range(2):
        call = await site.connected_when_due(case)
        await site.answer_until(call, "M060_SIGN_HOLDER")
        await site.hung_up(call, Party.CUSTOMER)
        await site.wrapped_up(note="客户要开会，说话很急，已说明还需要几分钟")
    call = await site.connected_when_due(case)
    again = visit()  # it is another day
    await again.log_in("agent1")
    await open_page(console, again, page, "/desk")
    await page.until(_state("TALKING"))
    await _seen(page, "greeting")
    await site.answer_until(call, "M110_FREELOOK")
    await page.tab.reload()
    await page.until(_node("M110_FREELOOK"))
    await _seen(page, "fullest")


async def test_an_appointment_is_made_by_keys_among_the_times_that_may_be_dialled(
    console: Console, agent: Visitor, page: Page
) -> None:
    site = console.site
    case = await site.a_case_is_due(a_policy(product_code="DEMO-PAR"), a_holder(name=PersonName("欧阳慧敏")))
    call = await site.connected()
    await open_page(console, agent, page, "/desk")
    await page.press("m")
    await page.until(_node("S160_BUSY"))
    await _seen(page, "busy")
    await page.press("1")
    await page.until("document.querySelector('.over .days') !== null")
    await page.press("2")
    await page.until("document.activeElement.type === 'radio'")
    await page.press("ArrowRight")
    chosen = await page.ask("document.querySelector('.days input:checked').value")
    assert chosen == "2026-09-19T09:30:00+08:00"
    await _seen(page, "appointment")
    await site.hung_up(call, Party.CUSTOMER)
    await console.desk_is_told()
    await page.until(_state("WRAP_UP"))
    assert await page.ask("document.querySelector('form .days input:checked').value") == chosen
    await _seen(page, "appointment-wrap-up")
    await page.press("Enter")
    await page.until(_state("READY"))
    assert (promised := (await site.case(case)).appointment) is not None
    assert promised.at.isoformat() == chosen


@pytest.mark.parametrize("reason", ["LUNCH"])
async def test_the_quiet_states_fit_too(console: Console, agent: Visitor, page: Page, reason: str) -> None:
    await open_page(console, agent, page, "/desk")
    await _seen(page, "ready")
    await page.press("2")
    await page.until(_state("PAUSED"))
    await _seen(page, "paused")
    await agent.act("stand-up")
    await page.until(_state("AWAY"))
    await _seen(page, "away")
    await page.press("Enter")
    await page.until(_state("SEATING"))
    await _seen(page, "seating")
    await console.site.a_case_is_due()


async def test_identity_is_checked_by_keys_against_what_is_on_file(
    console: Console, agent: Visitor, page: Page
) -> None:
    await console.site.a_case_is_due(a_policy(product_code="DEMO-PAR"), a_holder(id_no="440101198001014312"))
    call = await console.site.connected()
    await console.site.answer_until(call, "M030_VERIFY")
    await open_page(console, agent, page, "/desk")
    assert "1980年1月1日" in await page.ask("document.querySelector('.compare').innerText")
    await _seen(page, "birthday")
    await page.press("2")
    await page.until(_node("S310_VERIFY_RETRY"))
    await page.press("1")
    await page.until("document.activeElement.name === 'capture.id_tail'")
    await page.write("4312")
    await _seen(page, "digits")
    await page.press("Enter")
    await page.until(_node("M040_PURCHASE"))
    assert await page.ask("document.querySelector('.compare') === null")
