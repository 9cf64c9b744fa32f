"""A browser whose page is loaded anew in a talk: its customer waits, and is joined to the leg that is called again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pytest

from dialer.demo.carrier import CarrierSimulator
from dialer.demo.carrier.sip import SipMessage, response
from dialer.domain.call import Ended, Party, RecordingStarted, SeatDown, SeatId, SeatUp
from dialer.ports import TelephonyRefused
from dialer.telephony.asterisk import AsteriskTelephony, commands
from dialer.telephony.asterisk.browsers import PASSWORDS, read_passwords
from dialer.telephony.asterisk.instance import PrivateAsterisk
from tests.telephony.asterisk.test_browser_phone import BrowserPhone, addresses, with_agents
from tests.telephony.rigs import ANSWERS, AsteriskRig, ended, heard, heard_from, node_of, pause, talk
from tests.telephony.sound import LOUD, loudest, seconds_of
from trials.clock import RunningClock

pytestmark = [pytest.mark.asterisk, pytest.mark.slow]

SEAT, PHONE = SeatId("s1"), "browser:agent1"
CONTACT = "Contact: <sip:agent1@browser.invalid;transport=ws>"
ANSWER = "\r\n".join(
    (
        "v=0", "o=- 1 1 IN IP4 127.0.0.1", "s=-", "t=0 0", "m=audio 9 UDP/TLS/RTP/SAVPF 8", "c=IN IP4 127.0.0.1",
        "a=ice-ufrag:abcd", "a=ice-pwd:abcdefghijklmnopqrstuvwx", f"a=fingerprint:sha-256 {':'.join(['AB'] * 32)}",
        "a=setup:active", "a=mid:audio-0", "a=rtcp-mux", "a=rtpmap:8 PCMA/8000", "a=sendrecv", "",
    )
)  # fmt: skip
"""A browser that picks up; it never sends a sound, which a leg bears for half a minute."""


@dataclass
class Page:
    """The agent's page: it registers, and picks up."""

    pbx: PrivateAsterisk
    phone: BrowserPhone

    async def register(self) -> None:
        password = read_passwords(self.pbx.folders.config / PASSWORDS)["agent1"]
        assert (await self.phone.register(password)).status == 200

    async def pick_up(self) -> SipMessage:
        """Answer the next INVITE, and until then agree to goodbyes."""
        while (asked := await self.phone.hear()).method != "INVITE":
            if asked.method == "BYE":
                await self._answer(asked)
        await self._answer(asked, (CONTACT,), ANSWER)
        return asked

    async def _answer(self, asked: SipMessage, extra: tuple[str, ...] = (), body: str = "") -> None:
        await self.phone.socket.send_str(response(asked, 200, "sits", extra, body).decode())


@dataclass
class Floor:
    rig: AsteriskRig
    web: aiohttp.ClientSession

    @asynccontextmanager
    async def a_page(self) -> AsyncIterator[Page]:
        """The agent's page, registered."""
        async with self.web.ws_connect(addresses(self.rig.asterisk)[0], protocols=["sip"]) as socket:
            page = Page(self.rig.asterisk, BrowserPhone(socket, "agent1"))
            await page.register()
            yield page

    async def joined(self, joins: int) -> None:
        """Wait until the customer has been joined to a leg for so many times, as the event log tells."""
        log = self.rig.asterisk.folders.cel
        async with asyncio.timeout(5):
            while (
                sum("BRIDGE_ENTER" in line and "dialer.call" in line for line in log.read_text().splitlines()) < joins
            ):
                await asyncio.sleep(0.02)


@pytest.fixture
async def floor(tmp_path: Path) -> AsyncIterator[Floor]:
    async with AsyncExitStack() as stack:
        carrier = await stack.enter_async_context(CarrierSimulator())
        pbx = await stack.enter_async_context(with_agents(tmp_path, carrier.address))
        telephony = AsteriskTelephony(RunningClock(), tmp_path / "spool", node_of(pbx))
        told = await stack.enter_async_context(heard_from(telephony))
        web = await stack.enter_async_context(aiohttp.ClientSession())
        yield Floor(AsteriskRig(telephony, told, carrier, {}, pbx), web)


