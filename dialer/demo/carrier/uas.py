"""The answering side of SIP over UDP: transactions, dialogs and their retransmissions (RFC 3261 §8.2, §13.3, §17.2).

It answers, refuses, is cancelled, hangs up and is hung up on. It does not place calls.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Callable, Coroutine
from enum import StrEnum
from typing import cast

from dialer.demo.carrier.rtp import Pacer, RtpStream
from dialer.demo.carrier.sip import (
    MessageUnreadable,
    SipMessage,
    compose,
    contact_uri,
    parse,
    response,
    sdp_for,
    sound_address,
)

T1_SECONDS = 0.5
T2_SECONDS = 4.0
GIVE_UP_SECONDS = 64 * T1_SECONDS


def _nothing() -> None:
    """What is done when nobody answers a goodbye."""


class DialogEnd(StrEnum):
    """How a call ended, seen from the answering side."""

    REFUSED = "REFUSED"
    CANCELLED = "CANCELLED"
    CALLER_HUNG_UP = "CALLER_HUNG_UP"
    WE_HUNG_UP = "WE_HUNG_UP"
    LOST = "LOST"  # no ACK, or no sound any more


class IncomingCall:
    """One INVITE and the dialog it makes. Its owner rings, answers, refuses or hangs up; `ended` says it is over."""

    def __init__(self, uas: SipUas, invite: SipMessage, source: tuple[str, int], stream: RtpStream) -> None:
        """A call that has been said nothing to yet."""
        self.number, self.caller_id = invite.called_user, invite.calling_user
        self.stream = stream
        self.invited_at = time.monotonic()
        self.answered_at: float | None = None
        self.ended_at: float | None = None
        self.how: DialogEnd | None = None
        self.final_code: int | None = None
        self.ended = asyncio.Event()
        self._uas, self._invite, self._source = uas, invite, source
        self._tag = secrets.token_hex(6)
        self._last_response = b""
        self._resend: asyncio.Task[None] | None = None

    @property
    def is_over(self) -> bool:
        """Whether the dialog has ended."""
        return self.how is not None

    def ring(self) -> None:
        """180."""
        self._reply(180)

    def announce(self, frames: list[bytes]) -> None:
        """183 with SDP, and sound before any answer."""
        self._reply(183, with_sound=True)
        self._play(frames)

    def answer(self, frames: list[bytes]) -> None:
        """200 with SDP, again until the ACK comes, and sound at once."""
        if self.is_over or self.final_code:
            return
        self.answered_at = time.monotonic()
        self._final(200, with_sound=True)
        self._play(frames)

    def refuse(self, code: int, warning: str = "") -> None:
        """A final response that is not 200, again until the ACK comes."""
        if self.is_over or self.final_code:
            return
        self._final(code, extra=(f'Warning: 399 carrier "{warning}"',) if warning else ())
        self._end(DialogEnd.REFUSED)

    def hang_up(self, how: DialogEnd = DialogEnd.WE_HUNG_UP) -> None:
        """BYE, again until it is answered."""
        if self.is_over or self.answered_at is None:
            return
        self._stop_resending()
        bye = self._bye()
        self._send(bye)
        self._resend = self._uas.repeat(bye, self._source, _nothing)
        self._end(how)

    def heard(self, message: SipMessage) -> None:
        """A message of this dialog arrived."""
        match message.method:
            case "INVITE" if message.cseq == self._invite.cseq:
                if self._last_response:
                    self._send(self._last_response)
            case "INVITE":
                self._renew(message)
            case "ACK":
                self._stop_resending()
            case "CANCEL":
                self._cancelled(message)
            case "BYE":
                self._reply_to(message, 200)
                self._stop_resending()
                self._end(DialogEnd.CALLER_HUNG_UP)
            case None if message.cseq[1] == "BYE":
                self._stop_resending()
            case "OPTIONS" | "UPDATE" | "INFO":
                self._reply_to(message, 200)
            case _:
                pass

    def _cancelled(self, cancel: SipMessage) -> None:
        self._reply_to(cancel, 200)
        if self.final_code is None:
            self._final(487)
            self._end(DialogEnd.CANCELLED)

    def _renew(self, invite: SipMessage) -> None:
        """A second INVITE in the dialog (session timer, codec lock): the same answer, to its new address."""
        self._invite = invite
        if remote := sound_address(invite.body):
            self.stream.send_to(remote)
        self._final(200, with_sound=True)

    def _reply(self, code: int, *, with_sound: bool = False, extra: tuple[str, ...] = ()) -> None:
        if self.is_over:
            return
        sdp = sdp_for(self._uas.host, self.stream.port) if with_sound else ""
        contact = f"Contact: <sip:{self._uas.host}:{self._uas.port}>"
        self._last_response = response(self._invite, code, self._tag, (contact, *extra), sdp)
        self._send(self._last_response)

    def _final(self, code: int, *, with_sound: bool = False, extra: tuple[str, ...] = ()) -> None:
        self._reply(code, with_sound=with_sound, extra=extra)
        self.final_code = code
        self._stop_resending()
        lost = self._lost if code == 200 else _nothing
        self._resend = self._uas.repeat(self._last_response, self._source, lost)

    def _lost(self) -> None:
        self._end(DialogEnd.LOST)

    def _reply_to(self, request: SipMessage, code: int) -> None:
        self._send(response(request, code, self._tag))

    def _bye(self) -> bytes:
        """Our own request: From and To change sides (RFC 3261 §12.2.1.1)."""
        via = f"Via: SIP/2.0/UDP {self._uas.host}:{self._uas.port};branch=z9hG4bK{secrets.token_hex(8)};rport"
        us = f"{self._invite['to'].split(';tag=')[0]};tag={self._tag}"
        lines = [f"BYE {contact_uri(self._invite)} SIP/2.0", via, "Max-Forwards: 70", f"From: {us}"]
        lines += [f"To: {self._invite['from']}", f"Call-ID: {self._invite['call-id']}", "CSeq: 1 BYE"]
        return compose(lines)

    def _play(self, frames: list[bytes]) -> None:
        self.stream.play(frames)
        self._uas.pacer.add(self.stream)

    def _send(self, datagram: bytes) -> None:
        self._uas.send(datagram, self._source)

    def _stop_resending(self) -> None:
        if self._resend is not None:
            self._resend.cancel()
            self._resend = None

    def _end(self, how: DialogEnd) -> None:
        if self.is_over:
            return
        self.how, self.ended_at = how, time.monotonic()
        self._uas.pacer.drop(self.stream)
        self.stream.close()
        self.ended.set()
        self._uas.forget_later(self._invite["call-id"])


class SipUas(asyncio.DatagramProtocol):
    """A UDP socket that takes calls; each new one is handed to `on_call`."""

    def __init__(self, host: str, on_call: Callable[[IncomingCall], None]) -> None:
        """Bind with `open`."""
        self.host = host
        self.pacer = Pacer()
        self.calls: dict[str, IncomingCall] = {}
        self._on_call = on_call
        self._transport: asyncio.DatagramTransport | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._arriving: dict[str, list[SipMessage]] = {}  # what came while a call's socket was being opened

    async def open(self, port: int = 0) -> None:
        """Listen. Raises OSError when the port is taken."""
        loop = asyncio.get_running_loop()
        await loop.create_datagram_endpoint(lambda: self, local_addr=(self.host, port))
        self.pacer.start()

    @property
    def port(self) -> int:
        """The port we listen on."""
        assert self._transport is not None
        return int(self._transport.get_extra_info("sockname")[1])

    async def close(self) -> None:
        """Hang up everything and free every socket."""
        for call in tuple(self.calls.values()):
            call.refuse(503, "the network is closing")
            call.hang_up()
            call.stream.close()
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.pacer.stop()
        if self._transport is not None:
            self._transport.close()
        await asyncio.sleep(0)  # asyncio closes sockets in its next turn

    def send(self, datagram: bytes, to: tuple[str, int]) -> None:
        """Put a message on the wire."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.sendto(datagram, to)

    def repeat(self, datagram: bytes, to: tuple[str, int], on_silence: Callable[[], None]) -> asyncio.Task[None]:
        """Send again and again, slower and slower, until cancelled or given up."""

        async def again() -> None:
            pause, until = T1_SECONDS, time.monotonic() + GIVE_UP_SECONDS
            while time.monotonic() < until:
                await asyncio.sleep(pause)
                self.send(datagram, to)
                pause = min(2 * pause, T2_SECONDS)
            on_silence()

        return self.own(again())

    def own(self, work: Coroutine[None, None, None]) -> asyncio.Task[None]:
        """Run a coroutine as a task of ours, which `close` ends."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def forget_later(self, sip_call_id: str) -> None:
        """Keep an ended dialog long enough to answer what is repeated to it."""

        async def forget() -> None:
            await asyncio.sleep(GIVE_UP_SECONDS)
            self.calls.pop(sip_call_id, None)

        self.own(forget())

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The socket is open."""
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """Give a message to its dialog, or begin one."""
        try:
            message = parse(data)
        except MessageUnreadable:
            return  # keep-alives and strays
        call = self.calls.get(message["call-id"])
        if call is not None:
            call.heard(message)
        elif message["call-id"] in self._arriving:
            self._arriving[message["call-id"]].append(message)
        elif message.method == "INVITE":
            self._invited(message, addr)
        elif message.method not in (None, "ACK"):
            self.send(response(message, 200 if message.method == "OPTIONS" else 481, secrets.token_hex(6)), addr)

    def _invited(self, invite: SipMessage, source: tuple[str, int]) -> None:
        self._arriving[invite["call-id"]] = []
        self.send(response(invite, 100, ""), source)
        self.own(self._begin(invite, source))

    async def _begin(self, invite: SipMessage, source: tuple[str, int]) -> None:
        stream = await RtpStream.open(self.host, secrets.randbits(32))
        call = IncomingCall(self, invite, source, stream)
        self.calls[invite["call-id"]] = call
        remote = sound_address(invite.body)
        if remote is None:
            call.refuse(488, "A-law only")
        else:
            stream.send_to(remote)
            self._on_call(call)
        for message in self._arriving.pop(invite["call-id"]):
            call.heard(message)
