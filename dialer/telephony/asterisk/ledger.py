"""The ledger: every channel of ours as AMI saw it begin and end, apart from what ARI says. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from dialer.telephony.asterisk.names import ours

_KEPT = 10_000  # channels that ended; the oldest are forgotten


@dataclass(frozen=True, slots=True)
class Death:
    """How a channel ended: Q.850 cause, and the far end's SIP code if there was one."""

    cause: int
    sip_code: int | None = None


@dataclass(slots=True)
class Ledger:
    """Channels that exist, and how those that don't any more have ended."""

    open: set[str] = field(default_factory=set)
    deaths: dict[str, Death] = field(default_factory=dict)

    def hear(self, name: str, keys: Mapping[str, Any]) -> str | None:
        """Write an event down; the channel's id when it was its end."""
        channel = str(keys.get("Uniqueid", ""))
        if ours(channel) is None:
            return None
        if name == "Newchannel":
            self.open.add(channel)
            self.deaths.pop(channel, None)  # a seat's id comes again
        if name != "Hangup":
            return None
        self.open.discard(channel)
        self.deaths[channel] = Death(_number(keys.get("Cause")) or 0, _number(keys.get("TechCause")))
        while len(self.deaths) > _KEPT:
            del self.deaths[next(iter(self.deaths))]
        return channel


def _number(text: object) -> int | None:
    return int(text) if isinstance(text, str) and text.isdigit() else None
