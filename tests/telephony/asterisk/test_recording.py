"""Sound on Asterisk: what the network says from its first packet, and the sound of one without our spool."""

from __future__ import annotations

import asyncio
import os
import wave
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from structlog.testing import capture_logs

from dialer.bootstrap import once_here
from dialer.domain.call import CallId, EarlyMedia, Ended, RecordingKind, RecordingStarted, Ringing, SoundFiles
from dialer.domain.recording import is_whole
from dialer.recording.encode import OpusEncoder
from dialer.recording.local_store import LocalStore
from dialer.recording.seal import seal_recording
from dialer.recording.spool import Spool
from dialer.telephony.asterisk import AsteriskNodes
from dialer.telephony.asterisk.fetching import SoundNotFetched, SoundUnfinished, require_finished
from dialer.telephony.behaviours import Conduct
from dialer.telephony.sound import announcement
from tests.telephony.asterisk.test_adoption import left, reborn
from tests.telephony.asterisk.test_asterisk import dialer_dies
from tests.telephony.rigs import (
    POWER_OFF,
    RINGS_LONG,
    RINGS_OUT,
    AsteriskRig,
    asterisk,
    dial,
    ended,
    heard,
    node_of,
    seated,
    talk,
)
from tests.telephony.sipp import sipp
from tests.telephony.sound import LOUD, loudest, seconds_of
from trials.clock import MORNING, RunningClock

pytestmark = pytest.mark.asterisk

PACKET = 160


@pytest.fixture
async def far(tmp_path: Path) -> AsyncIterator[AsteriskRig]:
    """An Asterisk whose sound is fetched."""
    async with asterisk(tmp_path, fetch=True) as made:
        yield made


def first_sample_kept(path: Path) -> int:
    """Which sample of the carrier's announcement is the first that was recorded."""
    with wave.open(str(path)) as file:
        kept = np.frombuffer(file.readframes(file.getnframes()), "<i2").astype(float)
    begins = int(np.argmax(np.abs(kept) > LOUD))
    said = announcement(6).astype(float)
    window = slice(begins + 1600, begins + 1600 + 4000)  # some of each tone: it fits in one place only
    place = int(np.correlate(said, kept[window], "valid").argmax())
    return place - 1600


@pytest.mark.sipp
async def test_what_the_network_announces_is_kept_from_its_first_packet(tmp_path: Path):
    table = {POWER_OFF: Conduct(480, wait_seconds=1.0, announces=True)}
    async with (
        sipp(tmp_path / "sipp", table, announcement(6), calls=1) as network,
        asterisk(tmp_path, trunk=network.address) as rig,
    ):
        await seated(rig, "s1")
        end = await ended(rig, await dial(rig, POWER_OFF))
        early, announced = await heard(rig, RecordingStarted), await heard(rig, EarlyMedia)
        assert early.at < announced.at
        assert seconds_of(early.files.customer) == pytest.approx((end.at - early.at).total_seconds(), abs=0.15)
        assert first_sample_kept(early.files.customer) < PACKET


async def test_a_call_that_only_rang_leaves_nothing_on_the_spool(pbx: AsteriskRig):
    await seated(pbx, "s1")
    await ended(pbx, await dial(pbx, RINGS_OUT, ring_seconds=0.5))
    assert [type(event) for event in pbx.heard.of_call("call-1")] == [Ringing, Ended]
    assert list(pbx.telephony._spool.iterdir()) == []


async def test_what_was_announced_to_a_dialer_that_died_is_told_by_the_next(pbx: AsteriskRig):
    await seated(pbx, "s1")
    await dial(pbx, POWER_OFF)
    await heard(pbx, RecordingStarted)
    await dialer_dies(pbx)
    await pbx.carrier.idle(4)
    async with reborn(pbx) as rig:
        await rig.telephony.adopt([left(pbx, "call-1")])
        await ended(rig, "call-1")
        told = [event for event in rig.heard.of_call("call-1") if isinstance(event, RecordingStarted)]
        assert [event.files.kind for event in told] == [RecordingKind.EARLY]
        assert loudest(told[0].files.customer) > LOUD


# --- fetched over ARI -----------------------------------------------------------------------------------------


def theirs(rig: AsteriskRig) -> list[str]:
    """The sound that lies on Asterisk's side."""
    return sorted(path.name for path in (rig.asterisk.folders.spool / "recording").rglob("*.wav"))


async def talked(rig: AsteriskRig, seconds: float = 0.8) -> SoundFiles:
    """A call that is over."""
    await seated(rig, "s1")
    files = (await talk(rig, seconds=seconds)).files
    await rig.telephony.hang_up(CallId("call-1"))
    await ended(rig, "call-1")
    await rig.telephony._board.rest()
    return files


