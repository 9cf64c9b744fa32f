"""What we ask of Asterisk, in the words of ARI and of `config/asterisk/extensions.conf`."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from dialer.ports import DialOrder
from dialer.telephony.asterisk.ari import Ari, AriRefused, AriSilent
from dialer.telephony.asterisk.calls import Call, Seat
from dialer.telephony.asterisk.fetching import remove
from dialer.telephony.asterisk.names import Channel, caller_id, dialled
from dialer.telephony.asterisk.translate import EVENTS

_SEAT_ANSWER_SECONDS = 20
PATIENCE_SECONDS = 20  # a customer whose agent's browser has gone waits so long for its return
_DROPS = 3
_GONE = (404, 409)  # no such channel; no channel of an application any more
_HOLDER = "DIALER_OF_"
_BACKSTOP_SECONDS = 3  # Asterisk gives up by itself so long after we should have


class Commands:
    """Commands return when Asterisk has accepted them; all raise AriRefused and AriSilent."""

    def __init__(self, ari: Ari, app: str, spool: Path, theirs: Path | None) -> None:
        """`theirs` is how the spool is called on Asterisk's side, when that differs."""
        self.spool_there = theirs or spool
        self.app = app
        self._ari, self._spool = ari, spool

    async def hear_only_what_we_read(self) -> None:
        """Spare the websocket what nobody reads."""
        await self._ari.put(f"/applications/{self.app}/eventFilter", {"allowed": [{"type": kind} for kind in EVENTS]})

    async def call_phone(self, seat: Seat) -> None:
        """Call the agent; the leg then waits in the dialplan, or goes back to the customer who waits for it."""
        await self._ari.post(
            seat.channel.path,
            endpoint=dialled(seat.address),
            context="dialer-seat",
            extension="return" if seat.waiting else "sit",
            priority=1,
            timeout=_SEAT_ANSWER_SECONDS,
            callerId=caller_id(seat.seat),
            variables={"DIALER_CUSTOMER": seat.waiting.channel.id} if seat.waiting else {},
        )

    async def mark(self, seat: Seat) -> None:
        """The seat's leg is ours from now on. A global variable: a waiting leg takes none."""
        await self._ari.post("/asterisk/variable", variable=f"{_HOLDER}{seat.seat}", value=self.app)

    async def holder_of(self, seat: Seat) -> str:
        """The application of the dialer that was the last to mark the seat's leg."""
        told = await self._ari.get(f"/asterisk/variable?variable={_HOLDER}{seat.seat}")
        return str(told["value"])

    async def place(self, call: Call, order: DialOrder) -> None:
        """Dial; the dialplan joins who answers to the seat, and records both."""
        assert call.talk.agent is not None
        variables = {
            "DIALER_SEAT": call.seat.name,
            "DIALER_CUSTOMER": str(self._there(call.talk.customer)),
            "DIALER_AGENT": str(self._there(call.talk.agent)),
            "DIALER_PATIENCE_SECONDS": str(PATIENCE_SECONDS if call.seat.may_return else 0),
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
        with _while_it_is_there():
            await self._ari.post(f"{call.channel.path}/snoop/{call.ear.id}", spy="in", app=self.app)

    async def write_early(self, call: Call) -> None:
        """Let the ear write what it hears."""
        file = str(self._there(call.early.customer))
        with _while_it_is_there():
            await self._ari.post(f"{call.ear.path}/variable", variable="DIALER_EARLY", value=file)
            await self._ari.post(f"{call.ear.path}/continue", context="dialer-early", extension="record", priority=1)

    async def remove_early(self, call: Call) -> None:
        """Remove what an ear has written, on an Asterisk whose sound is fetched."""
        await remove(self._ari, self._spool, call.early.customer)

    async def drop(self, channel: Channel, cause: int | None = None) -> bool:
        """Hang a channel up, and say whether it was there. Done twice it does no harm, so silence is asked again."""
        path = channel.path if cause is None else f"{channel.path}?reason_code={cause}"
        for _ in range(_DROPS - 1):
            with contextlib.suppress(AriSilent):
                return await self._ari.delete(path)
        return await self._ari.delete(path)

    async def snapshot(self) -> tuple[Sequence[Mapping[str, Any]], Sequence[Mapping[str, Any]]]:
        """All channels and all bridges."""
        return await self._ari.get("/channels"), await self._ari.get("/bridges")

    async def look_at(self, channel: Channel) -> Mapping[str, Any] | None:
        """What Asterisk says of a channel; None when it is not there."""
        return await self._ari.get(channel.path)  # type: ignore[no-any-return]  # JSON

    def _there(self, path: Path) -> Path:
        """A spool file's path as Asterisk knows it."""
        return self.spool_there / path.relative_to(self._spool)


@contextlib.contextmanager
def _while_it_is_there() -> Iterator[None]:
    """What a channel is asked that may end at any moment: if it has, there is nothing left to ask."""
    try:
        yield
    except AriRefused as refusal:
        if refusal.status not in _GONE:
            raise
