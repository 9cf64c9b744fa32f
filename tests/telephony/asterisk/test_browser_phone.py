"""Agents' browsers as phones on a real Asterisk: SIP over WebSocket, who may register, and what a call offers them."""

from __future__ import annotations

import asyncio
import hashlib
import json
import re
import secrets
import ssl
import stat
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
import pytest

from dialer.demo.carrier import CarrierSimulator
from dialer.demo.carrier.sip import SipMessage, compose, parse, response
from dialer.domain.call import CallId, SeatDown, SeatId, SeatUp
from dialer.telephony.asterisk import AsteriskTelephony
from dialer.telephony.asterisk.ari import Ari
from dialer.telephony.asterisk.browsers import PASSWORDS, AgentNameUnusable, add_browsers, read_passwords
from dialer.telephony.asterisk.certificate import CERTIFICATE
from dialer.telephony.asterisk.configuration import USER
from dialer.telephony.asterisk.instance import PrivateAsterisk, find_program
from tests.browser.chromium import chromium
from tests.telephony.rigs import ANSWERS, PARTS, TEMPLATES, AsteriskRig, Heard, ended, heard, heard_from, node_of, talk
from tests.telephony.sound import LOUD, loudest
from trials.clock import RunningClock

NAMED = "127.0.0.1"


@dataclass
class BrowserPhone:
    """What a browser's softphone says on its socket (RFC 7118)."""

    socket: aiohttp.ClientWebSocketResponse
    name: str
    call_id: str = field(default_factory=lambda: secrets.token_hex(8))
    cseq: int = 0

    async def register(self, password: str | None = None) -> SipMessage:
        """Ask to be reachable; a challenge is answered when there is a password."""
        refused = await self._ask()
        if password is None or refused.status != 401:
            return refused
        return await self._ask(f"Authorization: {digest(refused['www-authenticate'], self.name, password)}")

    async def _ask(self, *extra: str) -> SipMessage:
        self.cseq += 1
        lines = [
            f"REGISTER sip:{NAMED} SIP/2.0",
            f"Via: SIP/2.0/WS browser.invalid;branch=z9hG4bK{secrets.token_hex(8)}",
            "Max-Forwards: 70",
            f"From: <sip:{self.name}@{NAMED}>;tag={self.call_id}",
            f"To: <sip:{self.name}@{NAMED}>",
            f"Call-ID: {self.call_id}",
            f"CSeq: {self.cseq} REGISTER",
            f"Contact: <sip:{self.name}@browser.invalid;transport=ws>;expires=60",
        ]
        await self.socket.send_str(compose([*lines, *extra]).decode())
        return await self.hear()

    async def hear(self) -> SipMessage:
        return parse((await self.socket.receive_str(timeout=5)).encode())


def digest(challenge: str, name: str, password: str) -> str:
    """The answer to a challenge (RFC 8760 §2.4, quality "auth")."""
    asked = dict(re.findall(r'(\w+)="?([^",]+)"?', challenge))
    uri, cnonce, count = f"sip:{NAMED}", secrets.token_hex(8), "00000001"

    def hashed(*parts: str) -> str:
        return hashlib.new("md5", ":".join(parts).encode(), usedforsecurity=False).hexdigest()

    ours, this = hashed(name, asked["realm"], password), hashed("REGISTER", uri)
    proof = hashed(ours, asked["nonce"], count, cnonce, "auth", this)
    return (
        f'Digest username="{name}", realm="{asked["realm"]}", nonce="{asked["nonce"]}", uri="{uri}", '
        f'response="{proof}", algorithm=MD5, cnonce="{cnonce}", opaque="{asked["opaque"]}", qop=auth, nc={count}'
    )


def with_agents(home: Path, carrier: str) -> PrivateAsterisk:
    program = find_program(PARTS)
    assert program
    private = PrivateAsterisk(program, TEMPLATES, home / "asterisk", carrier, bind=NAMED)
    add_browsers(private.folders.config, ["agent1", "agent2"])
    return private


@pytest.fixture
async def pbx(tmp_path: Path) -> AsyncIterator[PrivateAsterisk]:
    async with with_agents(tmp_path, "127.0.0.1:9") as private:
        yield private


