"""What the core system is told unasked when a case moves, and how patiently (docs/api.md)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from dialer.domain.case import CLOSED, CaseEvent, CaseId, CaseState


class Announcement(StrEnum):
    """A kind of message; a closed list."""

    CASE_CLOSED = "case.closed"
    CASE_PROBLEM_FOUND = "case.problem_found"
    CASE_TICKETED = "case.ticketed"
    CASE_EXHAUSTED = "case.exhausted"
    CASE_REOPENED = "case.reopened"
    CASE_FROZEN = "case.frozen"


_S = CaseState
_TOLD_OF = {
    **dict.fromkeys((_S.U_OPEN, _S.L1_OPEN, _S.L2_OPEN), Announcement.CASE_PROBLEM_FOUND),
    **dict.fromkeys((_S.U_ISSUED, _S.L1_ISSUED, _S.L2_ISSUED), Announcement.CASE_TICKETED),
    **dict.fromkeys(CLOSED, Announcement.CASE_CLOSED),
    _S.ALT_CHANNEL: Announcement.CASE_EXHAUSTED,
    _S.FROZEN: Announcement.CASE_FROZEN,
}


def announced_by(before: CaseState, event: CaseEvent, after: CaseState) -> Announcement | None:
    """What a case's move has the core system told, if anything (rules §5.2, §5.3)."""
    if event is CaseEvent.REOPENED:
        return Announcement.CASE_REOPENED
    return None if before is after else _TOLD_OF.get(after)


class MessageState(StrEnum):
    """How a message stands that is not delivered; a delivered one is gone."""

    WAITING = "WAITING"
    UNREACHED = "UNREACHED"  # the core system did not answer, or can't take anything now: all wait for its next try
    REFUSED = "REFUSED"  # it would not take this one: its case's later messages wait
    HELD = "HELD"  # refused so often that only a person tries again


@dataclass(frozen=True, slots=True)
class WebhookMessage:
    """A message on its way. `message_id` is the same at every try, so that the core system knows what it has."""

    id: int
    message_id: str
    case_id: CaseId
    type: Announcement
    body: str
    created_at: datetime
    state: MessageState = MessageState.WAITING
    tries: int = 0
    next_try_at: datetime | None = None
    error: str = ""


ALARM_AFTER = 5
"""Tries in vain after which people see it on the floor."""

_HELD_AFTER = 10
_LONGEST_WAIT = timedelta(minutes=15)


def retry_after(tries: int) -> timedelta:
    """The wait after so many tries in vain: 5 s doubling to 15 min; nothing is given up."""
    return min(timedelta(seconds=5 << min(tries - 1, 8)), _LONGEST_WAIT)


def state_when_refused(tries: int) -> MessageState:
    """How a message stands that was refused so many times."""
    return MessageState.REFUSED if tries < _HELD_AFTER else MessageState.HELD
