"""The agent's browser is the phone: a whole call through the product, with real sound both ways."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from pathlib import Path

import pytest

from dialer.domain.outcome import Outcome
from tests.browser.chromium import Page
from tests.browser.conftest import keep
from tests.browser.softphone_site import (
    AGENT_HERTZ,
    CUSTOMER_HERTZ,
    SUPERVISOR_HERTZ,
    WAITING_HERTZ,
    BrowserSite,
    a_site_with_a_browser,
    a_supervisor_at_a_browser,
    hears,
)
from tests.journeys.premises import until

pytestmark = [pytest.mark.asterisk, pytest.mark.browser, pytest.mark.slow]

NODE = "document.querySelector('.where small')?.textContent"
VERSION = "document.querySelector('#desk').getAttribute('hx-get')"


async def talking(site: BrowserSite) -> float:
    """Log in, sit down, be ready, all by keyboard, until the customer is on the line; when they were."""
    await site.log_in()
    await site.phone("ready")
    await site.desk("AWAY")
    await site.page.press("Enter")
    await site.desk("SEATED")
    await site.phone("online")
    await site.page.press("Enter")
    await site.desk("TALKING")
    return time.monotonic()


async def step(page: Page) -> None:
    """The first answer, by its key."""
    version = await page.ask(VERSION)
    await page.press("1")
    await page.until(f"{VERSION} !== '{version}'")


async def to_the_end(site: BrowserSite) -> None:
    """The rest of the interview, goodbye and the wrap-up, by keyboard."""
    page = site.page
    while not await page.ask("document.querySelector('.over') !== null"):
        await step(page)
    await page.press("Enter")
    await site.desk("WRAP_UP")
    await page.press("Enter")
    await site.desk("READY")


async def until_heard(site: BrowserSite, hertz: float, since: float) -> float:
    """Wait until the customer hears a tone; when they did."""
    return (await until(lambda: site.customer.loud_at(hertz, since)))[0]


async def test_a_call_by_keyboard_with_the_browser_as_the_phone(tmp_path: Path) -> None:
    async with a_site_with_a_browser(tmp_path) as site:
        since = await talking(site)
        await keep(site.page, "softphone-talking")
        hertz, decibels = await site.hears(CUSTOMER_HERTZ)
        await asyncio.sleep(3)
        share = site.customer.share(AGENT_HERTZ, since + 1)
        record("a call", heard_hertz=hertz, heard_decibels=decibels, agents_share_at_the_customer=share)
        assert share > 0.5
        await to_the_end(site)
        assert [row["outcome"] for row in site.rows("SELECT outcome FROM attempts")] == [Outcome.SUCCESS]
        assert site.page.complaints == []


async def test_a_page_that_is_loaded_anew_in_a_talk_gets_its_customer_back(tmp_path: Path) -> None:
    async with a_site_with_a_browser(tmp_path) as site:
        since = await talking(site)
        await site.hears(CUSTOMER_HERTZ)
        await until_heard(site, AGENT_HERTZ, since)
        await step(site.page)
        node = await site.page.ask(NODE)
        gone = time.monotonic()
        await site.page.tab.reload()
        await site.desk("TALKING")
        assert await site.page.ask(NODE) == node
        await site.phone("online")
        back = await until_heard(site, AGENT_HERTZ, gone + 0.2)
        await site.hears(CUSTOMER_HERTZ)
        tone = [at - gone for at in site.customer.loud_at(WAITING_HERTZ, gone)]
        record("a reload", agent_heard_again_after_seconds=back - gone, waiting_tone_after_seconds=tone)
        assert back - gone < 10
        second = Page(await site.page.tab.context.new_page())
        await second.go(site.page.tab.url)
        other = replace(site, page=second)
        await other.phone("elsewhere")
        await site.page.tab.close()
        gone = time.monotonic()
        await other.phone("online")  # the customer goes with the phone to the tab that is left
        back = await until_heard(site, AGENT_HERTZ, gone + 0.2)
        record("a closed tab", agent_heard_again_after_seconds=back - gone)
        await other.hears(CUSTOMER_HERTZ)
        await to_the_end(other)
        assert [row["outcome"] for row in site.rows("SELECT outcome FROM attempts")] == [Outcome.SUCCESS]
        assert len(site.customer.calls) == 1


async def test_a_lost_websocket_takes_no_call_with_it(tmp_path: Path) -> None:
    async with a_site_with_a_browser(tmp_path) as site:
        await talking(site)
        await site.hears(CUSTOMER_HERTZ)
        site.wire.cut()
        cut = time.monotonic()
        await site.phone("recovering")
        await asyncio.sleep(5)
        assert site.customer.share(AGENT_HERTZ, cut + 1) > 0.5  # they hear each other all the while
        await site.hears(CUSTOMER_HERTZ)
        connections = site.wire.connections
        site.wire.mend()
        mended = time.monotonic()
        await site.phone("online")
        record("a lost WebSocket", online_again_after_seconds=time.monotonic() - mended)
        assert site.wire.connections > connections
        await until_heard(site, AGENT_HERTZ, time.monotonic())
        await asyncio.sleep(3)  # the way that was opened anew lasts
        await site.hears(CUSTOMER_HERTZ)
        assert site.customer.share(AGENT_HERTZ, mended + 1) > 0.5
        await to_the_end(site)
        assert len(site.customer.calls) == 1
        await site.page.ask("document.querySelector('form[action$=stand-up] button').click()")
        await site.phone("ready")  # Asterisk reaches the page where it is now
        site.page.complaints.clear()  # the browser reports the socket that was cut


async def test_a_supervisor_hears_a_call_and_speaks_into_it_from_the_browser(tmp_path: Path) -> None:
    async with a_site_with_a_browser(tmp_path) as site, a_supervisor_at_a_browser(site, tmp_path) as floor:
        await floor.until("document.getElementById('softphone').dataset.state === 'ready'")
        await talking(site)
        await site.hears(CUSTOMER_HERTZ)
        await floor.until("document.querySelector('#listen-agent1-LISTEN') !== null")
        await floor.tab.click("#listen-agent1-LISTEN")
        await floor.until("document.querySelector('.tag.mode-listen time') !== null")
        await floor.until("document.getElementById('softphone').dataset.state === 'online'")
        heard = {hertz: (await hears(floor, hertz))[1] for hertz in (CUSTOMER_HERTZ, AGENT_HERTZ)}
        await keep(floor, "floor-by-browser")
        chosen = ".chips a[href='/floor?state=TALKING']"
        await floor.tab.click(chosen)
        await floor.until(f"document.querySelector(\"{chosen}\").ariaCurrent === 'true'")
        assert await floor.ask("location.search") == "?state=TALKING"
        assert await floor.ask("document.getElementById('softphone').dataset.state") == "online"
        since = time.monotonic()
        await asyncio.sleep(1)
        assert site.customer.loud_at(SUPERVISOR_HERTZ, since) == []
        await floor.tab.click("#listen-agent1-BARGE")
        await until_heard(site, SUPERVISOR_HERTZ, since)
        await floor.tab.click("#leave-agent1")
        await floor.until("document.getElementById('softphone').dataset.state === 'ready'")
        record("a supervisor", heard_decibels=heard)
        await to_the_end(site)
        assert floor.complaints == []


def record(what: str, **figures: object) -> None:
    """What was measured, for whoever runs this with -s."""
    print(what, figures)  # noqa: T201  # shown with -s