@pytest.fixture
async def web(pbx: PrivateAsterisk) -> AsyncIterator[aiohttp.ClientSession]:
    trusted = ssl.create_default_context(cafile=pbx.folders.config / "tls" / CERTIFICATE)
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=trusted)) as session:
        yield session


def addresses(pbx: PrivateAsterisk) -> list[str]:
    return [f"ws://{NAMED}:{pbx.ports.http}/ws", f"wss://{NAMED}:{pbx.ports.https}/ws"]


@pytest.mark.asterisk
async def test_a_browser_is_reachable_with_the_password_made_for_it_in_the_clear_and_over_tls(pbx, web):
    password = read_passwords(pbx.folders.config / PASSWORDS)["agent1"]
    for address in addresses(pbx):
        async with web.ws_connect(address, protocols=["sip"]) as socket:
            accepted = await BrowserPhone(socket, "agent1").register(password)
        assert (address, accepted.status) == (address, 200)
        assert "agent1@" in accepted["contact"]


@pytest.mark.asterisk
@pytest.mark.parametrize("password", [None, "guessed", "agent2's"])
async def test_a_browser_without_its_own_password_is_refused(pbx, web, password):
    if password == "agent2's":
        password = read_passwords(pbx.folders.config / PASSWORDS)["agent2"]
    async with web.ws_connect(addresses(pbx)[1], protocols=["sip"]) as socket:
        refused = await BrowserPhone(socket, "agent1").register(password)
    assert refused.status == 401


@pytest.mark.asterisk
async def test_a_call_to_a_browser_offers_encrypted_sound_on_the_named_interface(pbx, web):
    ari = await Ari(pbx.url, "test", USER, pbx.secrets.ari).open()
    async with web.ws_connect(addresses(pbx)[1], protocols=["sip"]) as socket:
        browser = BrowserPhone(socket, "agent1")
        await browser.register(read_passwords(pbx.folders.config / PASSWORDS)["agent1"])
        await ari.post("/channels/x", endpoint="PJSIP/agent1", context="dialer-seat", extension="sit", priority=1)
        invite = await browser.hear()
        await ari.delete("/channels/x")
    await ari.close()
    assert invite.method == "INVITE"
    assert re.search(r"^m=audio \d+ UDP/TLS/RTP/SAVPF [\d ]*8\b", invite.body, re.MULTILINE)
    assert re.search(r"^a=fingerprint:SHA-256 (\w\w:){31}\w\w", invite.body, re.MULTILINE)
    assert "a=rtcp-mux" in invite.body
    assert re.search(r"^a=candidate:", invite.body, re.MULTILINE)
    assert f"c=IN IP4 {NAMED}" in invite.body


@pytest.mark.asterisk
async def test_an_agent_may_sit_at_a_browser_that_has_registered(pbx, web, tmp_path):
    telephony = AsteriskTelephony(RunningClock(), tmp_path / "spool", node_of(pbx))
    async with heard_from(telephony) as heard, web.ws_connect(addresses(pbx)[1], protocols=["sip"]) as socket:
        browser = BrowserPhone(socket, "agent1")
        await browser.register(read_passwords(pbx.folders.config / PASSWORDS)["agent1"])
        await telephony.seat_agent(SeatId("s1"), "browser:agent1")
        invite = await browser.hear()
        assert invite.method == "INVITE"
        assert invite.called_user == "agent1"
        await socket.send_str(response(invite, 486, "busy").decode())
        await until_down(heard, "s1")
        await telephony.seat_agent(SeatId("s2"), "browser:agent2")  # whose browser is not open
        await until_down(heard, "s2")


ANSWER = """(async offer => {
    const microphone = await navigator.mediaDevices.getUserMedia({audio: true});
    window.line = new RTCPeerConnection();
    line.ontrack = event => {
        window.speaker = new Audio();
        speaker.srcObject = event.streams[0];
        speaker.play();
    };
    await line.setRemoteDescription({type: 'offer', sdp: offer});
    line.addTrack(microphone.getAudioTracks()[0], microphone);
    await line.setLocalDescription(await line.createAnswer());
    await new Promise(done => {
        line.onicegatheringstatechange = () => line.iceGatheringState === 'complete' && done();
        line.onicegatheringstatechange();
    });
    return line.localDescription.sdp;
})"""
ENERGY = """(async () => [...(await line.getStats()).values()]
    .filter(report => report.type === 'inbound-rtp').reduce((sum, report) => sum + report.totalAudioEnergy, 0))()"""
