"""Debian's Chromium, headless, driven by its own protocol: enough to press keys and to see what a person sees."""

from __future__ import annotations

import asyncio
import base64
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp

WAIT_SECONDS = 20.0


class Navigated(Exception):
    """The page was left before it could answer."""


class Page:
    """One tab."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._next = 0
        self.complaints: list[str] = []

    async def send(self, method: str, **parameters: Any) -> dict[str, Any]:
        """One command of the protocol and its result."""
        self._next += 1
        await self._socket.send_json({"id": self._next, "method": method, "params": parameters})
        while True:
            told = await asyncio.wait_for(self._socket.receive_json(), WAIT_SECONDS)
            self._note(told)
            if told.get("id") == self._next:
                if "navigated" in told.get("error", {}).get("message", ""):
                    raise Navigated
                assert "error" not in told, told["error"]
                result: dict[str, Any] = told["result"]
                return result

    def _note(self, told: dict[str, Any]) -> None:
        """Errors in the console and refusals by the content security policy are defects of the page."""
        if told.get("method") == "Log.entryAdded" and told["params"]["entry"]["level"] == "error":
            self.complaints.append(told["params"]["entry"]["text"])
        if told.get("method") == "Runtime.exceptionThrown":
            self.complaints.append(str(told["params"]["exceptionDetails"]))

    async def prepare(self) -> None:
        """Listen for complaints."""
        for domain in ("Page", "Runtime", "Log", "Network"):
            await self.send(f"{domain}.enable")

    async def size(self, width: int, height: int, *, dark: bool = False) -> None:
        """The window, and the person's taste."""
        await self.send(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        await self.send("Emulation.setEmulatedMedia", features=[scheme])

    async def cookie(self, url: str, name: str, value: str) -> None:
        """Be logged in."""
        await self.send("Network.setCookie", url=url, name=name, value=value)

    async def go(self, url: str) -> None:
        """Open a page and wait until it is there."""
        await self.ask("window.left = true")
        await self.send("Page.navigate", url=url)
        await self.until("!window.left && document.readyState === 'complete'")

    async def ask(self, expression: str) -> Any:
        """What JavaScript says."""
        result = await self.send("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in result, result["exceptionDetails"]
        return result["result"].get("value")

    async def until(self, expression: str) -> None:
        """Wait until something holds on the page."""
        watch = f"""new Promise((done, fail) => {{
            const end = performance.now() + {WAIT_SECONDS * 900};
            const look = () => ({expression}) ? done(true)
                : performance.now() > end ? done(false) : setTimeout(look, 20);
            look();
        }})"""
        try:
            assert await self.ask(watch), f"never came true: {expression}"
        except Navigated:
            await self.until(expression)

    async def press(self, key: str, code: str = "", text: str = "") -> None:
        """One key, down and up."""
        named = {"key": key, "code": code or key, "text": text, "windowsVirtualKeyCode": _virtual(key)}
        await self.send("Input.dispatchKeyEvent", type="keyDown" if text else "rawKeyDown", **named)
        await self.send("Input.dispatchKeyEvent", type="keyUp", key=key, code=code or key)

    async def digit(self, digit: int) -> None:
        """A key of the upper row."""
        await self.press(str(digit), f"Digit{digit}", str(digit))

    async def letter(self, letter: str) -> None:
        """A letter."""
        await self.press(letter, f"Key{letter.upper()}", letter)

    async def enter(self) -> None:
        """The Enter key."""
        await self.press("Enter", "Enter", "\r")

    async def click(self, element: str) -> None:
        """The mouse, in the middle of what a JavaScript expression names: a gesture, as browsers want it for sound."""
        box = f"(e => (e.scrollIntoView({{block: 'center'}}), e.getBoundingClientRect().toJSON()))({element})"
        where = await self.ask(box)
        point = {"x": where["x"] + where["width"] / 2, "y": where["y"] + where["height"] / 2}
        for kind in ("mousePressed", "mouseReleased"):
            await self.send("Input.dispatchMouseEvent", type=kind, button="left", clickCount=1, **point)

    async def write(self, text: str) -> None:
        """Text into whatever has the focus."""
        await self.send("Input.insertText", text=text)

    async def picture(self, file: Path) -> None:
        """Keep what is on the screen."""
        shot = await self.send("Page.captureScreenshot", format="png")
        await asyncio.to_thread(_keep, file, base64.b64decode(shot["data"]))


def _keep(file: Path, content: bytes) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)


def _virtual(key: str) -> int:
    named = {"Enter": 13, "End": 35, "Escape": 27}
    return named.get(key, ord(key.upper()) if len(key) == 1 else 0)


@asynccontextmanager
async def chromium(profile: Path, *more: str) -> AsyncIterator[Page]:
    """A browser of one's own, with one tab and `more` of its options; it ends with the block."""
    program = shutil.which("chromium")
    assert program is not None
    process = await asyncio.create_subprocess_exec(
        program,
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--no-first-run",
        "--remote-debugging-port=0",
        f"--user-data-dir={profile}",
        "--lang=zh-CN",
        *more,
        "about:blank",
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        assert process.stderr is not None
        port = await asyncio.wait_for(_port(process.stderr), WAIT_SECONDS)
        drained = asyncio.create_task(process.stderr.read())
        async with (
            aiohttp.ClientSession() as session,
            session.put(f"http://127.0.0.1:{port}/json/new?about:blank") as tab,
            session.ws_connect((await tab.json(content_type=None))["webSocketDebuggerUrl"], max_msg_size=0) as socket,
        ):
            page = Page(socket)
            await page.prepare()
            yield page
    finally:
        process.terminate()
        await process.wait()
        await drained


async def _port(stderr: asyncio.StreamReader) -> int:
    """`DevTools listening on ws://127.0.0.1:PORT/…`."""
    async for line in stderr:
        if b"DevTools listening on" in line:
            return int(line.decode().split(":")[2].split("/")[0])
    raise AssertionError("chromium ended before it listened")
