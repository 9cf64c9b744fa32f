from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pytest

from dialer.domain.call import CallId, RecordingKind
from dialer.domain.errors import NotFound, StaleVersion
from dialer.domain.recording import RecordingState
from dialer.domain.waveform import Waveform
from dialer.ports.storage import Recording, Segment, Storage
from tests.builders import a_seal, at, sound_files
from tests.storage.stories import given_attempt, given_case


@pytest.fixture
async def case(database):
    return await given_case(database)


@pytest.fixture
async def attempt(database, case):
    return await given_attempt(database, case)


async def _started(
    storage: Storage, call_id: CallId, kind: RecordingKind = RecordingKind.TALK, when: datetime | None = None
) -> Recording:
    async with storage.begin() as work:
        return await work.recordings.started(call_id, sound_files(call_id, kind), when or at(10, 0, 6))


async def test_the_same_sound_is_noted_once(database, attempt):
    first = await _started(database, attempt.call_id)
    again = await _started(database, attempt.call_id, when=at(11))
    early = await _started(database, attempt.call_id, RecordingKind.EARLY, at(10, 0, 2))

    assert again == first
    assert first.state is RecordingState.WRITING
    assert early.files.agent is None
    async with database.read() as work:
        assert list(await work.recordings.of_call(attempt.call_id)) == [early, first]
        assert await work.recordings.get(first.id) == first
        with pytest.raises(NotFound):
            await work.recordings.get(first.id + 99)


async def test_a_seal_comes_back_to_the_last_digit(database, attempt):
    recording = await _started(database, attempt.call_id)
    sealed = replace(
        recording, state=RecordingState.SEALED, talk_ms=120_040, seal=a_seal(attempt.call_id, talk_seconds=120.04)
    )

    async with database.begin() as work:
        after = await work.recordings.save(sealed)

    async with database.read() as work:
        assert await work.recordings.get(recording.id) == after
    assert after == replace(sealed, version=1)


async def test_a_picture_is_kept_as_it_was_first_drawn(database, attempt):
    recording = await _started(database, attempt.call_id)
    early = await _started(database, attempt.call_id, RecordingKind.EARLY)
    async with database.begin() as work:
        assert await work.recordings.waveform(recording.id) is None
        await work.recordings.put_waveform(recording.id, Waveform(b"\x00\xff", b"\x10\x20"))
        await work.recordings.put_waveform(recording.id, Waveform(b"another", None))
        await work.recordings.put_waveform(early.id, Waveform(b"\x07", None))

    async with database.read() as work:
        assert await work.recordings.waveform(recording.id) == Waveform(b"\x00\xff", b"\x10\x20")
        assert await work.recordings.waveform(early.id) == Waveform(b"\x07", None)


async def test_two_sealers_of_one_recording_are_not_both_right(database, attempt):
    recording = await _started(database, attempt.call_id)
    async with database.begin() as work:
        await work.recordings.save(replace(recording, state=RecordingState.RAW))

    with pytest.raises(StaleVersion):
        async with database.begin() as work:
            await work.recordings.save(replace(recording, state=RecordingState.LOST))


async def test_what_is_to_be_sealed_is_complete_and_its_time_has_come(database, attempt):
    call_id = attempt.call_id
    raw = await _started(database, call_id)
    async with database.begin() as work:
        raw = await work.recordings.save(replace(raw, state=RecordingState.RAW))
        tried = {}
        for name, state, next_try_at in (
            ("come", RecordingState.FAILED, at(12)),
            ("not come", RecordingState.FAILED, at(12, 1)),
            ("going on", RecordingState.WRITING, None),
            ("done", RecordingState.SEALED, None),
        ):
            files = replace(sound_files(call_id), customer=sound_files(call_id).customer / name)
            begun = await work.recordings.started(call_id, files, at(9))
            tried[name] = await work.recordings.save(
                replace(begun, state=state, next_try_at=next_try_at, tries=2, error="disk full")
            )

    async with database.read() as work:
        assert list(await work.recordings.to_seal(at(12), 10)) == [tried["come"], raw]
        assert list(await work.recordings.to_seal(at(12), 1)) == [tried["come"]]


async def test_a_case_has_its_part_of_the_recording(database, case, attempt):
    recording = await _started(database, attempt.call_id)
    open_end = Segment(recording.id, attempt.id, 5_000)
    async with database.begin() as work:
        await work.recordings.put_segment(open_end)
        assert list(await work.recordings.segments(recording.id)) == [open_end]
        await work.recordings.put_segment(replace(open_end, end_ms=65_000))

    closed = replace(open_end, end_ms=65_000)
    async with database.read() as work:
        assert list(await work.recordings.segments(recording.id)) == [closed]
        assert list(await work.recordings.of_case(case.id)) == [(recording, closed)]
