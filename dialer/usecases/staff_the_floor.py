"""At the side: who works here. Accounts, and agents who sit down, get ready, pause and go (rules §2.2, §2.4).

The desk only states its wish and moves the seat; the engine, perhaps in another process, finds the wish in the
database and calls the agent's phone.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from dialer.domain.audit import AuditEntry, AuditKind
from dialer.domain.call import CallId, SeatId
from dialer.domain.errors import DialerError, ImpossibleMove, NotFound
from dialer.domain.password import MIN_CHARS, password_fault
from dialer.domain.seat import SEAT, Seat, SeatEvent, SeatState
from dialer.domain.unit import PLACE
from dialer.domain.user import PHONE_ADDRESS, WHOLE_COMPANY, AccountEvent, Role, User
from dialer.ports import Signals
from dialer.ports.storage import DeskOrder, DeskOrderKind, Moved, Storage, Work
from dialer.ports.topics import DESK_ORDERS, DISPATCH, WALL, desk

_LOGIN = re.compile(r"[a-z0-9][a-z0-9._-]{0,31}")
BUSY = frozenset({SeatState.RESERVED, SeatState.TALKING, SeatState.WRAP_UP})
"""A call is under way, or its result is not entered yet."""


class AccountInvalid(DialerError):
    """A login or password that can't be used for a new account."""

    code = "ACCOUNT_INVALID"


class WholeCompanyOnly(AccountInvalid):
    """Who keeps accounts, scripts and calendars keeps them for the whole company (rules §2.2)."""

    code = "WHOLE_COMPANY_ONLY"


class NoPhone(DialerError):
    """The user has no telephone address, so no call can reach this desk."""

    code = "NO_PHONE_ADDRESS"


class PauseReason(StrEnum):
    """Why an agent takes no calls."""

    BREAK = "BREAK"
    LUNCH = "LUNCH"
    MEETING = "MEETING"
    TRAINING = "TRAINING"
    PAPERWORK = "PAPERWORK"


class PasswordHasher(Protocol):
    """Slow on purpose, so off the event loop."""

    async def hash(self, password: str) -> str:
        """A salted hash to store."""
        ...

    async def verify(self, password_hash: str, password: str) -> bool:
        """Whether the password is the one that was hashed."""
        ...


async def create_user(
    storage: Storage,
    hasher: PasswordHasher,
    now: datetime,
    *,
    login: str,
    name: str,
    password: str,
    role: Role,
    org: str = "",
    phone_address: str = "",
    salesperson_code: str = "",
    by: str = "cli",
    must_change_password: bool = False,
) -> User:
    """Open an account.

    Raises:
        AccountInvalid: the login has other characters than a-z 0-9 . _ -, the password can't be used, the telephone
            is no address.
        WholeCompanyOnly: the role works for the whole company, and is given a place.
        DialerError: code LOGIN_TAKEN.
    """
    if not _LOGIN.fullmatch(login):
        raise AccountInvalid(f"login {login!r}: use up to 32 of a-z, 0-9, '.', '_' and '-'")
    if (fault := password_fault(login, password)) is not None:
        raise AccountInvalid(f"the password of {login} can't be used: {fault} (at least {MIN_CHARS} characters)")
    usable_phone(phone_address)
    usable_place(role, org)
    user = User(
        login,
        name,
        await hasher.hash(password),
        role,
        now,
        org=org,
        phone_address=phone_address,
        salesperson_code=salesperson_code,
        must_change_password=must_change_password,
    )
    async with storage.begin() as work:
        added = await work.floor.add_user(user)
        detail = {"name": name, "role": role, "org": org, "phone_address": phone_address}
        await note_account(work, added, AccountEvent.OPENED, Moved(by, now, detail))
    return added


