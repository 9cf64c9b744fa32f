"""A worker's messages as our events. Pure; tested on captured messages."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from dialer.domain.call import (
    Answered,
    CallId,
    Connected,
    EarlyMedia,
    Ended,
    ListenerDown,
    ListenerUp,
    ListenMode,
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

_MILESTONES: Mapping[str, type[Ringing | EarlyMedia | Answered | Connected]] = {
    "ringing": Ringing,
    "early_media": EarlyMedia,
    "answered": Answered,
    "connected": Connected,
}


def translate(message: Mapping[str, Any], seat: SeatId, at: datetime) -> WireEvent | None:
    """The event a message means; None for one that means nothing to us."""
    match message["kind"]:
        case "seat_up":
            return SeatUp(seat, at)
        case "seat_down":
            return SeatDown(seat, at, message["why"])
        case "ringing" | "early_media" | "answered" | "connected" as kind:
            return _MILESTONES[kind](CallId(message["call"]), at)
        case "recording":
            return RecordingStarted(CallId(message["call"]), at, _files(message))
        case "listener_up":
            return ListenerUp(CallId(message["call"]), at, ListenMode(message["mode"]))
        case "listener_down":
            return ListenerDown(CallId(message["call"]), at, message["why"])
        case "ended":
            return _ended(message, at)
        case _:
            return None


def _files(message: Mapping[str, Any]) -> SoundFiles:
    agent = message["agent"]
    return SoundFiles(RecordingKind(message["sound"]), Path(message["customer"]), Path(agent) if agent else None)


def _ended(message: Mapping[str, Any], at: datetime) -> Ended:
    """Who ended it: we, when we were told to; else the customer who had answered; else the network."""
    if message["hung_up_by"]:
        by = Party(message["hung_up_by"])
    else:
        by = Party.CUSTOMER if message["answered"] else Party.NETWORK
    refused = not message["answered"] and message["code"] >= 300 and message.get("failure") is None
    return Ended(
        CallId(message["call"]),
        at,
        by,
        sip_code=message["code"] if refused else None,
        ring_timeout=message.get("ring_timeout", False),
        failure=message.get("failure"),
    )
