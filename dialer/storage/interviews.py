"""The shelf of interviews, their answers, and what they found. What the customer said is sealed (rules §7.6)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import RowMapping, select

from dialer.domain.attempt import AttemptId
from dialer.domain.call import CallId
from dialer.domain.case import CaseId
from dialer.domain.errors import StaleVersion
from dialer.domain.problem import Problem, ProblemType
from dialer.ports.storage import FoundProblem, StoredAnswer, StoredInterview
from dialer.storage import tables
from dialer.storage.plain import from_row, row_of, to_plain
from dialer.storage.statements import Statements
from dialer.storage.vault import Vault

_interviews, _answers, _problems, _referrals = tables.interviews, tables.answers, tables.problems, tables.referrals
_attempts = tables.attempts


class InterviewShelf:
    """`dialer.ports.storage.Interviews` in SQL."""

    def __init__(self, statements: Statements) -> None:
        self._statements = statements
        self._vault = statements.vault

    async def begin(self, interview: StoredInterview) -> None:
        await self._statements.run(_interviews.insert(), _row(interview, self._vault))

    async def get(self, attempt_id: AttemptId) -> StoredInterview | None:
        rows = await self._statements.with_key(_interviews, attempt_id=attempt_id)
        return _interview(rows[0], self._vault) if rows else None

    async def of_call(self, call_id: CallId) -> Sequence[StoredInterview]:
        joined = _interviews.join(_attempts, _attempts.c.id == _interviews.c.attempt_id)
        wanted = select(_interviews).select_from(joined).where(_attempts.c.call_id == call_id)
        rows = await self._statements.all(wanted.order_by(_interviews.c.attempt_id))
        return [_interview(row, self._vault) for row in rows]

    async def save(self, interview: StoredInterview) -> StoredInterview:
        after = replace(interview, version=interview.version + 1)
        as_read = {"attempt_id": interview.attempt_id, "version": interview.version}
        if not await self._statements.put(_interviews, _row(after, self._vault), **as_read):
            raise StaleVersion(
                f"the interview of attempt {interview.attempt_id} went on at another desk: read it again"
            )
        return after

    async def of_case(self, case_id: CaseId) -> Sequence[StoredInterview]:
        rows = await self._statements.with_key(_interviews, "attempt_id", case_id=case_id)
        return [_interview(row, self._vault) for row in rows]

    async def put_answers(self, case_id: CaseId, answers: Sequence[StoredAnswer]) -> None:
        for answer in answers:
            insert = self._statements.upsert(_answers, row_of(answer, _answers, case_id=case_id))
            latest = {name: insert.excluded[name] for name in ("value", "option", "offset_ms")}
            same = ["attempt_id", "item", "node"]
            await self._statements.run(insert.on_conflict_do_update(index_elements=same, set_=latest))

    async def answers(self, case_id: CaseId) -> Sequence[StoredAnswer]:
        wanted = select(_answers).where(_answers.c.case_id == case_id).order_by(_answers.c.id)
        return [from_row(StoredAnswer, row) for row in await self._statements.all(wanted)]

    async def put_problems(self, case_id: CaseId, problems: Sequence[FoundProblem]) -> None:
        await add_problems(self._statements, case_id, problems)

    async def problems(self, case_id: CaseId) -> Sequence[FoundProblem]:
        wanted = select(_problems).where(_problems.c.case_id == case_id).order_by(_problems.c.id)
        return [found_problem(row, self._vault) for row in await self._statements.all(wanted)]

    async def put_referral(
        self, case_id: CaseId, attempt_id: AttemptId | None, kind: str, detail: Mapping[str, Any], at: datetime
    ) -> None:
        row = {"case_id": case_id, "attempt_id": attempt_id, "object": kind, "detail": to_plain(detail)}
        await self._statements.run(_referrals.insert().values(**row, created_at=at))

    async def referrals(self, case_id: CaseId) -> Sequence[tuple[str, Mapping[str, Any]]]:
        wanted = select(_referrals).where(_referrals.c.case_id == case_id).order_by(_referrals.c.id)
        return [(row["object"], row["detail"]) for row in await self._statements.all(wanted)]


async def add_problems(statements: Statements, case_id: CaseId, problems: Sequence[FoundProblem]) -> None:
    """Add those that the round does not have yet."""
    for found in problems:
        row = row_of(
            found,
            _problems,
            case_id=case_id,
            type=found.problem.type.value,
            subtype=found.problem.subtype or "",
            words_sealed=statements.vault.seal(found.words),
        )
        await statements.run(statements.upsert(_problems, row).on_conflict_do_nothing())


def found_problem(row: RowMapping, vault: Vault) -> FoundProblem:
    """A problem as it was kept."""
    problem = Problem(ProblemType(row["type"]), row["subtype"] or None)
    return from_row(FoundProblem, row, problem=problem, words=vault.open(row["words_sealed"]))


def _row(interview: StoredInterview, vault: Vault) -> dict[str, Any]:
    return row_of(
        interview,
        _interviews,
        state_sealed=vault.seal_json(interview.state),
        facts_sealed=vault.seal_json(interview.facts),
    )


def _interview(row: RowMapping, vault: Vault) -> StoredInterview:
    state, facts = vault.open_json(row["state_sealed"]), vault.open_json(row["facts_sealed"])
    return from_row(StoredInterview, row, state=state, facts=facts)
