"""At the side: logging in and out. A session is a secret that only the browser knows; guessing locks the account.

A password opens the door a little: whoever must show a code, enrol an authenticator or choose another password does
that first (`Step`). Every event goes into the audit log.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from dialer.domain.audit import AuditEntry, AuditKind
from dialer.domain.errors import DialerError
from dialer.domain.seat import SEAT, SeatEvent
from dialer.domain.user import Failures, Role, User
from dialer.ports import PasswordHasher, Signals
from dialer.ports.storage import LoginSession, Moved, Storage, Work
from dialer.ports.topics import WALL, desk
from dialer.usecases.manage_users import known
from dialer.usecases.staff_the_floor import BUSY

FAILURES_UNTIL_LOCKED = 5
LOCKED_FOR = timedelta(minutes=15)
IDLE_TIMEOUT = timedelta(hours=8)
LONGEST_SESSION = timedelta(hours=12)
LONGEST_LOGIN = timedelta(minutes=10)
"""How long somebody may take between the password and the last step."""

LONGEST_OVERTIME = timedelta(hours=1)
"""How far a call may carry a login over its limits."""

_SEEN_EVERY = timedelta(minutes=1)


class LoginRefused(DialerError):
    """Wrong login or password, or the account is disabled; which of them is not told."""

    code = "LOGIN_REFUSED"


class LockedOut(DialerError):
    """Too many wrong passwords or codes: the account opens again by itself."""

    code = "LOCKED_OUT"


class SessionOver(DialerError):
    """There is no such login session, it was idle for too long, or it has lasted a whole shift."""

    code = "SESSION_OVER"


class StepMissing(DialerError):
    """The login is not complete: a code, an authenticator or a new password is still wanted."""

    code = "STEP_MISSING"


class Step(StrEnum):
    """What is still wanted of somebody who has given the right password."""

    CODE = "CODE"
    ENROL = "ENROL"
    NEW_PASSWORD = "NEW_PASSWORD"  # noqa: S105 - the name of a step


@dataclass(frozen=True, slots=True)
class Session:
    """A login. `token` is known to the browser only; `csrf` must come back with everything it asks to change."""

    token: str
    csrf: str
    user: User
    step: Step | None = None

    def __repr__(self) -> str:
        return f"Session({self.user.login})"

    @property
    def fingerprint(self) -> str:
        """What is stored of the token: a stolen database opens no session."""
        return _fingerprint(self.token)


async def log_in(
    storage: Storage,
    hasher: PasswordHasher,
    login: str,
    password: str,
    now: datetime,
    address: str = "",
    *,
    proving: Collection[Role],
) -> Session:
    """Open a session. An unknown login takes as long to refuse as a wrong password.

    `proving` are the roles that need a second factor. A right password does not forget wrong codes: only the code does.

    Raises:
        LoginRefused: wrong login or password, or the account is disabled.
        LockedOut: the fifth failure in a row, and every try in the 15 minutes after it.
    """
    async with storage.read() as work:
        user = await work.floor.user(login)
    if user is None:
        await _refuse_stranger(storage, hasher, login, password, now, address)
        raise LoginRefused("wrong login or password")
    right = not user.locked(now) and await hasher.verify(user.password_hash, password) and not user.disabled
    async with storage.begin() as work:
        user = await known(work, login)
        if right and not user.locked(now):
            return await _welcome(work, user, now, address, proving)
        judged = await count_failure(work, user, AuditKind.LOGIN_REFUSED, now, address)
    not_locked(judged, now)
    raise LoginRefused("wrong login or password")


async def _refuse_stranger(
    storage: Storage, hasher: PasswordHasher, login: str, password: str, now: datetime, address: str
) -> None:
    """A login that nobody has is counted and locked like any other, so that nobody learns which there are.

    Raises:
        LockedOut: the fifth failure in a row, and every try in the 15 minutes after it.
    """
    async with storage.read() as work:
        failures = await work.logins.failures_of_stranger(login)
    if not failures.locked(now):
        await hasher.hash(password)
    async with storage.begin() as work:
        failures = await work.logins.failures_of_stranger(login)
        if not failures.locked(now):
            failures = _one_more(failures.count, now)
            await work.logins.put_failures_of_stranger(login, failures, now)
        await work.audit.put(AuditEntry(now, AuditKind.LOGIN_REFUSED, "", address=address, detail=login[:64]))
    if failures.locked(now):
        raise _locked_out(login)


async def _welcome(work: Work, user: User, now: datetime, address: str, proving: Collection[Role]) -> Session:
    factor = await work.logins.factor(user.login)
    enrolled = factor is not None and factor.enrolled_at is not None
    if factor is not None and not enrolled:
        await work.logins.drop_factor(user.login)  # somebody else may have seen its secret
    if user.role not in proving:
        user = await forget_failures(work, user)
    session = await open_session(work, user, now, address, proving, enrolled=enrolled)
    if session.step is not Step.CODE:
        await work.audit.put(AuditEntry.of(user, AuditKind.LOGGED_IN, now, address))
    return session


async def count_failure(work: Work, user: User, kind: AuditKind, now: datetime, address: str) -> User:
    """One more wrong password or code; the fifth locks. While it is locked nothing is counted."""
    entry = AuditEntry.of(user, kind, now, address)
    if user.locked(now):
        await work.audit.put(replace(entry, detail="locked"))
        return user
    judged = user.after(_one_more(user.failed_logins, now))
    await work.audit.put(entry)
    if judged.locked(now):
        await work.audit.put(replace(entry, kind=AuditKind.LOCKED_OUT))
    await work.floor.save_user(judged)
    return judged


def _one_more(count: int, now: datetime) -> Failures:
    return Failures(count + 1) if count + 1 < FAILURES_UNTIL_LOCKED else Failures(0, now + LOCKED_FOR)


async def forget_failures(work: Work, user: User) -> User:
    """All that was asked for has been shown."""
    judged = user.unlocked()
    if judged != user:
        await work.floor.save_user(judged)
    return judged


def not_locked(user: User, now: datetime) -> None:
    """Raises LockedOut."""
    if user.locked(now):
        raise _locked_out(user.login)


def _locked_out(login: str) -> LockedOut:
    return LockedOut(f"{login} is locked after {FAILURES_UNTIL_LOCKED} failures; try again later")


async def open_session(
    work: Work,
    user: User,
    now: datetime,
    address: str,
    proving: Collection[Role],
    *,
    enrolled: bool,
    proved_at: datetime | None = None,
) -> Session:
    """A new session with secrets of its own."""
    token, csrf = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
    stored = LoginSession(_fingerprint(token), user, csrf, now, now, address, proved_at, enrolled)
    await work.logins.open(stored)
    return Session(token, csrf, user, _step(stored, proving))


def _step(session: LoginSession, proving: Collection[Role]) -> Step | None:
    unproved = session.user.role in proving and session.proved_at is None
    if unproved and session.enrolled:
        return Step.CODE
    if session.user.must_change_password:
        return Step.NEW_PASSWORD
    return Step.ENROL if unproved else None


async def session_of(
    storage: Storage,
    token: str,
    now: datetime,
    *,
    proving: Collection[Role],
    by_hand: bool = True,
) -> Session:
    """The session a browser names, kept alive by what somebody does, not by what a page asks itself (not `by_hand`).

    Raises SessionOver.
    """
    async with storage.read() as work:
        found = await _open(work, token, now, proving)
    if found is None:
        raise SessionOver("please log in")
    if by_hand and now - found.seen_at > _SEEN_EVERY:
        async with storage.begin() as work:
            await work.logins.touch(found.token_hash, now)
    return Session(token, found.csrf, found.user, _step(found, proving))


async def still_open(work: Work, token: str, now: datetime) -> bool:
    """Whether a session still holds, without keeping it alive: for a stream that nobody may be looking at."""
    return await _open(work, token, now, ()) is not None


async def still_lasts(work: Work, token: str, now: datetime) -> bool:
    """Whether a session holds by itself, and not only until a call is finished."""
    found = await work.logins.find(_fingerprint(token))
    return found is not None and holds(found, now, ())


async def _open(work: Work, token: str, now: datetime, proving: Collection[Role]) -> LoginSession | None:
    found = await work.logins.find(_fingerprint(token))
    if found is None or holds(found, now, proving) or await _on_a_call(work, found, now, proving):
        return found
    return None


async def _on_a_call(work: Work, session: LoginSession, now: datetime, proving: Collection[Role]) -> bool:
    """Nobody is thrown out in the middle of a call: it is finished first, and its result entered."""
    if _step(session, proving) is not None or not holds(session, now - LONGEST_OVERTIME, proving):
        return False
    seat = await work.floor.seat_of(session.user.login)
    return seat is not None and seat.state in BUSY


async def take_no_more(storage: Storage, signals: Signals, session: Session, now: datetime) -> None:
    """When a login's time is up, no further call comes to a desk that nobody can see; the one under way goes on.

    Somebody who has ended it, or has logged in anew, knows what they do.
    """
    login = session.user.login
    async with storage.begin() as work:
        seat, logins = await work.floor.seat_of(login), await work.logins.of(login)
        ended = session.fingerprint not in {each.token_hash for each in logins}
        if seat is None or ended or any(holds(each, now, ()) for each in logins):
            return
        if seat.state in BUSY and not seat.pause_after_call:
            await work.floor.save_seat(replace(seat, pause_after_call=True))
        elif SeatEvent.PAUSE in SEAT.allowed(seat.state):
            await work.floor.move_seat(replace(seat, why=""), SeatEvent.PAUSE, Moved("system:login", now, {}))
    await signals.notify(desk(seat.id), WALL)


def holds(session: LoginSession, now: datetime, proving: Collection[Role]) -> bool:
    """Whether a session may still be used: not for ever, not unused, and half a login only for a moment."""
    longest = LONGEST_SESSION if _step(session, proving) is None else LONGEST_LOGIN
    in_time = now - session.seen_at <= IDLE_TIMEOUT and now - session.created_at <= longest
    return in_time and not session.user.disabled


async def log_out(storage: Storage, session: Session, now: datetime, address: str = "") -> None:
    """End a session; the seat stays as it is, and so does a call on it."""
    async with storage.begin() as work:
        await work.logins.close(session.fingerprint)
        await work.audit.put(AuditEntry.of(session.user, AuditKind.LOGGED_OUT, now, address))


def _fingerprint(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
