"""The shelf of supervisors' decisions about dialling, and what they do to the dispatcher's query."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, case, func, not_, or_, select

from dialer.domain.call import CallId
from dialer.domain.case import POOL, Purpose
from dialer.domain.errors import StaleVersion
from dialer.domain.priority import Rank
from dialer.domain.steering import AtWork, Course, Group, Steering
from dialer.ports.steering import PoolCount
from dialer.storage.plain import from_row, row_of
from dialer.storage.statements import Statements, under
from dialer.storage.tables import attempts, cases, steerings


def in_group(group: Group) -> ColumnElement[bool]:
    """Cases of a group: `Group.has` in SQL."""
    theirs = under(cases.c.org, group.org)
    return theirs if group.purpose is None else theirs & (cases.c.purpose == group.purpose.value)


def not_held(course: Course) -> ColumnElement[bool]:
    """Cases for which no decision waits: `Course.hold` in SQL."""
    promised = and_(
        cases.c.appointment_at.is_not(None),
        cases.c.appointment_at <= course.now,
        cases.c.appointment_at > course.now - course.grace,
    )
    held = [
        in_group(each.group) & not_(promised) if each.keeps_promises else in_group(each.group)
        for each in course.holding
    ]
    return not_(or_(*held))


def place(course: Course) -> ColumnElement[int]:
    """A case's place in the queue: `Course.place` in SQL."""
    rank: ColumnElement[int] = cases.c.rank
    if not course.lifted:
        return rank
    first = or_(*[in_group(group) for group in course.lifted])
    return case((rank <= int(Rank.EXPIRING), rank), (first, rank), else_=rank + len(Rank))


class SteeringShelf:
    """`dialer.ports.steering.Steerings` in SQL."""

    def __init__(self, statements: Statements) -> None:
        self._statements = statements

    async def add(self, steering: Steering) -> Steering:
        return replace(steering, id=await self._statements.add(steerings, row_of(steering, steerings)))

    async def get(self, steering_id: int) -> Steering:
        return from_row(Steering, await self._statements.one(steerings, f"decision {steering_id}", id=steering_id))

    async def end(self, steering_id: int, by: str, why: str, at: datetime) -> None:
        open_one = (steerings.c.id == steering_id) & steerings.c.ended_at.is_(None)
        ended = steerings.update().where(open_one).values(ended_at=at, ended_by=by, ended_why=why)
        if not await self._statements.change(ended):
            raise StaleVersion(f"decision {steering_id} has ended already")

    async def standing(self, now: datetime) -> Sequence[Steering]:
        not_over = or_(steerings.c.until.is_(None), steerings.c.until > now)
        standing = steerings.c.ended_at.is_(None) & (steerings.c.at <= now) & not_over
        rows = await self._statements.all(select(steerings).where(standing).order_by(steerings.c.id))
        return [from_row(Steering, row) for row in rows]

    async def latest(self, limit: int) -> Sequence[Steering]:
        rows = await self._statements.all(select(steerings).order_by(steerings.c.id.desc()).limit(limit))
        return [from_row(Steering, row) for row in rows]

    async def at_work(self) -> Sequence[AtWork]:
        joined = attempts.join(cases, cases.c.id == attempts.c.case_id)
        columns = (attempts.c.call_id, cases.c.org, attempts.c.purpose)
        open_ones = select(*columns).select_from(joined).where(attempts.c.finished_at.is_(None))
        rows = await self._statements.all(open_ones)
        return [AtWork(CallId(row["call_id"]), row["org"], Purpose(row["purpose"])) for row in rows]

    async def pool(self, group: Group, now: datetime, end_of_day: datetime) -> PoolCount:
        promised = (cases.c.appointment_at >= now) & (cases.c.appointment_at < end_of_day)
        counted = select(
            func.count().label("cases"),
            _count(_due_by(now)).label("due_now"),
            _count(_due_by(end_of_day)).label("due_today"),
            _count(promised).label("promised_today"),
        ).where(cases.c.state.in_(POOL), in_group(group))
        row = await self._statements.first(counted)
        assert row is not None  # an aggregate always has a row
        return PoolCount(**row)

    async def deadlines(self, group: Group, first: date, last: date) -> Mapping[date, int]:
        between = cases.c.revisit_last_day.between(first, last)
        counted = select(cases.c.revisit_last_day, func.count().label("cases")).where(
            cases.c.state.in_(POOL), in_group(group), between
        )
        by_day = counted.group_by(cases.c.revisit_last_day).order_by(cases.c.revisit_last_day)
        return {row["revisit_last_day"]: row["cases"] for row in await self._statements.all(by_day)}

    async def places(self, org: str) -> Sequence[str]:
        wanted = select(cases.c.org).where(under(cases.c.org, org)).distinct().order_by(cases.c.org)
        return [row["org"] for row in await self._statements.all(wanted)]


def _due_by(instant: datetime) -> ColumnElement[bool]:
    return or_(cases.c.next_at.is_(None), cases.c.next_at <= instant)


def _count(wanted: ColumnElement[bool]) -> ColumnElement[Any]:
    return func.count(case((wanted, 1)))
