"""What we ask of Asterisk, in the words of ARI and of `config/asterisk/extensions.conf`."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dialer.ports import DialOrder
from dialer.telephony.asterisk.ari import Ari, AriSilent
from dialer.telephony.asterisk.calls import Call, Seat
from dialer.telephony.asterisk.names import Channel
from dialer.telephony.asterisk.translate import EVENTS

_SEAT_ANSWER_SECONDS = 20
_DROPS = 3
_BACKSTOP_SECONDS = 3  # Asterisk gives up by itself so long after we should have


class Commands:
    """Commands return when Asterisk has accepted them; all raise AriRefused and AriSilent."""

    def __init__(self, ari: Ari, app: str, spool: Path, theirs: Path | None) -> None:
        """`theirs` is how the spool is called on Asterisk's side, when that differs."""
        self.spool_there = theirs or spool
        self._ari, self._app, self._spool = ari, app, spool

    async def hear_only_what_we_read(self) -> None:
        """Spare the websocket what nobody reads."""
        await self._ari.put(f"/applications/{self._app}/eventFilter", {"allowed": [{"type": kind} for kind in EVENTS]})

    async def call_phone(self, seat: Seat) -> None:
        """Call the agent; the leg then waits in the dialplan."""
        await self._ari.post(
            seat.channel.path,
            endpoint=f"PJSIP/phones/{seat.address}",
            context="dialer-seat",
            extension="sit",
            priority=1,
            timeout=_SEAT_ANSWER_SECONDS,
            callerId=seat.seat,
        )

    async def place(self, call: Call, order: DialOrder) -> None:
        """Dial; the dialplan joins who answers to the seat, and records both."""
        assert call.talk.agent is not None
        variables = {
            "DIALER_SEAT": call.seat.name,
            "DIALER_CUSTOMER": str(self._there(call.talk.customer)),
            "DIALER_AGENT": str(self._there(call.talk.agent)),
        }
        await self._ari.post(
            call.channel.path,
            endpoint=f"PJSIP/{order.number.national}@carrier",
            context="dialer-customer",
            extension="talk",
            priority=1,
            callerId=order.caller_id,
            timeout=int(order.ring_seconds) + _BACKSTOP_SECONDS,
            variables=variables,
        )

    async def open_ear(self, call: Call) -> None:
        """Put a spy on what the network says; it comes into our application."""
        await self._ari.post(f"{call.channel.path}/snoop/{call.ear.id}", spy="in", app=self._app)

    async def write_early(self, call: Call) -> None:
        """Let the ear write what it hears."""
        file = str(self._there(call.early.customer))
        await self._ari.post(f"{call.ear.path}/variable", variable="DIALER_EARLY", value=file)
        await self._ari.post(f"{call.ear.path}/continue", context="dialer-early", extension="record", priority=1)

    async def drop(self, channel: Channel) -> bool:
        """Hang a channel up, and say whether it was there. Done twice it does no harm, so silence is asked again."""
        for _ in range(_DROPS - 1):
            with contextlib.suppress(AriSilent):
                return await self._ari.delete(channel.path)
        return await self._ari.delete(channel.path)

    async def look_at(self, channel: Channel) -> Mapping[str, Any] | None:
        """What Asterisk says of a channel; None when it is not there."""
        return await self._ari.get(channel.path)  # type: ignore[no-any-return]  # JSON

    def _there(self, path: Path) -> Path:
        """A spool file's path as Asterisk knows it."""
        return self.spool_there / path.relative_to(self._spool)
