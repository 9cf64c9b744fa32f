"""Orders whose end has not been told yet, on disk: what a dialer that was killed finds when it comes back."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import structlog

from dialer.domain.call import CallId, SeatId

_LOG = structlog.get_logger("telephony")


@dataclass(frozen=True, slots=True)
class Kept:
    """A call that was ordered for a seat, and the seat's phone. No number: nobody is ever dialled from here."""

    call_id: CallId
    seat: SeatId
    address: str


class OpenOrders:
    """A small file a call in a folder of one dialer's own, written before its order and removed after its end."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def keep(self, kept: Kept) -> None:
        """Remember an order. Raises OSError."""
        self._folder.mkdir(parents=True, exist_ok=True)
        new = self._folder / f"{kept.call_id}.new"
        new.write_text(json.dumps({"seat": kept.seat, "address": kept.address}))
        new.rename(self._file(kept.call_id))

    def forget(self, call_id: CallId) -> None:
        """Its end has been told, or nothing rang."""
        self._file(call_id).unlink(missing_ok=True)

    def left(self) -> list[Kept]:
        """Every order whose end was not told; a file that can't be read is reported and left."""
        found = (self._read(file) for file in sorted(self._folder.glob("*.json")))
        return [kept for kept in found if kept is not None]

    def _read(self, file: Path) -> Kept | None:
        try:
            told = json.loads(file.read_text())
            return Kept(CallId(file.stem), SeatId(told["seat"]), told["address"])
        except (OSError, ValueError, KeyError) as error:
            _LOG.error("telephony.order_unreadable", file=str(file), error=repr(error))
            return None

    def _file(self, call_id: CallId) -> Path:
        return self._folder / f"{call_id}.json"