def usable_place(role: Role, org: str) -> None:
    """A branch could give itself others' records, or its own words to the whole company. Raises AccountInvalid."""
    if org and not PLACE.fullmatch(org):
        raise AccountInvalid(f"place {org!r}: codes from the province down, such as 44/4401/440103")
    if role in WHOLE_COMPANY and org:
        raise WholeCompanyOnly(f"an account of role {role} works for the whole company: leave the place empty")


def usable_phone(address: str) -> str:
    """The address of somebody's telephone, or none. Raises AccountInvalid."""
    if address and not PHONE_ADDRESS.fullmatch(address):
        raise AccountInvalid(f"telephone {address!r}: write sip:NAME@HOST, or browser:LOGIN for a browser")
    return address


async def give_phone(storage: Storage, login: str, phone_address: str, by: str, now: datetime) -> None:
    """Enter an agent's or a supervisor's telephone, or another one. Raises NotFound, AccountInvalid."""
    async with storage.begin() as work:
        user = await work.floor.user(login)
        if user is None:
            raise NotFound(f"there is no user {login}")
        await work.floor.save_user(replace(user, phone_address=usable_phone(phone_address)))
        changed = {"phone_address": {"from": user.phone_address, "to": phone_address}}
        await note_account(work, user, AccountEvent.CHANGED, Moved(by, now, changed))


def _told(event: AccountEvent, moved: Moved) -> str:
    changes = (f"{name}: {value}" for name, value in moved.detail.items() if value)
    return f"{event}; {'; '.join(changes)}" if moved.detail else str(event)


async def note_account(work: Work, user: User, event: AccountEvent, moved: Moved) -> None:
    """Into the account's history, and into the audit log."""
    await work.floor.note_account(user.login, event, moved)
    record = f"user {user.login}"
    entry = AuditEntry(
        moved.at, AuditKind.USER_CHANGED, moved.actor, user.org, record=record, detail=_told(event, moved)
    )
    await work.audit.put(entry)


async def sit_down(storage: Storage, signals: Signals, user: User, now: datetime) -> Seat:
    """Take the seat (made at the first time) and have the engine call the agent's phone. Raises NoPhone."""
    if not user.phone_address:
        raise NoPhone(f"{user.login} has no telephone address: an administrator must enter it")
    async with storage.begin() as work:
        seat = await _own_seat(work, user, now)
        seat = replace(seat, address=user.phone_address, why="", pause_after_call=False, back_to_ready=False)
        seat = await work.floor.move_seat(seat, SeatEvent.SIT_DOWN, Moved(user.login, now, {}))
        await _order(work, DeskOrderKind.SIT_DOWN, seat, user, now)
    await signals.notify(DESK_ORDERS, desk(seat.id), WALL)
    return seat


async def call_phone_again(storage: Storage, signals: Signals, user: User, now: datetime) -> None:
    """The agent's browser has registered and holds no leg: have it called, in a talk too.

    Nothing while nobody sits, or is just sitting down: then it is being called.
    """
    async with storage.begin() as work:
        seat = await work.floor.seat_of(user.login)
        if seat is None or seat.state is SeatState.AWAY or seat.address != user.phone_address:
            return
        if seat.state is SeatState.SEATING and not seat.why:
            return
        await _order(work, DeskOrderKind.CALL_AGAIN, seat, user, now)
    await signals.notify(DESK_ORDERS)


async def _own_seat(work: Work, user: User, now: datetime) -> Seat:
    seat = await work.floor.seat_of(user.login)
    if seat is not None:
        return seat
    return await work.floor.put_seat(Seat(SeatId(user.login), user.login, user.phone_address, since=now))


async def get_ready(storage: Storage, signals: Signals, user: User, now: datetime) -> Seat:
    """Take calls again. In a call: take the next one too, after all."""

    def ready(seat: Seat) -> tuple[Seat, SeatEvent | None]:
        if seat.state in BUSY:
            return replace(seat, pause_after_call=False, why=""), None
        return replace(seat, why=""), SeatEvent.READY

    seat = await _change(storage, user, now, ready)
    await signals.notify(DISPATCH, desk(seat.id), WALL)
    return seat


