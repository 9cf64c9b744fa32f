"""SIPp as the telephone network of a soak: it shares no code with the product, and writes down every INVITE by itself.

The last digit of the called number says what the customer does. Sound comes back to whoever sends it (RTP echo).
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from trials.sipp import BYE, reply, running, sdp

SESSION_SECONDS = 90
"""The session timer (config/asterisk/pjsip.conf): so long may a call go on whose other end has died."""

REFUSALS = {6: 486, 7: 480, 8: 404}
"""Who refuses, and with what."""
HANGS_UP_AFTER_MS = {3: 1500, 4: 4000, 5: 8000}
"""Who answers and hangs up by themselves. 9 rings out; whoever is left stays on the line until we hang up."""
RINGS_OUT = 9
STAYS = (0, 1, 2)

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
_SDP = f"Session-Expires: {SESSION_SECONDS};refresher=uac\nRequire: timer\n{sdp('media_port')}"
_BYE = f"""{BYE}
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
    began = time.monotonic()
    logs = ("-rtp_echo", "-aa", "-trace_logs", "-log_file", "calls.log", "-deadcall_wait", "0")
    async with running(folder, _scenario(), *logs) as sipp:
        yield Network(sipp.address, folder / "calls.log", began)


def _scenario() -> str:
    digits = range(10)
    tests = "\n".join(f'<test assign_to="is{n}" variable="conduct" compare="equal" value="{n}"/>' for n in digits)
    jumps = "\n".join(f'<nop next="to{n}" test="is{n}"/>' for n in digits)
    branches = "\n".join("\n".join([f'<label id="to{n}"/>', *_branch(n)]) for n in digits)
    return _HEAD.format(tests=tests, jumps=jumps) + branches + _TAIL


def _branch(digit: int) -> Iterator[str]:
    yield reply("180 Ringing")
    if digit == RINGS_OUT:
        yield '<recv request="CANCEL"/>'
        yield reply("200 OK")
        yield reply("487 Request Terminated", cseq="CSeq: [$invited] INVITE", again=True)
        yield '<recv request="ACK"/>'
        yield _end("CANCELLED")
    elif code := REFUSALS.get(digit):
        yield '<pause milliseconds="700"/>'
        yield reply(f"{code} Refused", again=True)
        yield '<recv request="ACK"/>'
        yield _end(str(code))
    else:
        yield '<pause milliseconds="400"/>'
        yield reply("200 OK", _SDP, again=True)
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
    yield reply("200 OK", tag="")
    yield _end("DIALER")
    yield f'<label id="renew{digit}"/>'
    yield reply("200 OK", _SDP, again=True, tag="")  # the session timer is set again
    yield f'<recv request="ACK" next="talk{digit}"/>'
    yield f'<label id="orphan{digit}"/>'
    yield _end("ORPHAN")


def _log(how: str) -> str:
    return f'<nop><action><log message="END [clock_tick] {how} [call_number]"/></action></nop>'


def _end(how: str) -> str:
    return f'{_log(how)}\n<nop next="end"/>'
