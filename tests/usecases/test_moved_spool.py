"""The same spool under another path, mounted elsewhere or moved: what waits on it is found and sealed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

import pytest

from dialer.bootstrap import discard_on, once_here
from dialer.domain.call import Answered, CallId, Connected, RecordingKind, RecordingStarted, Ringing, SoundFiles
from dialer.domain.recording import RecordingState
from dialer.ports.storage import Recording
from dialer.recording.encode import OpusEncoder
from dialer.recording.local_store import LocalStore
from dialer.recording.seal import seal_recording
from dialer.recording.spool import Spool
from dialer.telephony.asterisk import AsteriskNodes
from dialer.usecases.keep_recording import SealSound, seal_next
from tests.recording.sounds import speech, write_wav
from tests.usecases.site import Site
from trials.clock import RunningClock


@pytest.fixture
async def seal_sound(tmp_path: Path) -> AsyncIterator[SealSound]:
    encoder = OpusEncoder()
    yield partial(seal_recording, store=LocalStore(tmp_path / "sealed"), encoder=encoder)
    encoder.close()


async def _talked(site: Site, files: SoundFiles, call: CallId) -> None:
    assert files.agent
    files.customer.parent.mkdir(parents=True)
    write_wav(files.customer, speech(2))
    write_wav(files.agent, speech(2, seed=2))
    for event in (Ringing, Answered, Connected):
        await site.hear(event(call, site.now))
    await site.hear(RecordingStarted(call, site.now, files))
    site.later(seconds=2)
    await site.hung_up(call)


async def _sealed(site: Site, folder: Path, seal_sound: SealSound) -> Recording:
    """What the engine does with the next recording, on an Asterisk that writes into the spool."""
    spool = Spool(folder, 0)
    seal = once_here(AsteriskNodes(RunningClock(), folder, []), spool, seal_sound)
    kept = await seal_next(site.storage, seal, partial(discard_on, spool), site.rulebook, lambda: site.now)
    assert kept is not None
    return kept


async def test_sound_that_waits_on_a_spool_that_was_moved_is_sealed_and_its_raw_files_go(
    site: Site, tmp_path: Path, seal_sound: SealSound
):
    await site.a_case_is_due()
    call = await site.dialled()
    await _talked(site, SoundFiles.of(tmp_path / "before", call, RecordingKind.TALK), call)
    (tmp_path / "before").rename(tmp_path / "after")

    kept = await _sealed(site, tmp_path / "after", seal_sound)
    assert (kept.state, kept.error) == (RecordingState.SEALED, "")
    assert kept.seal is not None
    assert kept.seal.duration_ms == 2000
    assert [*(tmp_path / "after").iterdir()] == []


async def test_sound_that_the_records_place_in_no_folder_of_the_call_is_tried_again(
    site: Site, tmp_path: Path, seal_sound: SealSound
):
    await site.a_case_is_due()
    call = await site.dialled()
    await _talked(site, SoundFiles.of(tmp_path / "spool", CallId("another-call"), RecordingKind.TALK), call)

    kept = await _sealed(site, tmp_path / "spool", seal_sound)
    assert kept.state is RecordingState.FAILED
    assert kept.error.startswith("SOUND_ELSEWHERE")
    assert kept.next_try_at is not None
