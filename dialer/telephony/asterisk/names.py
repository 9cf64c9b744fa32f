"""What our channels and bridges are called on Asterisk. An id says what a channel is, so a repeated order is refused.

`dialer.call.<call id>` and so on: who looks at Asterisk, or reads its logs after a crash, knows whose channel it sees.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from dialer.ports import TelephonyRefused
from dialer.telephony.asterisk.configuration import APP

SIP_URI = re.compile(r"sips?:[\w.+%-]+@[\w.\[\]:-]+(;[\w=.-]+)*")
CALLER_ID = re.compile(r"[\w.+-]{1,40}")
PLAIN_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,99}")
DIALPLAN_PATH = re.compile(r"/[\w./ -]*")  # nothing that means something to a dialplan application's arguments


class Kind(StrEnum):
    """What a channel of ours is."""

    CALL = "call"  # the customer
    SEAT = "seat"  # the agent
    EAR = "ear"  # hears what the network says before the answer
    LISTENER = "listener"  # the supervisor's phone
    SPY = "spy"  # joins the listener to the talk


@dataclass(frozen=True, slots=True)
class Channel:
    """One channel of ours: its kind, and the call's or the seat's id."""

    kind: Kind
    key: str

    @property
    def id(self) -> str:
        """Its id on Asterisk."""
        return f"{APP}.{self.kind}.{self.key}"

    @property
    def path(self) -> str:
        """Its resource in ARI."""
        return f"/channels/{self.id}"


def ours(channel_id: str) -> Channel | None:
    """The channel an id names; None for somebody else's."""
    app, _, rest = channel_id.partition(".")
    kind, _, key = rest.partition(".")
    return Channel(Kind(kind), key) if app == APP and kind in set(Kind) and key else None


def must_match(pattern: re.Pattern[str], text: str, what: str) -> None:
    """Nothing goes into a SIP message, a dialplan or a file name that could mean more than it says."""
    if not pattern.fullmatch(text):
        raise TelephonyRefused(f"not a usable {what}")
