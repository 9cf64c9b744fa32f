"""At the side: one's own account: where one is logged in, and the password (rules §7.6)."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime

from dialer.domain.audit import AuditEntry, AuditKind
from dialer.domain.errors import DialerError, NotAllowed
from dialer.domain.password import PasswordFault, password_fault
from dialer.domain.user import Role
from dialer.ports import PasswordHasher
from dialer.ports.storage import LoginSession, Storage
from dialer.usecases.log_in import LoginRefused, Session, Step, count_failure, holds, not_locked, open_session
from dialer.usecases.manage_users import known


class PasswordUnusable(DialerError):
    """The new password can't be used; `fault` says why."""

    code = "PASSWORD_UNUSABLE"

    def __init__(self, fault: PasswordFault) -> None:
        super().__init__(f"the new password can't be used: {fault}")
        self.fault = fault


@dataclass(frozen=True, slots=True)
class OwnAccount:
    """Where somebody is logged in, and how their second factor stands."""

    sessions: tuple[LoginSession, ...]
    here: str
    enrolled_at: datetime | None
    recovery_left: int


async def own_account(storage: Storage, session: Session, now: datetime) -> OwnAccount:
    """What the account page shows; `here` is the fingerprint of the session that asks."""
    login = session.user.login
    async with storage.read() as work:
        factor = await work.logins.factor(login)
        return OwnAccount(
            sessions=tuple(each for each in await work.logins.of(login) if holds(each, now, ())),
            here=session.fingerprint,
            enrolled_at=factor.enrolled_at if factor else None,
            recovery_left=await work.logins.recovery_left(login),
        )


async def log_out_everywhere(storage: Storage, session: Session, now: datetime, address: str = "") -> None:
    """End every session of one's own, this one too; a call under way goes on."""
    async with storage.begin() as work:
        await work.logins.close_all(session.user.login)
        await work.audit.put(AuditEntry.of(session.user, AuditKind.LOGGED_OUT_EVERYWHERE, now, address))


async def change_password(
    storage: Storage,
    hasher: PasswordHasher,
    session: Session,
    old: str,
    new: str,
    now: datetime,
    address: str = "",
    *,
    proving: Collection[Role],
) -> Session:
    """Another password: every session of the person ends, and this one goes on with new secrets.

    Raises:
        LoginRefused: the old password is wrong; it counts like a wrong one at the login.
        LockedOut: the fifth failure in a row.
        NotAllowed: something else is wanted first.
        PasswordUnusable: the new one is too short, too common, like the login or like the old one.
    """
    if session.step not in (None, Step.NEW_PASSWORD):
        raise NotAllowed("the login is not complete")
    user = session.user
    not_locked(user, now)
    if not await hasher.verify(user.password_hash, old):
        async with storage.begin() as work:
            judged = await count_failure(work, await known(work, user.login), AuditKind.LOGIN_REFUSED, now, address)
        not_locked(judged, now)
        raise LoginRefused("the present password is wrong")
    fault = PasswordFault.SAME_AS_BEFORE if new == old else password_fault(user.login, new)
    if fault is not None:
        raise PasswordUnusable(fault)
    hashed = await hasher.hash(new)
    async with storage.begin() as work:
        found = await work.logins.find(session.fingerprint)
        changed = replace(await known(work, user.login), password_hash=hashed, must_change_password=False)
        await work.floor.save_user(changed)
        await work.logins.close_all(user.login)
        await work.audit.put(AuditEntry.of(user, AuditKind.PASSWORD_CHANGED, now, address))
        return await open_session(
            work,
            changed,
            now,
            address,
            proving,
            enrolled=found is not None and found.enrolled,
            proved_at=found.proved_at if found else None,
        )
