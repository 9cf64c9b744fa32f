"""ARI's events, as captured from a real Asterisk, and what they say."""

from __future__ import annotations

import pytest

from dialer.domain.call import CallId, Ended, Party
from dialer.telephony.asterisk.names import Channel, Kind, ours
from dialer.telephony.asterisk.translate import Facts, Saying, our_cause, read, read_snapshot, their_time, verdict
from tests.telephony.asterisk.captured_traffic import AT, news_of


@pytest.mark.parametrize(
    ("call", "told"),
    [
        ("busy", {Saying.FAR_END_HUNG_UP, Saying.GONE}),
        ("power-off", {Saying.EARLY_MEDIA, Saying.FAR_END_HUNG_UP, Saying.GONE}),
        ("rings-out", {Saying.RINGING, Saying.GONE}),
        ("cancelled", {Saying.RINGING, Saying.GONE}),
        ("hangs-up", {Saying.RINGING, Saying.ANSWERED, Saying.JOINED, Saying.FAR_END_HUNG_UP, Saying.GONE}),
        ("we-hang-up", {Saying.RINGING, Saying.ANSWERED, Saying.JOINED, Saying.GONE}),
        ("seat-lost", {Saying.RINGING, Saying.ANSWERED, Saying.JOINED, Saying.GONE}),
    ],
)
def test_what_is_told_of_a_call(call, told):
    assert {news.saying for news in news_of(call)} == told


def test_a_call_that_talked_is_told_in_order():
    sayings = [news.saying for news in news_of("hangs-up")]
    assert sayings.index(Saying.RINGING) < sayings.index(Saying.ANSWERED) < sayings.index(Saying.JOINED)
    assert sayings[-1] is Saying.GONE


@pytest.mark.parametrize(
    ("call", "by", "code", "failure"),
    [
        ("busy", Party.NETWORK, 486, None),
        ("power-off", Party.NETWORK, 480, None),
        ("hangs-up", Party.CUSTOMER, None, None),
        ("vanishes", Party.NETWORK, None, "SOUND_LOST"),
        ("seat-lost", Party.AGENT, None, "SEAT_LOST"),
    ],
)
def test_the_verdict_on_a_call_that_we_did_not_end(call, by, code, failure):
    news = [each for each in news_of(call) if each.channel.kind is Kind.CALL]
    facts = Facts(
        answered=any(each.saying is Saying.ANSWERED for each in news),
        far_end_hung_up=any(each.saying is Saying.FAR_END_HUNG_UP for each in news),
    )
    told = verdict(CallId(call), AT, facts, news[-1].cause, news[-1].sip_code)
    assert told == Ended(CallId(call), AT, by, code, failure=failure)


@pytest.mark.parametrize(
    ("facts", "code", "ring_timeout", "failure"),
    [
        (Facts(by=Party.DIALER), 487, False, None),
        (Facts(by=Party.DIALER, ring_timeout=True), 487, True, None),
        (Facts(by=Party.AGENT, failure="SEAT_LOST"), None, False, "SEAT_LOST"),
        (Facts(answered=True, by=Party.DIALER), None, False, None),
    ],
)
def test_what_we_ended_is_ours_whatever_cause_asterisk_gives(facts, code, ring_timeout, failure):
    told = verdict(CallId("c"), AT, facts, 16, None)
    assert (told.by, told.sip_code, told.ring_timeout, told.failure) == (facts.by, code, ring_timeout, failure)


def test_asterisks_own_ring_timeout_is_told_from_the_networks_no_answer():
    ours_, theirs = Facts(), Facts(far_end_hung_up=True)
    assert verdict(CallId("c"), AT, ours_, 19, 480) == Ended(CallId("c"), AT, Party.DIALER, 487, ring_timeout=True)
    assert verdict(CallId("c"), AT, theirs, 19, 480) == Ended(CallId("c"), AT, Party.NETWORK, 480)


def test_an_end_without_any_response_is_the_trunks_failure_and_no_code_of_the_networks():
    assert verdict(CallId("c"), AT, Facts(), 3, None).failure == "TRUNK_LOST"


def test_a_seats_leg_is_answered_and_gone():
    assert [news.saying for news in news_of("s1") if news.saying is not Saying.JOINED] == [
        Saying.ANSWERED,
        Saying.FAR_END_HUNG_UP,
        Saying.GONE,
    ]


def test_somebody_elses_channels_and_unknown_events_say_nothing():
    channel = {"id": "1795302297.1", "name": "PJSIP/x-1", "state": "Up"}
    assert read({"type": "ChannelDestroyed", "channel": channel}) is None
    assert read({"type": "ChannelTalkingStarted", "channel": {**channel, "id": "dialer.call.c"}}) is None
    assert read({"type": "BridgeCreated", "bridge": {}}) is None


def test_a_snapshot_says_what_the_missed_events_would_have_said():
    channels = [
        {"id": "dialer.call.rings", "name": "a", "state": "Ringing"},
        {"id": "dialer.call.talks", "name": "b", "state": "Up"},
        {"id": "else", "name": "c", "state": "Up"},
    ]
    bridges = [{"channels": ["dialer.call.talks", "else"]}]
    assert [(news.channel.key, news.saying) for news in read_snapshot(channels, bridges)] == [
        ("rings", Saying.RINGING),
        ("talks", Saying.ANSWERED),
        ("talks", Saying.JOINED),
    ]


@pytest.mark.parametrize("channel_id", ["", "dialer", "dialer.call", "dialer.call.", "dialer.boat.x", "other.call.x"])
def test_an_id_that_is_not_ours_names_no_channel(channel_id):
    assert ours(channel_id) is None


def test_an_id_names_its_channel():
    channel = Channel(Kind.CALL, "20260921-1.a")
    assert ours(channel.id) == channel


def test_asterisk_says_what_time_it_is():
    assert their_time({"timestamp": "2026-11-21T23:12:01.591+0000"}).isoformat() == "2026-11-21T23:12:01.591000+00:00"


@pytest.mark.parametrize(
    ("facts", "answered", "code", "ring_timeout"),
    [(Facts(), True, None, False), (Facts(), False, 487, False), (Facts(ring_timeout=True), False, 487, True)],
)
def test_a_call_that_we_ended_and_did_not_live_to_hear_of_is_known_by_its_cause(facts, answered, code, ring_timeout):
    told = verdict(CallId("call"), AT, Facts(answered=answered), our_cause(facts), None)
    assert told == Ended(CallId("call"), AT, Party.DIALER, code, ring_timeout)


def test_a_seats_id_is_the_beginning_of_no_others():
    short, long = (Channel(Kind.SEAT, key) for key in ("li", "li2"))
    assert not long.id.startswith(short.id)
    assert ours(short.id) == short
