import asyncio
import hashlib
import json
import signal
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from dialer.domain.call import CallId, RecordingKind
from dialer.domain.recording import Unfit, fit_to_close, recording_key
from dialer.ports import SealBroken, SoundLost, SpoolFailed
from dialer.recording.encode import OpusEncoder
from dialer.recording.local_store import LocalStore
from dialer.recording.seal import read_seal, seal_from_json, seal_key, seal_recording, seal_to_json, verify_seal
from dialer.recording.spool import discard
from tests.recording import killed_sealer
from tests.recording.killed_sealer import POINTS, STARTED
from tests.recording.sounds import silence, speech

CALL = CallId("c-1")
REPOSITORY = Path(__file__).parents[2]
KEY = recording_key(CALL, RecordingKind.TALK, STARTED)


class KilledHere(BaseException):
    """The process ends at this effect: nothing catches it."""


class MortalStore(LocalStore):
    """A local store whose process is killed before or after its n-th effect."""

    def __init__(self, root: Path, killed_at: int, *, after: bool) -> None:
        super().__init__(root)
        self._left, self._after = killed_at, after

    async def _do(self, action, key, *arguments):
        self._left -= 1
        if self._left == 0 and not self._after:
            raise KilledHere
        try:
            return await super()._do(action, key, *arguments)
        finally:
            if self._left == 0:
                raise KilledHere


@pytest.fixture
def talk(record):
    return record(agent=speech(4), customer=speech(4, seed=2))


@pytest.fixture
def seal_with(talk, encoder):
    def seal(store, raw=talk, call_id=CALL, talk_seconds=4.1, key=KEY):
        return seal_recording(call_id, STARTED, raw, talk_seconds, store, key, encoder)

    return seal


async def test_a_seal_says_what_is_stored(store, seal_with):
    seal = await seal_with(store)
    content = await store.get(KEY)

    assert seal.sha256 == hashlib.sha256(content).hexdigest()
    assert seal.size_bytes == len(content)
    assert seal.duration_ms == pytest.approx(4000, abs=40)
    assert (seal.call_id, seal.started_at, seal.talk_seconds) == (CALL, STARTED, 4.1)
    assert fit_to_close(seal, CALL, min_seconds=3) == ()


async def test_the_seal_is_stored_beside_the_sound(store, seal_with):
    seal = await seal_with(store)
    stored = json.loads(await store.get(f"{KEY}.json"))

    assert await read_seal(store, KEY) == seal
    assert stored["sha256"] == seal.sha256
    assert stored["call_id"] == "c-1"


async def test_sealing_leaves_the_raw_sound_and_nothing_else_on_the_spool(store, talk, seal_with):
    await seal_with(store)

    assert set(talk.customer.parent.iterdir()) == {talk.customer, talk.agent}


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("killed_at", [1, 2, 3, 4])
async def test_killed_at_any_effect_and_run_again_there_is_one_sealed_recording(store, seal_with, killed_at, after):
    root = store._root
    with pytest.raises(KilledHere):
        await seal_with(MortalStore(root, killed_at, after=after))
    seal = await seal_with(store)

    files = sorted(path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file())
    assert files == [KEY, seal_key(KEY)]
    assert hashlib.sha256((root / KEY).read_bytes()).hexdigest() == seal.sha256
    assert await read_seal(store, KEY) == seal


@pytest.mark.slow
@pytest.mark.parametrize("point", POINTS)
async def test_a_sealer_killed_with_9_leaves_what_the_next_one_completes(store, talk, seal_with, point):
    root = store._root
    command = [sys.executable, "-m", killed_sealer.__name__, point, root, talk.customer, talk.agent, KEY]
    killed = await asyncio.create_subprocess_exec(*command, cwd=REPOSITORY)
    assert await killed.wait() == -signal.SIGKILL
    seal = await seal_with(store)
    discard(talk)

    files = sorted(path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file())
    assert files == [KEY, seal_key(KEY)]
    assert hashlib.sha256((root / KEY).read_bytes()).hexdigest() == seal.sha256
    assert not talk.customer.parent.exists()


async def test_four_effects_are_all_there_are(store, seal_with):
    await seal_with(MortalStore(store._root, killed_at=5, after=False))