async def pause(storage: Storage, signals: Signals, user: User, reason: PauseReason, now: datetime) -> Seat:
    """Take no more calls; one that is being dialled or held is finished first."""

    def paused(seat: Seat) -> tuple[Seat, SeatEvent | None]:
        if seat.state in BUSY:
            return replace(seat, pause_after_call=True, why=reason), None
        return replace(seat, why=reason), SeatEvent.PAUSE

    seat = await _change(storage, user, now, paused)
    await signals.notify(desk(seat.id), WALL)
    return seat


async def stand_up(storage: Storage, signals: Signals, user: User, now: datetime) -> Seat:
    """Leave the seat; its leg is ended. Raises ImpossibleMove while a call is dialled, held or wrapped up."""
    async with storage.begin() as work:
        seat = await seat_of(work, user)
        leaving = replace(seat, why="", back_to_ready=False)
        seat = await work.floor.move_seat(leaving, SeatEvent.STAND_UP, Moved(user.login, now, {}))
        await _order(work, DeskOrderKind.STAND_UP, seat, user, now)
    await signals.notify(DESK_ORDERS, desk(seat.id), WALL)
    return seat


async def hang_up(storage: Storage, signals: Signals, user: User, call_id: CallId, now: datetime) -> None:
    """Have the engine end the call that the screen showed; one that has just ended by itself is what was wanted.

    A key that comes late finds the next call on the line, which it was never meant for.

    Raises:
        ImpossibleMove: the seat has no call.
    """
    async with storage.begin() as work:
        seat = await seat_of(work, user)
        if seat.state is SeatState.WRAP_UP or (seat.call_id is not None and seat.call_id != call_id):
            return
        if seat.call_id is None or seat.state not in (SeatState.RESERVED, SeatState.TALKING):
            raise ImpossibleMove(f"seat {seat.id} is {seat.state}: there is no call to hang up")
        await _order(work, DeskOrderKind.HANG_UP, seat, user, now)
    await signals.notify(DESK_ORDERS)


async def seat_of(work: Work, user: User) -> Seat:
    """The user's seat. Raises ImpossibleMove for somebody who never sat down."""
    seat = await work.floor.seat_of(user.login)
    if seat is None:
        raise ImpossibleMove(f"{user.login} has not sat down")
    return seat


def wishes(seat: Seat | None) -> frozenset[DeskOrderKind | SeatEvent]:
    """What the desk may ask for now, so that a screen offers nothing the rules refuse."""
    if seat is None:
        return frozenset({SeatEvent.SIT_DOWN})
    mine = {SeatEvent.SIT_DOWN, SeatEvent.READY, SeatEvent.PAUSE, SeatEvent.STAND_UP}
    allowed: set[DeskOrderKind | SeatEvent] = set(SEAT.allowed(seat.state) & mine)
    if seat.state in BUSY:
        allowed.add(SeatEvent.READY if seat.pause_after_call else SeatEvent.PAUSE)
    if seat.call_id is not None and seat.state in (SeatState.RESERVED, SeatState.TALKING):
        allowed.add(DeskOrderKind.HANG_UP)
    return frozenset(allowed)


async def _change(
    storage: Storage, user: User, now: datetime, change: Callable[[Seat], tuple[Seat, SeatEvent | None]]
) -> Seat:
    async with storage.begin() as work:
        seat, event = change(await seat_of(work, user))
        if event is None:
            return await work.floor.save_seat(seat)
        return await work.floor.move_seat(seat, event, Moved(user.login, now, {"why": seat.why}))


async def _order(work: Work, kind: DeskOrderKind, seat: Seat, user: User, now: datetime) -> None:
    await work.floor.order(DeskOrder(0, kind, seat.id, user.login, now, call_id=seat.call_id))
