import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialer.domain.call import RecordingKind
from dialer.ports import SoundLost, SoundUnreadable
from dialer.recording.raw import Sound, read_sides, read_sound
from tests.recording.sounds import RATE, declare_length, silence, tone, write_wav


def sound_in(path: Path) -> Sound:
    sound = read_sound(path)
    assert sound is not None
    return sound


@pytest.fixture
def wav(tmp_path):
    path = tmp_path / "side.wav"
    write_wav(path, tone(2, 440))
    return path


def test_a_whole_file_is_read_as_it_is(wav):
    sound = sound_in(wav)

    assert sound.sample_rate == RATE
    assert sound.duration_ms == 2000
    assert np.array_equal(sound.samples, tone(2, 440))


@pytest.mark.parametrize("declared", [0, 1000, 0xFFFFFFFF], ids=["never written", "written early", "unknown"])
def test_a_killed_recorders_header_loses_no_sound(wav, declared):
    declare_length(wav, declared)

    assert np.array_equal(sound_in(wav).samples, tone(2, 440))


def test_a_file_cut_within_a_sample_loses_that_sample_only(wav):
    wav.write_bytes(wav.read_bytes()[:-1])

    assert np.array_equal(sound_in(wav).samples, tone(2, 440)[:-1])


def test_another_chunk_behind_the_sound_is_not_sound(wav):
    wav.write_bytes(wav.read_bytes() + b"LIST" + struct.pack("<I", 4) + b"INFO")

    assert np.array_equal(sound_in(wav).samples, tone(2, 440))


def test_a_chunk_before_the_sound_is_passed_over(wav):
    content = wav.read_bytes()
    wav.write_bytes(content[:36] + b"fact" + struct.pack("<II", 4, 16000) + content[36:])

    assert np.array_equal(sound_in(wav).samples, tone(2, 440))


@given(cut=st.integers(0, 32_044))
def test_a_recorder_killed_at_any_byte_leaves_every_whole_sample(tmp_path_factory, cut):
    wav = tmp_path_factory.mktemp("cut") / "side.wav"
    write_wav(wav, tone(2, 440))
    declare_length(wav, 0)
    wav.write_bytes(wav.read_bytes()[:cut])

    sound = read_sound(wav)
    whole = max(0, cut - 44) // 2

    assert (0 if sound is None else len(sound.samples)) == whole


def test_reading_never_rewrites_the_evidence(wav):
    declare_length(wav, 0)
    before = wav.read_bytes()
    read_sound(wav)

    assert wav.read_bytes() == before


def test_a_missing_file_has_no_sound(tmp_path):
    assert read_sound(tmp_path / "none.wav") is None


@pytest.mark.parametrize("content", [b"OggS" + bytes(100), b"RIFF\0\0\0\0AVI " + bytes(100)])
def test_something_else_is_unreadable(tmp_path, content):
    path = tmp_path / "other.wav"
    path.write_bytes(content)

    with pytest.raises(SoundUnreadable, match=r"other\.wav"):
        read_sound(path)


def test_a_stereo_file_is_no_side(wav):
    content = bytearray(wav.read_bytes())
    struct.pack_into("<H", content, 22, 2)
    wav.write_bytes(content)

    with pytest.raises(SoundUnreadable, match="2 channels"):
        read_sound(wav)


def test_the_shorter_side_is_padded_with_silence_at_its_end(record):
    sides = read_sides(record(agent=tone(3, 440), customer=tone(2, 880)))

    assert sides.duration_ms == 3000
    assert sides.agent is not None
    assert np.array_equal(sides.agent, tone(3, 440))
    assert np.array_equal(sides.customer, np.concatenate([tone(2, 880), silence(1)]))


def test_a_side_that_was_never_written_becomes_silence(record):
    sides = read_sides(record(customer=tone(2, 880)))

    assert sides.agent is not None
    assert len(sides.agent) == len(sides.customer)
    assert not sides.agent.any()


def test_early_media_has_no_agent(record):
    sides = read_sides(record(customer=tone(2, 450), kind=RecordingKind.EARLY))

    assert sides.agent is None


def test_no_sound_on_any_side_is_lost_sound(record):
    with pytest.raises(SoundLost, match="c-1"):
        read_sides(record())


def test_sides_at_different_rates_are_refused(record):
    files = record(agent=tone(2, 440), customer=tone(2, 880))
    write_wav(files.agent, tone(2, 440, rate=16000), rate=16000)

    with pytest.raises(SoundUnreadable, match="different sample rates"):
        read_sides(files)
