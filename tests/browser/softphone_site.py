"""A whole site whose agent's phone is the browser: the product, a private Asterisk, a customer who sends a tone."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dialer.demo.carrier.rtp import alaw_frames
from dialer.demo.carrier.uas import IncomingCall, SipUas
from dialer.telephony.asterisk.browsers import add_browsers
from dialer.telephony.asterisk.instance import PrivateAsterisk, find_program
from dialer.telephony.sound import RATE, write_wav
from tests.browser.chromium import Page, browser
from tests.builders import at
from tests.journeys.premises import PASSWORD, Premises, Serving
from tests.journeys.sites import NUMBER, write_policies
from trials.clock import FRIDAY

ROOT = Path(__file__).parents[2]
CUSTOMER_HERTZ, AGENT_HERTZ, WAITING_HERTZ, SUPERVISOR_HERTZ = 1100, 700, 425, 1700
CAPTURE = """
const Real = window.RTCPeerConnection;
window.RTCPeerConnection = class extends Real {
    constructor(...given) {
        super(...given);
        this.addEventListener('track', ({track}) => {
            const context = new AudioContext(), analyser = context.createAnalyser();
            analyser.fftSize = 4096;
            context.createMediaStreamSource(new MediaStream([track])).connect(analyser);
            window.ear = analyser;
        });
    }
};
"""
"""What the page hears, where a test can reach it."""
HEARD = """(() => {
    if (!window.ear) return [0, -Infinity];
    const bins = new Float32Array(ear.frequencyBinCount);
    ear.getFloatFrequencyData(bins);
    const top = bins.indexOf(Math.max(...bins));
    return [top * ear.context.sampleRate / ear.fftSize, bins[top]];
})()"""
"""The loudest frequency in hertz, and how loud it is in dB."""


def bursts(hertz: float, seconds: float = 4.0) -> NDArray[np.int16]:
    """A tone that comes and goes as syllables do: a steady one is taken for noise and filtered out."""
    instants = np.arange(int(seconds * RATE)) / RATE
    speaks = (instants % 0.5) < 0.35
    return (9000 * np.sin(2 * np.pi * hertz * instants) * speaks).astype(np.int16)


@dataclass
class Customer:
    """Picks up, sends a tone, and keeps what comes in."""

    calls: list[IncomingCall] = field(default_factory=list)
    packets: list[tuple[float, bytes]] = field(default_factory=list)

    def called(self, call: IncomingCall) -> None:
        """Answer at once."""
        self.calls.append(call)
        take = call.stream.datagram_received

        def keep(data: bytes, source: tuple[str, int]) -> None:
            self.packets.append((time.monotonic(), data[12:]))
            take(data, source)

        call.stream.datagram_received = keep  # type: ignore[method-assign,assignment]
        call.ring()
        call.answer(alaw_frames(bursts(CUSTOMER_HERTZ)))

    def share(self, hertz: float, since: float, until: float | None = None) -> float:
        """How much of what was heard in between is this tone, of all its loud sound."""
        sound = np.concatenate([_linear(each) for at, each in self.packets if since <= at <= (until or at)])
        power = np.abs(np.fft.rfft(sound)) ** 2
        bins = np.fft.rfftfreq(len(sound), 1 / RATE)
        return float(power[np.abs(bins - hertz) < 25].sum() / max(power[bins > 100].sum(), 1.0))

    def loud_at(self, hertz: float, since: float) -> list[float]:
        """The instants at which 100 ms of this tone began to be heard."""
        heard = [(at, each) for at, each in self.packets if at >= since]
        found = []
        for five in range(0, len(heard) - 5, 5):
            sound = np.concatenate([_linear(each) for _, each in heard[five : five + 5]])
            power = np.abs(np.fft.rfft(sound)) ** 2
            bins = np.fft.rfftfreq(len(sound), 1 / RATE)
            if np.abs(sound).max() > 1500 and abs(bins[power.argmax()] - hertz) < 30:
                found.append(heard[five][0])
        return found


def _linear(payload: bytes) -> NDArray[np.float64]:
    """A-law to linear (G.711)."""
    codes = np.frombuffer(payload, np.uint8) ^ 0x55
    exponent, mantissa = (codes & 0x70) >> 4, (codes & 0x0F).astype(float)
    size = np.where(exponent > 0, (mantissa + 16.5) * 2.0 ** (exponent + 3.0), (mantissa + 0.5) * 16)
    return np.where(codes & 0x80, size, -size)


class Wire:
    """The network between the browser and Asterisk's web server, which can be cut; sound goes its own way."""

    def __init__(self, to: tuple[str, int]) -> None:
        self._to, self._cut = to, False
        self._writers: list[asyncio.StreamWriter] = []
        self._tasks: list[asyncio.Task[None]] = []
        self.connections = 0

    @asynccontextmanager
    async def laid(self) -> AsyncIterator[int]:
        """The port on this side."""
        server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        try:
            yield server.sockets[0].getsockname()[1]
        finally:
            server.close()
            self.cut()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    def cut(self) -> None:
        """Nothing passes any more, and nothing new connects."""
        self._cut = True
        for writer in self._writers:
            writer.transport.abort()

    def mend(self) -> None:
        """Whoever connects may again."""
        self._cut = False

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._cut:
            writer.transport.abort()
            return
        self.connections += 1
        there_reader, there = await asyncio.open_connection(*self._to)
        self._writers += [writer, there]
        self._tasks += [asyncio.create_task(_pump(*ends)) for ends in ((reader, there), (there_reader, writer))]


