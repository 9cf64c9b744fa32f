"""The revisit case: one policy's way from the pool to its proof (rules §5.2-5.4).

`CASE` is the whole table of moves. A call's stages (DIALING, IN_CALL, WRAP_UP) are shared by first calls and
re-dials; `Purpose` remembers which of them it is. SEALING and REFUSAL_QA are ours: the agent is free while the
recording is being stored, and a refusal counts only after a second pair of ears.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from typing import NewType

from dialer.domain.reason import UNSAID, Reason, Why
from dialer.domain.transitions import Machine, by_state

CaseId = NewType("CaseId", int)


class CaseState(StrEnum):
    """Where a case stands (rules §5.2)."""

    PENDING_RECEIPT = "PENDING_RECEIPT"
    NOT_SAMPLED = "NOT_SAMPLED"
    READY = "READY"
    QUEUED = "QUEUED"
    DIALING = "DIALING"
    IN_CALL = "IN_CALL"
    WRAP_UP = "WRAP_UP"
    SEALING = "SEALING"
    RETRY_WAIT = "RETRY_WAIT"
    APPOINTMENT = "APPOINTMENT"
    EREVISIT_WAIT = "EREVISIT_WAIT"
    REFUSAL_QA = "REFUSAL_QA"
    U_OPEN = "U_OPEN"
    U_ISSUED = "U_ISSUED"
    U_REPLIED = "U_REPLIED"
    U_VERIFIED = "U_VERIFIED"
    U_REDIAL = "U_REDIAL"
    L1_OPEN = "L1_OPEN"
    L1_ISSUED = "L1_ISSUED"
    L1_REPLIED = "L1_REPLIED"
    L1_REDIAL = "L1_REDIAL"
    L2_OPEN = "L2_OPEN"
    L2_ISSUED = "L2_ISSUED"
    L2_REPLIED = "L2_REPLIED"
    L2_RECONFIRM = "L2_RECONFIRM"
    REPLY_CORRECTION = "REPLY_CORRECTION"
    ALT_CHANNEL = "ALT_CHANNEL"
    LETTER_OUT = "LETTER_OUT"
    VISIT_OUT = "VISIT_OUT"
    WAIVER_PENDING = "WAIVER_PENDING"
    FROZEN = "FROZEN"
    CLOSED_SUCCESS = "CLOSED_SUCCESS"
    CLOSED_PROBLEM_HANDLED = "CLOSED_PROBLEM_HANDLED"
    CLOSED_WAIVED = "CLOSED_WAIVED"
    CLOSED_REFUSED = "CLOSED_REFUSED"
    CLOSED_CANCELLED = "CLOSED_CANCELLED"
    CLOSED_UNREACHED = "CLOSED_UNREACHED"

    @property
    def closed(self) -> bool:
        """Nothing more will be done unless somebody reopens it."""
        return self.value.startswith("CLOSED_")


class CaseEvent(StrEnum):
    """What may happen to a case (rules §5.3; the outcomes of §5.4 grouped by where they lead)."""

    RECEIPT_ENTERED = "RECEIPT_ENTERED"
    LEFT_OUT_OF_SAMPLE = "LEFT_OUT_OF_SAMPLE"
    RESERVED = "RESERVED"
    RELEASED = "RELEASED"
    PLACED = "PLACED"
    ANSWERED = "ANSWERED"
    HUNG_UP = "HUNG_UP"
    SUCCEEDED = "SUCCEEDED"
    RETRY = "RETRY"
    APPOINTED = "APPOINTED"
    UNREACHED = "UNREACHED"
    L1_FOUND = "L1_FOUND"
    L2_FOUND = "L2_FOUND"
    REFUSED = "REFUSED"
    EREVISIT_OFFERED = "EREVISIT_OFFERED"
    EREVISIT_EXPIRED = "EREVISIT_EXPIRED"
    EREVISIT_DONE = "EREVISIT_DONE"
    ALTERNATIVE_ASKED = "ALTERNATIVE_ASKED"
    CORRECTION_NEEDED = "CORRECTION_NEEDED"
    CORRECTED = "CORRECTED"
    SEALED = "SEALED"
    RECORDING_LOST = "RECORDING_LOST"
    QA_PASSED = "QA_PASSED"
    QA_FAILED = "QA_FAILED"
    ISSUED = "ISSUED"
    REPLIED = "REPLIED"
    NUMBER_VERIFIED = "NUMBER_VERIFIED"
    REDIAL = "REDIAL"
    ARCHIVED = "ARCHIVED"
    CANNOT_CONTACT = "CANNOT_CONTACT"
    ROUNDS_EXHAUSTED = "ROUNDS_EXHAUSTED"
    LETTER_SENT = "LETTER_SENT"
    VISIT_SENT = "VISIT_SENT"
    PAPER_CONFIRMED = "PAPER_CONFIRMED"
    PAPER_FAILED = "PAPER_FAILED"
    GIVEN_UP = "GIVEN_UP"
    WAIVER_REPORTED = "WAIVER_REPORTED"
    WAIVER_APPROVED = "WAIVER_APPROVED"
    WAIVER_REJECTED = "WAIVER_REJECTED"
    CANCELLED = "CANCELLED"
    FROZEN = "FROZEN"
    UNFROZEN = "UNFROZEN"
    REOPENED = "REOPENED"
    POLICY_CHANGED = "POLICY_CHANGED"
    CALENDAR_CHANGED = "CALENDAR_CHANGED"


POOL = (
    CaseState.READY,
    CaseState.RETRY_WAIT,
    CaseState.APPOINTMENT,
    CaseState.U_REDIAL,
    CaseState.L1_REDIAL,
    CaseState.L2_RECONFIRM,
)
"""States from which a case may be dialled (rules §5.3 no. 2)."""

ON_THE_PHONE = (CaseState.DIALING, CaseState.IN_CALL, CaseState.WRAP_UP)
"""States in which a call owns the case."""

AWAITING_SEAL = (CaseState.SEALING, CaseState.L2_REPLIED)
"""States in which a case waits for its recording, and moves in the unit of work that settles it."""

AWAITING_ANSWER = (
    CaseState.U_OPEN,
    CaseState.U_ISSUED,
    CaseState.L1_OPEN,
    CaseState.L1_ISSUED,
    CaseState.L2_OPEN,
    CaseState.L2_ISSUED,
)
"""States in which a case waits for its ticket's answer."""

