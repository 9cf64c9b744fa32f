"""The channel event log, as captured."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from dialer.telephony.asterisk.cel import CelUnreadable, EventLog, last_words
from tests.telephony.asterisk.captured_traffic import CEL


@pytest.mark.parametrize(
    ("call", "answered", "cause", "far_end"),
    [
        ("busy", False, 17, True),
        ("power-off", False, 19, True),
        ("rings-out", False, 16, False),
        ("hangs-up", True, 16, True),
        ("we-hang-up", True, 16, False),
        ("vanishes", True, 44, False),
        ("seat-lost", True, 16, False),
    ],
)
def test_the_last_word_on_a_call(call, answered, cause, far_end):
    word = last_words(CEL)[f"dialer.call.{call}"]
    assert (word.answered_at is not None, word.cause, word.far_end_hung_up) == (answered, cause, far_end)
    assert word.ended_at
    assert word.ended_at.tzinfo is UTC


def test_who_ended_a_lost_seats_call_is_named():
    word = last_words(CEL)["dialer.call.seat-lost"]
    assert word.ended_by.startswith("PJSIP/phones-")


def test_a_channel_that_did_not_end_has_no_end():
    lines = [line for line in CEL if "dialer.call.hangs-up" in line and not line.startswith(('"HANGUP', '"CHAN_END'))]
    word = last_words(lines)["dialer.call.hangs-up"]
    assert word.answered_at
    assert word.joined_at
    assert word.ended_at is None


def test_a_channel_id_that_comes_again_keeps_its_last_life():
    first = [line.replace("dialer.call.busy", "dialer.seat.s1") for line in CEL if "dialer.call.busy" in line]
    again = '"CHAN_START","1795302800.000001","dialer.seat.s1","dialer.seat.s1","PJSIP/phones-9",""'
    word = last_words([*first, again])["dialer.seat.s1"]
    assert (word.name, word.ended_at) == ("PJSIP/phones-9", None)


def test_a_line_torn_by_a_crash_is_left_out():
    whole = last_words(CEL)
    assert last_words([CEL[0][20:], *CEL, CEL[-1][:30]]) == whole


def test_times_are_utc():
    line = '"ANSWER","1795302721.500000","dialer.call.c","dialer.call.c","PJSIP/carrier-1",""'
    assert last_words([line])["dialer.call.c"].answered_at == datetime(2026, 11, 21, 23, 12, 1, 500000, UTC)


async def test_a_log_that_is_not_there_yet_says_nothing_and_one_that_cannot_be_read_says_so(tmp_path: Path):
    assert await EventLog(tmp_path / "none.csv").last_words() == {}
    with pytest.raises(CelUnreadable):
        await EventLog(tmp_path).last_words()


async def test_a_log_on_disk_is_read_whole(tmp_path: Path):
    (tmp_path / "cel.csv").write_text("\n".join(CEL))
    assert await EventLog(tmp_path / "cel.csv").last_words() == last_words(CEL)
