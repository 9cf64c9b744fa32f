"""SIPp at both ends of a load: customers who answer and hang up by themselves, phones that answer, speak and stay.

It shares no code with the product, has processes of its own, and writes down what it sees by the system's clock.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from dialer.demo.carrier.rtp import alaw_frames
from dialer.telephony.sound import speech
from trials.sipp import BYE, reply, running, sdp

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
{bye}
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
    answer = reply("200 OK", sdp("media_port"), again=True)
    customer = _CUSTOMER.format(ringing=reply("180 Ringing"), answer=answer, bye=BYE)
    speaks = reply("200 OK", sdp("rtpstream_audio_port"), again=True)
    phone = _PHONE.format(answer=speaks, ok=reply("200 OK"))
    async with (
        _sipp(folder / "carrier", customer, "unused,us,them,contact,number", "-rtp_echo") as carrier,
        _sipp(folder / "phones", phone, "unused") as phones,
    ):
        yield FarEnd(carrier, phones, folder / "carrier" / "calls.log")


@asynccontextmanager
async def _sipp(folder: Path, steps: str, variables: str, *options: str) -> AsyncIterator[str]:
    await asyncio.to_thread(_furnish, folder)
    scenario = _SCENARIO.format(name=folder.name, steps=steps, variables=variables)
    logs = ("-aa", "-trace_logs", "-log_file", "calls.log", "-deadcall_wait", "0", *options)
    async with running(folder, scenario, *logs) as sipp:
        yield sipp.address


def _furnish(folder: Path) -> None:
    folder.mkdir(parents=True)
    (folder / "voice.alaw").write_bytes(b"".join(alaw_frames(speech(10, 1, 150.0))))
