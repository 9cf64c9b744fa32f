"""What our channels and bridges are called on Asterisk. An id says what a channel is, so a repeated order is refused.

`dialer.call.<call id>` and so on: who looks at Asterisk, or reads its logs after a crash, knows whose channel it sees.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from dialer.domain.desk_phone import browser_name
from dialer.telephony.asterisk.configuration import APP

DIALPLAN_PATH = re.compile(r"/[\w./ -]*")  # nothing that means something to a dialplan application's arguments


_END = "~"  # in no login


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
        """Its id on Asterisk, which refuses an id that another begins with: a seat's (a login) gets an end."""
        return f"{APP}.{self.kind}.{self.key}{_END if self.kind is Kind.SEAT else ''}"

    @property
    def path(self) -> str:
        """Its resource in ARI."""
        return f"/channels/{self.id}"


def ours(channel_id: str) -> Channel | None:
    """The channel an id names; None for somebody else's."""
    app, _, rest = channel_id.partition(".")
    kind, _, key = rest.partition(".")
    return Channel(Kind(kind), key.removesuffix(_END)) if app == APP and kind in set(Kind) and key else None


def dialled(address: str) -> str:
    """What Asterisk dials for a phone."""
    browser = browser_name(address)
    return f"PJSIP/{browser}" if browser else f"PJSIP/phones/{address}"


def caller_id(name: str) -> str:
    """Who calls, by name; Asterisk would take a bare name of digits for a number."""
    return f'"{name}" <{APP}>'
