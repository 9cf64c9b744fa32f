"""Chapter: recording sealed. From the first sample to the proof; what is not yet sealed is the work list.

The order of effects survives a kill at any point: raw sound on the spool, sealed in the store (idempotent), then one
transaction that knows the seal and closes the cases which waited for it, and only then is the raw sound discarded.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Protocol

from dialer.domain.call import Call, CallId, RecordingKind, SoundFiles
from dialer.domain.errors import DialerError
from dialer.domain.recording import RECORDING, RecordingEvent, Seal, is_whole, recording_key, retry_seal_after
from dialer.ports import SoundLost
from dialer.ports.storage import Recording, Segment, Storage, Work
from dialer.usecases.close_case import close_what_is_proved
from dialer.usecases.rulebook import Rulebook


class SealSound(Protocol):
    """Encode, store, read back: `recording.seal.seal_recording` with its store and encoder."""

    def __call__(
        self, call_id: CallId, started_at: datetime, raw: SoundFiles, talk_seconds: float | None, *, key: str
    ) -> Awaitable[Seal]:
        """Seal a call's sound; again after any failure. Raises SoundLost when there is none."""
        ...


async def note_sound(work: Work, call_id: CallId, files: SoundFiles, started_at: datetime) -> Recording:
    """Sound is being written: from now on no crash can make us forget it; the first case's part begins at 0.

    What the network said before an answer is the first case's too: who corrects its verdict hears it (rules §10.3).
    Told again (a call was taken up after a crash), it changes nothing.
    """
    recording = await work.recordings.started(call_id, files, started_at)
    if not await work.recordings.segments(recording.id):
        first = (await work.calls.attempts_of(call_id))[0]
        await work.recordings.put_segment(Segment(recording.id, first.id, 0))
    return recording


async def sound_is_complete(work: Work, call: Call) -> None:
    """The call is over: its recordings are complete and go to be sealed. Twice is as good as once."""
    for recording in await work.recordings.of_call(call.call_id):
        if RecordingEvent.CALL_ENDED not in RECORDING.allowed(recording.state):
            continue
        talk = recording.files.kind is RecordingKind.TALK and call.ended is not None
        length = (call.ended.at - recording.started_at) if talk and call.ended else None
        await work.recordings.save(
            replace(
                recording,
                state=RECORDING.after(recording.state, RecordingEvent.CALL_ENDED),
                talk_ms=round(length.total_seconds() * 1000) if length is not None else None,
            )
        )


async def seal_next(
    storage: Storage,
    seal_sound: SealSound,
    discard: Callable[[SoundFiles], None],
    rulebook: Rulebook,
    now: Callable[[], datetime],
) -> Recording | None:
    """Seal the oldest recording that waits; None when none does.

    A failure is kept with the recording and tried again later, for ever: the raw sound stays until it is sealed.
    """
    async with storage.read() as work:
        waiting = await work.recordings.to_seal(now(), 1)
    if not waiting:
        return None
    recording = waiting[0]
    try:
        seal = await _seal(seal_sound, recording)
    except SoundLost as error:
        return await _failed(storage, recording, RecordingEvent.SOUND_GONE, error, rulebook, now())
    except DialerError as error:
        return await _failed(storage, recording, RecordingEvent.SEAL_FAILED, error, rulebook, now())
    async with storage.begin() as work:
        sealed = await work.recordings.save(
            replace(
                recording,
                state=RECORDING.after(recording.state, RecordingEvent.SEAL_VERIFIED),
                seal=seal,
                next_try_at=None,
                error="",
            )
        )
        await close_what_is_proved(work, recording.call_id, rulebook, now())
    discard(recording.files)
    return sealed


async def _seal(seal_sound: SealSound, recording: Recording) -> Seal:
    key = recording_key(recording.call_id, recording.files.kind, recording.started_at)
    talk_seconds = None if recording.talk_ms is None else recording.talk_ms / 1000
    return await seal_sound(recording.call_id, recording.started_at, recording.files, talk_seconds, key=key)


async def _failed(
    storage: Storage,
    recording: Recording,
    event: RecordingEvent,
    error: DialerError,
    rulebook: Rulebook,
    now: datetime,
) -> Recording:
    tries = recording.tries + 1
    lost = event is RecordingEvent.SOUND_GONE
    async with storage.begin() as work:
        failed = await work.recordings.save(
            replace(
                recording,
                state=RECORDING.after(recording.state, event),
                tries=tries,
                next_try_at=None if lost else now + retry_seal_after(tries),
                error=f"{error.code}: {error}",
            )
        )
        await close_what_is_proved(work, recording.call_id, rulebook, now)
    return failed


def too_short(recording: Recording, rulebook: Rulebook) -> timedelta | None:
    """How much sound is missing against the call's length, when more than is tolerated: the overload alarm."""
    seal = recording.seal
    if seal is None or seal.talk_seconds is None:
        return None
    if is_whole(seal.duration_ms, seal.talk_seconds, rulebook.proof.length_tolerance_seconds):
        return None
    return timedelta(seconds=seal.talk_seconds - seal.duration_ms / 1000)
