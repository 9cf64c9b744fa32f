"""Debian's Chromium, headless, driven by Playwright. `Page.tab` is Playwright's page; the rest is shorthand."""

from __future__ import annotations

import shutil
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from playwright.async_api import Browser, ConsoleMessage, async_playwright
from playwright.async_api import Page as Tab

WAIT_SECONDS = 20.0
BOUNCE_SECONDS = 0.35


class Page:
    """One tab."""

    def __init__(self, tab: Tab) -> None:
        self.tab = tab
        self.complaints: list[str] = []
        self._pressed: dict[str, float] = {}
        tab.set_default_timeout(1000 * WAIT_SECONDS)
        tab.on("console", self._note)
        tab.on("pageerror", lambda error: self.complaints.append(str(error)))

    def _note(self, said: ConsoleMessage) -> None:
        """Errors in the console and refusals by the content security policy are defects of the page."""
        if said.type == "error":
            self.complaints.append(said.text)

    async def size(self, width: int, height: int, *, dark: bool = False) -> None:
        """The window, and the person's taste."""
        await self.tab.set_viewport_size({"width": width, "height": height})
        await self.tab.emulate_media(color_scheme="dark" if dark else "light")

    async def cookie(self, url: str, name: str, value: str) -> None:
        """Be logged in."""
        await self.tab.context.add_cookies([{"name": name, "value": value, "url": url}])

    async def go(self, url: str) -> None:
        """Open a page and wait until it is there."""
        await self.tab.goto(url)

    async def ask(self, expression: str) -> Any:
        """What JavaScript says."""
        return await self.tab.evaluate(f"async () => ({expression})")

    async def until(self, expression: str) -> None:
        """Wait until something holds on the page."""
        await self.tab.wait_for_function(f"() => ({expression})", polling=20)

    async def press(self, key: str) -> None:
        """One key, down and up: `1`, `b`, `Enter`, `End`; not so soon after itself that it would be a bounce."""
        since = time.monotonic() - self._pressed.get(key, 0.0)
        if since < BOUNCE_SECONDS:
            await self.tab.wait_for_timeout(1000 * (BOUNCE_SECONDS - since))
        await self.tab.keyboard.press(key)
        self._pressed[key] = time.monotonic()

    async def click(self, element: str) -> None:
        """The mouse, on what a JavaScript expression names: a gesture, as browsers want it for sound."""
        found = (await self.tab.evaluate_handle(f"() => ({element})")).as_element()
        assert found is not None, f"nothing to click: {element}"
        await found.click()

    async def write(self, text: str) -> None:
        """Text into whatever has the focus."""
        await self.tab.keyboard.insert_text(text)

    async def picture(self, file: Path) -> None:
        """Keep what is on the screen."""
        await self.tab.screenshot(path=file)


@asynccontextmanager
async def browser(*more: str) -> AsyncIterator[Browser]:
    """A browser of one's own, with `more` of its options; it ends with the block."""
    async with async_playwright() as playwright:
        chromium = await playwright.chromium.launch(
            executable_path=shutil.which("chromium"),
            args=["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--lang=zh-CN", *more],
        )
        try:
            yield chromium
        finally:
            await chromium.close()


@asynccontextmanager
async def chromium(*more: str) -> AsyncIterator[Page]:
    """A browser with one tab."""
    async with browser(*more) as chromium:
        tab = await chromium.new_page(locale="zh-CN")
        yield Page(tab)
