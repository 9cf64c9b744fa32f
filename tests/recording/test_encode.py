import asyncio
import hashlib
import time

import numpy as np
import pytest

from dialer.domain.call import RecordingKind
from dialer.ports import EncodeFailed, SoundLost
from dialer.recording.measure import measure
from tests.recording.sounds import declare_length, decode, loudest_hertz, silence, speech, tone


async def test_the_agent_is_left_and_the_customer_right(record, encoder, tmp_path):
    encoded = await encoder.encode(record(agent=tone(4, 440), customer=tone(4, 1000)), tmp_path / "talk.ogg")
    left, right = decode(encoded.path, 2).T

    assert loudest_hertz(left) == pytest.approx(440, abs=5)
    assert loudest_hertz(right) == pytest.approx(1000, abs=5)


@pytest.mark.parametrize("rate", [8000, 16000])
@pytest.mark.parametrize("seconds", [0.5, 3.013, 61.7])
async def test_the_encoded_file_is_as_long_as_what_was_said(record, encoder, tmp_path, rate, seconds):
    files = record(agent=speech(seconds, rate), customer=speech(seconds, rate, seed=2), rate=rate)
    encoded = await encoder.encode(files, tmp_path / "talk.ogg")

    assert encoded.duration_ms == pytest.approx(seconds * 1000, abs=40)
    assert len(decode(encoded.path, 2, rate)) / rate == pytest.approx(seconds, abs=0.04)
    assert encoded.sample_rate == rate
    assert encoded.codec == "opus"


async def test_checksum_and_size_are_those_of_the_file(record, encoder, tmp_path):
    encoded = await encoder.encode(record(agent=speech(2), customer=speech(2)), tmp_path / "talk.ogg")
    content = encoded.path.read_bytes()

    assert content[:4] == b"OggS"
    assert encoded.sha256 == hashlib.sha256(content).hexdigest()
    assert encoded.size_bytes == len(content)


async def test_the_same_sound_gives_the_same_bytes(record, encoder, tmp_path):
    files = record(agent=speech(5), customer=speech(5, seed=2))
    once = await encoder.encode(files, tmp_path / "once.ogg")
    again = await encoder.encode(files, tmp_path / "again.ogg")

    assert once.sha256 == again.sha256


@pytest.mark.parametrize("rate", [8000, 16000])
async def test_a_silent_side_is_found_beside_a_speaking_one(record, encoder, tmp_path, rate):
    speaking, mute = speech(30, rate), silence(30, rate)
    agent_only = await encoder.encode(record(speaking, mute, "c-1", rate=rate), tmp_path / "a.ogg")
    customer_only = await encoder.encode(record(mute, speaking, "c-2", rate=rate), tmp_path / "b.ogg")

    assert (agent_only.agent.is_silent, agent_only.customer.is_silent) == (False, True)
    assert (customer_only.agent.is_silent, customer_only.customer.is_silent) == (True, False)


async def test_one_short_yes_is_not_silence(record, encoder, tmp_path):
    customer = np.concatenate([silence(10), speech(2, level=0.2), silence(8)])
    encoded = await encoder.encode(record(agent=speech(20), customer=customer), tmp_path / "talk.ogg")

    assert not encoded.customer.is_silent
    assert encoded.customer.sounding_ms < 2500


async def test_loudness_is_measured_in_dbfs(record, encoder, tmp_path):
    encoded = await encoder.encode(record(agent=tone(5, 440, level=0.5), customer=silence(5)), tmp_path / "talk.ogg")

    assert encoded.agent.peak_dbfs == pytest.approx(-6.0, abs=1)
    assert encoded.agent.rms_dbfs == pytest.approx(-9.0, abs=1)
    assert encoded.agent.sounding_ms == pytest.approx(5000, abs=60)
    assert encoded.customer.rms_dbfs < -60


async def test_early_media_is_mono(record, encoder, tmp_path):
    encoded = await encoder.encode(record(customer=tone(3, 450), kind=RecordingKind.EARLY), tmp_path / "early.ogg")

    assert encoded.agent is None
    assert not encoded.customer.is_silent
    assert encoded.path.read_bytes()[28:][:10] == b"OpusHead\x01\x01"  # one channel


async def test_what_a_killed_worker_left_is_encoded_to_its_last_sample(record, encoder, tmp_path):
    files = record(agent=speech(4), customer=speech(4, seed=2))
    for side in (files.agent, files.customer):
        declare_length(side, 0)
    files.customer.write_bytes(files.customer.read_bytes()[:-16_001])  # one second and half a sample
    encoded = await encoder.encode(files, tmp_path / "talk.ogg")

    assert encoded.duration_ms == pytest.approx(4000, abs=40)


async def test_nothing_to_encode_leaves_no_file(record, encoder, tmp_path):
    target = tmp_path / "talk.ogg"

    with pytest.raises(SoundLost):
        await encoder.encode(record(), target)
    assert not target.exists()


async def test_a_folder_that_can_not_be_written_is_a_failed_encoding(record, encoder, tmp_path):
    with pytest.raises(EncodeFailed, match=r"talk\.ogg"):
        await encoder.encode(record(agent=speech(1), customer=speech(1)), tmp_path / "missing" / "talk.ogg")


async def test_a_damaged_file_does_not_measure(record, encoder, tmp_path):
    encoded = await encoder.encode(record(agent=speech(2), customer=speech(2)), tmp_path / "talk.ogg")
    encoded.path.write_bytes(b"\0" * encoded.size_bytes)

    with pytest.raises(EncodeFailed, match=r"talk\.ogg"):
        measure(encoded.path, 8000, channels=2)


@pytest.mark.slow
async def test_five_minutes_are_encoded_in_a_fraction_of_them_and_the_loop_runs_on(record, encoder, tmp_path):
    files = record(agent=speech(300), customer=speech(300, seed=2))
    longest_wait, begun = 0.0, time.monotonic()
    work = asyncio.create_task(encoder.encode(files, tmp_path / "talk.ogg"))
    while not work.done():
        asked = time.monotonic()
        await asyncio.wait([work], timeout=0.01)
        longest_wait = max(longest_wait, time.monotonic() - asked)
    encoded = await work

    assert encoded.duration_ms == pytest.approx(300_000, abs=40)
    assert time.monotonic() - begun < 60
    assert longest_wait < 1
