"""The shelf of counts: every set of cases is one condition, which both counts them and lists them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import Select, case, func, select

from dialer.domain.case import RevisitCase
from dialer.domain.outcome import Outcome
from dialer.domain.recording import RecordingState
from dialer.ports.figures import CallCount, CaseSet, Moment, Rounds, Slice, SoundCount
from dialer.storage.case_sets import FAULTS, UNSEALED, CaseSets, Condition, cut_short, of_agents
from dialer.storage.cases import case_of
from dialer.storage.statements import Statements
from dialer.storage.tables import attempts, calls, cases, recordings, tickets


class FigureShelf:
    """`dialer.ports.figures.Figures` in SQL."""

    def __init__(self, statements: Statements) -> None:
        self._statements = statements

    def _sets(self, at: Moment) -> CaseSets:
        return CaseSets(at, self._statements.dialect)

    async def count(self, sets: Sequence[CaseSet], part: Slice, at: Moment) -> Mapping[CaseSet, int]:
        conditions = self._sets(at)
        row = await self._statements.first(_counted(sets, conditions).where(conditions.slice(part)))
        assert row is not None  # an aggregate always has a row
        return {each: row[each.value] for each in sets}

    async def by_last_day(
        self, sets: Sequence[CaseSet], part: Slice, at: Moment
    ) -> Mapping[date, Mapping[CaseSet, int]]:
        conditions, day = self._sets(at), cases.c.revisit_last_day
        counted = _counted(sets, conditions).add_columns(day).where(conditions.slice(part), day.is_not(None))
        rows = await self._statements.all(counted.group_by(day).order_by(day))
        return {row["revisit_last_day"]: {each: row[each.value] for each in sets} for row in rows}

    async def behind(
        self, wanted: CaseSet, part: Slice, at: Moment, without: CaseSet | None, limit: int
    ) -> Sequence[RevisitCase]:
        conditions = self._sets(at)
        those = select(cases).where(conditions.slice(part), conditions.of(wanted))
        if without is not None:
            those = those.where(~conditions.of(without))
        soonest = (cases.c.revisit_last_day.asc().nulls_last(), cases.c.id)
        return [case_of(row) for row in await self._statements.all(those.order_by(*soonest).limit(limit))]

    async def calls(self, org: str, since: datetime) -> CallCount:
        lost = calls.c.answered_at.is_not(None) & calls.c.connected_at.is_(None) & calls.c.ended_at.is_not(None)
        counted = select(
            func.count().label("placed"),
            func.count(calls.c.answered_at).label("answered"),
            _times(lost).label("abandoned"),
            _times(calls.c.outcome == Outcome.SILENT.value).label("silent"),
            _times(calls.c.outcome.in_(FAULTS)).label("faults"),
        ).where(calls.c.intended_at >= since, of_agents(org))
        row = await self._statements.first(counted)
        assert row is not None  # an aggregate always has a row
        return CallCount(**row)

    async def sound(self, org: str, at: Moment) -> SoundCount:
        return SoundCount(**await self._waiting_sound(org), cut_short=await self._cut_short(org, at))

    async def _waiting_sound(self, org: str) -> Mapping[str, Any]:
        counted = select(
            func.count().label("waiting"),
            _times(recordings.c.state == RecordingState.FAILED.value).label("failed"),
            func.min(recordings.c.started_at).label("oldest"),
        ).select_from(recordings.join(calls, calls.c.id == recordings.c.call_id))
        row = await self._statements.first(counted.where(UNSEALED, of_agents(org)))
        assert row is not None  # an aggregate always has a row
        return dict(row)

    async def _cut_short(self, org: str, at: Moment) -> int:
        joined = recordings.join(calls, calls.c.id == recordings.c.call_id)
        short = cut_short(at) & (recordings.c.started_at >= at.today[0]) & of_agents(org)
        return int(await self._statements.scalar(select(func.count()).select_from(joined).where(short)))

    async def rounds(self, part: Slice, at: Moment) -> Rounds:
        conditions = self._sets(at)
        due = select(cases.c.id).where(conditions.slice(part), conditions.of(CaseSet.DUE))
        made = select(func.count()).where(attempts.c.counted, attempts.c.case_id.in_(due))
        asked = tickets.c.due_at.is_not(None) & tickets.c.case_id.in_(due)
        by_now = asked & (tickets.c.replied_at.is_not(None) | (tickets.c.due_at < at.now))
        in_time = by_now & (tickets.c.replied_at <= tickets.c.due_at)
        answered = select(_times(by_now).label("due"), _times(in_time).label("in_time")).select_from(tickets)
        row = await self._statements.first(answered.where(asked))
        assert row is not None  # an aggregate always has a row
        return Rounds(int(await self._statements.scalar(made)), row["due"], row["in_time"])


def _counted(sets: Sequence[CaseSet], conditions: CaseSets) -> Select[Any]:
    return select(*[_times(conditions.of(each)).label(each.value) for each in sets]).select_from(cases)


def _times(wanted: Condition) -> Any:  # noqa: ANN401 - a column of numbers
    return func.count(case((wanted, 1)))
