"""The shelf of logins: open sessions, and the second factors of those who need one."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, RowMapping, ScalarSelect, select

from dialer.domain.errors import NotFound
from dialer.domain.second_factor import SecondFactor
from dialer.domain.user import Failures, User
from dialer.ports.storage import STRANGERS_KEPT, LoginSession
from dialer.storage.plain import from_row, row_of
from dialer.storage.statements import Statements
from dialer.storage.tables import recovery_codes, second_factors, sessions, strangers, users


class LoginShelf:
    """`dialer.ports.storage.Logins` in SQL."""

    def __init__(self, statements: Statements) -> None:
        self._statements = statements
        self._vault = statements.vault

    async def open(self, session: LoginSession) -> None:
        row = row_of(session, sessions, user_id=await self._id_of(session.user.login))
        await self._statements.run(sessions.insert().values(row))

    async def find(self, token_hash: str) -> LoginSession | None:
        found = await self._some(sessions.c.token_hash == token_hash)
        return found[0] if found else None

    async def of(self, login: str) -> Sequence[LoginSession]:
        return await self._some(users.c.login == login)

    async def touch(self, token_hash: str, at: datetime) -> None:
        await self._statements.run(sessions.update().where(sessions.c.token_hash == token_hash).values(seen_at=at))

    async def close(self, token_hash: str) -> None:
        await self._statements.run(sessions.delete().where(sessions.c.token_hash == token_hash))

    async def close_all(self, login: str) -> None:
        await self._statements.run(sessions.delete().where(sessions.c.user_id == _whose(login)))

    async def factor(self, login: str) -> SecondFactor | None:
        row = await self._statements.first(select(second_factors).where(second_factors.c.user_id == _whose(login)))
        return from_row(SecondFactor, row, secret=self._vault.open(row["secret_sealed"])) if row else None

    async def put_factor(self, login: str, factor: SecondFactor, recovery: Sequence[str]) -> None:
        await self.drop_factor(login)
        user_id, sealed = await self._id_of(login), self._vault.seal(factor.secret)
        row = row_of(factor, second_factors, user_id=user_id, secret_sealed=sealed)
        await self._statements.run(second_factors.insert().values(row))
        for code_hash in recovery:
            await self._statements.run(recovery_codes.insert().values(user_id=user_id, code_hash=code_hash))

    async def drop_factor(self, login: str) -> None:
        for table in (recovery_codes, second_factors):
            await self._statements.run(table.delete().where(table.c.user_id == _whose(login)))

    async def use_step(self, login: str, step: int) -> bool:
        theirs = (second_factors.c.user_id == _whose(login)) & (second_factors.c.last_step < step)
        return bool(await self._statements.change(second_factors.update().where(theirs).values(last_step=step)))

    async def use_recovery(self, login: str, code_hash: str) -> bool:
        this = (recovery_codes.c.user_id == _whose(login)) & (recovery_codes.c.code_hash == code_hash)
        return bool(await self._statements.change(recovery_codes.delete().where(this)))

    async def recovery_left(self, login: str) -> int:
        left = select(recovery_codes.c.code_hash).where(recovery_codes.c.user_id == _whose(login))
        return len(await self._statements.all(left))

    async def failures_of_stranger(self, login: str) -> Failures:
        known = select(strangers).where(strangers.c.login_hash == self._vault.digest(login))
        row = await self._statements.first(known)
        return Failures(row["failed_logins"], row["locked_until"]) if row else Failures()

    async def put_failures_of_stranger(self, login: str, failures: Failures, at: datetime) -> None:
        counted = {"failed_logins": failures.count, "locked_until": failures.locked_until, "tried_at": at}
        insert = self._statements.upsert(strangers, {"login_hash": self._vault.digest(login), **counted})
        await self._statements.run(insert.on_conflict_do_update(index_elements=["login_hash"], set_=counted))
        last = select(strangers.c.tried_at).order_by(strangers.c.tried_at.desc()).offset(STRANGERS_KEPT).limit(1)
        await self._statements.run(strangers.delete().where(strangers.c.tried_at <= last.scalar_subquery()))

    async def _id_of(self, login: str) -> int:
        found: int | None = await self._statements.scalar(select(users.c.id).where(users.c.login == login))
        if found is None:
            raise NotFound(f"there is no user {login}")
        return found

    async def _some(self, wanted: ColumnElement[bool]) -> Sequence[LoginSession]:
        joined = sessions.join(users, users.c.id == sessions.c.user_id).outerjoin(
            second_factors, second_factors.c.user_id == users.c.id
        )
        own = (column.label(f"session_{column.name}") for column in sessions.c)
        columns = (*users.c, *own, second_factors.c.enrolled_at)
        rows = await self._statements.all(
            select(*columns).select_from(joined).where(wanted).order_by(sessions.c.created_at)
        )
        return [_session(row) for row in rows]


def _whose(login: str) -> ScalarSelect[int]:
    return select(users.c.id).where(users.c.login == login).scalar_subquery()


def _session(row: RowMapping) -> LoginSession:
    return LoginSession(
        token_hash=row["session_token_hash"],
        user=from_row(User, row),
        csrf=row["session_csrf"],
        created_at=row["session_created_at"],
        seen_at=row["session_seen_at"],
        address=row["session_address"],
        proved_at=row["session_proved_at"],
        enrolled=row["enrolled_at"] is not None,
    )
