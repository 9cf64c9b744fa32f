"""The same console as in tests/console, with a browser in front."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.browser.chromium import Page, chromium
from tests.conftest import require
from tests.console.conftest import agent, console, hasher, log_in, phone_servers, visit
from tests.console.desk import Console, Visitor

__all__ = ["agent", "console", "hasher", "log_in", "phone_servers", "visit"]

ROOT = Path(__file__).parents[2]
SIZES = ((1440, 900), (1920, 1080))
SCREENSHOTS = ROOT / "build" / "screenshots"
_BUNDLE = ROOT / "dialer" / "console" / "static" / "dist" / "console.js"


@pytest.fixture
async def page() -> AsyncIterator[Page]:
    """A tab at 1440 by 900. A page that complained in its console fails the test."""
    require("the console's bundle", available=_BUNDLE.exists(), how="make assets")
    async with chromium() as tab:
        await tab.size(1440, 900)
        yield tab
        assert tab.complaints == []


async def open_page(console: Console, visitor: Visitor, page: Page, path: str) -> None:
    """Go there as somebody who has logged in."""
    url = console.server.make_url("/")
    cookies = visitor.client.session.cookie_jar.filter_cookies(url)
    await page.cookie(str(url), "dialer_session", cookies["dialer_session"].value)
    await page.go(str(console.server.make_url(path)))


async def keep(page: Page, name: str) -> None:
    """Pictures in both sizes, light and dark."""
    for width, height in SIZES:
        for scheme in ("light", "dark"):
            await page.size(width, height, dark=scheme == "dark")
            await page.picture(SCREENSHOTS / f"{name}-{width}x{height}-{scheme}.png")
    await page.size(*SIZES[0])
