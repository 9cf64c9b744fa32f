"""Interviews, their answers, and what they found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from dialer.domain.attempt import AttemptId
from dialer.domain.call import CallId
from dialer.domain.case import CaseId
from dialer.domain.problem import Problem
from dialer.domain.ticket import TicketId


@dataclass(frozen=True, slots=True)
class StoredInterview:
    """An interview as it stands: `state` is the interview's JSON, `facts` what its script was filled with."""

    attempt_id: AttemptId
    case_id: CaseId
    script_id: str
    script_version: str
    script_sha256: str
    state: Mapping[str, Any]
    facts: Mapping[str, Any]
    started_at: datetime
    finished_at: datetime | None = None
    version: int = 0


@dataclass(frozen=True, slots=True)
class StoredAnswer:
    """One answer with its place in the recording."""

    attempt_id: AttemptId
    item: str
    value: str
    node: str
    option: str
    offset_ms: int


@dataclass(frozen=True, slots=True)
class FoundProblem:
    """A problem heard in a call or shown by the number, not yet or already on a ticket."""

    problem: Problem
    found_at: datetime
    round: int
    attempt_id: AttemptId | None = None
    words: str = ""
    offset_ms: int | None = None
    ticket_id: TicketId | None = None


class Interviews(Protocol):
    """Interviews, answers and what they found."""

    async def begin(self, interview: StoredInterview) -> None:
        """Store a new interview."""
        ...

    async def get(self, attempt_id: AttemptId) -> StoredInterview | None:
        """The interview of an attempt."""
        ...

    async def of_call(self, call_id: CallId) -> Sequence[StoredInterview]:
        """The interviews of a call, in the order they are held."""
        ...

    async def save(self, interview: StoredInterview) -> StoredInterview:
        """Store the next state. Raises StaleVersion when another desk stepped first."""
        ...

    async def of_case(self, case_id: CaseId) -> Sequence[StoredInterview]:
        """All interviews of a case, oldest first."""
        ...

    async def put_answers(self, case_id: CaseId, answers: Sequence[StoredAnswer]) -> None:
        """Keep an interview's answers for reading and searching."""
        ...

    async def answers(self, case_id: CaseId) -> Sequence[StoredAnswer]:
        """All answers of a case, oldest first."""
        ...

    async def put_problems(self, case_id: CaseId, problems: Sequence[FoundProblem]) -> None:
        """Keep problems; the same type and subtype in the same round stays one (rules, set semantics)."""
        ...

    async def problems(self, case_id: CaseId) -> Sequence[FoundProblem]:
        """All problems of a case, oldest first."""
        ...

    async def put_referral(
        self, case_id: CaseId, attempt_id: AttemptId | None, kind: str, detail: Mapping[str, Any], at: datetime
    ) -> None:
        """Keep what the call asks of other departments (SURRENDER_REFERRAL, CLAIM_LEAD …)."""
        ...

    async def referrals(self, case_id: CaseId) -> Sequence[tuple[str, Mapping[str, Any]]]:
        """What was referred, oldest first."""
        ...
