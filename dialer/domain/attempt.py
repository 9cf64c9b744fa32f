"""One attempt: one case in one call, with the one outcome it ends with (rules §5.4, §9.1)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import NewType

from dialer.domain.call import CallId
from dialer.domain.case import CaseId, Purpose
from dialer.domain.outcome import Outcome

AttemptId = NewType("AttemptId", int)


@dataclass(frozen=True, slots=True)
class Attempt:
    """A call may serve several cases of one holder; each has its own attempt, interview and segment of the sound."""

    id: AttemptId
    case_id: CaseId
    call_id: CallId
    round: int
    purpose: Purpose
    started_at: datetime
    by_appointment: bool = False
    outcome: Outcome | None = None
    counted: bool | None = None
    contact: bool | None = None
    completed: bool | None = None
    finished_at: datetime | None = None
    why: str = ""
