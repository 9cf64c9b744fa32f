"""A SIP caller made by hand, for those who answer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from dialer.demo.carrier import CarrierSimulator
from dialer.demo.carrier.sip import SipMessage, parse, sdp_for


class Caller(asyncio.DatagramProtocol):
    """A hand-made SIP caller: it sends what it is told, as often as it is told."""

    def __init__(self) -> None:
        self.heard: list[SipMessage] = []
        self.sound: list[bytes] = []
        self._stirred = asyncio.Event()

    @classmethod
    @asynccontextmanager
    async def on_loopback(cls) -> AsyncIterator[Caller]:
        loop = asyncio.get_running_loop()
        transport, caller = await loop.create_datagram_endpoint(cls, local_addr=("127.0.0.1", 0))
        try:
            yield caller
        finally:
            transport.close()

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        self.host, self.port = transport.get_extra_info("sockname")

    def datagram_received(self, data: bytes, _addr: tuple[str, int]) -> None:
        if data[0] >> 6 == 2:
            self.sound.append(data)
        else:
            self.heard.append(parse(data))
        self._stirred.set()

    def say(self, method: str, to: str, number: str, *, call: str = "c1", cseq: int = 1, sdp: str = "") -> None:
        lines = [
            f"{method} sip:{number}@{to} SIP/2.0",
            f"Via: SIP/2.0/UDP {self.host}:{self.port};branch=z9hG4bK{call}{cseq}",
            "From: <sip:95500@127.0.0.1>;tag=ours",
            f"To: <sip:{number}@{to}>",
            f"Call-ID: {call}",
            f"CSeq: {cseq} {'INVITE' if method == 'ACK' else method}",
            f"Contact: <sip:us@{self.host}:{self.port}>",
            f"Content-Length: {len(sdp)}",
        ]
        host, port = to.split(":")
        self.transport.sendto(("\r\n".join([*lines, "", sdp])).encode(), (host, int(port)))

    def invite(self, carrier: CarrierSimulator, number: str, call: str = "c1", sdp: str | None = None) -> None:
        offer = sdp_for(self.host, self.port) if sdp is None else sdp
        self.say("INVITE", carrier.address, number, call=call, sdp=offer)

    def codes(self, call: str = "c1") -> list[int]:
        return [message.status for message in self.heard if message["call-id"] == call and message.status]

    def requests(self) -> list[str | None]:
        return [message.method for message in self.heard if message.method]

    async def until(self, enough: Callable[[], bool]) -> None:
        async with asyncio.timeout(8):
            while not enough():
                self._stirred.clear()
                await self._stirred.wait()
