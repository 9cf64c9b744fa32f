"""At the side: who may log in, kept by an administrator (rules §2.2, §2.4). Nobody is deleted: the histories name them.

Every change is in the account's history with who and when. A password is given out once, and the person chooses
another at the next login.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime
from typing import Any

from dialer.domain.errors import NotAllowed, NotFound
from dialer.domain.seat import SEAT, Seat, SeatEvent
from dialer.domain.user import PERMISSIONS, AccountEvent, Permission, Role, User
from dialer.ports import Signals
from dialer.ports.storage import DeskOrder, DeskOrderKind, HistoryRow, Moved, Storage, Work
from dialer.ports.topics import DESK_ORDERS, WALL, desk
from dialer.usecases.staff_the_floor import (
    AccountInvalid,
    PasswordHasher,
    create_user,
    note_account,
    usable_phone,
    usable_place,
)

_UNAMBIGUOUS = "abcdefghjkmnpqrstuvwxyz23456789"
_GROUPS, _GROUP = 4, 4


@dataclass(frozen=True, slots=True)
class Account:
    """What an administrator decides about a person."""

    name: str
    role: Role
    org: str = ""
    phone_address: str = ""
    salesperson_code: str = ""


@dataclass(frozen=True, slots=True)
class AccountFile:
    """An account with all that was done to it."""

    user: User
    history: tuple[HistoryRow, ...]

    def locked(self, now: datetime) -> bool:
        """Whether too many wrong passwords keep the person out."""
        return self.user.locked_until is not None and now < self.user.locked_until


def one_time_password() -> str:
    """Sixteen characters that can be read out over a telephone: 79 bits, no `0O1Il`."""
    groups = ("".join(secrets.choice(_UNAMBIGUOUS) for _ in range(_GROUP)) for _ in range(_GROUPS))
    return "-".join(groups)


async def accounts(storage: Storage, wanted: str = "", role: Role | None = None) -> Sequence[User]:
    """Accounts by login: all, those of a role, those whose login, name or place has `wanted` in it."""
    async with storage.read() as work:
        users = await work.floor.users(role)
    sought = wanted.strip().lower()
    return [user for user in users if sought in f"{user.login} {user.name} {user.org}".lower()]


async def account_file(storage: Storage, login: str) -> AccountFile:
    """One account. Raises NotFound."""
    async with storage.read() as work:
        return AccountFile(await _user(work, login), tuple(await work.floor.account_history(login)))


async def open_account(
    storage: Storage, hasher: PasswordHasher, by: User, login: str, account: Account, now: datetime
) -> str:
    """Open an account; the password is told once and stored nowhere.

    Raises:
        AccountInvalid: login, name, place or telephone can't be used (WholeCompanyOnly: the role has none).
        DialerError: code LOGIN_TAKEN.
    """
    checked = await _checked(storage, account)
    password = one_time_password()
    await create_user(
        storage,
        hasher,
        now,
        login=login,
        name=checked.name,
        password=password,
        role=checked.role,
        org=checked.org,
        phone_address=checked.phone_address,
        salesperson_code=checked.salesperson_code,
        by=by.login,
        must_change_password=True,
    )
    return password


async def _checked(storage: Storage, account: Account, known_org: str = "") -> Account:
    """A place must be an open one of the tree, where there is a tree; the one a person has already may stay."""
    if not account.name.strip():
        raise AccountInvalid("an account needs the person's name")
    usable_phone(account.phone_address)
    if account.role is Role.SALES and not account.salesperson_code:
        raise AccountInvalid("a salesperson's account needs the code that stands on the policies")
    usable_place(account.role, account.org)
    if account.org and account.org != known_org:
        async with storage.read() as work:
            units = {unit.path: unit for unit in await work.decisions.units()}
        if units and (account.org not in units or units[account.org].closed):
            raise AccountInvalid(f"place {account.org!r} is no open unit of the organisation")
    return account


async def change_account(
    storage: Storage, signals: Signals, by: User, login: str, account: Account, now: datetime
) -> None:
    """Another name, role, place or telephone; who may take no more calls leaves the desk.

    Raises:
        NotFound: nobody has this login.
        AccountInvalid: name, place or telephone can't be used.
        NotAllowed: administrators don't change their own role.
    """
    async with storage.read() as work:
        known_org = (await _user(work, login)).org
    checked = await _checked(storage, account, known_org)
    if login == by.login and checked.role is not by.role:
        raise NotAllowed("your own role is changed by another administrator")

    def changed(user: User) -> User:
        return replace(user, **{field.name: getattr(checked, field.name) for field in fields(Account)})

    user = await _change(storage, by, login, AccountEvent.CHANGED, changed, now)
    if Permission.TAKE_CALLS not in PERMISSIONS[user.role]:
        await _leave_the_floor(storage, signals, by, login, now)


async def disable_account(storage: Storage, signals: Signals, by: User, login: str, now: datetime) -> None:
    """The person can't log in any more, is logged out at once and gets no further call; one under way is finished.

    Raises:
        NotFound: nobody has this login.
        NotAllowed: it is one's own.
    """
    if login == by.login:
        raise NotAllowed("your own account is disabled by another administrator")
    await _change(storage, by, login, AccountEvent.DISABLED, lambda user: replace(user, disabled=True), now)
    await _leave_the_floor(storage, signals, by, login, now)


async def enable_account(storage: Storage, by: User, login: str, now: datetime) -> None:
    """The person may log in again. Raises NotFound."""
    await _change(storage, by, login, AccountEvent.ENABLED, lambda user: replace(user, disabled=False), now)


async def unlock_account(storage: Storage, by: User, login: str, now: datetime) -> None:
    """After too many wrong passwords: let the person try again. Raises NotFound."""
    await _change(storage, by, login, AccountEvent.UNLOCKED, _unlocked, now)


async def reset_password(storage: Storage, hasher: PasswordHasher, by: User, login: str, now: datetime) -> str:
    """A new one-time password; whoever is logged in with the old one is logged out. Raises NotFound."""
    password = one_time_password()
    hashed = await hasher.hash(password)

    def given(user: User) -> User:
        return replace(_unlocked(user), password_hash=hashed, must_change_password=True)

    await _change(storage, by, login, AccountEvent.PASSWORD_RESET, given, now)
    return password


def _unlocked(user: User) -> User:
    return replace(user, failed_logins=0, locked_until=None)


async def _change(
    storage: Storage, by: User, login: str, event: AccountEvent, change: Callable[[User], User], now: datetime
) -> User:
    async with storage.begin() as work:
        before = await _user(work, login)
        after = change(before)
        if after == before:
            return after
        await work.floor.save_user(after)
        await note_account(work, after, event, Moved(by.login, now, _difference(before, after)))
        if event in (AccountEvent.DISABLED, AccountEvent.PASSWORD_RESET):
            await work.logins.close_all(login)
        return after


def _difference(before: User, after: User) -> Mapping[str, Any]:
    """Field by field, as far as a history may say it: no password, no count of wrong ones."""
    told = tuple(field.name for field in fields(Account))
    pairs = {name: (getattr(before, name), getattr(after, name)) for name in told}
    return {name: {"from": old, "to": new} for name, (old, new) in pairs.items() if old != new}


async def _user(work: Work, login: str) -> User:
    user = await work.floor.user(login)
    if user is None:
        raise NotFound(f"there is no user {login}")
    return user


async def _leave_the_floor(storage: Storage, signals: Signals, by: User, login: str, now: datetime) -> None:
    """No call comes to a seat at which nobody can act; a call under way ends first."""
    async with storage.begin() as work:
        seat = await work.floor.seat_of(login)
        if seat is None:
            return
        await _stand_up(work, seat, by, now)
    await signals.notify(DESK_ORDERS, desk(seat.id), WALL)


async def _stand_up(work: Work, seat: Seat, by: User, now: datetime) -> None:
    if SeatEvent.STAND_UP in SEAT.allowed(seat.state):
        leaving = replace(seat, why="", back_to_ready=False)
        await work.floor.move_seat(leaving, SeatEvent.STAND_UP, Moved(by.login, now, {}))
        await work.floor.order(DeskOrder(0, DeskOrderKind.STAND_UP, seat.id, by.login, now))
    elif seat.call_id is not None:
        await work.floor.save_seat(replace(seat, pause_after_call=True))
