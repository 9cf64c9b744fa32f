"""What a recording looks like, read from what the encoder wrote."""

import numpy as np
import pytest

from dialer.domain.call import RecordingKind
from dialer.domain.waveform import QUIET, STEP_MS
from dialer.ports import EncodeFailed
from tests.recording.sounds import RATE, silence, speech, tone


def _swelling(sound):
    """It begins as a voice does: a hard edge of one side is for a moment in the codec's other side too."""
    swell = np.clip(np.minimum(np.arange(len(sound)), np.arange(len(sound))[::-1]) / (0.03 * RATE), 0, 1)
    return (sound * swell).astype(np.int16)


async def test_a_tone_on_one_side_shows_on_that_side_only_and_in_its_place(record, encoder, tmp_path):
    customer = np.concatenate([silence(10), _swelling(tone(2, 700, level=0.25)), silence(8)])
    encoded = await encoder.encode(record(agent=silence(20), customer=customer), tmp_path / "talk.ogg")

    drawn = await encoder.waveform(encoded.path.read_bytes(), sides=2)

    loud = np.flatnonzero(np.frombuffer(drawn.customer, np.uint8) >= QUIET) * STEP_MS / 1000
    assert (loud.min(), loud.max()) == (pytest.approx(10, abs=0.1), pytest.approx(12, abs=0.1))
    assert drawn.agent is not None
    assert max(drawn.agent) < QUIET
    assert len(drawn.customer) == len(drawn.agent) == pytest.approx(20_000 / STEP_MS, abs=1)
    assert np.median([each for each in drawn.customer if each >= QUIET]) == pytest.approx(255 * 0.25**0.5, rel=0.05)


async def test_each_of_two_who_speak_in_turn_is_drawn_in_their_own_place(record, encoder, tmp_path):
    agent, customer = np.concatenate([speech(5), silence(5)]), np.concatenate([silence(5), speech(5, seed=2)])
    encoded = await encoder.encode(record(agent=agent, customer=customer), tmp_path / "talk.ogg")

    drawn = await encoder.waveform(encoded.path.read_bytes(), sides=2)

    half = 5000 // STEP_MS
    assert drawn.agent is not None
    for side, spoken, quiet in (
        (drawn.agent, slice(0, half), slice(half + 4, None)),
        (drawn.customer, slice(half, None), slice(0, half - 4)),
    ):
        assert max(side[spoken]) > 3 * QUIET
        assert max(side[quiet]) < QUIET


async def test_early_media_is_drawn_as_one_side(record, encoder, tmp_path):
    encoded = await encoder.encode(record(customer=tone(3, 450), kind=RecordingKind.EARLY), tmp_path / "early.ogg")

    drawn = await encoder.waveform(encoded.path.read_bytes(), sides=1)

    assert drawn.agent is None
    assert min(drawn.customer[2:-2]) > QUIET


async def test_what_is_no_sound_is_not_drawn(encoder):
    with pytest.raises(EncodeFailed):
        await encoder.waveform(b"no sound at all", sides=2)
