from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product

import pytest

from dialer.domain.call import CallId, RecordingKind
from dialer.domain.errors import ImpossibleMove
from dialer.domain.recording import (
    RECORDING,
    RecordingEvent,
    RecordingState,
    Seal,
    SideSound,
    Unfit,
    fit_to_close,
    is_whole,
    recording_key,
    retry_seal_after,
)

CALL = CallId("c-1")
SPEAKS = SideSound(peak_dbfs=-3.0, rms_dbfs=-20.0, sounding_ms=30_000)
MUTE = SideSound(peak_dbfs=-70.0, rms_dbfs=-80.0, sounding_ms=0)
SEAL = Seal(
    key="2026/09/18/c-1/talk.ogg",
    call_id=CALL,
    kind=RecordingKind.TALK,
    started_at=datetime(2026, 9, 18, 2, tzinfo=UTC),
    sha256="ab" * 32,
    size_bytes=400_000,
    duration_ms=75_000,
    codec="opus",
    sample_rate=8000,
    talk_seconds=75.4,
    customer=SPEAKS,
    agent=SPEAKS,
)


def test_only_a_verified_seal_makes_a_recording_sealed():
    into_sealed = {event for _, event, target in RECORDING.moves() if target is RecordingState.SEALED}

    assert into_sealed == {RecordingEvent.SEAL_VERIFIED}


def test_a_failed_seal_can_be_tried_again_for_ever():
    state = RecordingState.RAW
    for _ in range(5):
        state = RECORDING.after(state, RecordingEvent.SEAL_FAILED)

    assert RECORDING.after(state, RecordingEvent.SEAL_VERIFIED) is RecordingState.SEALED


def test_a_recording_being_written_can_not_be_sealed():
    with pytest.raises(ImpossibleMove):
        RECORDING.after(RecordingState.WRITING, RecordingEvent.SEAL_VERIFIED)


def test_only_sealed_sound_is_removed_when_its_time_is_over():
    may_end = {s for s, e in product(RecordingState, [RecordingEvent.RETENTION_OVER]) if e in RECORDING.allowed(s)}

    assert may_end == {RecordingState.SEALED}


def test_a_whole_seal_lets_the_case_close():
    assert fit_to_close(SEAL, CALL, min_seconds=60) == ()


def test_no_seal_is_no_proof():
    assert fit_to_close(None, CALL, min_seconds=60) == (Unfit.MISSING,)


@pytest.mark.parametrize(
    ("seal", "reason"),
    [
        (replace(SEAL, sha256=""), Unfit.NO_CHECKSUM),
        (replace(SEAL, call_id=CallId("c-2")), Unfit.NOT_LINKED),
        (replace(SEAL, kind=RecordingKind.EARLY), Unfit.NOT_THE_TALK),
        (replace(SEAL, duration_ms=59_999, talk_seconds=60.0), Unfit.TOO_SHORT),
        (replace(SEAL, duration_ms=SEAL.duration_ms - 5_000), Unfit.SOUND_MISSING),
        (replace(SEAL, talk_seconds=None), Unfit.SOUND_MISSING),
        (replace(SEAL, agent=MUTE), Unfit.AGENT_SILENT),
        (replace(SEAL, agent=None), Unfit.AGENT_SILENT),
        (replace(SEAL, customer=MUTE), Unfit.CUSTOMER_SILENT),
    ],
)
def test_each_fault_alone_keeps_the_case_open_and_is_named(seal, reason):
    assert fit_to_close(seal, CALL, min_seconds=60) == (reason,)


def test_every_fault_is_named_not_only_the_first():
    bad = replace(SEAL, sha256="", duration_ms=1000, customer=MUTE)

    assert set(fit_to_close(bad, CALL, min_seconds=60)) == {
        Unfit.NO_CHECKSUM,
        Unfit.TOO_SHORT,
        Unfit.SOUND_MISSING,
        Unfit.CUSTOMER_SILENT,
    }


def test_sixty_seconds_to_the_millisecond_are_enough():
    assert fit_to_close(replace(SEAL, duration_ms=60_000, talk_seconds=60.0), CALL, min_seconds=60) == ()


def test_a_recording_may_lack_as_much_as_is_tolerated_and_be_longer_than_its_call():
    assert is_whole(73_000, 75.0, tolerance_seconds=2)
    assert not is_whole(72_999, 75.0, tolerance_seconds=2)
    assert is_whole(81_000, 75.0, tolerance_seconds=2)


def test_half_a_second_of_sound_is_the_least_that_counts_as_speaking():
    assert replace(SPEAKS, sounding_ms=499).is_silent
    assert not replace(SPEAKS, sounding_ms=500).is_silent


def test_the_key_bears_the_day_in_shanghai():
    just_after_midnight = datetime(2026, 9, 17, 16, 5, tzinfo=UTC)

    assert recording_key(CALL, RecordingKind.TALK, just_after_midnight) == "2026/09/18/c-1/talk.ogg"


def test_retries_wait_longer_each_time_up_to_a_quarter_of_an_hour():
    waits = [retry_seal_after(failures) for failures in range(1, 12)]

    assert waits[:3] == [timedelta(seconds=30), timedelta(seconds=60), timedelta(seconds=120)]
    assert waits == sorted(waits)
    assert waits[-1] == timedelta(minutes=15)
