"""People, their seats, and what desks want of the engine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

from dialer.domain.call import CallId, Phase, SeatId
from dialer.domain.seat import Seat, SeatEvent
from dialer.domain.user import AccountEvent, Role, User
from dialer.ports.history import HistoryRow, Moved


@dataclass(frozen=True, slots=True)
class DeskProgress:
    """A seat, and of its call what changes on a desk: its phase, and how many steps its interviews have made."""

    seat: Seat
    phase: Phase | None
    steps: int


class DeskOrderKind(StrEnum):
    """What a desk may want of the engine."""

    SIT_DOWN = "SIT_DOWN"
    CALL_AGAIN = "CALL_AGAIN"
    STAND_UP = "STAND_UP"
    HANG_UP = "HANG_UP"
    DIAL = "DIAL"
    LISTEN = "LISTEN"
    STOP_LISTENING = "STOP_LISTENING"


@dataclass(frozen=True, slots=True)
class DeskOrder:
    """A wish of a desk, carried to the engine through the database."""

    id: int
    kind: DeskOrderKind
    seat: SeatId
    asked_by: str
    asked_at: datetime
    call_id: CallId | None = None
    detail: Mapping[str, Any] | None = None


class Floor(Protocol):
    """People, their seats, and what desks want of the engine."""

    async def user(self, login: str) -> User | None:
        """By login."""
        ...

    async def add_user(self, user: User) -> User:
        """Store a new user. Raises DialerError LOGIN_TAKEN."""
        ...

    async def save_user(self, user: User) -> None:
        """Store changes of a user."""
        ...

    async def users(self, role: Role | None = None) -> Sequence[User]:
        """All users, by login."""
        ...

    async def note_account(self, login: str, event: AccountEvent, moved: Moved) -> None:
        """Add to the account's history who did what; nobody can take it out again."""
        ...

    async def account_history(self, login: str) -> Sequence[HistoryRow]:
        """What administrators did to an account, first to last."""
        ...

    async def seat(self, seat_id: SeatId) -> Seat | None:
        """A seat."""
        ...

    async def seat_of(self, login: str) -> Seat | None:
        """The seat of an agent."""
        ...

    async def desk_of(self, login: str) -> DeskProgress | None:
        """The agent's seat with how far its call has come, in one look; None for who never sat down."""
        ...

    async def seats(self, owner: str | None = None) -> Sequence[Seat]:
        """All seats, or those one engine serves."""
        ...

    async def put_seat(self, seat: Seat) -> Seat:
        """Add a seat."""
        ...

    async def move_seat(self, seat: Seat, event: SeatEvent, moved: Moved) -> Seat:
        """Apply an event, save what changed, write the history row. Raises StaleVersion, ImpossibleMove."""
        ...

    async def save_seat(self, seat: Seat) -> Seat:
        """Save what is not a move. Raises StaleVersion."""
        ...

    async def order(self, order: DeskOrder) -> DeskOrder:
        """Store a desk's wish; its id is given here."""
        ...

    async def open_orders(self) -> Sequence[DeskOrder]:
        """Wishes not yet carried out, oldest first."""
        ...

    async def order_done(self, order_id: int, at: datetime, refused: str = "") -> None:
        """Note that a wish was carried out, or why not."""
        ...
