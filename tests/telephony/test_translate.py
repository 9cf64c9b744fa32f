"""A worker's messages, as captured from real calls, and the events they are."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from dialer.domain.call import (
    Answered,
    CallId,
    Connected,
    EarlyMedia,
    Ended,
    Party,
    RecordingKind,
    RecordingStarted,
    Ringing,
    SeatDown,
    SeatId,
    SeatUp,
    SoundFiles,
    WireEvent,
)
from dialer.telephony.pjsua.translate import translate

AT = datetime(2026, 9, 21, 9, 0, tzinfo=ZoneInfo("Asia/Shanghai"))
SEAT = SeatId("s1")
MESSAGES: list[dict[str, Any]] = [
    json.loads(line) for line in Path(__file__).with_name("captured_messages.jsonl").read_text().splitlines()
]


def events(call: str) -> list[WireEvent | None]:
    return [translate(message, SEAT, AT) for message in MESSAGES if message.get("call") == call]


def talk(call: str) -> list[WireEvent]:
    call_id, folder = CallId(call), Path("/spool") / call
    files = SoundFiles(RecordingKind.TALK, folder / "talk-customer.wav", folder / "talk-agent.wav")
    return [Ringing(call_id, AT), Answered(call_id, AT), Connected(call_id, AT), RecordingStarted(call_id, AT, files)]


def test_a_busy_number_is_ended_by_the_network_with_its_code():
    assert events("busy") == [Ended(CallId("busy"), AT, Party.NETWORK, sip_code=486)]


def test_an_announcement_is_early_media_with_one_side_recorded():
    call = CallId("power-off")
    files = SoundFiles(RecordingKind.EARLY, Path("/spool/power-off/early-customer.wav"))
    end = Ended(call, AT, Party.NETWORK, sip_code=480)
    assert events("power-off") == [EarlyMedia(call, AT), RecordingStarted(call, AT, files), end]


def test_ringing_out_is_ended_by_us_with_487():
    call = CallId("rings-out")
    end = Ended(call, AT, Party.DIALER, sip_code=487, ring_timeout=True)
    assert events("rings-out") == [Ringing(call, AT), end]


@pytest.mark.parametrize(
    ("call", "by", "failure"),
    [
        ("hangs-up", Party.CUSTOMER, None),
        ("we-hang-up", Party.DIALER, None),
        ("seat-lost", Party.AGENT, "SEAT_LOST"),
    ],
)
def test_an_answered_call_is_ended_by_whoever_hung_up_and_has_no_code(call, by, failure):
    assert events(call) == [*talk(call), Ended(CallId(call), AT, by, failure=failure)]


def test_the_seats_own_coming_and_going_are_its_events():
    first, last = translate(MESSAGES[0], SEAT, AT), translate(MESSAGES[-1], SEAT, AT)
    assert (first, last) == (SeatUp(SEAT, AT), SeatDown(SEAT, AT, "the agent's phone ended the leg (200)"))


def test_a_fault_on_our_side_has_no_code_of_the_networks():
    message = {
        "kind": "ended",
        "call": "c",
        "answered": False,
        "code": 408,
        "hung_up_by": None,
        "failure": "TRUNK_LOST",
    }
    event = translate(message, SEAT, AT + timedelta(seconds=1))
    assert event == Ended(CallId("c"), AT + timedelta(seconds=1), Party.NETWORK, failure="TRUNK_LOST")


def test_a_message_of_an_unknown_kind_means_nothing():
    assert translate({"kind": "news", "at": 1.0}, SEAT, AT) is None
