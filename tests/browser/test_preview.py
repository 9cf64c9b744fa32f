"""A difficult case read and dialled in the browser, by keys alone."""

from __future__ import annotations

import pytest

from dialer.domain.case import RevisitCase
from dialer.domain.holder import Gender, PersonName
from dialer.ports.topics import DESK_ORDERS, desk
from dialer.usecases.place_call import Previewed
from tests.browser.axe import stumbling_blocks
from tests.browser.chromium import Page
from tests.browser.conftest import keep, open_page
from tests.builders import a_holder, a_number, at
from tests.console.desk import Console, Visitor
from tests.console.test_preview import NUMBER, rulebook
from tests.usecases.site import SEAT

pytestmark = [pytest.mark.browser, pytest.mark.slow]
__all__ = ["rulebook"]


def _state(state: str) -> str:
    return f"document.querySelector('#desk').dataset.state === '{state}'"


async def _is_read(console: Console) -> RevisitCase:
    """A case that was called before, on the desk."""
    site = console.site
    holder = a_holder(name=PersonName("欧阳慧敏"), gender=Gender.FEMALE)
    case = await site.a_case_is_due(None, holder, a_number(9876), flags=frozenset({"VULNERABLE"}))
    assert await site.offered() == Previewed(SEAT, case.id)
    order = await site.dial_key()
    assert order is not None
    await site.answered(order.call_id)
    await site.answer_until(order.call_id, "M030_VERIFY")
    await site.hung_up(order.call_id)
    await site.wrapped_up(note="耳背，请她女儿在旁边")
    next_at = (await site.case(case)).next_at
    assert next_at is not None
    site.now = next_at.astimezone(site.now.tzinfo)
    return case


async def _told(console: Console) -> None:
    """As the engine tells the desk after what it did."""
    await console.signals.notify(desk(SEAT))


async def test_it_is_read_and_dialled_by_key(console: Console, agent: Visitor, page: Page) -> None:
    case = await _is_read(console)
    await open_page(console, agent, page, "/desk")
    await console.site.offered()
    await _told(console)
    await page.until(_state("PREVIEW"))
    shown = await page.ask("document.body.innerText")
    for told in ("欧阳慧敏", "138****9876", "耳背，请她女儿在旁边", "未完成"):
        assert told in shown
    assert NUMBER not in await page.ask("document.documentElement.outerHTML")
    await keep(page, "desk-preview")
    for dark in (False, True):
        await page.size(1440, 900, dark=dark)
        assert await stumbling_blocks(page) == []
    await page.press("Enter")
    await console.signals.wait(DESK_ORDERS, 5)
    order = await console.site.dial_key()
    assert order is not None
    await _told(console)
    await page.until(_state("RESERVED"))
    await console.site.answered(order.call_id)
    await _told(console)
    await page.until(_state("TALKING"))
    assert len(await console.site.outcomes(case)) == 2


async def test_at_noon_the_key_gives_the_desk_back_and_calls_nobody(
    console: Console, agent: Visitor, page: Page
) -> None:
    case = await _is_read(console)
    console.site.now = at(11, 59, 50) if console.site.now < at(11) else at(19, 59, 50)
    assert await console.site.offered() == Previewed(SEAT, case.id)
    await open_page(console, agent, page, "/desk")
    console.site.later(hours=1)
    await page.press("Enter")
    await console.signals.wait(DESK_ORDERS, 5)
    assert await console.site.dial_key() is None
    await _told(console)
    await page.until(_state("READY"))
    assert len(await console.site.outcomes(case)) == 1


async def test_it_is_given_back_by_key(console: Console, agent: Visitor, page: Page) -> None:
    case = await _is_read(console)
    await console.site.offered()
    await open_page(console, agent, page, "/desk")
    await page.press("2")  # another tongue
    await page.until(_state("READY"))
    next_at = (await console.site.case(case)).next_at
    assert next_at is not None
    assert next_at > console.site.now
