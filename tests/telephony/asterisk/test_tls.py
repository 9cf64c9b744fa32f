"""TLS and SRTP on a real Asterisk: who gets an answer, what an encrypted trunk demands, and where the sockets are."""

from __future__ import annotations

import asyncio
import json
import re
import socket
import ssl
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

from dialer.demo.carrier import AgentPhone, CarrierSimulator
from dialer.demo.carrier.sip import SipMessage, compose, parse
from dialer.domain.call import CallId
from dialer.telephony.asterisk import AsteriskTelephony
from dialer.telephony.asterisk.certificate import CERTIFICATE, KEY, make_certificate
from dialer.telephony.asterisk.configuration import USER
from dialer.telephony.asterisk.instance import PrivateAsterisk, find_program
from tests.telephony.rigs import ANSWERS, PARTS, TEMPLATES, AsteriskRig, dial, ended, heard_from, node_of, seated, talk
from tests.telephony.sound import LOUD, loudest
from trials.clock import RunningClock

pytestmark = pytest.mark.asterisk

LOOPBACK = "127.0.0.1"


# --- signalling -------------------------------------------------------------------------------------------------


def trusting(authority: Path) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=authority)


def its_certificate(pbx: PrivateAsterisk) -> Path:
    return pbx.folders.config / "tls" / CERTIFICATE


async def ask_over_tls(pbx: PrivateAsterisk, context: ssl.SSLContext, method: str, name: str) -> SipMessage:
    """One SIP request over TLS, and its answer."""
    reader, writer = await asyncio.open_connection(LOOPBACK, pbx.ports.sip_tls, ssl=context)
    lines = [
        f"{method} sip:{LOOPBACK} SIP/2.0",
        f"Via: SIP/2.0/TLS {LOOPBACK}:9;branch=z9hG4bK1;rport",
        f"From: <sip:{name}@{LOOPBACK}>;tag=1",
        f"To: <sip:{name}@{LOOPBACK}>",
        "Call-ID: tried",
        f"CSeq: 1 {method}",
        f"Contact: <sip:{name}@{LOOPBACK}:9;transport=tls>",
    ]
    writer.write(compose(lines))
    answer = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5)
    writer.transport.abort()  # Asterisk keeps the connection, and does not hurry to say goodbye
    return parse(answer)


@pytest.fixture
async def alone(tmp_path: Path) -> AsyncIterator[PrivateAsterisk]:
    program = find_program(PARTS)
    assert program
    async with PrivateAsterisk(program, TEMPLATES, tmp_path / "asterisk", "192.0.2.1:5061") as private:
        yield private


async def test_sip_over_tls_answers_under_the_certificate_made_at_install(alone: PrivateAsterisk):
    answer = await ask_over_tls(alone, trusting(its_certificate(alone)), "OPTIONS", "somebody")
    assert (answer.status, answer["server"]) == (401, "dialer")


@pytest.mark.parametrize("name", ["carrier", "phones", "browser", "somebody"])
async def test_nobody_is_taken_for_the_trunk_or_a_phone_by_calling_himself_so(alone: PrivateAsterisk, name: str):
    for method in ("OPTIONS", "REGISTER", "INVITE"):
        answer = await ask_over_tls(alone, trusting(its_certificate(alone)), method, name)
        assert (method, answer.status) == (method, 401)


async def test_outdated_tls_gets_no_connection(alone: PrivateAsterisk):
    outdated = trusting(its_certificate(alone))
    outdated.set_ciphers("DEFAULT:@SECLEVEL=0")
    with pytest.warns(DeprecationWarning, match="TLSv1"):
        outdated.minimum_version, outdated.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1
    for port in (alone.ports.sip_tls, alone.ports.https):
        with pytest.raises((ssl.SSLError, ConnectionResetError)):
            await asyncio.open_connection(LOOPBACK, port, ssl=outdated)


async def test_commands_are_taken_over_tls_too(alone: PrivateAsterisk):
    headers = {"Authorization": aiohttp.encode_basic_auth(USER, alone.secrets.ari)}
    address = f"https://{LOOPBACK}:{alone.ports.https}/ari/endpoints/PJSIP/carrier"
    async with (
        aiohttp.ClientSession(headers=headers) as web,
        web.get(address, ssl=trusting(its_certificate(alone))) as reply,
    ):
        assert reply.status == 200


# --- the encrypted trunk ----------------------------------------------------------------------------------------


class EncryptedCarrier:
    """`encrypted_carrier.py` at work."""

    def __init__(self, process: asyncio.subprocess.Process, port: int) -> None:
        self._process, self.address = process, f"{LOOPBACK}:{port}"

    async def says(self) -> str:
        assert self._process.stdout
        return (await asyncio.wait_for(self._process.stdout.readline(), 10)).decode().strip()

    async def go(self) -> str:
        """End it; what it had left to say."""
        rest, _ = await asyncio.wait_for(self._process.communicate(b""), 10)
        return rest.decode()


