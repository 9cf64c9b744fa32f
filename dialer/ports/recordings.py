"""Recordings, and the parts of them that belong to attempts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from dialer.domain.attempt import AttemptId
from dialer.domain.call import CallId, SoundFiles
from dialer.domain.case import CaseId
from dialer.domain.recording import RecordingState, Seal
from dialer.domain.waveform import Waveform


@dataclass(frozen=True, slots=True)
class Recording:
    """A recording from the first sample to the seal. While it is not SEALED it is also the work still to do."""

    id: int
    call_id: CallId
    files: SoundFiles
    started_at: datetime
    state: RecordingState
    talk_ms: int | None = None
    seal: Seal | None = None
    tries: int = 0
    next_try_at: datetime | None = None
    error: str = ""
    version: int = 0


@dataclass(frozen=True, slots=True)
class Segment:
    """The part of a recording that belongs to one attempt; `end_ms` None means to the end."""

    recording_id: int
    attempt_id: AttemptId
    start_ms: int
    end_ms: int | None = None


class Recordings(Protocol):
    """Recordings and their segments; those not yet sealed are the pipeline's work list."""

    async def started(self, call_id: CallId, files: SoundFiles, at: datetime) -> Recording:
        """Note that sound is being written; the same files again are the same recording."""
        ...

    async def save(self, recording: Recording) -> Recording:
        """Save against the version that was read. Raises StaleVersion."""
        ...

    async def get(self, recording_id: int) -> Recording:
        """Raises NotFound."""
        ...

    async def of_call(self, call_id: CallId) -> Sequence[Recording]:
        """A call's recordings."""
        ...

    async def of_case(self, case_id: CaseId) -> Sequence[tuple[Recording, Segment]]:
        """A case's recordings with its part of each, oldest first."""
        ...

    async def to_seal(self, now: datetime, limit: int | None = None) -> Sequence[Recording]:
        """Complete recordings (RAW, or FAILED whose next try is due), oldest first; all unless a limit is set."""
        ...

    async def put_segment(self, segment: Segment) -> None:
        """Add a segment, or set the end of the one that is there."""
        ...

    async def segments(self, recording_id: int) -> Sequence[Segment]:
        """A recording's segments by their start."""
        ...

    async def waveform(self, recording_id: int) -> Waveform | None:
        """The picture of a recording, if it was drawn before."""
        ...

    async def put_waveform(self, recording_id: int, waveform: Waveform) -> None:
        """Keep the picture; one that is there stays."""
        ...
