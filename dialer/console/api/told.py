"""What programs are told: the answers' bodies, as they are written and as the OpenAPI document shows them.

Least data (rules §7.6): names and numbers masked, nothing that the customer said.
"""

from __future__ import annotations

from datetime import date
from enum import StrEnum

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from dialer.domain.call import RecordingKind
from dialer.domain.case import CaseState, Purpose
from dialer.domain.outcome import Outcome
from dialer.domain.phone import PhoneKind, PhoneStatus
from dialer.domain.problem import ProblemLevel, ProblemType
from dialer.domain.ticket import TicketState
from dialer.usecases.tell_results import CaseStory


class Told(BaseModel):
    """An answer; an answer has no field that the document does not name."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Fault(Told):
    """What is wrong with one value, for who can put it right."""

    field: str = Field(description="字段 · a field of the request")
    code: str = Field(examples=["VALUE_INVALID"])
    zh: str
    en: str
    value: str = Field("", description="已脱敏 · masked")


class Problem(Told):
    """错误 · Why a request was refused (RFC 9457)."""

    type: str = Field(examples=["urn:dialer:problem:NOT_FOUND"])
    title: str
    status: int
    code: str = Field(description="稳定的代码 · stable", examples=["NOT_FOUND"])
    detail: str
    zh: str
    en: str
    errors: list[Fault] = []


class RowFate(StrEnum):
    """What became of a row."""

    NEW = "new"
    CHANGED = "changed"
    UNCHANGED = "unchanged"
    REFUSED = "refused"


class RowTold(Told):
    """一行的结果 · What became of one row. `left_out` are values that were not taken though the row was."""

    row: int = Field(description="从 1 数起 · counted from 1")
    policy_no: str
    result: RowFate
    refused: list[Fault] = []
    left_out: list[Fault] = []


class BatchTold(Told):
    """批次的结果 · What became of each row, in order."""

    results: list[RowTold]
    counts: dict[RowFate, int]


class AmendedTold(Told):
    """更正的结果 · The case as it stands now; `changed` false: it was known already."""

    policy_no: str
    changed: bool
    state: CaseState
    revisit_last_day: date | None
    surrender_last_day: date | None


class PhoneTold(Told):
    """A number of the holder's."""

    number: str = Field(examples=["138****5678"])
    kind: PhoneKind
    status: PhoneStatus


class ProblemTold(Told):
    """问题 · What a call found."""

    type: ProblemType
    subtype: str | None
    level: ProblemLevel
    round: int
    found_at: AwareDatetime


class TicketTold(Told):
    """转办单 · A transfer ticket."""

    ticket_no: str
    level: ProblemLevel
    round: int
    state: TicketState
    issued_at: AwareDatetime | None
    due_at: AwareDatetime | None


class RecordingTold(Told):
    """录音 · A sealed recording."""

    id: int
    kind: RecordingKind
    started_at: AwareDatetime
    duration_ms: int
    size_bytes: int
    sha256: str


class CaseTold(Told):
    """回访件 · A case as it stands."""

    policy_no: str
    case_id: int
    org: str
    state: CaseState
    closed: bool
    closed_why: str
    closed_at: AwareDatetime | None
    in_free_look: bool | None = Field(description="犹豫期内完成 · completed inside the free-look")
    purpose: Purpose
    round: int
    attempts: int
    outcome: Outcome | None = Field(description="最近一次拨打的结果 · of the latest attempt")
    first_attempt_at: AwareDatetime | None
    reached_at: AwareDatetime | None
    revisit_last_day: date | None
    surrender_last_day: date | None
    holder_name: str = Field(examples=["王**"])
    phones: list[PhoneTold]
    problems: list[ProblemTold]
    tickets: list[TicketTold]
    recordings: list[RecordingTold]

    @classmethod
    def of(cls, story: CaseStory) -> CaseTold:
        """The case of a story."""
        case, last = story.case, story.last_attempt
        return cls(
            policy_no=case.policy_no,
            case_id=case.id,
            org=case.org,
            state=case.state,
            closed=case.state.closed,
            closed_why=case.closed_why,
            closed_at=case.closed_at,
            in_free_look=case.in_free_look,
            purpose=case.purpose,
            round=case.round,
            attempts=len(story.attempts),
            outcome=last.outcome if last else None,
            first_attempt_at=case.first_attempt_at,
            reached_at=case.reached_at,
            revisit_last_day=case.revisit_last_day,
            surrender_last_day=case.surrender_last_day,
            holder_name=story.name.masked,
            phones=_phones(story),
            problems=_problems(story),
            tickets=_tickets(story),
            recordings=_recordings(story),
        )


def _phones(story: CaseStory) -> list[PhoneTold]:
    return [PhoneTold(number=each.number.masked, kind=each.kind, status=each.status) for each in story.phones]


def _problems(story: CaseStory) -> list[ProblemTold]:
    return [
        ProblemTold(
            type=each.problem.type,
            subtype=each.problem.subtype,
            level=each.problem.level,
            round=each.round,
            found_at=each.found_at,
        )
        for each in story.problems
    ]


def _tickets(story: CaseStory) -> list[TicketTold]:
    return [
        TicketTold(
            ticket_no=each.ticket_no,
            level=each.level,
            round=each.round,
            state=each.state,
            issued_at=each.issued_at,
            due_at=each.due_at,
        )
        for each in story.tickets
    ]


def _recordings(story: CaseStory) -> list[RecordingTold]:
    return [
        RecordingTold(
            id=each.id,
            kind=each.seal.kind,
            started_at=each.seal.started_at,
            duration_ms=each.seal.duration_ms,
            size_bytes=each.seal.size_bytes,
            sha256=each.seal.sha256,
        )
        for each in story.recordings
        if each.seal is not None
    ]


class ChangesTold(Told):
    """变动 · Cases that moved; ask again with `after` = `next`."""

    cases: list[CaseTold]
    next: int = Field(description="下次的 after · the next `after`")
    more: bool = Field(description="还有后续 · there is more at once")


class HealthTold(Told):
    """Whether it works."""

    status: str = Field(examples=["ok"])