async def test_sealing_again_without_the_raw_sound_gives_the_same_seal(store, talk, seal_with):
    seal = await seal_with(store)
    discard(talk)

    assert await seal_with(store) == seal


async def test_an_unsealed_try_by_another_encoder_is_replaced(store, seal_with, tmp_path):
    (tmp_path / "old.ogg").write_bytes(b"OggS by an older encoder")
    await store.put(KEY, tmp_path / "old.ogg")
    seal = await seal_with(store)

    assert (await store.head(KEY)).sha256 == seal.sha256


async def test_a_sealed_recording_is_not_replaced_by_another_calls(store, seal_with, record):
    seal = await seal_with(store)
    other = record(agent=speech(3), customer=speech(3), call_id="c-2")

    with pytest.raises(SealBroken, match="another call, c-1"):
        await seal_with(store, raw=other, call_id=CallId("c-2"))
    assert (await store.head(KEY)).sha256 == seal.sha256


async def test_nothing_to_seal_is_said_and_stores_nothing(store, record, seal_with):
    with pytest.raises(SoundLost):
        await seal_with(store, raw=record(call_id="c-3"))
    assert await read_seal(store, KEY) is None


async def test_a_spool_whose_disk_fails_is_a_failure_to_be_tried_again_and_the_sound_stays(store, talk, seal_with):
    in_the_way = talk.customer.with_suffix(".json")
    in_the_way.mkdir()
    with pytest.raises(SpoolFailed):
        await seal_with(store)
    assert talk.customer.exists()
    in_the_way.rmdir()
    assert (await seal_with(store)).sha256


async def test_a_sound_changed_after_sealing_is_found(store, seal_with):
    seal = await seal_with(store)
    path = store._root / KEY
    path.write_bytes(path.read_bytes()[:-1] + b"\0")

    with pytest.raises(SealBroken, match="sealed was"):
        await verify_seal(store, seal)
    with pytest.raises(SealBroken):
        await seal_with(store)


async def test_a_sound_gone_after_sealing_is_found(store, seal_with):
    seal = await seal_with(store)
    await store.delete(KEY)

    with pytest.raises(SealBroken, match="its sound is gone"):
        await verify_seal(store, seal)


@pytest.mark.parametrize("content", [b"", b"{}", b"[]", b'{"agent": null}', b"\xff"])
async def test_a_seal_that_is_no_seal_is_broken_not_missing(store, tmp_path, content):
    (tmp_path / "seal").write_bytes(content)
    await store.put(seal_key(KEY), tmp_path / "seal")

    with pytest.raises(SealBroken, match="can't be read"):
        await read_seal(store, KEY)


async def test_a_mute_customer_is_sealed_as_such_and_keeps_the_case_open(store, record, seal_with):
    seal = await seal_with(store, raw=record(agent=speech(4), customer=silence(4), call_id="c-1"))

    assert fit_to_close(seal, CALL, min_seconds=3) == (Unfit.CUSTOMER_SILENT,)


async def test_lost_seconds_are_sealed_and_keep_the_case_open(store, seal_with):
    seal = await seal_with(store, talk_seconds=10.0)

    assert fit_to_close(seal, CALL, min_seconds=3) == (Unfit.SOUND_MISSING,)


async def test_early_media_is_sealed_apart_and_has_no_call_length(store, record, seal_with):
    key = recording_key(CALL, RecordingKind.EARLY, STARTED)
    early = record(customer=speech(2), kind=RecordingKind.EARLY)
    seal = await seal_with(store, raw=early, talk_seconds=None, key=key)

    assert key != KEY
    assert (seal.kind, seal.talk_seconds, seal.agent) == (RecordingKind.EARLY, None, None)


async def test_a_seal_survives_its_stored_form(store, seal_with):
    seal = await seal_with(store)

    assert seal_from_json(seal_to_json(seal)) == seal
    assert seal_from_json(seal_to_json(replace(seal, agent=None))) == replace(seal, agent=None)


async def test_two_engines_that_seal_the_same_sound_at_once_both_end_with_its_one_seal(tmp_path, talk):
    engines = OpusEncoder(), OpusEncoder()
    store = LocalStore(tmp_path / "store")
    one, two = await asyncio.gather(
        *(seal_recording(CALL, STARTED, talk, 4.1, store, KEY, encoder) for encoder in engines)
    )
    assert one == two
    for encoder in engines:
        encoder.close()