CLOSED = tuple(state for state in CaseState if state.closed)
NOT_CLOSED = tuple(state for state in CaseState if not state.closed)

_NO_RESTING_PLACE = (*ON_THE_PHONE, CaseState.NOT_SAMPLED, CaseState.SEALING, CaseState.FROZEN)
_RESTING_PLACES = tuple(state for state in NOT_CLOSED if state not in _NO_RESTING_PLACE)


def _moves() -> dict[tuple[CaseState, CaseEvent], CaseState]:
    s, e = CaseState, CaseEvent
    moves = {
        (s.PENDING_RECEIPT, e.RECEIPT_ENTERED): s.READY,
        (s.PENDING_RECEIPT, e.LEFT_OUT_OF_SAMPLE): s.NOT_SAMPLED,
        (s.READY, e.LEFT_OUT_OF_SAMPLE): s.NOT_SAMPLED,
        (s.QUEUED, e.PLACED): s.DIALING,
        (s.QUEUED, e.RELEASED): s.RETRY_WAIT,
        (s.DIALING, e.ANSWERED): s.IN_CALL,
        (s.IN_CALL, e.HUNG_UP): s.WRAP_UP,
        # what a call leads to; an unanswered call has no conversation, so fewer ways out
        (s.DIALING, e.RETRY): s.RETRY_WAIT,
        (s.DIALING, e.UNREACHED): s.U_OPEN,
        (s.DIALING, e.L1_FOUND): s.L1_OPEN,  # a re-dial that reached nobody leaves its problem open (move 13)
        (s.DIALING, e.L2_FOUND): s.L2_OPEN,
        (s.WRAP_UP, e.SUCCEEDED): s.SEALING,
        (s.WRAP_UP, e.RETRY): s.RETRY_WAIT,
        (s.WRAP_UP, e.APPOINTED): s.APPOINTMENT,
        (s.WRAP_UP, e.UNREACHED): s.U_OPEN,
        (s.WRAP_UP, e.L1_FOUND): s.L1_OPEN,
        (s.WRAP_UP, e.L2_FOUND): s.L2_OPEN,
        (s.WRAP_UP, e.REFUSED): s.REFUSAL_QA,
        (s.WRAP_UP, e.EREVISIT_OFFERED): s.EREVISIT_WAIT,
        (s.WRAP_UP, e.ALTERNATIVE_ASKED): s.ALT_CHANNEL,
        (s.WRAP_UP, e.CORRECTION_NEEDED): s.REPLY_CORRECTION,
        (s.WRAP_UP, e.CANCELLED): s.CLOSED_CANCELLED,
        (s.WRAP_UP, e.FROZEN): s.FROZEN,
        # proof
        (s.SEALING, e.SEALED): s.CLOSED_SUCCESS,
        (s.SEALING, e.RECORDING_LOST): s.RETRY_WAIT,
        (s.REPLY_CORRECTION, e.CORRECTED): s.SEALING,
        (s.REFUSAL_QA, e.QA_PASSED): s.CLOSED_REFUSED,
        (s.REFUSAL_QA, e.QA_FAILED): s.READY,
        # 回访不成功
        (s.U_OPEN, e.ISSUED): s.U_ISSUED,
        (s.U_OPEN, e.ROUNDS_EXHAUSTED): s.ALT_CHANNEL,
        (s.U_ISSUED, e.REPLIED): s.U_REPLIED,
        (s.U_ISSUED, e.CANNOT_CONTACT): s.ALT_CHANNEL,
        (s.U_REPLIED, e.NUMBER_VERIFIED): s.U_VERIFIED,
        (s.U_VERIFIED, e.REDIAL): s.U_REDIAL,
        # 一级转办
        (s.L1_OPEN, e.ISSUED): s.L1_ISSUED,
        (s.L1_OPEN, e.ROUNDS_EXHAUSTED): s.ALT_CHANNEL,
        (s.L1_ISSUED, e.REPLIED): s.L1_REPLIED,
        (s.L1_REPLIED, e.REDIAL): s.L1_REDIAL,
        # 二级转办
        (s.L2_OPEN, e.ISSUED): s.L2_ISSUED,
        (s.L2_OPEN, e.ROUNDS_EXHAUSTED): s.ALT_CHANNEL,
        (s.L2_ISSUED, e.REPLIED): s.L2_REPLIED,
        (s.L2_REPLIED, e.REDIAL): s.L2_RECONFIRM,
        (s.L2_REPLIED, e.ARCHIVED): s.CLOSED_PROBLEM_HANDLED,
        # other channels
        (s.EREVISIT_WAIT, e.EREVISIT_EXPIRED): s.READY,
        (s.EREVISIT_WAIT, e.EREVISIT_DONE): s.CLOSED_SUCCESS,
        (s.ALT_CHANNEL, e.LETTER_SENT): s.LETTER_OUT,
        (s.ALT_CHANNEL, e.VISIT_SENT): s.VISIT_OUT,
        (s.ALT_CHANNEL, e.GIVEN_UP): s.CLOSED_UNREACHED,
        (s.ALT_CHANNEL, e.REDIAL): s.READY,
        (s.LETTER_OUT, e.PAPER_CONFIRMED): s.CLOSED_SUCCESS,
        (s.LETTER_OUT, e.PAPER_FAILED): s.ALT_CHANNEL,
        (s.VISIT_OUT, e.PAPER_CONFIRMED): s.CLOSED_SUCCESS,
        (s.VISIT_OUT, e.PAPER_FAILED): s.ALT_CHANNEL,
        (s.WAIVER_PENDING, e.WAIVER_APPROVED): s.CLOSED_WAIVED,
        (s.WAIVER_PENDING, e.WAIVER_REJECTED): s.READY,
        (s.FROZEN, e.UNFROZEN): s.READY,
        (s.FROZEN, e.CANCELLED): s.CLOSED_CANCELLED,
        (s.SEALING, e.CANCELLED): s.CLOSED_CANCELLED,
        (s.NOT_SAMPLED, e.CANCELLED): s.CLOSED_CANCELLED,
        (s.NOT_SAMPLED, e.REOPENED): s.READY,  # DATA_CORRECTED: it is long-term after all
    }
    for state in POOL:
        moves[state, e.RESERVED] = s.QUEUED
        moves[state, e.PLACED] = s.DIALING
        moves[state, e.UNREACHED] = s.U_OPEN
        moves[state, e.L1_FOUND] = s.L1_OPEN
        moves[state, e.L2_FOUND] = s.L2_OPEN
        moves[state, e.WAIVER_REPORTED] = s.WAIVER_PENDING
        moves[state, e.REPLIED] = state  # an early ticket's answer: the call it waits for will confirm it
    for state in _RESTING_PLACES:
        moves[state, e.CANCELLED] = s.CLOSED_CANCELLED
        moves[state, e.FROZEN] = s.FROZEN
    for state in s:
        moves[state, e.POLICY_CHANGED] = state  # an import says so; the history remembers what
        if state.closed:
            moves[state, e.REOPENED] = s.READY
        else:
            moves[state, e.CALENDAR_CHANGED] = state  # its last day is computed anew (rules §3)
    return moves