async def a_talk(floor: Floor, page: Page) -> RecordingStarted:
    """The agent sits at the page and talks with a customer."""
    await floor.rig.telephony.seat_agent(SEAT, PHONE)
    await page.pick_up()
    await heard(floor.rig, SeatUp)
    return await talk(floor.rig)


async def test_a_talk_goes_on_when_the_page_is_loaded_anew_and_again(floor: Floor):
    rig = floor.rig
    async with floor.a_page() as before:
        recording = await a_talk(floor, before)
    for joins in (2, 3):
        async with floor.a_page() as after:  # the old page has said no goodbye
            await rig.telephony.call_again(SEAT, PHONE)
            await after.pick_up()
            await floor.joined(joins)
            await pause(rig, 0.5)
    assert rig.carrier.open_calls == 1
    await rig.telephony.hang_up(recording.call_id)
    over = await ended(rig, recording.call_id)
    assert (over.by, over.failure) == (Party.DIALER, None)
    assert not [event for event in rig.heard.all if isinstance(event, SeatDown)]
    assert recording.files.agent is not None
    assert seconds_of(recording.files.customer) == pytest.approx(seconds_of(recording.files.agent), abs=0.1)
    assert loudest(recording.files.customer) > LOUD
    assert rig.telephony.obstacle(SEAT) == ""


async def test_a_customer_waits_for_a_browser_that_hung_up_but_not_for_ever(floor: Floor, monkeypatch):
    monkeypatch.setattr(commands, "PATIENCE_SECONDS", 2)
    rig = floor.rig
    async with floor.a_page() as page:
        recording = await a_talk(floor, page)
        await rig.telephony._commands.drop(rig.telephony._board.seats[SEAT].channel)  # as a BYE does
        await pause(rig, 1.0)
        assert rig.heard.first(Ended, lambda _: True) is None
        over = await ended(rig, recording.call_id)
        assert (over.by, over.failure) == (Party.AGENT, "SEAT_LOST")
        assert (over.at - recording.at).total_seconds() == pytest.approx(3.0, abs=0.7)
        assert recording.files.agent is not None
        assert loudest(recording.files.agent) > LOUD  # the tone that says that the line is there
        await heard(rig, SeatDown)
        await rig.telephony.call_again(SEAT, PHONE)
        await page.pick_up()
        await rig.let_pass(5, lambda: not rig.telephony.obstacle(SEAT))


async def test_a_customer_who_hangs_up_while_waiting_has_hung_up(floor: Floor):
    rig = floor.rig
    async with floor.a_page() as page:
        recording = await a_talk(floor, page)
        await rig.telephony._commands.drop(rig.telephony._board.seats[SEAT].channel)  # as a BYE does
        await pause(rig, 0.5)
        rig.carrier.hang_up(ANSWERS)
        over = await ended(rig, recording.call_id)
        assert (over.by, over.failure) == (Party.CUSTOMER, None)
        await heard(rig, SeatDown)


async def test_an_idle_seat_whose_page_is_loaded_anew_is_down_and_up_again(floor: Floor):
    rig = floor.rig
    async with floor.a_page() as page:
        await rig.telephony.seat_agent(SEAT, PHONE)
        await page.pick_up()
        await heard(rig, SeatUp)
    async with floor.a_page() as page:
        await rig.telephony.call_again(SEAT, PHONE)
        await page.pick_up()
        await rig.let_pass(5, lambda: [type(event) for event in rig.heard.all] == [SeatUp, SeatDown, SeatUp])


async def test_a_sip_phone_is_not_called_again(floor: Floor):
    with pytest.raises(TelephonyRefused):
        await floor.rig.telephony.call_again(SEAT, "sip:agent1@127.0.0.1:5070")
