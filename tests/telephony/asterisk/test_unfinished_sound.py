"""Sound that Asterisk may still be writing is not sealed: what comes after would be thrown away with the raw file."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

import pytest

from dialer.bootstrap import once_here
from dialer.domain.call import CallId, RecordingKind, SoundFiles
from dialer.recording.encode import OpusEncoder
from dialer.recording.local_store import LocalStore
from dialer.recording.seal import seal_recording
from dialer.recording.spool import Spool
from dialer.telephony.asterisk import AsteriskNodes
from dialer.telephony.asterisk.fetching import SoundUnfinished
from dialer.usecases.keep_recording import SealSound
from tests.recording.sounds import declare_length, speech, write_wav
from trials.clock import MORNING, RunningClock

CALL = CallId("call-1")


@pytest.fixture
def talk(tmp_path: Path) -> SoundFiles:
    """A talk of four seconds, whole."""
    files = SoundFiles.of(tmp_path / "spool", CALL, RecordingKind.TALK)
    assert files.agent
    files.customer.parent.mkdir(parents=True)
    write_wav(files.customer, speech(4))
    write_wav(files.agent, speech(4, seed=2))
    return files


@pytest.fixture
async def seal_sound(tmp_path: Path) -> AsyncIterator[SealSound]:
    """The pipeline of a site whose Asterisk shares the spool."""
    encoder = OpusEncoder()
    nodes, store = AsteriskNodes(RunningClock(), tmp_path / "spool", []), LocalStore(tmp_path / "sealed")
    yield once_here(nodes, Spool(tmp_path / "spool", 0), partial(seal_recording, store=store, encoder=encoder))
    encoder.close()


async def test_a_file_without_its_length_is_sealed_when_it_has_not_changed_for_a_minute(
    talk: SoundFiles, seal_sound: SealSound
):
    declare_length(talk.customer, 0)
    with pytest.raises(SoundUnfinished, match="call-1/talk-customer"):
        await seal_sound(CALL, MORNING, talk, 4.0, key="talk.ogg")
    a_minute_ago = talk.customer.stat().st_mtime - 60
    os.utime(talk.customer, (a_minute_ago, a_minute_ago))
    seal = await seal_sound(CALL, MORNING, talk, 4.0, key="talk.ogg")
    assert seal.duration_ms == 4000
    assert sorted(path.name for path in talk.customer.parent.iterdir()) == ["talk-agent.wav", "talk-customer.wav"]


async def test_a_file_with_its_length_is_sealed_at_once(talk: SoundFiles, seal_sound: SealSound):
    assert (await seal_sound(CALL, MORNING, talk, 4.0, key="talk.ogg")).duration_ms == 4000
