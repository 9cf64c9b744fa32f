"""SIPp at both ends of a load: customers who answer and hang up by themselves, phones that answer, speak and stay.

It shares no code with the product, has processes of its own, and writes down what it sees by the system's clock.
"""

from __future__ import annotations

import asyncio
import shutil
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from dialer.demo.carrier.rtp import alaw_frames
from dialer.telephony.sound import speech

PROGRAM = shutil.which("sipp")
_HOST = "127.0.0.1"

_REPLY = """<send{again}><![CDATA[
SIP/2.0 {status}
[last_Via:]
[last_From:]
[last_To:];tag=[pid]T[call_number]
[last_Call-ID:]
[last_CSeq:]
Contact: <sip:[local_ip]:[local_port];transport=[transport]>
{body}
]]></send>"""
_SDP = """Content-Type: application/sdp
Content-Length: [len]

v=0
o=- 1 1 IN IP4 [local_ip]
s=-
c=IN IP4 [media_ip]
t=0 0
m=audio [{port}] RTP/AVP 8
a=rtpmap:8 PCMA/8000
a=ptime:20"""
_NO_BODY = "Content-Length: 0\n"
_SCENARIO = """<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE scenario SYSTEM "sipp.dtd">
<scenario name="{name}">
<Global variables="unused"/>
{steps}
<Reference variables="{variables}"/>
</scenario>
"""
_CUSTOMER = """<recv request="INVITE"><action>
<ereg regexp="sip:([0-9]+)" search_in="hdr" header="To:" assign_to="unused,number"/>
<ereg regexp="([0-9][0-9][0-9])@" search_in="hdr" header="To:" assign_to="unused,tenths"/>
<ereg regexp=".*" search_in="hdr" header="To:" assign_to="us"/>
<ereg regexp=".*" search_in="hdr" header="From:" assign_to="them"/>
<ereg regexp="sip:[^>;]*" search_in="hdr" header="Contact:" assign_to="contact"/>
<todouble assign_to="talk" variable="tenths"/>
<multiply assign_to="talk" value="100"/>
<log message="INVITED [timestamp] [$number]"/>
</action></recv>
{ringing}
<pause milliseconds="100"/>
<nop><action><log message="ANSWERED [timestamp] [$number]"/></action></nop>
{answer}
<recv request="ACK"/>
<pause variable="talk"/>
<send retrans="500"><![CDATA[
BYE [$contact] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
From: [$us];tag=[pid]T[call_number]
To: [$them]
[last_Call-ID:]
CSeq: 1 BYE
Max-Forwards: 70
Content-Length: 0

]]></send>
<recv response="200" timeout="4000"/>"""
_PHONE = """<recv request="INVITE"/>
{answer}
<recv request="ACK"/>
<nop><action><exec rtp_stream="voice.alaw,-1,8"/></action></nop>
<recv request="BYE"/>
{ok}"""


@dataclass(frozen=True, slots=True)
class FarEnd:
    """The two running SIPps. Times are seconds of the system's clock."""

    carrier: str
    phones: str
    _log: Path

    def phone(self, name: str) -> str:
        """The address of an agent's phone; any name is one."""
        return f"sip:{name}@{self.phones}"

    def instants(self, what: str) -> dict[str, float]:
        """When each number was INVITED or ANSWERED."""
        rows = (line.split() for line in self._log.read_text().splitlines()) if self._log.exists() else ()
        return {row[-1]: float(row[-2]) for row in rows if row[:1] == [what]}


def a_number(serial: int, talk_seconds: float) -> str:
    """A customer's number; its last three digits say for how many tenths of a second they talk."""
    return f"138{serial:05d}{round(talk_seconds * 10):03d}"


@asynccontextmanager
async def far_end(folder: Path) -> AsyncIterator[FarEnd]:
    """Run both, each in a folder of its own, until the block ends."""
    again = ' retrans="500"'
    answer = _REPLY.format(status="200 OK", body=_SDP.format(port="media_port"), again=again)
    ringing = _REPLY.format(status="180 Ringing", body=_NO_BODY, again="")
    customer = _CUSTOMER.format(ringing=ringing, answer=answer)
    speaks = _REPLY.format(status="200 OK", body=_SDP.format(port="rtpstream_audio_port"), again=again)
    phone = _PHONE.format(answer=speaks, ok=_REPLY.format(status="200 OK", body=_NO_BODY, again=""))
    async with (
        _sipp(folder / "carrier", customer, "unused,us,them,contact,number", "-rtp_echo") as carrier,
        _sipp(folder / "phones", phone, "unused") as phones,
    ):
        yield FarEnd(carrier, phones, folder / "carrier" / "calls.log")


@asynccontextmanager
async def _sipp(folder: Path, steps: str, variables: str, *options: str) -> AsyncIterator[str]:
    assert PROGRAM is not None
    _furnish(folder, _SCENARIO.format(name=folder.name, steps=steps, variables=variables))
    port, media_port, quiet = *_free_ports(), asyncio.subprocess.DEVNULL
    process = await asyncio.create_subprocess_exec(
        PROGRAM, "-sf", "scenario.xml", "-i", _HOST, "-p", str(port), "-mi", _HOST, "-mp", str(media_port),
        "-aa", "-nostdin", "-trace_logs", "-log_file", "calls.log", "-trace_err", "-error_file", "complaints.log",
        "-skip_rlimit", "-deadcall_wait", "0", *options,
        cwd=folder, stdin=quiet, stdout=quiet, stderr=quiet,
    )  # fmt: skip
    try:
        yield f"{_HOST}:{port}"
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


def _furnish(folder: Path, scenario: str) -> None:
    folder.mkdir(parents=True)
    (folder / "scenario.xml").write_text(scenario)
    (folder / "voice.alaw").write_bytes(b"".join(alaw_frames(speech(10, 1, 150.0))))


def _free_ports() -> tuple[int, int]:
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as first,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as second,
    ):
        first.bind((_HOST, 0))
        second.bind((_HOST, 0))
        return int(first.getsockname()[1]), int(second.getsockname()[1])
