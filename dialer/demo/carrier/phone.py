"""An agent's phone: answers by itself, speaks, and says what it hears."""

from __future__ import annotations

import asyncio
from typing import Self

from dialer.demo.carrier.rtp import SILENT_FRAME, alaw_frames
from dialer.demo.carrier.uas import IncomingCall, SipUas
from dialer.telephony.sound import speech


class AgentPhone:
    """A SIP phone that picks up every call; the newest one is the live one, older ones are hung up.

    `async with AgentPhone("agent1") as phone:` gives it an address, `phone.uri`. A phone with `answers=False` is
    there and refuses (480); one with `speaks=False` sends silence.
    """

    def __init__(self, name: str, bind: str = "127.0.0.1", *, answers: bool = True, speaks: bool = True) -> None:
        """`name` is the user part of its address and seeds its voice."""
        self.name = name
        self.answers = answers
        self.call: IncomingCall | None = None
        self._frames = alaw_frames(speech(10, sum(map(ord, name)), 200.0)) if speaks else [SILENT_FRAME]
        self._uas = SipUas(bind, self._called)
        self._stirred = asyncio.Event()

    async def __aenter__(self) -> Self:
        """Ready for calls."""
        await self._uas.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        """Hung up, and its sockets freed."""
        await self._uas.close()

    @property
    def uri(self) -> str:
        """Its SIP address."""
        return f"sip:{self.name}@{self._uas.host}:{self._uas.port}"

    @property
    def is_on_the_line(self) -> bool:
        """Whether a leg is up."""
        return self.call is not None and not self.call.is_over

    @property
    def loud_packets(self) -> int:
        """How many 20 ms packets with a voice in them came on the present leg."""
        return self.call.stream.loud_received if self.call else 0

    @property
    def packets(self) -> int:
        """How many 20 ms packets came on the present leg, silent ones too."""
        return self.call.stream.received if self.call else 0

    async def sound_after(self, instant: float, timeout_seconds: float = 5.0) -> float:
        """When (monotonic seconds) the first voice after `instant` was heard. Raises TimeoutError."""
        async with asyncio.timeout(timeout_seconds):
            while True:
                times = self.call.stream.loud_times if self.call else ()
                if heard := next((at for at in times if at > instant), None):
                    return heard
                self._stirred.clear()
                await self._stirred.wait()

    async def hung_up(self, timeout_seconds: float = 5.0) -> None:
        """Wait until the present leg is over. Raises TimeoutError."""
        async with asyncio.timeout(timeout_seconds):
            if self.call is not None:
                await self.call.ended.wait()

    def hang_up(self) -> None:
        """Put the phone down."""
        if self.call is not None:
            self.call.hang_up()

    def _called(self, call: IncomingCall) -> None:
        if not self.answers:
            call.refuse(480)
            return
        self.hang_up()
        self.call = call
        call.stream.on_loud = self._stirred.set
        call.answer(self._frames)
        self._stirred.set()
