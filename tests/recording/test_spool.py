import shutil

import pytest

from dialer.domain.call import RecordingKind
from dialer.recording.spool import MARK, Spool, SpoolForeign, discard
from tests.recording.sounds import tone


def test_a_spool_with_room_lets_calls_be_placed(spool):
    room = spool.room()

    assert room.ok
    assert room.free_bytes > 0
    assert room.why == ""


def test_a_spool_without_room_says_why(tmp_path):
    room = Spool(tmp_path, min_free_bytes=10**18).room()

    assert not room.ok
    assert "MB free, 1000000000000 MB needed" in room.why


def test_a_spool_that_went_away_has_no_room(tmp_path):
    spool = Spool(tmp_path / "spool", min_free_bytes=1)
    shutil.rmtree(tmp_path / "spool")

    assert not spool.room().ok
    assert "No such file" in spool.room().why


def test_a_folder_gets_one_mark_and_keeps_it(tmp_path):
    mark = Spool(tmp_path, min_free_bytes=1).marked()

    assert mark
    assert Spool(tmp_path, min_free_bytes=1).marked() == mark
    assert [file.name for file in tmp_path.iterdir()] == [MARK]


def test_another_folder_in_the_spools_place_has_no_room_and_nothing_is_missed_on_it(tmp_path):
    spool = Spool(tmp_path / "spool", min_free_bytes=1)
    spool.belongs_to(spool.marked())
    assert spool.room().ok
    (tmp_path / "spool").rename(tmp_path / "unmounted")
    (tmp_path / "spool").mkdir()

    assert "is not the recording spool of this database" in spool.room().why
    with pytest.raises(SpoolForeign):
        spool.require()

    (tmp_path / "spool").rmdir()
    (tmp_path / "unmounted").rename(tmp_path / "spool")
    assert spool.room().ok


def test_discarding_the_talk_keeps_the_early_media(record):
    talk = record(agent=tone(1, 440), customer=tone(1, 440))
    early = record(customer=tone(1, 440), kind=RecordingKind.EARLY)
    discard(talk)

    assert not talk.customer.exists()
    assert not talk.agent.exists()
    assert early.customer.exists()


def test_discarding_the_last_sound_removes_the_calls_folder_and_again_does_nothing(record):
    talk = record(agent=tone(1, 440), customer=tone(1, 440))
    discard(talk)
    discard(talk)

    assert not talk.customer.parent.exists()


def test_what_a_killed_encoder_left_goes_with_the_raw_sound(record):
    talk = record(agent=tone(1, 440), customer=tone(1, 440))
    for ending in (".ogg", ".ogg.part", ".json"):
        talk.customer.with_suffix(ending).write_bytes(b"left")
    discard(talk)

    assert not talk.customer.parent.exists()
