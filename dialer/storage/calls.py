"""The shelf of calls and the attempts they serve."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, RowMapping, Select, bindparam, func, or_, select

from dialer.domain.attempt import Attempt, AttemptId
from dialer.domain.call import Call, CallId, Ended, Party, SeatId
from dialer.domain.case import CaseId
from dialer.domain.errors import StaleVersion
from dialer.domain.number import PastCall
from dialer.domain.outcome import Outcome
from dialer.ports.storage import StoredCall
from dialer.storage.plain import from_row, row_of
from dialer.storage.statements import Statements, unnumbered
from dialer.storage.tables import attempts as attempt_rows
from dialer.storage.tables import calls, users

PAST_CALL: tuple[ColumnElement[Any], ...] = (
    calls.c.intended_at.label("at"),
    calls.c.phone_id.label("number_id"),
    calls.c.ended_at,
    or_(calls.c.ringing_at.is_not(None), calls.c.answered_at.is_not(None)).label("rang"),
)
"""The columns of a PastCall, but for the outcome: a call's or an attempt's."""


_FINISH = attempt_rows.update().where(attempt_rows.c.id == bindparam("its_id"), attempt_rows.c.finished_at.is_(None))


class CallShelf:
    """`dialer.ports.storage.Calls` in SQL."""

    def __init__(self, statements: Statements) -> None:
        self._statements = statements

    async def intend(self, stored: StoredCall, attempts: Sequence[Attempt]) -> Sequence[Attempt]:
        await self._statements.run(calls.insert(), row_of(stored, calls) | _call_row(stored.call))
        return [await self._add(attempt) for attempt in attempts]

    async def _add(self, attempt: Attempt) -> Attempt:
        try:
            added = await self._statements.add(attempt_rows, row_of(attempt, attempt_rows))
        except StaleVersion as error:
            raise StaleVersion(f"case {attempt.case_id} is in a call already") from error
        return replace(attempt, id=AttemptId(added))

    async def get(self, call_id: CallId) -> StoredCall:
        return _stored(await self._statements.one(calls, f"call {call_id}", id=call_id))

    async def save(self, call: Call, outcome: Outcome | None = None) -> None:
        row = _call_row(call) | ({"outcome": outcome.value} if outcome else {})
        await self._statements.save(calls, row, f"call {call.call_id}")

    async def open_calls(self, owner: str) -> Sequence[StoredCall]:
        under_way = calls.c.ended_at.is_(None) & (calls.c.owner == owner)
        rows = await self._statements.all(select(calls).where(under_way).order_by(calls.c.intended_at, calls.c.id))
        return [_stored(row) for row in rows]

    async def give(self, seat: SeatId, owner: str, heir: str) -> None:
        under_way = calls.c.ended_at.is_(None) & (calls.c.owner == owner) & (calls.c.seat == seat)
        await self._statements.run(calls.update().where(under_way).values(owner=heir))

    async def to_number(self, number_hash: str, since: datetime) -> Sequence[PastCall]:
        wanted = (calls.c.number_hash == number_hash) & (calls.c.intended_at >= since)
        return await self._past(select(*PAST_CALL, calls.c.outcome).where(wanted))

    async def of_round(self, case_id: CaseId, round_no: int) -> Sequence[PastCall]:
        joined = calls.join(attempt_rows, attempt_rows.c.call_id == calls.c.id)
        wanted = (attempt_rows.c.case_id == case_id) & (attempt_rows.c.round == round_no)
        return await self._past(select(*PAST_CALL, attempt_rows.c.outcome).select_from(joined).where(wanted))

    async def _past(self, wanted: Select[Any]) -> Sequence[PastCall]:
        rows = await self._statements.all(wanted.order_by(calls.c.intended_at, calls.c.id))
        return [from_row(PastCall, row) for row in rows]

    async def attempts_of(self, call_id: CallId) -> Sequence[Attempt]:
        return await self._attempts(call_id=call_id)

    async def attempts(self, case_id: CaseId) -> Sequence[Attempt]:
        return await self._attempts(case_id=case_id)

    async def attempts_with_agents(self, case_id: CaseId) -> Sequence[tuple[Attempt, str]]:
        joined = attempt_rows.join(calls, calls.c.id == attempt_rows.c.call_id).outerjoin(
            users, users.c.login == calls.c.agent
        )
        name = func.coalesce(users.c.name, calls.c.agent).label("agent_name")
        wanted = select(*attempt_rows.c, name).select_from(joined).where(attempt_rows.c.case_id == case_id)
        rows = await self._statements.all(wanted.order_by(attempt_rows.c.id))
        return [(from_row(Attempt, row), row["agent_name"]) for row in rows]

    async def attempt(self, attempt_id: AttemptId) -> Attempt:
        return from_row(Attempt, await self._statements.one(attempt_rows, f"attempt {attempt_id}", id=attempt_id))

    async def finish(self, attempt: Attempt) -> None:
        row = unnumbered(row_of(attempt, attempt_rows))
        if not (await self._statements.run(_FINISH, {**row, "its_id": attempt.id})).rowcount:
            raise StaleVersion(f"attempt {attempt.id} has its outcome already")

    async def _attempts(self, **key: object) -> Sequence[Attempt]:
        return [from_row(Attempt, row) for row in await self._statements.with_key(attempt_rows, "id", **key)]


def _call_row(call: Call) -> dict[str, Any]:
    ended = call.ended
    return row_of(
        call,
        calls,
        id=call.call_id,
        ended_at=ended.at if ended else None,
        ended_by=ended.by.value if ended else None,
        sip_code=ended.sip_code if ended else None,
        ring_timeout=ended.ring_timeout if ended else None,
        failure=ended.failure if ended else None,
    )


def _stored(row: RowMapping) -> StoredCall:
    call_id = CallId(row["id"])
    ended = None
    if row["ended_at"]:
        party = Party(row["ended_by"])
        ended = Ended(call_id, row["ended_at"], party, row["sip_code"], row["ring_timeout"], row["failure"])
    call = from_row(Call, row, call_id=call_id, ended=ended)
    return from_row(StoredCall, row, call=call)