@asynccontextmanager
async def encrypted_carrier(tls: Path) -> AsyncIterator[EncryptedCarrier]:
    make_certificate(tls, LOOPBACK)
    with socket.create_server((LOOPBACK, 0)) as held:
        port = int(held.getsockname()[1])
    program = Path(__file__).with_name("encrypted_carrier.py")
    process = await asyncio.create_subprocess_exec(
        sys.executable, str(program), str(tls / CERTIFICATE), str(tls / KEY), str(port), stdin=PIPE, stdout=PIPE
    )
    carrier = EncryptedCarrier(process, port)
    try:
        assert await carrier.says() == "listening"
        yield carrier
    finally:
        if process.returncode is None:
            await carrier.go()


@asynccontextmanager
async def over_encrypted_trunk(home: Path, carrier: EncryptedCarrier, authority: Path) -> AsyncIterator[AsteriskRig]:
    """A rig whose trunk is that carrier, believed when `authority` has signed its certificate."""
    program = find_program(PARTS)
    assert program
    async with AsyncExitStack() as stack:
        phone = await stack.enter_async_context(AgentPhone("s1"))
        private = PrivateAsterisk(program, TEMPLATES, home / "asterisk", carrier.address, carrier_ca=authority)
        await stack.enter_async_context(private)
        telephony = AsteriskTelephony(RunningClock(), home / "spool", node_of(private))
        heard = await stack.enter_async_context(heard_from(telephony))
        yield AsteriskRig(telephony, heard, CarrierSimulator(), {"s1": phone}, private)


async def test_a_call_over_an_encrypted_trunk_is_heard_both_ways_and_recorded(tmp_path: Path):
    async with (
        encrypted_carrier(tmp_path / "tls") as carrier,
        over_encrypted_trunk(tmp_path, carrier, tmp_path / "tls" / CERTIFICATE) as rig,
    ):
        await seated(rig, "s1")
        recording = await talk(rig, seconds=1.5)
        await rig.telephony.hang_up(CallId("call-1"))
        await ended(rig, "call-1")
        told = json.loads(await carrier.says())
    assert told["heard"]
    assert loudest(recording.files.customer) > LOUD
    assert f"INVITE sip:{ANSWERS}@{carrier.address};transport=tls" in told["offer"]
    assert re.search(r"^m=audio \d+ RTP/SAVP ", told["offer"], re.MULTILINE)
    assert re.search(r"^a=crypto:\d+ AES_CM_128_HMAC_SHA1_80 inline:", told["offer"], re.MULTILINE)


async def test_a_trunk_that_can_not_prove_who_it_is_gets_no_call(tmp_path: Path):
    make_certificate(tmp_path / "other", LOOPBACK)
    async with (
        encrypted_carrier(tmp_path / "tls") as carrier,
        over_encrypted_trunk(tmp_path, carrier, tmp_path / "other" / CERTIFICATE) as rig,
    ):
        await seated(rig, "s1")
        lost = await ended(rig, await dial(rig, ANSWERS))
        assert await carrier.go() == ""
    assert lost.sip_code != 200


# --- where it listens -------------------------------------------------------------------------------------------


def sockets_of(pid: int) -> set[tuple[str, str, int]]:
    """Protocol, local address and port of every internet socket of a process that others could send to."""
    links = (link.readlink() for link in Path(f"/proc/{pid}/fd").iterdir())
    inodes = {str(link)[8:-1] for link in links if str(link).startswith("socket:[")}
    return {each for name in ("tcp", "udp", "tcp6", "udp6") for each in _table(pid, name, inodes)}


def _table(pid: int, name: str, inodes: set[str]) -> set[tuple[str, str, int]]:
    rows = [line.split() for line in Path(f"/proc/{pid}/net/{name}").read_text().splitlines()[1:]]
    return {(name, *_local(row[1])) for row in rows if row[9] in inodes}


def _local(packed: str) -> tuple[str, int]:
    address, port = packed.split(":")
    if len(address) > 8:
        return address, int(port, 16)
    return socket.inet_ntoa(bytes.fromhex(address)[::-1]), int(port, 16)


async def test_every_socket_is_on_the_named_interface_also_while_people_talk(pbx: AsteriskRig):
    await seated(pbx, "s1")
    await talk(pbx, seconds=0.1)
    ports = pbx.asterisk.ports
    named = {("tcp", port) for port in (ports.sip_tls, ports.http, ports.https, ports.ami)} | {("udp", ports.sip)}
    sound = {("udp", port) for port in range(ports.rtp_start, ports.rtp_end + 1)}
    sockets = sockets_of(pbx.asterisk.pid)
    here = {(protocol, port) for protocol, address, port in sockets if address == LOOPBACK}
    assert named <= here <= named | sound
    assert len(here & sound) >= 4
    # the SIP library asks DNS from a port of the system's choice, one a family, and reads nothing but answers there
    elsewhere = [protocol for protocol, address, _ in sockets if address != LOOPBACK]
    assert sorted(elsewhere) in ([], ["udp"], ["udp", "udp6"])
