"""SIPp as the network: a far end that shares no code with us, and counts and judges the signalling by itself.

One scenario for a whole table of numbers: the called number picks the branch, each branch is one conduct.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from dialer.demo.carrier.rtp import alaw_frames
from dialer.telephony.behaviours import Conduct
from dialer.telephony.sound import Samples
from trials.sipp import BYE, NO_BODY, reply, running, sdp

_SOUND = "announcement.alaw"
_GOODBYE_SECONDS = 5.0
_POST_DIAL_SECONDS = 0.2  # a network that rings and announces does the one after the other

_HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE scenario SYSTEM "sipp.dtd">
<scenario name="network">
<Global variables="unused"/>
<recv request="INVITE"><action>
<ereg regexp="sip:([0-9]+)" search_in="hdr" header="To:" assign_to="unused,digits"/>
<todouble assign_to="number" variable="digits"/>
<ereg regexp="[0-9]+" search_in="hdr" header="CSeq:" assign_to="invited"/>
<ereg regexp=".*" search_in="hdr" header="To:" assign_to="us"/>
<ereg regexp=".*" search_in="hdr" header="From:" assign_to="them"/>
<ereg regexp="sip:[^>;]*" search_in="hdr" header="Contact:" assign_to="contact"/>
{tests}
</action></recv>
{jumps}
"""
_TAIL = """<label id="end"/>
<nop/>
<Reference variables="unused,them,us,contact,invited"/>
</scenario>
"""
_SDP = sdp("rtpstream_audio_port")
_PLAY = f'<nop><action><exec rtp_stream="{_SOUND},-1,8"/></action></nop>'


def scenario(table: Mapping[str, Conduct]) -> str:
    """One SIPp scenario for all numbers; a number that is not in the table is an error on SIPp's side."""
    numbers = list(table)
    tests = (f'<test assign_to="is{n}" variable="number" compare="equal" value="{n}"/>' for n in numbers)
    jumps = (f'<nop next="to{n}" test="is{n}"/>' for n in numbers)
    head = _HEAD.format(tests="\n".join(tests), jumps="\n".join(jumps))
    branches = ("\n".join([f'<label id="to{n}"/>', *_branch(table[n]), '<nop next="end"/>\n']) for n in numbers)
    return head + "".join(branches) + _TAIL


def _branch(conduct: Conduct) -> list[str]:
    steps = [reply("100 Trying"), *([reply("180 Ringing")] if conduct.rings else [])]
    if conduct.announces:
        steps += [
            *([_pause(_POST_DIAL_SECONDS)] if conduct.rings else []),
            reply("183 Session Progress", _SDP),
            _PLAY,
        ]
    if conduct.final_code is None:
        cancelled = reply("487 Request Terminated", cseq="CSeq: [$invited] INVITE", again=True)
        return [*steps, '<recv request="CANCEL"/>', reply("200 OK"), cancelled, '<recv request="ACK"/>']
    steps.append(_pause(conduct.wait_seconds))
    steps.append(reply(f"{conduct.final_code} Final", _SDP if conduct.answers else NO_BODY, again=True))
    steps.append('<recv request="ACK"/>')
    return [*steps, *(_talk(conduct) if conduct.answers else [])]


def _talk(conduct: Conduct) -> list[str]:
    speaks = [] if conduct.announces else [_PLAY]
    if conduct.hangs_up_after_seconds is None:
        return [*speaks, '<recv request="BYE"/>', reply("200 OK")]
    return [*speaks, _pause(conduct.hangs_up_after_seconds), BYE, '<recv response="200"/>']


def _pause(seconds: float) -> str:
    return f'<pause milliseconds="{round(seconds * 1000)}"/>'


@dataclass(frozen=True, slots=True)
class Sipp:
    """A running SIPp: where it listens, and what it thinks of us in the end."""

    address: str
    folder: Path
    _process: asyncio.subprocess.Process

    async def verdict(self) -> str:
        """Empty when every one of the calls that were announced to it went by its scenario; else its complaints."""
        code = await asyncio.wait_for(self._process.wait(), _GOODBYE_SECONDS)
        return "" if code == 0 else f"SIPp said {code}: {(self.folder / 'complaints').read_text()[-4000:]}"


@asynccontextmanager
async def sipp(folder: Path, table: Mapping[str, Conduct], sound: Samples, calls: int) -> AsyncIterator[Sipp]:
    """Run one in a folder of its own until so many calls are over, or the block ends. It plays `sound` endlessly."""
    await asyncio.to_thread(_furnish, folder, sound)
    async with running(folder, scenario(table), "-m", str(calls)) as started:
        yield Sipp(started.address, folder, started.process)


def _furnish(folder: Path, sound: Samples) -> None:
    folder.mkdir()
    (folder / _SOUND).write_bytes(b"".join(alaw_frames(sound)))
