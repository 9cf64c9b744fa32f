"""Quality judges a refusal, a handler corrects an untrue reply: each on the page where they see why."""

from __future__ import annotations

from pathlib import Path

import pytest

from dialer.domain.case import CaseState
from dialer.domain.user import Role
from tests.browser.chromium import Page
from tests.browser.conftest import keep, open_page
from tests.browser.test_pages import seal_with_sound
from tests.console.desk import Console
from tests.console.stories import REPLY, a_refusal, an_issued_l1, an_untrue_reply

pytestmark = [pytest.mark.browser, pytest.mark.slow]


async def test_quality_hears_a_refusal_and_lets_it_close(console: Console, log_in, page: Page, tmp_path: Path) -> None:
    case, call = await a_refusal(console)
    await seal_with_sound(console, call, tmp_path)
    quality = await log_in(Role.QA, login="sunli")
    await open_page(console, quality, page, f"/cases/{case.id}")
    await keep(page, "refusal")
    await page.ask("document.querySelector('input[name=why]').focus()")
    await page.write("客户明确表示不接受回访")
    await page.click("document.querySelector('button[value=refused]')")
    await page.until("document.querySelector('input[name=why]') === null")
    assert (await console.site.case(case)).state is CaseState.CLOSED_REFUSED


async def test_a_handler_corrects_a_reply_that_the_customer_contradicted(console: Console, log_in, page: Page) -> None:
    ticket = await an_issued_l1(console)
    handler = await log_in(Role.L3_HANDLER, org="44/4401", login="liqiang")
    await an_untrue_reply(console, handler, ticket)
    await open_page(console, handler, page, f"/tickets/{ticket.id}")
    await keep(page, "correction")
    for name, text in REPLY.items():
        await page.ask(f"document.querySelector('[name={name}]').value = '{text}'")
    await page.click("document.querySelector('form[action$=reply] button.primary')")
    await page.until("document.querySelector('form[action$=reply]') === null")
    async with console.site.storage.read() as work:
        assert (await work.cases.get(ticket.case_id)).state is CaseState.CLOSED_SUCCESS