ON_ONE_MACHINE = (
    "--allow-loopback-in-peer-connection",
    "--disable-features=WebRtcHideLocalIpsWithMdns",
    "--use-fake-device-for-media-stream",  # a microphone that beeps
    "--use-fake-ui-for-media-stream",  # and may be used
    "--autoplay-policy=no-user-gesture-required",
)


@pytest.mark.asterisk
@pytest.mark.browser
async def test_an_agent_at_a_real_browser_and_the_customer_hear_each_other(tmp_path):
    async with AsyncExitStack() as stack:
        carrier = await stack.enter_async_context(CarrierSimulator())
        pbx = await stack.enter_async_context(with_agents(tmp_path, carrier.address))
        page = await stack.enter_async_context(chromium(*ON_ONE_MACHINE))
        web = await stack.enter_async_context(aiohttp.ClientSession())
        socket = await stack.enter_async_context(web.ws_connect(addresses(pbx)[0], protocols=["sip"]))
        telephony = AsteriskTelephony(RunningClock(), tmp_path / "spool", node_of(pbx))
        rig = AsteriskRig(telephony, await stack.enter_async_context(heard_from(telephony)), carrier, {}, pbx)

        browser = BrowserPhone(socket, "agent1")
        await browser.register(read_passwords(pbx.folders.config / PASSWORDS)["agent1"])
        await telephony.seat_agent(SeatId("s1"), "browser:agent1")
        invite = await browser.hear()
        await page.go(f"{pbx.url}/")  # any page of this machine: others may not use the microphone
        answer = await page.ask(f"{ANSWER}({json.dumps(invite.body)})")
        contact = "Contact: <sip:agent1@browser.invalid;transport=ws>"
        await socket.send_str(response(invite, 200, "sits", (contact,), answer).decode())
        await heard(rig, SeatUp)
        await page.until("line.connectionState === 'connected'")

        recording = await talk(rig, seconds=2.5)
        await telephony.hang_up(CallId("call-1"))
        await ended(rig, "call-1")
        assert await page.ask(ENERGY) > 0
        assert carrier.calls_to(ANSWERS)[0].loud_packets_received > 5
        assert recording.files.agent is not None
        assert min(loudest(recording.files.customer), loudest(recording.files.agent)) > LOUD


async def until_down(heard: Heard, seat: str) -> None:
    async with asyncio.timeout(5), heard.stirred:
        await heard.stirred.wait_for(lambda: heard.first(SeatDown, lambda event: event.seat == seat) is not None)


def test_agents_are_added_without_a_new_password_for_those_who_have_one(tmp_path: Path):
    (tmp_path / "pjsip.conf").write_text("[carrier]\n[browser](!)\n")
    first = add_browsers(tmp_path, ["agent1"])
    both = add_browsers(tmp_path, ["agent2", "agent1"])
    assert both == read_passwords(tmp_path / PASSWORDS)
    assert both["agent1"] == first["agent1"] != both["agent2"]
    assert min(map(len, both.values())) >= 32
    assert re.findall(r"^\[(\w+)\]\(browser\)", (tmp_path / "pjsip_agents.conf").read_text(), re.MULTILINE)
    modes = {stat.S_IMODE((tmp_path / name).stat().st_mode) for name in (PASSWORDS, "pjsip_agents.conf")}
    assert modes == {0o600}


@pytest.mark.parametrize("name", ["carrier", "browser", "a b", "x]\n[carrier", "", "坐席"])
def test_an_agents_name_can_neither_shadow_the_trunk_nor_write_configuration(tmp_path: Path, name: str):
    (tmp_path / "pjsip.conf").write_text("[carrier]\n[browser](!)\n")
    with pytest.raises(AgentNameUnusable):
        add_browsers(tmp_path, [name])
    assert not (tmp_path / PASSWORDS).exists()
