"""SIPp, a far end that shares no code with the product: running one, and what every scenario of ours says."""

from __future__ import annotations

import asyncio
import shutil
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from trials.ports import HOST, free_ports

PROGRAM = shutil.which("sipp")
TAG = ";tag=[pid]T[call_number]"
"""Ours, in the first answers; inside the dialog the caller repeats it."""
NO_BODY = "Content-Length: 0\n"

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
BYE = """<send retrans="500"><![CDATA[
BYE [$contact] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
From: [$us];tag=[pid]T[call_number]
To: [$them]
[last_Call-ID:]
CSeq: 1 BYE
Max-Forwards: 70
Content-Length: 0

]]></send>"""
"""Needs what the INVITE's `ereg`s have kept: `us`, `them`, `contact`."""


@dataclass(frozen=True, slots=True)
class RunningSipp:
    """Where it listens for SIP, and its process."""

    address: str
    process: asyncio.subprocess.Process


@asynccontextmanager
async def running(folder: Path, scenario: str, *options: str) -> AsyncIterator[RunningSipp]:
    """Run one in a folder, made if it is not there, until the block ends; `complaints` there is what it found wrong."""
    assert PROGRAM is not None
    _write(folder, scenario)
    port, media_port, quiet = *free_ports(2, socket.SOCK_DGRAM), asyncio.subprocess.DEVNULL
    process = await asyncio.create_subprocess_exec(
        PROGRAM, "-sf", "scenario.xml", "-i", HOST, "-p", str(port), "-mi", HOST, "-mp", str(media_port),
        "-nostdin", "-trace_err", "-error_file", "complaints", "-skip_rlimit", *options,
        cwd=folder, stdin=quiet, stdout=quiet, stderr=quiet,
    )  # fmt: skip
    try:
        yield RunningSipp(f"{HOST}:{port}", process)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


def reply(status: str, body: str = NO_BODY, *, cseq: str = "[last_CSeq:]", again: bool = False, tag: str = TAG) -> str:
    """An answer to the last request; sent `again` until it is acknowledged."""
    return _REPLY.format(status=status, body=body, cseq=cseq, again=' retrans="500"' if again else "", tag=tag)


def sdp(port: str) -> str:
    """The headers and the body that offer sound on one of SIPp's ports: `media_port`, `rtpstream_audio_port`."""
    return _SDP.format(port=port)


def _write(folder: Path, scenario: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "scenario.xml").write_text(scenario)
