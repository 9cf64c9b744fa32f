"""At the side: sealed sound for people's ears and eyes: whose it is, what was answered in it, what it looks like."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from dialer.domain.api_token import ApiToken
from dialer.domain.attempt import Attempt
from dialer.domain.case import RevisitCase
from dialer.domain.errors import NotFound
from dialer.domain.recording import Seal
from dialer.domain.user import User
from dialer.domain.waveform import Waveform
from dialer.ports import RecordingStore, Scripts, Waveforms
from dialer.ports.storage import Recording, Storage, StoredCall, StoredPolicy
from dialer.usecases.access import recording_in_scope, sees
from dialer.usecases.case_file import Moment, PlayableRecording, moments_heard


class Sound(NamedTuple):
    """A recording whose sealed sound may be heard."""

    recording: Recording
    seal: Seal


async def sound_of(storage: Storage, user: User | ApiToken, recording_id: int) -> Sound:
    """What a person or a program may hear. Raises NotFound for everything else."""
    async with storage.read() as work:
        recording = await recording_in_scope(work, user, recording_id)
    assert recording.seal is not None  # what is in scope is sealed
    return Sound(recording, recording.seal)


async def waveform_of(
    storage: Storage, store: RecordingStore, waveforms: Waveforms, user: User, recording_id: int
) -> Waveform:
    """What a recording looks like; drawn when somebody first looks, kept from then on.

    Raises:
        NotFound: there is no such sound for this user, or the store has lost it.
        StoreFailed: the store can't be read.
        EncodeFailed: the sound can't be decoded.
    """
    async with storage.read() as work:
        recording = await recording_in_scope(work, user, recording_id)
        drawn = await work.recordings.waveform(recording_id)
    if drawn is not None:
        return drawn
    assert recording.seal is not None  # what is in scope is sealed
    sound = await store.get(recording.seal.key)
    drawn = await waveforms.waveform(sound, sides=1 if recording.seal.agent is None else 2)
    async with storage.begin() as work:
        await work.recordings.put_waveform(recording_id, drawn)
    return drawn


@dataclass(frozen=True, slots=True)
class Heard:
    """One case's part of a recording, with what was pressed in it."""

    case: RevisitCase
    policy: StoredPolicy
    attempt: Attempt
    call: StoredCall
    playable: PlayableRecording
    moments: tuple[Moment, ...]


async def heard_in(storage: Storage, scripts: Scripts, user: User, recording_id: int) -> tuple[Heard, ...]:
    """The parts of a recording that the user may hear, by their start. Raises NotFound when there is none."""
    async with storage.read() as work:
        recording = await recording_in_scope(work, user, recording_id)
        call, parts = await work.calls.get(recording.call_id), []
        for segment in await work.recordings.segments(recording_id):
            attempt = await work.calls.attempt(segment.attempt_id)
            case = await work.cases.get(attempt.case_id)
            if sees(user, case.org):
                playable = PlayableRecording(recording, segment)
                moments = await moments_heard(work, scripts, case, [playable])
                mine = tuple(each for each in moments if each.recording_id == recording_id)
                policy = await work.policies.get(case.policy_no)
                parts.append(Heard(case, policy, attempt, call, playable, mine))
    if not parts:
        raise NotFound(f"there is no recording {recording_id} to hear")
    return tuple(parts)
