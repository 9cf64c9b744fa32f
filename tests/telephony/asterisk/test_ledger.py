"""The ledger over captured AMI traffic."""

from __future__ import annotations

import pytest

from dialer.telephony.asterisk.ledger import _KEPT, Death, Ledger
from dialer.telephony.asterisk.translate import Saying
from tests.telephony.asterisk.captured_traffic import AMI, news_of

CALLS = ("busy", "power-off", "rings-out", "cancelled", "hangs-up", "we-hang-up", "vanishes", "seat-lost")


def written() -> Ledger:
    ledger = Ledger()
    for event in AMI:
        ledger.hear(event["Event"], event)
    return ledger


def test_every_channel_that_began_has_ended():
    ledger = written()
    assert ledger.open == set()
    assert {f"dialer.call.{call}" for call in CALLS} <= ledger.deaths.keys()


@pytest.mark.parametrize("call", CALLS)
def test_ami_and_ari_tell_the_same_end(call):
    (gone,) = [news for news in news_of(call) if news.saying is Saying.GONE and news.channel.kind == "call"]
    assert written().deaths[gone.channel.id] == Death(gone.cause, gone.sip_code)


def test_channels_of_others_are_not_written_down():
    ledger = Ledger()
    assert ledger.hear("Hangup", {"Uniqueid": "1795302297.1", "Cause": "16"}) is None
    assert ledger.hear("FullyBooted", {}) is None
    assert ledger == Ledger()


def test_a_seats_second_life_forgets_how_the_first_one_ended():
    ledger = Ledger()
    seat = {"Uniqueid": "dialer.seat.s1", "Cause": "16"}
    ledger.hear("Newchannel", seat)
    assert ledger.hear("Hangup", seat) == "dialer.seat.s1"
    ledger.hear("Newchannel", seat)
    assert (ledger.open, ledger.deaths) == ({"dialer.seat.s1"}, {})


def test_the_ledger_does_not_grow_for_ever():
    ledger = Ledger()
    for number in range(_KEPT + 5):
        ledger.hear("Hangup", {"Uniqueid": f"dialer.call.{number}", "Cause": "16"})
    assert len(ledger.deaths) == _KEPT
    assert "dialer.call.4" not in ledger.deaths
