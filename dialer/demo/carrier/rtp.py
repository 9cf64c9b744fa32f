"""RTP sound: sent every 20 ms on one clock for all calls, and measured when it comes in (RFC 3550, RFC 3551)."""

from __future__ import annotations

import asyncio
import itertools
import struct
import time
from collections import deque
from collections.abc import Callable
from typing import cast

import numpy as np

from dialer.telephony.sound import Samples

FRAME_SAMPLES = 160
FRAME_SECONDS = 0.02
PCMA = 8
SILENT_FRAME = b"\xd5" * FRAME_SAMPLES
LOUD = 0x30  # A-law magnitude, about -36 dBFS: well over line noise, well under speech
_MAGNITUDE = bytes((byte ^ 0x55) & 0x7F for byte in range(256))


def _alaw_table() -> bytes:
    codes = np.zeros(65536, np.uint8)
    for value in range(-32768, 32768):
        magnitude = (value if value >= 0 else -value - 1) >> 3
        exponent = max(0, magnitude.bit_length() - 5)
        mantissa = (magnitude >> max(1, exponent)) & 0xF
        codes[value & 0xFFFF] = ((0x80 if value >= 0 else 0) | (exponent << 4) | mantissa) ^ 0x55
    return codes.tobytes()


_ALAW = np.frombuffer(_alaw_table(), np.uint8)


def alaw_frames(samples: Samples) -> list[bytes]:
    """Sound as A-law packets' payloads; what does not fill the last one is left out."""
    codes = _ALAW[samples.astype(np.uint16)].tobytes()
    return [codes[at : at + FRAME_SAMPLES] for at in range(0, len(codes) - FRAME_SAMPLES + 1, FRAME_SAMPLES)]


def is_loud(payload: bytes) -> bool:
    """Whether a packet carries a voice rather than silence."""
    return max(payload.translate(_MAGNITUDE), default=0) >= LOUD


class RtpStream(asyncio.DatagramProtocol):
    """One call's sound, both ways, on a socket of its own."""

    def __init__(self, name: int) -> None:
        """`name` becomes the stream's SSRC."""
        self._transport: asyncio.DatagramTransport | None = None
        self._remote: tuple[str, int] | None = None
        self._frames = itertools.repeat(SILENT_FRAME)
        self._ssrc, self._sequence = name, 0
        self.sent = self.received = self.loud_received = 0
        self.heard_at: float | None = None  # monotonic seconds of the last packet
        self.loud_times: deque[float] = deque(maxlen=4096)  # monotonic seconds of packets with a voice
        self.on_loud: Callable[[], None] = lambda: None

    @classmethod
    async def open(cls, host: str, name: int) -> RtpStream:
        """A stream on a free port."""
        loop = asyncio.get_running_loop()
        _, stream = await loop.create_datagram_endpoint(lambda: cls(name), local_addr=(host, 0))
        return stream

    @property
    def port(self) -> int:
        """Our port, for the SDP."""
        assert self._transport is not None
        return int(self._transport.get_extra_info("sockname")[1])

    def send_to(self, remote: tuple[str, int]) -> None:
        """Where the other side listens."""
        self._remote = remote

    def play(self, frames: list[bytes]) -> None:
        """Play these packets, over and over, from the next tick."""
        self._frames = cast("itertools.repeat[bytes]", itertools.cycle(frames))

    def send_frame(self) -> None:
        """Send the next 20 ms."""
        if self._transport is None or self._remote is None or self._transport.is_closing():
            return
        header = struct.pack("!BBHII", 0x80, PCMA, self._sequence & 0xFFFF, self._sequence * FRAME_SAMPLES, self._ssrc)
        self._transport.sendto(header + next(self._frames), self._remote)
        self._sequence += 1
        self.sent += 1

    def close(self) -> None:
        """Free the port."""
        if self._transport is not None:
            self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The socket is open."""
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, _addr: tuple[str, int]) -> None:
        """Count a packet; anything that is not A-law sound (a neighbour's RTCP) is not ours."""
        if len(data) < 13 or data[1] & 0x7F != PCMA or data[0] >> 6 != 2:
            return
        self.received += 1
        self.heard_at = time.monotonic()
        if is_loud(data[12:]):
            self.loud_received += 1
            self.loud_times.append(self.heard_at)
            self.on_loud()

    def error_received(self, exc: Exception) -> None:
        """The other side's port is closed: it has gone, and silence will say so."""


class Pacer:
    """One 20 ms clock that serves every stream: a hundred calls cost one timer."""

    def __init__(self) -> None:
        self._streams: set[RtpStream] = set()
        self._task: asyncio.Task[None] | None = None

    def add(self, stream: RtpStream) -> None:
        """Let the stream send from now on."""
        stream.send_frame()
        self._streams.add(stream)

    def drop(self, stream: RtpStream) -> None:
        """Stop the stream."""
        self._streams.discard(stream)

    def start(self) -> None:
        """Begin to tick."""
        self._task = asyncio.create_task(self._tick(), name="rtp-pacer")

    async def stop(self) -> None:
        """End the clock."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _tick(self) -> None:
        due = time.monotonic()
        while True:
            for stream in tuple(self._streams):
                stream.send_frame()
            due = max(due + FRAME_SECONDS, time.monotonic() - 1)
            await asyncio.sleep(max(0.0, due - time.monotonic()))
