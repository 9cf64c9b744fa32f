"""Whether what a case was closed on can be heard: answers that were taken up from an earlier call, too (rules §5.4)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from sqlalchemy import ColumnElement, RowMapping, String, and_, cast, func, or_, select

from dialer.domain.call import RecordingKind
from dialer.domain.case import CaseEvent, CaseId, CaseState, Purpose
from dialer.domain.interview import IDENTITY_ITEMS, Answer, Interview, from_plain
from dialer.domain.outcome import Outcome
from dialer.domain.recording import LENGTH_TOLERANCE_SECONDS, RecordingState
from dialer.storage.database import Database
from dialer.storage.tables import attempts, cases, history, interviews, recordings, segments
from dialer.storage.vault import Vault

_PAGE = 500


async def answers_without_sound(database: Database) -> AsyncIterator[CaseId]:
    """Cases closed on answers of an earlier call whose sealed recording is not there, or ends before them."""
    last = 0
    while True:
        async with database.statements(writes=False) as statements:
            closed = select(cases.c.id).where(closed_by_a_call(), cases.c.id > last)
            page = [row["id"] for row in await statements.all(closed.order_by(cases.c.id).limit(_PAGE))]
            rows = await statements.all(_TALKS.where(interviews.c.case_id.in_(page)))
        for case_id, of_case in groupby(rows, key=lambda row: row["case_id"]):
            if not _heard_whole([_Talk.of(row, statements.vault) for row in of_case]):
                yield CaseId(case_id)
        if len(page) < _PAGE:
            return
        last = page[-1]


def closed_by_a_call() -> ColumnElement[bool]:
    """Whether a case is closed, and last by the recording of a call, or past the rules."""
    last_closing = (
        select(history.c.event)
        .where(
            history.c.record == "case",
            history.c.record_id == cast(cases.c.id, String),
            history.c.to_state == CaseState.CLOSED_SUCCESS.value,
        )
        .order_by(history.c.id.desc())
        .limit(1)
        .scalar_subquery()
    )
    by_a_call = or_(last_closing == CaseEvent.SEALED.value, last_closing.is_(None))
    return and_(cases.c.state == CaseState.CLOSED_SUCCESS, by_a_call)


def closes() -> ColumnElement[bool]:
    """Whether a case may close on the attempt; a confirming call need only be complete."""
    succeeded = attempts.c.outcome.in_((Outcome.SUCCESS, Outcome.SUCCESS_PENDING_CORRECTION))
    confirmed = attempts.c.purpose.in_((Purpose.L1_CONFIRM, Purpose.L2_RECONFIRM)) & attempts.c.completed
    return or_(succeeded, confirmed)


_SEALED_MS = (
    select(func.max(recordings.c.duration_ms))
    .select_from(segments.join(recordings, recordings.c.id == segments.c.recording_id))
    .where(
        segments.c.attempt_id == attempts.c.id,
        recordings.c.state == RecordingState.SEALED,
        recordings.c.kind == RecordingKind.TALK,
    )
    .scalar_subquery()
)
_TALKS = (
    select(interviews.c.case_id, interviews.c.state_sealed, closes().label("closes"), _SEALED_MS.label("sealed_ms"))
    .select_from(interviews.join(attempts, attempts.c.id == interviews.c.attempt_id))
    .order_by(interviews.c.case_id, interviews.c.attempt_id)
)


@dataclass(frozen=True, slots=True)
class _Talk:
    interview: Interview
    closes: bool
    sealed_ms: int | None

    @classmethod
    def of(cls, row: RowMapping, vault: Vault) -> _Talk:
        return cls(from_plain(vault.open_json(row["state_sealed"])), row["closes"], row["sealed_ms"])

    def proves(self, answer: Answer) -> bool:
        """Whether the answer was given in this talk and its recording reaches so far."""
        if answer not in self.interview.answers or self.sealed_ms is None:
            return False
        return self.sealed_ms + 1000 * LENGTH_TOLERANCE_SECONDS >= answer.offset_ms


def _heard_whole(talks: Sequence[_Talk]) -> bool:
    closing = next((talk for talk in reversed(talks) if talk.closes), None)
    if closing is None:
        return True  # that there is no such call is a fault of its own
    taken_up = [answer for answer in closing.interview.carried if answer.item not in IDENTITY_ITEMS]
    return all(any(talk.proves(answer) for talk in talks) for answer in taken_up)
