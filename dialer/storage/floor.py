"""The shelf of people, their logins and seats, and what desks want of the engine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import RowMapping, func, select, true

from dialer.domain.call import SeatId
from dialer.domain.errors import DialerError, NotFound
from dialer.domain.seat import Seat, SeatEvent
from dialer.domain.user import AccountEvent, Role, User
from dialer.ports.storage import DeskOrder, DeskProgress, HistoryRow, Moved
from dialer.storage import tables
from dialer.storage.plain import from_row, row_of, to_plain
from dialer.storage.statements import Statements
from dialer.storage.versions import read_history, save_version, write_history

_users, _seats, _orders = tables.users, tables.seats, tables.desk_orders
_calls, _attempts, _interviews = tables.calls, tables.attempts, tables.interviews
_RECORD, _ACCOUNT = "seat", "account"


class LoginTaken(DialerError):
    """Somebody has this login already."""

    code = "LOGIN_TAKEN"


class FloorShelf:
    """`dialer.ports.storage.Floor` in SQL."""

    def __init__(self, statements: Statements) -> None:
        self._statements = statements

    async def user(self, login: str) -> User | None:
        row = await self._statements.first(select(_users).where(_users.c.login == login))
        return from_row(User, row) if row else None

    async def add_user(self, user: User) -> User:
        added = await self._statements.add_new(_users, row_of(user, _users))
        if added is None:
            raise LoginTaken(f"there is a user {user.login} already")
        return replace(user, id=added)

    async def save_user(self, user: User) -> None:
        await self._statements.save(_users, row_of(user, _users), f"user {user.login}")

    async def users(self, role: Role | None = None) -> Sequence[User]:
        wanted = true() if role is None else _users.c.role == role.value
        rows = await self._statements.all(select(_users).where(wanted).order_by(_users.c.login))
        return [from_row(User, row) for row in rows]

    async def note_account(self, login: str, event: AccountEvent, moved: Moved) -> None:
        await write_history(self._statements, _ACCOUNT, login, event, ("", ""), moved)

    async def account_history(self, login: str) -> Sequence[HistoryRow]:
        return await read_history(self._statements, _ACCOUNT, login)

    async def seat(self, seat_id: SeatId) -> Seat | None:
        return await self._one_seat(id=seat_id)

    async def seat_of(self, login: str) -> Seat | None:
        return await self._one_seat(login=login)

    async def desk_of(self, login: str) -> DeskProgress | None:
        at_desk = _attempts.c.call_id == _seats.c.call_id
        steps = (
            select(func.coalesce(func.sum(_interviews.c.version), 0))
            .join(_attempts, _attempts.c.id == _interviews.c.attempt_id)
            .where(at_desk)
            .scalar_subquery()
        )
        joined = _seats.outerjoin(_calls, _calls.c.id == _seats.c.call_id)
        wanted = select(*_seats.c, _calls.c.phase, steps.label("steps")).select_from(joined)
        row = await self._statements.first(wanted.where(_seats.c.login == login))
        return from_row(DeskProgress, row, seat=from_row(Seat, row)) if row else None

    async def seats(self, owner: str | None = None) -> Sequence[Seat]:
        wanted = true() if owner is None else _seats.c.owner == owner
        rows = await self._statements.all(select(_seats).where(wanted).order_by(_seats.c.id))
        return [from_row(Seat, row) for row in rows]

    async def _one_seat(self, **key: str) -> Seat | None:
        rows = await self._statements.with_key(_seats, **key)
        return from_row(Seat, rows[0]) if rows else None

    async def put_seat(self, seat: Seat) -> Seat:
        await self._statements.run(_seats.insert().values(row_of(seat, _seats)))
        return seat

    async def move_seat(self, seat: Seat, event: SeatEvent, moved: Moved) -> Seat:
        after = replace(seat.moved(event, moved.at), version=seat.version + 1)
        await save_version(self._statements, _seats, row_of(after, _seats), seat.state)
        await write_history(self._statements, _RECORD, seat.id, event, (seat.state, after.state), moved)
        return after

    async def save_seat(self, seat: Seat) -> Seat:
        after = replace(seat, version=seat.version + 1)
        await save_version(self._statements, _seats, row_of(after, _seats), seat.state)
        return after

    async def order(self, order: DeskOrder) -> DeskOrder:
        row = row_of(order, _orders, detail=to_plain(order.detail or {}), refused="")
        return replace(order, id=await self._statements.add(_orders, row))

    async def open_orders(self) -> Sequence[DeskOrder]:
        wanted = select(_orders).where(_orders.c.done_at.is_(None)).order_by(_orders.c.id)
        return [_order(row) for row in await self._statements.all(wanted)]

    async def order_done(self, order_id: int, at: datetime, refused: str = "") -> None:
        done: dict[str, Any] = {"done_at": at, "refused": refused}
        if not await self._statements.change(_orders.update().where(_orders.c.id == order_id).values(done)):
            raise NotFound(f"there is no desk order {order_id}")


def _order(row: RowMapping) -> DeskOrder:
    return from_row(DeskOrder, row, detail=row["detail"] or None)
