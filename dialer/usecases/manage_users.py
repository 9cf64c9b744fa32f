"""At the side: who may log in, kept by an administrator (rules §2.2, §2.4). Nobody is deleted: the histories name them.

Every change is in the account's history with who and when. A password is given out once, and the person chooses
another at the next login.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime
from typing import Any

from dialer.domain.audit import AuditEntry, AuditKind
from dialer.domain.desk_phone import PHONE_ADDRESS
from dialer.domain.errors import DialerError, NotAllowed, NotFound
from dialer.domain.password import MIN_CHARS, password_fault
from dialer.domain.seat import SEAT, SeatEvent
from dialer.domain.unit import PLACE
from dialer.domain.user import PERMISSIONS, WHOLE_COMPANY, AccountEvent, Permission, Role, User
from dialer.ports import PasswordHasher, Signals
from dialer.ports.storage import HistoryRow, Moved, Storage, Work
from dialer.ports.topics import DESK_ORDERS, WALL, desk
from dialer.usecases.staff_the_floor import leave_seat

_UNAMBIGUOUS = "abcdefghjkmnpqrstuvwxyz23456789"
_GROUPS, _GROUP = 4, 4
_LOGIN = re.compile(r"[a-z0-9][a-z0-9._-]{0,31}")


class AccountInvalid(DialerError):
    """A login or password that can't be used for a new account."""

    code = "ACCOUNT_INVALID"


class WholeCompanyOnly(AccountInvalid):
    """Who keeps accounts, scripts and calendars keeps them for the whole company (rules §2.2)."""

    code = "WHOLE_COMPANY_ONLY"


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
        return AccountFile(await known(work, login), tuple(await work.floor.account_history(login)))


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
        user = await known(work, login)
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


async def known(work: Work, login: str) -> User:
    """Raises NotFound."""
    user = await work.floor.user(login)
    if user is None:
        raise NotFound(f"there is no user {login}")
    return user


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
        known_org = (await known(work, login)).org
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
    await _change(storage, by, login, AccountEvent.UNLOCKED, User.unlocked, now)


async def reset_password(storage: Storage, hasher: PasswordHasher, by: User, login: str, now: datetime) -> str:
    """A new one-time password; whoever is logged in with the old one is logged out. Raises NotFound."""
    password = one_time_password()
    hashed = await hasher.hash(password)

    def given(user: User) -> User:
        return replace(user.unlocked(), password_hash=hashed, must_change_password=True)

    await _change(storage, by, login, AccountEvent.PASSWORD_RESET, given, now)
    return password


async def _change(
    storage: Storage, by: User, login: str, event: AccountEvent, change: Callable[[User], User], now: datetime
) -> User:
    async with storage.begin() as work:
        before = await known(work, login)
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


async def _leave_the_floor(storage: Storage, signals: Signals, by: User, login: str, now: datetime) -> None:
    """No call comes to a seat at which nobody can act; a call under way ends first."""
    async with storage.begin() as work:
        seat = await work.floor.seat_of(login)
        if seat is None:
            return
        if SeatEvent.STAND_UP in SEAT.allowed(seat.state):
            await leave_seat(work, seat, by, now)
        elif seat.call_id is not None:
            await work.floor.save_seat(replace(seat, pause_after_call=True))
    await signals.notify(DESK_ORDERS, desk(seat.id), WALL)
