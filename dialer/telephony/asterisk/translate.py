"""ARI's events as what they say of our channels, and a call's end as our verdict. Pure; tested on captured traffic."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from dialer.domain.call import CallId, Ended, Party
from dialer.telephony.asterisk.names import Channel, ours

CANCELLED = 487
_RANG_OUT = 19  # Q.850 "no answer": what Asterisk says of its own time-out
_NO_SOUND = 44  # what Asterisk says when rtp_timeout ends a channel
_NORMAL = 16
_WE = 31  # "normal, unspecified": with it we hang up, so that the event log tells our doing from Asterisk's own


class Saying(StrEnum):
    """What an event says of a channel."""

    BEGUN = "BEGUN"
    RINGING = "RINGING"
    EARLY_MEDIA = "EARLY_MEDIA"
    ANSWERED = "ANSWERED"
    JOINED = "JOINED"
    IN_APP = "IN_APP"
    FAR_END_HUNG_UP = "FAR_END_HUNG_UP"
    GONE = "GONE"


@dataclass(frozen=True, slots=True)
class News:
    """One event about one of our channels. `name` is Asterisk's own; cause is Q.850, `sip_code` the far end's."""

    channel: Channel
    saying: Saying
    name: str = ""
    cause: int = 0
    sip_code: int | None = None


_DIAL = {"RINGING": Saying.RINGING, "PROGRESS": Saying.EARLY_MEDIA}
_STATES = {"Ringing": (Saying.RINGING,), "Up": (Saying.ANSWERED,)}
_PLAIN = {
    "ChannelCreated": Saying.BEGUN,
    "ChannelEnteredBridge": Saying.JOINED,
    "StasisStart": Saying.IN_APP,
    "ChannelDestroyed": Saying.GONE,
}
EVENTS = (*_PLAIN, "Dial", "ChannelStateChange", "ChannelHangupRequest")
"""The types of events that `read` reads; the others need not be sent."""


def read(event: Mapping[str, Any]) -> News | None:
    """What an event says; None when it is not about a channel of ours, or says nothing we need."""
    about = event.get("channel") or event.get("peer")
    channel = ours(about["id"]) if about else None
    saying = _saying(event, about["state"]) if about else None
    if channel is None or saying is None or about is None:
        return None
    return News(channel, saying, about["name"], event.get("cause", 0), event.get("tech_cause"))


def read_snapshot(channels: Sequence[Mapping[str, Any]], bridges: Sequence[Mapping[str, Any]]) -> list[News]:
    """What a snapshot says that events may have failed to say."""
    joined = {channel for bridge in bridges for channel in bridge["channels"]}
    news: list[News] = []
    for about in channels:
        if channel := ours(about["id"]):
            sayings = [*_STATES.get(about["state"], ()), *([Saying.JOINED] if about["id"] in joined else [])]
            news += [News(channel, saying, about["name"]) for saying in sayings]
    return news


def their_time(ping: Mapping[str, Any]) -> datetime:
    """What time Asterisk says it is."""
    return datetime.strptime(ping["timestamp"], "%Y-%m-%dT%H:%M:%S.%f%z")


def _saying(event: Mapping[str, Any], state: str) -> Saying | None:
    match event["type"]:
        case "Dial":
            return _DIAL.get(event["dialstatus"])
        case "ChannelStateChange" if state == "Up":
            return Saying.ANSWERED
        case "ChannelHangupRequest" if not event.get("soft"):
            return Saying.FAR_END_HUNG_UP
        case kind:
            return _PLAIN.get(kind)


@dataclass(slots=True)
class Facts:
    """What is known of a call when it ends. Whoever hung up first decides; `by` None: not we."""

    answered: bool = False
    by: Party | None = None
    ring_timeout: bool = False
    failure: str | None = None
    far_end_hung_up: bool = False


def our_cause(facts: Facts) -> int:
    """The cause with which we hang up; should we die before its end is heard, `verdict` reads ours in the log."""
    if facts.ring_timeout:
        return _RANG_OUT
    return _WE if facts.failure is None else _NORMAL


def verdict(call_id: CallId, at: datetime, facts: Facts, cause: int, sip_code: int | None) -> Ended:
    """Who ended a call, and what for.

    A cause without a hang-up by the far end is our own doing, before we died, or Asterisk's: its ring time-out (a
    backstop for ours), no sound for too long, or a customer hung up because the seat is gone.
    """
    if facts.by is not None:
        told = CANCELLED if not facts.answered and facts.failure is None else None
        return Ended(call_id, at, facts.by, told, facts.ring_timeout, facts.failure)
    if facts.answered and facts.far_end_hung_up:
        return Ended(call_id, at, Party.CUSTOMER)
    if cause == _WE and not facts.far_end_hung_up:
        return Ended(call_id, at, Party.DIALER, None if facts.answered else CANCELLED)
    if cause == _NO_SOUND:
        return Ended(call_id, at, Party.NETWORK, failure="SOUND_LOST")
    if facts.answered:
        return Ended(call_id, at, Party.AGENT, failure="SEAT_LOST")
    if not facts.far_end_hung_up and cause == _RANG_OUT:
        return Ended(call_id, at, Party.DIALER, CANCELLED, ring_timeout=True)
    if sip_code is None:
        return Ended(call_id, at, Party.NETWORK, failure="TRUNK_LOST")
    return Ended(call_id, at, Party.NETWORK, sip_code)
