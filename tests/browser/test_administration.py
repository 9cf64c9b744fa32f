"""Administration in a real browser: a draft tried out by keyboard, and every page as it looks."""

from __future__ import annotations

from datetime import date

import pytest

from dialer.domain.user import Role
from tests.browser.chromium import Page
from tests.browser.conftest import keep, open_page
from tests.builders import a_policy
from tests.console.desk import Console, Visitor
from tests.console.test_calendars import OFF_ON_OCTOBER_8
from tests.console.test_scripts import GREETING, SCRIPT

pytestmark = [pytest.mark.browser, pytest.mark.slow]

UNITS = (("44", "广东分公司"), ("44/4401", "广州中支"), ("44/4401/440103", "荔湾营销服务部"), ("31", "上海分公司"))
_NODE = "document.querySelector('.where small').textContent"


@pytest.fixture
async def author(log_in) -> Visitor:
    visitor: Visitor = await log_in(Role.HQ_ADMIN, login="hq")
    return visitor


async def _draft(author: Visitor) -> str:
    begun = await author.post("/scripts", script=SCRIPT)
    path = begun.headers["Location"].partition("?")[0]
    await author.post(f"{path}/wording", **GREETING)
    return path


async def test_a_draft_is_tried_out_by_keyboard(console: Console, author: Visitor, page: Page) -> None:
    path = await _draft(author)
    await open_page(console, author, page, f"{path}/try")
    assert "这里是" in await page.ask("document.querySelector('.say').innerText")
    await keep(page, "try-out")
    await page.press("1")
    await page.until(f"{_NODE} === 'M020_NOTICE'")
    await page.press("m")  # the customer is busy
    await page.until(f"{_NODE}.startsWith('S16')")
    await page.press("End")
    await page.until(f"{_NODE} === 'M010_GREET'")
    for _ in range(40):
        node = await page.ask(_NODE)
        if await page.ask("document.querySelector('.over') !== null"):
            break
        await page.press("1")
        await page.until(f"{_NODE} !== '{node}' || document.querySelector('.over') !== null")
    assert "回访成功" in await page.ask("document.querySelector('.over').innerText")
    await keep(page, "try-out-end")
    await page.press("Enter")
    await page.until(f"{_NODE} === 'M010_GREET'")
    assert await page.ask("document.documentElement.scrollHeight <= window.innerHeight")


async def test_the_pages_of_scripts_show_themselves(console: Console, author: Visitor, page: Page) -> None:
    path = await _draft(author)
    await open_page(console, author, page, "/scripts")
    await keep(page, "scripts")
    for view in ("changes", "wording", "text", "history"):
        await page.go(str(console.server.make_url(f"{path}?view={view}")))
        if view == "wording":
            await page.click("document.querySelector('.wording summary')")
        await keep(page, f"script-{view}")


async def test_the_year_and_what_a_correction_moves_show_themselves(
    console: Console, author: Visitor, page: Page
) -> None:
    await console.site.seat_is_ready()
    for _ in range(4):
        await console.site.a_case_is_due(a_policy(receipt_date=date(2026, 9, 18), freelook_days=15))
    await open_page(console, author, page, "/calendars")
    await keep(page, "calendars")
    await page.ask("document.querySelector('textarea.code').focus()")
    await page.ask("document.querySelector('textarea.code').select()")
    await page.write(OFF_ON_OCTOBER_8)
    await page.click("document.querySelector('form[action$=preview] button.primary')")
    await page.until("document.querySelector('.moves') !== null")
    await keep(page, "calendar-preview")


async def test_people_places_and_settings_show_themselves(console: Console, log_in, page: Page) -> None:
    boss: Visitor = await log_in(Role.ADMIN, login="boss")
    for unit, name in UNITS:
        await boss.post("/units", unit=unit, name=name)
    for login, role, org in (
        ("chenxy", "CC_AGENT", "44"), ("huangzq", "CC_LEADER", "44"), ("liqiang", "L3_HANDLER", "44/4401"),
        ("sunli", "QA", "44"), ("zhouwei", "L4_CLERK", "44/4401/440103"),
    ):  # fmt: skip
        phone = f"sip:{login}@192.0.2.7" if role == "CC_AGENT" else ""
        await boss.post("/users", login=login, name=f"{login} 姓名", role=role, org=org, phone_address=phone)
    await boss.post("/users/sunli/disable")
    for path in ("/users", "/units", "/users/liqiang", "/settings"):
        await open_page(console, boss, page, path)
        await keep(page, f"administration{path.replace('/', '-')}")
    await open_page(console, boss, page, "/users/liqiang")
    await page.click("document.querySelector('form[action$=reset-password] button')")
    await page.until("document.querySelector('code.password') !== null")
    await keep(page, "administration-password")
    await page.cookie(str(console.server.make_url("/")), "dialer_language", "en")
    await page.go(str(console.server.make_url("/settings")))
    await keep(page, "administration-settings-en")