async def _pump(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    try:
        while piece := await source.read(65536):
            target.write(piece)
    except ConnectionError:
        pass
    finally:
        target.close()


@dataclass(frozen=True)
class BrowserSite:
    """The product at work, with an agent at a browser."""

    premises: Premises
    serving: Serving
    asterisk: PrivateAsterisk
    customer: Customer
    page: Page
    wire: Wire

    async def log_in(self, login: str = "agent1") -> None:
        """By the form, as people do."""
        await _log_in(self.page, self.serving.url, login)
        await self.page.go(f"{self.serving.url}/desk")

    async def phone(self, state: str) -> None:
        """Wait until the strip says so."""
        await self.page.until(f"document.getElementById('softphone').dataset.state === '{state}'")

    async def desk(self, state: str) -> None:
        """Wait until the desk is there."""
        await self.page.until(f"document.getElementById('desk').dataset.state === '{state}'")

    async def hears(self, hertz: float) -> tuple[float, float]:
        """Wait until the page hears this tone; frequency and loudness."""
        return await hears(self.page, hertz)

    def rows(self, query: str) -> list[dict[str, Any]]:
        """What the database says."""
        return self.premises.rows(query)


async def _log_in(page: Page, url: str, login: str) -> None:
    await page.go(f"{url}/login")
    await page.ask("document.querySelector('[name=login]').focus()")
    await page.write(login)
    await page.ask("document.querySelector('[name=password]').focus()")
    await page.write(PASSWORD)
    await page.press("Enter")
    await page.until("location.pathname !== '/login'")


async def hears(page: Page, hertz: float) -> tuple[float, float]:
    """Wait until a page hears this tone; frequency and loudness."""
    await page.until(f"Math.abs({HEARD}[0] - {hertz}) < 25 && {HEARD}[1] > -60")
    heard: tuple[float, float] = tuple(await page.ask(HEARD))
    return heard


@asynccontextmanager
async def a_supervisor_at_a_browser(site: BrowserSite, folder: Path) -> AsyncIterator[Page]:
    """The floor, before a supervisor whose phone is another browser, by a name of digits."""
    await site.premises.create(
        at(8, day=FRIDAY), "leader", "CC_LEADER", "--phone", "browser:8001"
    )  # digits are a name, too
    voice = folder / "supervisor.wav"
    write_wav(voice, bursts(SUPERVISOR_HERTZ))
    async with _with_microphone(voice) as page:
        await _log_in(page, site.serving.url, "leader")
        await page.go(f"{site.serving.url}/floor")
        yield page


@asynccontextmanager
async def a_site_with_a_browser(folder: Path, numbers: tuple[str, ...] = (NUMBER,)) -> AsyncIterator[BrowserSite]:
    """A site on Friday morning with `agent1`, whose phone is a browser, and policies due."""
    program = find_program(ROOT / ".parts")
    assert program is not None
    customer = Customer()
    uas = SipUas("127.0.0.1", customer.called)
    voice = folder / "agent.wav"
    write_wav(voice, bursts(AGENT_HERTZ))
    async with AsyncExitStack() as stack:
        await uas.open(0)
        stack.push_async_callback(uas.close)
        trunk = f"{uas.host}:{uas.port}"
        asterisk = PrivateAsterisk(program, ROOT / "config" / "asterisk", folder / "asterisk", trunk)
        add_browsers(asterisk.folders.config, ["agent1", "8001"])
        await stack.enter_async_context(asterisk)
        wire = Wire(("127.0.0.1", asterisk.ports.http))
        port = await stack.enter_async_context(wire.laid())
        premises = Premises.at(folder, asterisk=asterisk)
        settings = premises.config.read_text()
        premises.config.write_text(settings.replace(asterisk.websocket, f"ws://127.0.0.1:{port}/ws"))
        await premises.create(at(8, day=FRIDAY), "agent1", "CC_AGENT", "--phone", "browser:agent1")
        code, printed = await premises.run(at(8, 30, day=FRIDAY), "import", str(write_policies(folder, numbers)))
        assert code == 0, printed
        serving = await stack.enter_async_context(premises.started(at(9, 30, day=FRIDAY)))
        page = await stack.enter_async_context(_with_microphone(voice))
        yield BrowserSite(premises, serving, asterisk, customer, page, wire)
        serving.process.terminate()
        await serving.stopped()


@asynccontextmanager
async def _with_microphone(voice: Path) -> AsyncIterator[Page]:
    async with browser(
        "--allow-loopback-in-peer-connection",
        "--disable-features=WebRtcHideLocalIpsWithMdns",
        "--use-fake-device-for-media-stream",
        "--use-fake-ui-for-media-stream",
        f"--use-file-for-fake-audio-capture={voice}",
    ) as chromium:
        context = await chromium.new_context(locale="zh-CN")
        await context.add_init_script(CAPTURE)
        page = Page(await context.new_page())
        await page.size(1440, 900)
        yield page