async def test_both_sides_of_a_talk_are_fetched_whole_and_once(far: AsteriskRig):
    files = await talked(far)
    assert files.agent
    assert not files.customer.exists()
    assert theirs(far) == ["talk-agent.wav", "talk-customer.wav"]
    for _ in range(2):
        await far.telephony.fetch_sound(files)
        assert theirs(far) == []
        assert seconds_of(files.customer) == pytest.approx(seconds_of(files.agent), abs=0.021)
        assert seconds_of(files.customer) > 0.7
        assert min(loudest(files.customer), loudest(files.agent)) > LOUD


async def test_what_the_network_said_is_fetched_too_and_silence_is_removed_there(far: AsteriskRig):
    await seated(far, "s1")
    await ended(far, await dial(far, RINGS_LONG, call="rang", ring_seconds=0.5))
    await ended(far, await dial(far, POWER_OFF, call="off"))
    await heard(far, EarlyMedia)
    early = await heard(far, RecordingStarted)
    await far.telephony._board.rest()
    await far.telephony.fetch_sound(early.files)
    assert loudest(early.files.customer) > LOUD
    assert theirs(far) == []


async def test_sound_waits_on_an_asterisk_that_is_away_and_is_fetched_when_it_is_back(far: AsteriskRig):
    files = await talked(far)
    await far.asterisk.kill()
    with pytest.raises(SoundNotFetched, match="talk-customer"):
        await far.telephony.fetch_sound(files)
    assert not files.customer.exists()
    await far.asterisk.start()
    await far.telephony.fetch_sound(files)
    assert seconds_of(files.customer) > 0.7


async def test_a_recording_that_died_with_its_asterisk_is_taken_as_it_is_aloud_and_left_there(far: AsteriskRig):
    await seated(far, "s1")
    files = (await talk(far, seconds=5.0)).files
    await far.crash_and_return()
    await ended(far, "call-1")
    with pytest.raises(SoundUnfinished, match="talk-customer"):
        await far.telephony.fetch_sound(files)
    assert not files.customer.exists()
    with capture_logs() as logs:
        await _until_fetched(far, files)
    assert {entry["file"] for entry in logs if entry["event"] == "telephony.sound_unfinished"} == {
        "talk-customer.wav",
        "talk-agent.wav",
    }
    assert files.customer.stat().st_size > 44
    assert theirs(far) == ["talk-agent.wav", "talk-customer.wav"]


async def _until_fetched(rig: AsteriskRig, files: SoundFiles) -> None:
    """Try again and again, each time a minute later for the disk."""
    for _ in range(3):
        for begun in files.customer.parent.glob("*.begun"):
            a_minute_ago = begun.stat().st_mtime - 60
            os.utime(begun, (a_minute_ago, a_minute_ago))
        with suppress(SoundUnfinished):
            return await rig.telephony.fetch_sound(files)
    raise AssertionError(f"never fetched: {files.customer}")


async def test_a_talk_under_way_is_not_finished_and_one_that_is_over_is(pbx: AsteriskRig):
    await seated(pbx, "s1")
    files = (await talk(pbx, seconds=5.0)).files  # Asterisk writes every 4 s, and the length last
    with pytest.raises(SoundUnfinished, match="talk-customer"):
        require_finished(files)
    await pbx.telephony.hang_up(CallId("call-1"))
    await ended(pbx, "call-1")
    require_finished(files)


async def test_sound_that_is_nowhere_is_left_for_the_sealing_to_miss(far: AsteriskRig):
    nowhere = SoundFiles(RecordingKind.TALK, far.telephony._spool / "no-call" / "talk-customer.wav")
    await far.telephony.fetch_sound(nowhere)
    assert not await asyncio.to_thread(nowhere.customer.exists)


async def test_the_pipeline_seals_what_lies_on_another_machine(far: AsteriskRig, tmp_path: Path):
    files = await talked(far)
    node = replace(node_of(far.asterisk, fetch=True), app="sealer", ami=None)
    nodes, encoder = AsteriskNodes(RunningClock(), far.telephony._spool, [node]), OpusEncoder()
    await nodes.start()
    try:
        store = LocalStore(tmp_path / "sealed")
        spool = Spool(far.telephony._spool, 0)
        seal_sound = once_here(nodes, spool, partial(seal_recording, store=store, encoder=encoder))
        seal = await seal_sound(CallId("call-1"), MORNING, files, 0.8, key="talk.ogg")
    finally:
        await nodes.close()
        encoder.close()
    assert seal.agent
    assert min(seal.agent.sounding_ms, seal.customer.sounding_ms) > 200
    assert is_whole(seal.duration_ms, 0.8, 0.3)
    assert theirs(far) == []
