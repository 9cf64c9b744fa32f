"""The transfer ticket (转办单): what went wrong, sent down for an answer within two working days (rules §5.5).

One machine, three flavours (回访不成功, 一级, 二级). The paper's full way is in the table; the short way, an answer
recorded at the branch for a ticket at any hand below, is the same table's `REPLIED`. What is noted on a ticket without
handing it on (who works on it, a statement, a scan) is a move that stays where it is. Who may do what: `ticket_desk`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import NewType

from dialer.domain.case import CaseId, Purpose
from dialer.domain.problem import Problem, ProblemLevel, ProblemType
from dialer.domain.transitions import Machine, by_state

TicketId = NewType("TicketId", int)


class TicketState(StrEnum):
    """Whose hands a ticket is in (rules §5.5)."""

    CREATED = "CREATED"
    ISSUED_TO_L3 = "ISSUED_TO_L3"
    FORWARDED_TO_L4 = "FORWARDED_TO_L4"
    SIGNED_BY_SALES = "SIGNED_BY_SALES"
    REPLIED = "REPLIED"
    L3_CHECKED = "L3_CHECKED"
    RETURNED_TO_BRANCH = "RETURNED_TO_BRANCH"
    ACCEPTED = "ACCEPTED"
    CLOSED = "CLOSED"
    RECALLED = "RECALLED"


class TicketEvent(StrEnum):
    """What may happen to a ticket."""

    ISSUED = "ISSUED"
    FORWARDED = "FORWARDED"
    SIGNED = "SIGNED"
    REPLIED = "REPLIED"
    CHECKED = "CHECKED"
    RETURNED = "RETURNED"
    ACCEPTED = "ACCEPTED"
    REJECTED = "REJECTED"
    CLOSED = "CLOSED"
    RECALLED = "RECALLED"
    CALENDAR_CHANGED = "CALENDAR_CHANGED"
    TAKEN = "TAKEN"
    STATED = "STATED"
    ATTACHED = "ATTACHED"
    TAKEN_BACK = "TAKEN_BACK"


_S, _E = TicketState, TicketEvent
_BELOW = (_S.ISSUED_TO_L3, _S.FORWARDED_TO_L4, _S.SIGNED_BY_SALES)
_UNDER_WAY = (*_BELOW, _S.REPLIED, _S.L3_CHECKED, _S.RETURNED_TO_BRANCH)
_OPEN = (_S.CREATED, *_UNDER_WAY, _S.ACCEPTED)

TICKET: Machine[TicketState, TicketEvent] = Machine(
    "ticket",
    by_state(
        {
            (_S.CREATED, _E.ISSUED): _S.ISSUED_TO_L3,
            (_S.ISSUED_TO_L3, _E.FORWARDED): _S.FORWARDED_TO_L4,
            (_S.FORWARDED_TO_L4, _E.FORWARDED): _S.FORWARDED_TO_L4,
            (_S.FORWARDED_TO_L4, _E.SIGNED): _S.SIGNED_BY_SALES,
            (_S.SIGNED_BY_SALES, _E.SIGNED): _S.SIGNED_BY_SALES,
            **{(state, _E.REPLIED): _S.REPLIED for state in _BELOW},
            # its due time is computed anew (rules §3)
            **{(state, _E.CALENDAR_CHANGED): state for state in (*_BELOW, _S.REPLIED)},
            (_S.REPLIED, _E.CHECKED): _S.L3_CHECKED,
            (_S.L3_CHECKED, _E.RETURNED): _S.RETURNED_TO_BRANCH,
            (_S.L3_CHECKED, _E.REJECTED): _S.ISSUED_TO_L3,
            (_S.RETURNED_TO_BRANCH, _E.ACCEPTED): _S.ACCEPTED,
            (_S.RETURNED_TO_BRANCH, _E.REJECTED): _S.ISSUED_TO_L3,
            (_S.ACCEPTED, _E.CLOSED): _S.CLOSED,
            **{(state, _E.RECALLED): _S.RECALLED for state in _OPEN},
            **{(state, _E.TAKEN): state for state in _UNDER_WAY},
            **{(state, _E.STATED): state for state in _UNDER_WAY},
            **{(state, _E.ATTACHED): state for state in (*_UNDER_WAY, _S.ACCEPTED)},
            **{(state, _E.TAKEN_BACK): state for state in _UNDER_WAY},  # a wrong paper, before it was sent
        }
    ),
)
"""Every move a ticket can make."""

OPEN_TICKETS = _OPEN

SENDING = frozenset({_E.REPLIED, _E.STATED, _E.CHECKED, _E.RETURNED, _E.REJECTED, _E.ACCEPTED})
"""Moves with which others are given what lies with the ticket: it stays there from then on."""

AWAITED = (*_BELOW, _S.REPLIED)
"""Tickets whose answer has not been received at the branch: their clock runs (rules §5.6)."""

NOT_ACCEPTED_YET = (_S.CREATED, *_UNDER_WAY)
"""Tickets whose answer, if there is one, has not been accepted: what is found now still joins them."""


@dataclass(frozen=True, slots=True)
class TicketItem:
    """One problem on a ticket, with the customer's own words and where they are in the recording."""

    problem: Problem
    words: str = ""
    attempt_id: int | None = None
    offset_ms: int | None = None


@dataclass(frozen=True, slots=True)
class TransferTicket:
    """One round's ticket of a case; all its items travel together (rules §4.4).

    Attributes:
        org: where the policy belongs, as a path.
        replied_at: when the answer was received at the branch (rules §5.6).
        unit: the level-4 place or department it was forwarded to; empty while it is with the third level.
        handed_to: the code of the salesperson who signed for it; `signed_by` is the name on the paper.
        taken_by: who works on it now, for the others to see; it keeps nobody out.
    """

    id: TicketId
    ticket_no: str
    case_id: CaseId
    level: ProblemLevel
    round: int
    org: str
    created_at: datetime
    state: TicketState = TicketState.CREATED
    version: int = 0
    issued_at: datetime | None = None
    due_at: datetime | None = None
    calendar_version: str = ""
    replied_at: datetime | None = None
    closed_at: datetime | None = None
    urgent: bool = False
    items: tuple[TicketItem, ...] = ()
    unit: str = ""
    handed_to: str = ""
    signed_by: str = ""
    signed_at: datetime | None = None
    taken_by: str = ""
    taken_at: datetime | None = None

    @property
    def place(self) -> str:
        """In whose part of the organisation it is: where it was forwarded to, else where the policy belongs."""
        return self.unit or self.org

    def put_down(self) -> TransferTicket:
        """Nobody works on it any more, where it is or where it goes."""
        return replace(self, taken_by="", taken_at=None)

    def overdue(self, now: datetime) -> bool:
        """Whether the branch should have had the answer by now: a reply at the due minute is in time."""
        if self.due_at is None or self.state in (TicketState.CREATED, TicketState.RECALLED):
            return False
        return (self.replied_at or now) > self.due_at


REDIAL_PURPOSE = {
    ProblemLevel.U: Purpose.U_REDIAL,
    ProblemLevel.L1: Purpose.L1_CONFIRM,
    ProblemLevel.L2: Purpose.L2_RECONFIRM,
}

URGENT_TYPES = frozenset({ProblemType.SURRENDER_REQUEST, ProblemType.CONTRACT_NOT_RECEIVED})


def urgent(level: ProblemLevel, items: tuple[TicketItem, ...]) -> bool:
    """Whether the ticket carries the priority flag: every L1, surrender and missing contract (rules §5.6)."""
    return level is ProblemLevel.L1 or any(item.problem.type in URGENT_TYPES for item in items)
