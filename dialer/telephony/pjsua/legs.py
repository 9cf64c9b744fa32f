"""Legs and sound files of one worker. Callbacks only take notes; the owner's loop reads them and acts.

So nothing of the library is called from inside its own callback, and no exception is lost there.
"""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass
from pathlib import Path

import pjsua2 as pj

from dialer.telephony.pjsua.library import Library, complain, destroy

_HEADER_BYTES = 44


@dataclass(frozen=True, slots=True)
class Note:
    """What a leg was when the library spoke of it."""

    leg: Leg
    at: float  # monotonic seconds
    state: int
    code: int
    from_wire: bool  # the far end said so, rather than a timer or ourselves
    has_sound: bool

    @property
    def answered(self) -> bool:
        """The far end has said 200."""
        return self.state in (pj.PJSIP_INV_STATE_CONNECTING, pj.PJSIP_INV_STATE_CONFIRMED)

    @property
    def is_early(self) -> bool:
        """A provisional response is there."""
        return bool(self.state == pj.PJSIP_INV_STATE_EARLY)

    @property
    def is_over(self) -> bool:
        """The leg is gone."""
        return bool(self.state == pj.PJSIP_INV_STATE_DISCONNECTED)


class Leg(pj.Call):  # type: ignore[misc]  # the wheel ships no types
    """One SIP call from this worker to somebody."""

    def __init__(self, library: Library, notes: deque[Note]) -> None:
        super().__init__(library.account)
        self._notes = notes
        self._ending = self.has_sound = False
        self._packets, self._heard_at = -1, time.monotonic()

    @classmethod
    def to(cls, uri: str, library: Library, notes: deque[Note], caller: str | None = None) -> Leg:
        """Dial. Raises pj.Error: nothing was sent, and the leg is gone."""
        leg = cls(library, notes)
        order = pj.CallOpParam(True)  # noqa: FBT003  # "use the default settings", positional in the library
        order.opt.audioCount, order.opt.videoCount = 1, 0
        if caller:
            order.txOption.localUri = caller
        try:
            leg.makeCall(uri, order)
        except pj.Error:
            destroy(leg)
            raise
        return leg

    def end(self) -> None:
        """Cancel or hang up, whatever is right now; the note that it is over follows at once."""
        if not self._ending:
            self._ending = True
            self.hangup(pj.CallOpParam())

    def bury(self) -> None:
        """Free the slot; only once it is over."""
        destroy(self)

    @property
    def sound(self) -> pj.AudioMedia:
        """The leg's port on the bridge."""
        return self.getAudioMedia(-1)

    def answered_by_anybody(self) -> bool:
        """Whether the far end has sent any response at all."""
        return bool(self.getInfo().lastStatusCode)

    def deaf_seconds(self, now: float) -> float:
        """Seconds since the last packet of sound came in."""
        packets = self.getStreamStat(0).rtcp.rxStat.pkt if self.has_sound else self._packets
        if packets != self._packets:
            self._packets, self._heard_at = packets, now
        return now - self._heard_at

    def onCallState(self, prm: pj.OnCallStateParam) -> None:  # noqa: N802  # the library's name
        """Note the new state."""
        event = prm.e
        heard = event.type == pj.PJSIP_EVENT_TSX_STATE and event.body.tsxState.type == pj.PJSIP_EVENT_RX_MSG
        self._note(from_wire=heard)

    def onCallMediaState(self, _prm: pj.OnCallMediaStateParam) -> None:  # noqa: N802  # the library's name
        """Note that sound came or went."""
        self._note(from_wire=True)

    def _note(self, *, from_wire: bool) -> None:
        try:
            info = self.getInfo()
            self.has_sound = any(
                media.type == pj.PJMEDIA_TYPE_AUDIO and media.status == pj.PJSUA_CALL_MEDIA_ACTIVE
                for media in info.media
            )
            note = Note(self, time.monotonic(), info.state, info.lastStatusCode, from_wire, self.has_sound)
            self._ending = self._ending or note.is_over
            self._notes.append(note)
        except Exception as error:  # noqa: BLE001  # raised into C++ it would only be printed
            complain("callback", error)


class SoundFile:
    """A mono WAV being written: 8 kHz, 16 bit. Complete some milliseconds after `close`, when `is_complete`."""

    def __init__(self, path: Path, source: pj.AudioMedia) -> None:
        """Write what comes from the source. Raises pj.Error when the file can't be made."""
        self.path = path
        self._recorder: pj.AudioMediaRecorder | None = pj.AudioMediaRecorder()
        self._recorder.createRecorder(str(path))
        self.hear(source)

    def hear(self, source: pj.AudioMedia, *, on: bool = True) -> None:
        """Record this port too (or again, after its sound was renewed), or no more."""
        switch(source, self._recorder, on=on)

    def close(self) -> None:
        """Stop; the library finishes the file on its media thread."""
        self._recorder = None

    @property
    def is_complete(self) -> bool:
        """Whether the header states the length, which the library writes last."""
        try:
            with self.path.open("rb") as file:
                header = file.read(_HEADER_BYTES)
        except OSError:
            return False  # somebody took it away; the outcome is told after a moment all the same
        return int.from_bytes(header[4:8], "little") > 0


def switch(source: pj.AudioMedia, sink: pj.AudioMedia, *, on: bool) -> None:
    """Let one port hear another, or not; what is so already stays so."""
    if on:
        source.startTransmit(sink)
    else:
        source.stopTransmit(sink)
