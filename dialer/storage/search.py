"""Searching cases and sound. Every list walks an index and stops when its page is full."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Column, ColumnElement, Text, and_, cast, func, or_, select

from dialer.domain.call import RecordingKind
from dialer.domain.case import CaseId, RevisitCase
from dialer.domain.errors import NotFound
from dialer.domain.recording import RecordingState
from dialer.ports.search import Criteria, FoundSound
from dialer.storage.cases import case_of
from dialer.storage.plain import from_row
from dialer.storage.statements import Statements, under
from dialer.storage.tables import attempts, calls, cases, holders, problems, recordings, segments

_FLAGS = cast(cases.c.flags, Text)
_EVER = datetime(2000, 1, 1, tzinfo=UTC)
_HEARD = (
    attempts.join(segments, segments.c.attempt_id == attempts.c.id)
    .join(recordings, recordings.c.id == segments.c.recording_id)
    .join(cases, cases.c.id == attempts.c.case_id)
)
_ITS_CALL = calls.c.id == attempts.c.call_id
_WITH_CALL = attempts.join(calls, _ITS_CALL)
_SOUND = (
    segments.c.id,
    recordings.c.id.label("recording_id"),
    recordings.c.kind,
    recordings.c.duration_ms,
    cases.c.id.label("case_id"),
    cases.c.policy_no,
    cases.c.state,
    attempts.c.started_at,
    attempts.c.outcome,
    calls.c.agent,
)


class SearchShelf:
    """`dialer.ports.search.Search` in SQL."""

    def __init__(self, statements: Statements) -> None:
        self._statements = statements

    def holder_key(self, name: str) -> str:
        return self._statements.vault.digest(name)

    async def cases(self, criteria: Criteria, limit: int, before: int | None = None) -> Sequence[RevisitCase]:
        wanted = select(cases).where(*self._of_case(criteria))
        if criteria.flag:
            wanted = wanted.where(*_is_flagged(criteria.flag))
        if criteria.problem:
            wanted = wanted.where(cases.c.id.in_(select(problems.c.case_id).where(problems.c.type == criteria.problem)))
        if criteria.asks_of_a_call:
            called = select(attempts.c.case_id).select_from(_WITH_CALL if criteria.agent else attempts)
            wanted = wanted.where(cases.c.id.in_(called.where(*self._of_call(criteria))))
        if before is not None:
            wanted = wanted.where(cases.c.id < before)
        rows = await self._statements.all(wanted.order_by(cases.c.id.desc()).limit(limit))
        return [case_of(row) for row in rows]

    async def sound(self, criteria: Criteria, limit: int, before: int | None = None) -> Sequence[FoundSound]:
        found = select(*_SOUND).select_from(_HEARD.join(calls, _ITS_CALL))
        found = found.where(*_is_sealed(criteria), *self._of_case(criteria), *self._of_call(criteria))
        if criteria.flag:
            found = found.where(attempts.c.case_id.in_(select(cases.c.id).where(*_is_flagged(criteria.flag))))
        if criteria.problem:
            its_calls = select(problems.c.attempt_id).where(problems.c.type == criteria.problem)
            found = found.where(attempts.c.id.in_(its_calls))
        if criteria.is_broad:
            found = found.where(attempts.c.started_at > _EVER)  # so it begins with the newest calls
        if before is not None:
            found = found.where(await self._older_than(before, _when(criteria)))
        newest_first = (_when(criteria).desc(), segments.c.id.desc())
        rows = await self._statements.all(found.order_by(*newest_first).limit(limit))
        return [from_row(FoundSound, row) for row in rows]

    async def _older_than(self, segment_id: int, when: Column[Any]) -> ColumnElement[bool]:
        at = await self._statements.scalar(
            select(attempts.c.started_at).join_from(attempts, segments).where(segments.c.id == segment_id)
        )
        if at is None:
            raise NotFound(f"there is no part {segment_id} of a recording to go on behind")
        return and_(when <= at, or_(when < at, (when == at) & (segments.c.id < segment_id)))

    async def last_talks(self, case_ids: Sequence[CaseId]) -> Mapping[CaseId, int]:
        last = func.max(recordings.c.id).label("recording_id")
        wanted = select(attempts.c.case_id, last).select_from(_HEARD).where(*_is_sealed(Criteria()))
        rows = await self._statements.which(wanted.group_by(attempts.c.case_id), attempts.c.case_id, case_ids)
        return {CaseId(row["case_id"]): row["recording_id"] for row in rows}

    def _of_case(self, criteria: Criteria) -> Iterator[ColumnElement[bool]]:
        yield self._usual(under(cases.c.org, criteria.org))
        if criteria.policy_no:
            yield cases.c.policy_no == criteria.policy_no
        if criteria.holder:
            yield cases.c.holder_id.in_(select(holders.c.id).where(holders.c.name_hash == criteria.holder))
        if criteria.states:
            among = cases.c.state.in_(criteria.states)
            rare = not any(state.closed for state in criteria.states) and not criteria.asks_of_a_call
            yield among if rare else self._usual(among)

    def _of_call(self, criteria: Criteria) -> Iterator[ColumnElement[bool]]:
        if criteria.outcome:
            so = attempts.c.outcome == criteria.outcome
            yield self._usual(so) if criteria.agent else so
        if criteria.called_from:
            yield _when(criteria) >= criteria.called_from
        if criteria.called_before:
            yield _when(criteria) < criteria.called_before
        if criteria.agent:
            yield calls.c.agent == criteria.agent

    def _usual(self, condition: ColumnElement[bool]) -> ColumnElement[bool]:
        """Most rows are so: not what to begin with. PostgreSQL knows that from its own counts."""
        return func.likely(condition) if self._statements.dialect == "sqlite" else condition


def _when(criteria: Criteria) -> Column[Any]:
    """An attempt begins with its call; of an agent there is an index of the calls, newest first."""
    return calls.c.intended_at if criteria.agent else attempts.c.started_at


def _is_flagged(flag: str) -> Iterator[ColumnElement[bool]]:
    yield _FLAGS != "[]"  # the index of the few that have any
    yield _FLAGS.contains(f'"{flag}"', autoescape=True)


def _is_sealed(criteria: Criteria) -> Iterator[ColumnElement[bool]]:
    yield recordings.c.state == RecordingState.SEALED
    if not criteria.early_media:
        yield recordings.c.kind == RecordingKind.TALK
