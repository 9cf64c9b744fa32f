"""A privileged person sets up an authenticator, logs in with its code, and what they look at is in the audit log."""

from __future__ import annotations

import pyotp
import pytest

from dialer.domain.user import Role
from dialer.usecases.manage_users import create_user
from tests.browser.chromium import Page
from tests.browser.conftest import keep, open_page
from tests.console.desk import PASSWORD, Authenticator, Console
from tests.console.stories import an_issued_l1

pytestmark = [pytest.mark.browser, pytest.mark.slow]


async def _password(page: Page, url: str, login: str) -> None:
    await page.go(f"{url}login")
    await page.write(login)
    await page.press("Tab")
    await page.write(PASSWORD)
    await page.press("Enter")


async def test_an_authenticator_is_set_up_and_asked_for_at_the_next_login(console: Console, page: Page) -> None:
    site, url = console.site, str(console.server.make_url("/"))
    await create_user(
        site.storage, console.hasher, site.now, login="sunli", name="孙丽", password=PASSWORD, role=Role.QA, org="44"
    )
    await _password(page, url, "sunli")
    await page.until("document.querySelector('.qr svg') !== null")
    await keep(page, "login-enrol")
    secret = (await page.ask("document.querySelector('.secret').innerText")).replace(" ", "")
    assert len(secret) == len(pyotp.random_base32())
    authenticator = Authenticator(secret)
    await page.write(authenticator.code(site.now))
    await page.press("Enter")
    await page.until("document.querySelectorAll('.recovery code').length === 10")
    await keep(page, "login-recovery")
    await page.click("document.querySelector('main a.button')")
    await page.until("location.pathname === '/cases'")
    await page.click("document.querySelector('form[action=\"/logout\"] button')")
    await page.until("location.pathname === '/login'")
    await _password(page, url, "sunli")
    await page.until("location.pathname === '/login/code'")
    await page.write("000000")
    await page.press("Enter")
    await page.until("document.querySelector('.notice') !== null")
    await keep(page, "login-code")
    page.complaints.clear()  # the browser reports the 401 that was asked for
    await page.click("document.querySelector('input.code')")
    await page.write(authenticator.code(site.now))
    await page.press("Enter")
    await page.until("location.pathname === '/cases'")


async def test_a_number_is_shown_for_a_reason_and_an_auditor_finds_who_saw_it(
    console: Console, log_in, page: Page
) -> None:
    ticket = await an_issued_l1(console)
    handler = await log_in(Role.L3_HANDLER, login="lihua", org="44/4401")
    await open_page(console, handler, page, f"/tickets/{ticket.id}")
    assert "****" in await page.ask("document.querySelector('.phone').innerText")
    await page.click("document.querySelector('.reveal summary')")
    await page.ask("document.querySelector('.reveal select').value = 'TICKET_HANDLING'")
    await page.click("document.querySelector('.reveal input[name=words]')")
    await page.write("约客户上门签字")
    await keep(page, "reveal-asked")
    await page.press("Enter")
    await page.until("document.querySelector('.phone .whole') !== null")
    assert await page.ask("document.querySelector('.phone .whole').innerText.startsWith('138')")
    await keep(page, "reveal-shown")
    auditor = await log_in(Role.AUDIT, login="zhaomin")
    await open_page(console, auditor, page, "/audit?record=ticket+" + str(ticket.id))
    assert "约客户上门签字" in await page.ask("document.querySelector('.audit').innerText")
    await page.go(str(console.server.make_url("/audit")))
    await keep(page, "audit")
    await page.go(str(console.server.make_url("/account")))
    await keep(page, "account")
