"""At the side: logging in and out. A session is a secret that only the browser knows; guessing locks the account."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from dialer.domain.errors import DialerError, NotFound
from dialer.domain.user import User
from dialer.ports.storage import Storage, Work
from dialer.usecases.staff_the_floor import PasswordHasher

FAILURES_UNTIL_LOCKED = 5
LOCKED_FOR = timedelta(minutes=15)
IDLE_TIMEOUT = timedelta(hours=8)

_SEEN_EVERY = timedelta(minutes=1)


class LoginRefused(DialerError):
    """Wrong login or password, or the account is disabled; which of them is not told."""

    code = "LOGIN_REFUSED"


class LockedOut(DialerError):
    """Too many wrong passwords: the account opens again by itself."""

    code = "LOCKED_OUT"


class SessionOver(DialerError):
    """There is no such login session, or it was idle for too long."""

    code = "SESSION_OVER"


@dataclass(frozen=True, slots=True)
class Session:
    """A login. `token` is known to the browser only; `csrf` must come back with everything it asks to change."""

    token: str
    csrf: str
    user: User

    def __repr__(self) -> str:
        return f"Session({self.user.login})"


async def log_in(storage: Storage, hasher: PasswordHasher, login: str, password: str, now: datetime) -> Session:
    """Open a session. An unknown login takes as long to refuse as a wrong password.

    Raises:
        LoginRefused: wrong login or password, or the account is disabled.
        LockedOut: the fifth failure in a row, and every try in the 15 minutes after it.
    """
    async with storage.read() as work:
        user = await work.floor.user(login)
    if user is None:
        await hasher.hash(password)
        raise LoginRefused("wrong login or password")
    _not_locked(user, now)
    right = await hasher.verify(user.password_hash, password) and not user.disabled
    async with storage.begin() as work:
        judged = await _count_login(work, login, now, right=right)
        if right and not _locked(judged, now):
            return await _open_session(work, judged, now)
    _not_locked(judged, now)
    raise LoginRefused("wrong login or password")


async def _count_login(work: Work, login: str, now: datetime, *, right: bool) -> User:
    user = await work.floor.user(login)
    if user is None or _locked(user, now):
        return user or _gone(login)
    failures = 0 if right else user.failed_logins + 1
    locked = failures >= FAILURES_UNTIL_LOCKED
    judged = replace(user, failed_logins=0 if locked else failures, locked_until=now + LOCKED_FOR if locked else None)
    if judged != user:
        await work.floor.save_user(judged)
    return judged


def _gone(login: str) -> User:
    raise NotFound(f"there is no user {login}")


def _locked(user: User, now: datetime) -> bool:
    return user.locked_until is not None and now < user.locked_until


def _not_locked(user: User, now: datetime) -> None:
    if _locked(user, now):
        raise LockedOut(f"{user.login} is locked after {FAILURES_UNTIL_LOCKED} wrong passwords; try again later")


async def _open_session(work: Work, user: User, now: datetime) -> Session:
    session = Session(secrets.token_urlsafe(32), secrets.token_urlsafe(32), user)
    await work.floor.open_session(_fingerprint(session.token), user.login, session.csrf, now)
    return session


async def session_of(storage: Storage, token: str, now: datetime) -> Session:
    """The session a browser names, kept alive by being used. Raises SessionOver."""
    async with storage.read() as work:
        found = await _open(work, token, now)
    if found is None:
        raise SessionOver("please log in")
    user, csrf, seen_at = found
    if now - seen_at > _SEEN_EVERY:
        async with storage.begin() as work:
            await work.floor.touch_session(_fingerprint(token), now)
    return Session(token, csrf, user)


async def still_open(work: Work, token: str, now: datetime) -> bool:
    """Whether a session still holds, without keeping it alive: for a stream that nobody may be looking at."""
    return await _open(work, token, now) is not None


async def _open(work: Work, token: str, now: datetime) -> tuple[User, str, datetime] | None:
    found = await work.floor.session(_fingerprint(token))
    holds = found is not None and not found[0].disabled and now - found[2] <= IDLE_TIMEOUT
    return found if holds else None


async def log_out(storage: Storage, token: str) -> None:
    """End a session; the seat stays as it is, and so does a call on it."""
    async with storage.begin() as work:
        await work.floor.close_session(_fingerprint(token))


def _fingerprint(token: str) -> str:
    """What is stored of a token: a stolen database opens no session."""
    return hashlib.sha256(token.encode()).hexdigest()