CASE: Machine[CaseState, CaseEvent] = Machine("case", by_state(_moves()))
"""Every move a case can make (rules §5.3)."""


class Purpose(StrEnum):
    """Why a case is being dialled; it selects the script and what an outcome means (rules §8.2)."""

    FIRST = "FIRST"
    U_REDIAL = "U_REDIAL"
    L1_CONFIRM = "L1_CONFIRM"
    L2_RECONFIRM = "L2_RECONFIRM"


@dataclass(frozen=True, slots=True)
class Appointment:
    """A time promised to the customer (rules §5.4 RESCHEDULE, §9.1)."""

    at: datetime
    by_customer: bool = True
    note: str = ""


@dataclass(frozen=True, slots=True)
class RevisitCase:
    """One policy's revisit. Changed only through use cases, saved only against the `version` that was read."""

    id: CaseId
    policy_no: str
    holder_id: int
    org: str
    state: CaseState = CaseState.PENDING_RECEIPT
    purpose: Purpose = Purpose.FIRST
    round: int = 0
    version: int = 0
    rank: int = 0
    revisit_last_day: date | None = None
    surrender_last_day: date | None = None
    next_at: datetime | None = None
    next_why: Why = UNSAID
    appointment: Appointment | None = None
    phone_changed: bool = False
    flags: frozenset[str] = frozenset()
    first_attempt_at: datetime | None = None
    reached_at: datetime | None = None
    closed_at: datetime | None = None
    closed_why: str = ""
    in_free_look: bool | None = None

    def moved(self, event: CaseEvent) -> RevisitCase:
        """The case after an event; a move that leaves the pool forgets what it waited for."""
        state = CASE.after(self.state, event)
        if state in POOL or state is self.state:
            return replace(self, state=state)
        return replace(self, state=state, next_at=None, next_why=UNSAID, appointment=None)

    def due(self, at: datetime, *reasons: Reason, about: str = "") -> RevisitCase:
        """The same case, to be looked at again at `at`; `about` is what somebody or something said of it."""
        return replace(self, next_at=at, next_why=Why(reasons, about))

    def flagged(self, *flags: str) -> RevisitCase:
        """The same case with more markers."""
        return replace(self, flags=self.flags | frozenset(flags))
