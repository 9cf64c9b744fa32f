"""A call's recording: what becomes of it, what is sealed with it, whether a case may close on it (rules §5.9)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from dialer.domain.calendar import shanghai_day
from dialer.domain.call import CallId, RecordingKind
from dialer.domain.transitions import Machine

SOUNDING_DBFS = -50.0
"""A 20 ms frame at least this loud is sound; an idle telephone line stays well below."""

SILENT_SIDE_BELOW_MS = 500
"""A side that sounds for less than this, all frames together, said nothing."""

LENGTH_TOLERANCE_SECONDS = 2.0
"""How far the recording may differ from the call; more is lost sound, and the only sign of an overloaded machine."""


class RecordingState(StrEnum):
    """Where the sound is. Only SEALED counts as proof."""

    WRITING = "WRITING"  # the call goes on
    RAW = "RAW"  # complete on the spool, not yet sealed
    FAILED = "FAILED"  # the last try to seal failed; the raw sound is still there
    SEALED = "SEALED"  # encoded, stored, read back and found equal
    LOST = "LOST"  # no sound where it should be; a case that closed on it is reopened (rules §5.3 move 19)
    REMOVED = "REMOVED"  # its time was over


class RecordingEvent(StrEnum):
    """What can happen to a recording."""

    CALL_ENDED = "CALL_ENDED"
    SEAL_VERIFIED = "SEAL_VERIFIED"
    SEAL_FAILED = "SEAL_FAILED"
    SOUND_GONE = "SOUND_GONE"
    SOUND_FOUND = "SOUND_FOUND"
    RETENTION_OVER = "RETENTION_OVER"


_S, _E = RecordingState, RecordingEvent

RECORDING: Machine[RecordingState, RecordingEvent] = Machine(
    "recording",
    {
        _S.WRITING: {_E.CALL_ENDED: _S.RAW, _E.SOUND_GONE: _S.LOST},
        _S.RAW: {_E.SEAL_VERIFIED: _S.SEALED, _E.SEAL_FAILED: _S.FAILED, _E.SOUND_GONE: _S.LOST},
        _S.FAILED: {_E.SEAL_VERIFIED: _S.SEALED, _E.SEAL_FAILED: _S.FAILED, _E.SOUND_GONE: _S.LOST},
        _S.SEALED: {_E.SOUND_GONE: _S.LOST, _E.RETENTION_OVER: _S.REMOVED},
        _S.LOST: {_E.SOUND_FOUND: _S.RAW},  # a disk that came back
        _S.REMOVED: {},
    },
)


@dataclass(frozen=True, slots=True)
class SideSound:
    """What one side of a recording sounds like; dBFS from -96 (digital silence) to 0."""

    peak_dbfs: float
    rms_dbfs: float
    sounding_ms: int

    @property
    def is_silent(self) -> bool:
        """Nobody was heard on this side."""
        return self.sounding_ms < SILENT_SIDE_BELOW_MS


@dataclass(frozen=True, slots=True)
class Seal:
    """What is known of a stored recording, measured on the encoded sound and stored beside it.

    `talk_seconds` is the call's length from answer to end; None for early media, which nobody answered.
    `agent` is None where there is one side only (early media).
    """

    key: str
    call_id: CallId
    kind: RecordingKind
    started_at: datetime
    sha256: str
    size_bytes: int
    duration_ms: int
    codec: str
    sample_rate: int
    talk_seconds: float | None
    customer: SideSound
    agent: SideSound | None


class Unfit(StrEnum):
    """Why a case may not close on a recording (rules §5.9)."""

    MISSING = "MISSING"
    NO_CHECKSUM = "NO_CHECKSUM"
    NOT_LINKED = "NOT_LINKED"
    NOT_THE_TALK = "NOT_THE_TALK"
    TOO_SHORT = "TOO_SHORT"
    SOUND_MISSING = "SOUND_MISSING"
    AGENT_SILENT = "AGENT_SILENT"
    CUSTOMER_SILENT = "CUSTOMER_SILENT"


def is_whole(duration_ms: int, talk_seconds: float, tolerance_seconds: float = LENGTH_TOLERANCE_SECONDS) -> bool:
    """Whether a recording is as long as its call. One that is longer lacks nothing: a busy machine's sound drifts."""
    return duration_ms / 1000 >= talk_seconds - tolerance_seconds


def fit_to_close(
    seal: Seal | None,
    call_id: CallId,
    min_seconds: float,
    tolerance_seconds: float = LENGTH_TOLERANCE_SECONDS,
) -> tuple[Unfit, ...]:
    """Every reason why a case may not close on this recording; empty when it may (rules §5.9).

    `min_seconds` is the setting `recording.min_seconds` (60, rules §13).
    """
    if seal is None:
        return (Unfit.MISSING,)
    faults = {
        Unfit.NO_CHECKSUM: not seal.sha256,
        Unfit.NOT_LINKED: seal.call_id != call_id,
        Unfit.NOT_THE_TALK: seal.kind is not RecordingKind.TALK,
        Unfit.TOO_SHORT: seal.duration_ms < min_seconds * 1000,
        Unfit.SOUND_MISSING: seal.talk_seconds is None
        or not is_whole(seal.duration_ms, seal.talk_seconds, tolerance_seconds),
        Unfit.AGENT_SILENT: seal.agent is None or seal.agent.is_silent,
        Unfit.CUSTOMER_SILENT: seal.customer.is_silent,
    }
    return tuple(fault for fault, found in faults.items() if found)


def reaches(seal: Seal | None, call_id: CallId, until_ms: int) -> bool:
    """Whether a call's recording holds what was said up to here; of a call that broke off it may lack the very end."""
    if seal is None or not seal.sha256 or seal.call_id != call_id or seal.kind is not RecordingKind.TALK:
        return False
    return seal.duration_ms + LENGTH_TOLERANCE_SECONDS * 1000 >= until_ms


def recording_key(call_id: CallId, kind: RecordingKind, started_at: datetime) -> str:
    """Where a recording is stored: `2026/09/18/<call>/talk.ogg`, by the day in Shanghai; early media beside it."""
    day = shanghai_day(started_at)
    return f"{day:%Y/%m/%d}/{call_id}/{kind.lower()}.ogg"


def retry_seal_after(failures: int) -> timedelta:
    """The wait before sealing is tried again after so many failures: 30 s doubling to 15 min; nothing is given up."""
    return min(timedelta(seconds=30 << min(failures - 1, 5)), timedelta(minutes=15))
