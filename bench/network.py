"""SIPp as the telephone network of a soak: it shares no code with the product, and writes down every INVITE by itself.

The last digit of the called number says what the customer does. Sound comes back to whoever sends it (RTP echo).
"""

from __future__ import annotations

import asyncio
import shutil
import socket
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

PROGRAM = shutil.which("sipp")
SESSION_SECONDS = 90
"""The session timer (config/asterisk/pjsip.conf): so long may a call go on whose other end has died."""

REFUSALS = {6: 486, 7: 480, 8: 404}
"""Who refuses, and with what."""
HANGS_UP_AFTER_MS = {3: 1500, 4: 4000, 5: 8000}
"""Who answers and hangs up by themselves. 9 rings out; whoever is left stays on the line until we hang up."""
RINGS_OUT = 9
STAYS = (0, 1, 2)

_HOST = "127.0.0.1"
_HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE scenario SYSTEM "sipp.dtd">
<scenario name="network">
<Global variables="unused"/>
<recv request="INVITE"><action>
<ereg regexp="sip:([0-9]+)" search_in="hdr" header="To:" assign_to="unused,number"/>
<ereg regexp="([0-9])@" search_in="hdr" header="To:" assign_to="unused,digit"/>
<ereg regexp="[0-9]+" search_in="hdr" header="CSeq:" assign_to="invited"/>
<ereg regexp=".*" search_in="hdr" header="To:" assign_to="us"/>
<ereg regexp=".*" search_in="hdr" header="From:" assign_to="them"/>
<ereg regexp="sip:[^>;]*" search_in="hdr" header="Contact:" assign_to="contact"/>
<todouble assign_to="conduct" variable="digit"/>
{tests}
<log message="INVITE [clock_tick] [$number] [call_number]"/>
</action></recv>
{jumps}
"""
_TAIL = """<label id="end"/>
<nop/>
<Reference variables="unused,them,us,contact,invited,number"/>
</scenario>
"""
_REPLY = """<send{again}><![CDATA[
SIP/2.0 {status}
[last_Via:]
[last_From:]
[last_To:]{tag}
[last_Call-ID:]
{cseq}
Contact: <sip:[local_ip]:[local_port];transport=[transport]>
{body}
]]></send>"""
_TAG = ";tag=[pid]T[call_number]"
_NO_BODY = "Content-Length: 0\n"
_SDP = f"""Session-Expires: {SESSION_SECONDS};refresher=uac
Require: timer
Content-Type: application/sdp
Content-Length: [len]

v=0
o=- 1 1 IN IP4 [local_ip]
s=-
c=IN IP4 [media_ip]
t=0 0
m=audio [media_port] RTP/AVP 8
a=rtpmap:8 PCMA/8000
a=ptime:20"""
_BYE = """<send retrans="500"><![CDATA[
BYE [$contact] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
From: [$us];tag=[pid]T[call_number]
To: [$them]
[last_Call-ID:]
CSeq: 1 BYE
Max-Forwards: 70
Content-Length: 0

]]></send>
<recv response="481" optional="true" next="end"/>
<recv response="200" timeout="8000" ontimeout="end"/>"""


@dataclass(slots=True)
class Dialog:
    """One INVITE as the network saw it; times are monotonic seconds. `how` is empty when nobody said goodbye."""

    number: str
    invited_at: float
    ended_at: float | None = None
    how: str = ""


class Network:
    """A running SIPp, and what it has written down."""

    def __init__(self, address: str, log: Path, began: float) -> None:
        """`began`: the monotonic instant of its clock's zero."""
        self.address = address
        self._log, self._began = log, began

    def dialogs(self) -> list[Dialog]:
        """Every call so far, in the order of their INVITEs."""
        found: dict[str, Dialog] = {}
        for line in self._log.read_text().splitlines() if self._log.exists() else ():
            match line.split():
                case ["INVITE", tick, number, call]:
                    found[call] = Dialog(number, self._began + int(tick) / 1000)
                case ["END", tick, how, call]:
                    found[call].ended_at, found[call].how = self._began + int(tick) / 1000, how
        return list(found.values())


