"""At the side: the second factor. Enrolled at the first login, asked for at every other, reset by an administrator."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from dialer.domain.audit import AuditEntry, AuditKind
from dialer.domain.errors import DialerError, NotAllowed, NotFound
from dialer.domain.second_factor import SecondFactor, new_secret, recovery_fingerprint
from dialer.domain.user import Role, User
from dialer.ports.storage import Storage, Work
from dialer.usecases.log_in import (
    Session,
    Step,
    count_failure,
    forget_failures,
    not_locked,
    open_session,
)
from dialer.usecases.manage_users import known

RECOVERY_CODES = 10

_RECOVERY_BYTES = 10


class CodeRefused(DialerError):
    """The code is wrong, too old, or was used before; nothing says which."""

    code = "CODE_REFUSED"


@dataclass(frozen=True, slots=True)
class Enrolled:
    """A completed enrolment; the recovery codes are told this once."""

    session: Session
    recovery: tuple[str, ...]


async def show_code(
    storage: Storage,
    session: Session,
    code: str,
    now: datetime,
    address: str = "",
    *,
    proving: Collection[Role],
) -> Session:
    """Complete a login with a code or a recovery code, each of which counts once. The session gets new secrets.

    Raises:
        NotAllowed: no code is wanted of this session.
        CodeRefused: the code is not right.
        LockedOut: the fifth failure in a row; the session is over.
    """
    if session.step is not Step.CODE:
        raise NotAllowed("no code is wanted here")
    async with storage.begin() as work:
        user = await known(work, session.user.login)
        how = None if user.locked(now) else await _accepted(work, user, code, now)
        if how is not None:
            await work.audit.put(AuditEntry.of(user, how, now, address))
            user = await forget_failures(work, user)
            return await _renewed(work, session, user, now, address, proving)
        judged = await _wrong_code(work, session, user, now, address)
    not_locked(judged, now)
    raise CodeRefused("wrong code")


async def _accepted(work: Work, user: User, code: str, now: datetime) -> AuditKind | None:
    factor = await work.logins.factor(user.login)
    step = factor.step_of(code, now) if factor is not None else None
    if step is not None:
        return AuditKind.LOGGED_IN if await work.logins.use_step(user.login, step) else None
    recovered = await work.logins.use_recovery(user.login, recovery_fingerprint(code))
    return AuditKind.CODE_RECOVERED if recovered else None


async def _wrong_code(work: Work, session: Session, user: User, now: datetime, address: str) -> User:
    judged = await count_failure(work, user, AuditKind.CODE_REFUSED, now, address)
    if judged.locked(now):
        await work.logins.close(session.fingerprint)
    return judged


async def _renewed(
    work: Work, session: Session, user: User, now: datetime, address: str, proving: Collection[Role]
) -> Session:
    await work.logins.close(session.fingerprint)
    return await open_session(work, user, now, address, proving, enrolled=True, proved_at=now)


async def begin_enrolment(storage: Storage, session: Session) -> SecondFactor:
    """The secret for the authenticator; the same one until it is enrolled. Raises NotAllowed."""
    _may_enrol(session)
    async with storage.begin() as work:
        factor = await work.logins.factor(session.user.login)
        if factor is None:
            factor = SecondFactor(new_secret())
            await work.logins.put_factor(session.user.login, factor, ())
        return factor


def _may_enrol(session: Session) -> None:
    """Who has an authenticator shows its code first: an unlocked screen must not give the account to another phone."""
    if session.step is not Step.ENROL:
        raise NotAllowed("nothing is to be enrolled here")


async def enrol(
    storage: Storage,
    session: Session,
    code: str,
    now: datetime,
    address: str = "",
    *,
    proving: Collection[Role],
) -> Enrolled:
    """Complete the enrolment with a first code.

    Raises:
        NotAllowed: nothing is to be enrolled in this session.
        CodeRefused: the authenticator does not know the secret, or its clock is off.
        LockedOut: the fifth failure in a row; the session is over.
    """
    _may_enrol(session)
    async with storage.begin() as work:
        user = await known(work, session.user.login)
        factor = await work.logins.factor(user.login)
        step = factor.step_of(code, now) if factor is not None and not user.locked(now) else None
        if factor is not None and step is not None:
            recovery = tuple(_recovery_code() for _ in range(RECOVERY_CODES))
            done = SecondFactor(factor.secret, now, step)
            await work.logins.put_factor(user.login, done, [recovery_fingerprint(each) for each in recovery])
            await work.audit.put(AuditEntry.of(user, AuditKind.CODE_ENROLLED, now, address))
            user = await forget_failures(work, user)
            return Enrolled(await _renewed(work, session, user, now, address, proving), recovery)
        judged = await _wrong_code(work, session, user, now, address)
    not_locked(judged, now)
    raise CodeRefused("wrong code")


def _recovery_code() -> str:
    """`abcd-efgh-ijkl-mnop`: 80 bits that can be read out."""
    letters = base64.b32encode(secrets.token_bytes(_RECOVERY_BYTES)).decode().lower()
    return "-".join(letters[start : start + 4] for start in range(0, len(letters), 4))


async def reset_second_factor(storage: Storage, login: str, by: str, now: datetime) -> None:
    """A telephone was lost: the person enrols another one at the next login. Raises NotFound when there was none."""
    async with storage.begin() as work:
        user = await known(work, login)
        if await work.logins.factor(user.login) is None:
            raise NotFound(f"{login} has no authenticator")
        await work.logins.drop_factor(user.login)
        await work.logins.close_all(user.login)
        await work.audit.put(AuditEntry(now, AuditKind.CODE_RESET, by, user.org, record=f"user {user.login}"))
