"""The shelf of revisit cases."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, RowMapping, Table, func, or_, select

from dialer.domain.case import NOT_CLOSED, POOL, Appointment, CaseEvent, CaseId, CaseState, RevisitCase
from dialer.domain.errors import NotFound
from dialer.domain.reason import Why
from dialer.domain.steering import Course
from dialer.domain.webhook import Announcement
from dialer.ports.storage import HistoryRow, Moved
from dialer.storage.plain import from_row, row_of
from dialer.storage.statements import Statements, under, unnumbered
from dialer.storage.steerings import not_held, place
from dialer.storage.tables import cases, history, policies
from dialer.storage.versions import history_row, read_history, save_version, write_history
from dialer.storage.waiting import waits_for_nothing
from dialer.storage.webhooks import announce

_RECORD = "case"


class CaseShelf:
    """`dialer.ports.storage.Cases` in SQL."""

    def __init__(self, statements: Statements, announced: frozenset[Announcement] = frozenset()) -> None:
        self._statements = statements
        self._announced = announced

    async def get(self, case_id: CaseId) -> RevisitCase:
        return case_of(await self._statements.one(cases, f"case {case_id}", id=case_id))

    async def of_policy(self, policy_no: str) -> RevisitCase | None:
        rows = await self._statements.with_key(cases, policy_no=policy_no)
        return case_of(rows[0]) if rows else None

    async def of_holder(self, holder_id: int) -> Sequence[RevisitCase]:
        return [case_of(row) for row in await self._statements.with_key(cases, "id", holder_id=holder_id)]

    async def add_all(self, added: Sequence[tuple[RevisitCase, Moved]]) -> Sequence[RevisitCase]:
        if not added:
            return ()
        policy_ids = await self._ids(policies, [case.policy_no for case, _ in added])
        for case, _ in added:
            if case.policy_no not in policy_ids:
                raise NotFound(f"there is no policy {case.policy_no} to open a case for")
        rows = [{**unnumbered(_row(case)), "policy_id": policy_ids[case.policy_no]} for case, _ in added]
        await self._statements.run(cases.insert(), rows)
        ids = await self._ids(cases, policy_ids)
        stored = [replace(case, id=CaseId(ids[case.policy_no])) for case, _ in added]
        created = zip(stored, (moved for _, moved in added), strict=True)
        lines = [history_row(_RECORD, case.id, "CREATED", ("", case.state), moved) for case, moved in created]
        await self._statements.run(history.insert(), lines)
        return stored

    async def _ids(self, table: Table, policy_nos: Iterable[str]) -> Mapping[str, int]:
        rows = await self._statements.which(select(table.c.id, table.c.policy_no), table.c.policy_no, policy_nos)
        return {row["policy_no"]: row["id"] for row in rows}

    async def move(self, case: RevisitCase, event: CaseEvent, moved: Moved) -> RevisitCase:
        after = replace(case.moved(event), version=case.version + 1)
        await save_version(self._statements, cases, _row(after), case.state)
        await write_history(self._statements, _RECORD, case.id, event, (case.state, after.state), moved)
        await announce(self._statements, self._announced, case, event, after, moved)
        return after

    async def save(self, case: RevisitCase) -> RevisitCase:
        after = replace(case, version=case.version + 1)
        await save_version(self._statements, cases, _row(after), case.state)
        return after

    async def due(self, now: datetime, limit: int, course: Course | None = None) -> Sequence[RevisitCase]:
        course = course or Course(now)
        come = cases.c.state.in_(POOL) & or_(cases.c.next_at <= now, cases.c.next_at.is_(None))
        if course.holding:
            come &= not_held(course)
        urgency = (place(course), cases.c.revisit_last_day.asc().nulls_last(), cases.c.id)
        rows = await self._statements.all(select(cases).where(come).order_by(*urgency).limit(limit))
        return [case_of(row) for row in rows]

    async def in_state(self, *states: CaseState, org: str = "", limit: int | None = None) -> Sequence[RevisitCase]:
        return await self._some(cases.c.state.in_(states) & under(cases.c.org, org), limit)

    async def over(self, first: date, last: date) -> Sequence[RevisitCase]:
        still_open = cases.c.state.in_(NOT_CLOSED)
        return await self._some(still_open & (cases.c.revisit_last_day <= last) & (cases.c.surrender_last_day >= first))

    async def waiting_for_nothing(self, limit: int) -> Sequence[RevisitCase]:
        return await self._some(waits_for_nothing(), limit)

    async def next_due(self) -> datetime | None:
        earliest: datetime | None = await self._statements.scalar(
            select(func.min(cases.c.next_at)).where(cases.c.state.in_(POOL))
        )
        return earliest

    async def counts(self, org: str = "") -> Mapping[CaseState, int]:
        wanted = select(cases.c.state, func.count().label("count")).where(under(cases.c.org, org))
        found = {row["state"]: row["count"] for row in await self._statements.all(wanted.group_by(cases.c.state))}
        return {state: found[state] for state in CaseState if state in found}

    async def history(self, case_id: CaseId) -> Sequence[HistoryRow]:
        return await read_history(self._statements, _RECORD, case_id)

    async def _some(self, wanted: ColumnElement[bool], limit: int | None = None) -> Sequence[RevisitCase]:
        rows = await self._statements.all(select(cases).where(wanted).order_by(cases.c.id).limit(limit))
        return [case_of(row) for row in rows]


def _row(case: RevisitCase) -> dict[str, Any]:
    promised = case.appointment
    return row_of(
        case,
        cases,
        next_why=str(case.next_why),
        appointment_at=promised.at if promised else None,
        appointment_by_customer=promised.by_customer if promised else None,
        appointment_note=promised.note if promised else None,
    )


def case_of(row: RowMapping) -> RevisitCase:
    """A case from its row."""
    promised = None
    if row["appointment_at"]:
        promised = Appointment(row["appointment_at"], row["appointment_by_customer"], row["appointment_note"])
    return from_row(RevisitCase, row, appointment=promised, next_why=Why.read(row["next_why"]))