@asynccontextmanager
async def network(folder: Path) -> AsyncIterator[Network]:
    """Run one in a folder of its own until the block ends."""
    assert PROGRAM is not None
    _write_scenario(folder)
    port, media_port = _free_ports()
    began = time.monotonic()
    process = await asyncio.create_subprocess_exec(
        PROGRAM, "-sf", "network.xml", "-i", _HOST, "-p", str(port), "-mi", _HOST, "-mp", str(media_port), "-rtp_echo",
        "-aa", "-nostdin", "-trace_logs", "-log_file", "calls.log", "-trace_err", "-error_file", "complaints.log",
        "-skip_rlimit", "-deadcall_wait", "0",
        cwd=folder, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    try:
        yield Network(f"{_HOST}:{port}", folder / "calls.log", began)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


def _write_scenario(folder: Path) -> None:
    folder.mkdir(parents=True)
    (folder / "network.xml").write_text(_scenario())


def _scenario() -> str:
    digits = range(10)
    tests = "\n".join(f'<test assign_to="is{n}" variable="conduct" compare="equal" value="{n}"/>' for n in digits)
    jumps = "\n".join(f'<nop next="to{n}" test="is{n}"/>' for n in digits)
    branches = "\n".join("\n".join([f'<label id="to{n}"/>', *_branch(n)]) for n in digits)
    return _HEAD.format(tests=tests, jumps=jumps) + branches + _TAIL


def _branch(digit: int) -> Iterator[str]:
    yield _reply("180 Ringing")
    if digit == RINGS_OUT:
        yield '<recv request="CANCEL"/>'
        yield _reply("200 OK")
        yield _reply("487 Request Terminated", cseq="CSeq: [$invited] INVITE", again=True)
        yield '<recv request="ACK"/>'
        yield _end("CANCELLED")
    elif code := REFUSALS.get(digit):
        yield '<pause milliseconds="700"/>'
        yield _reply(f"{code} Refused", again=True)
        yield '<recv request="ACK"/>'
        yield _end(str(code))
    else:
        yield '<pause milliseconds="400"/>'
        yield _reply("200 OK", _SDP, again=True)
        yield '<recv request="ACK"/>'
        yield from _talk(digit)


def _talk(digit: int) -> Iterator[str]:
    """A request inside the dialog has our tag already."""
    if milliseconds := HANGS_UP_AFTER_MS.get(digit):
        yield f'<pause milliseconds="{milliseconds}"/>'
        yield _log("CUSTOMER")
        yield _BYE
        yield '<nop next="end"/>'
        return
    timeout = f'timeout="{SESSION_SECONDS * 1000}" ontimeout="orphan{digit}"'
    yield f'<label id="talk{digit}"/>'
    yield f'<recv request="INVITE" optional="true" next="renew{digit}" {timeout}/>'
    yield f'<recv request="BYE" {timeout}/>'
    yield _reply("200 OK", tag="")
    yield _end("DIALER")
    yield f'<label id="renew{digit}"/>'
    yield _reply("200 OK", _SDP, again=True, tag="")  # the session timer is set again
    yield f'<recv request="ACK" next="talk{digit}"/>'
    yield f'<label id="orphan{digit}"/>'
    yield _end("ORPHAN")


def _reply(
    status: str, body: str = _NO_BODY, *, cseq: str = "[last_CSeq:]", again: bool = False, tag: str = _TAG
) -> str:
    return _REPLY.format(status=status, body=body, cseq=cseq, again=' retrans="500"' if again else "", tag=tag)


def _log(how: str) -> str:
    return f'<nop><action><log message="END [clock_tick] {how} [call_number]"/></action></nop>'


def _end(how: str) -> str:
    return f'{_log(how)}\n<nop next="end"/>'


def _free_ports() -> tuple[int, int]:
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as first,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as second,
    ):
        first.bind((_HOST, 0))
        second.bind((_HOST, 0))
        return int(first.getsockname()[1]), int(second.getsockname()[1])
