"""What every outcome means: one table for the dispatcher, the wrap-up and `dialer why` (rules §5.4, §9.1, §10.2)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from dialer.domain.case import CaseEvent
from dialer.domain.outcome import Outcome
from dialer.domain.problem import ProblemType


class Also(StrEnum):
    """What else an outcome sets going beside the case's own move."""

    IMPERSONATION_CHECK = "IMPERSONATION_CHECK"
    CLAIM_LEAD = "CLAIM_LEAD"
    LEADER_RETRIES = "LEADER_RETRIES"
    OFFER_EREVISIT = "OFFER_EREVISIT"
    NUMBER_CLUE = "NUMBER_CLUE"


@dataclass(frozen=True, slots=True)
class Spacing:
    """How long the phone stays silent after an outcome.

    Attributes:
        gap: the least time from the call's end to the next dial; zero when it may be dialled at once.
        whole_case: a person was met, so the silence holds for all numbers of the case and not only this one.
        other_daypart: the next dial falls into another part of the day.
        per_day: after so many of this outcome in a day, not again that day; 1 is "next day".
        retries: how often a round dials again after this outcome; None leaves it to the attempts' limits.
    """

    gap: timedelta = timedelta()
    whole_case: bool = False
    other_daypart: bool = False
    per_day: int | None = None
    retries: int | None = None


@dataclass(frozen=True, slots=True)
class OutcomeRule:
    """One row.

    Attributes:
        event: what happens to the case; RETRY and APPOINTED become UNREACHED when numbers or attempts are used up; the
            cap holds against a customer who puts us off again and again, too.
        attempt, contact, completion: what it counts as (rules §5.4: a, c, C).
        problem: the seed's type when nothing else can be tried (rules §10.2, last column).
        live: the number rang or somebody answered, so it is not dead (rules §10.3 rule 2, scenario 23).
    """

    event: CaseEvent
    attempt: bool = True
    contact: bool = False
    completion: bool = False
    spacing: Spacing = Spacing()
    problem: ProblemType | None = ProblemType.UNREACHABLE
    live: bool = False
    also: frozenset[Also] = frozenset()


def _minutes(
    count: int,
    *,
    whole_case: bool = False,
    other_daypart: bool = False,
    per_day: int | None = None,
    retries: int | None = None,
) -> Spacing:
    return Spacing(timedelta(minutes=count), whole_case, other_daypart, per_day, retries)


_AT_ONCE = Spacing()
_HALF_HOUR, _TWO_HOURS, _FOUR_HOURS = 30, 120, 240


def _talk(
    event: CaseEvent,
    *also: Also,
    contact: bool = True,
    completion: bool = False,
    spacing: Spacing = _AT_ONCE,
    attempt: bool = True,
) -> OutcomeRule:
    return OutcomeRule(
        event, attempt, contact, completion, spacing, ProblemType.UNREACHABLE, live=True, also=frozenset(also)
    )


def _again(spacing: Spacing, *also: Also, live: bool = False) -> OutcomeRule:
    return OutcomeRule(CaseEvent.RETRY, spacing=spacing, live=live, also=frozenset(also))


def _verdict(problem: ProblemType, spacing: Spacing = _AT_ONCE, *also: Also, live: bool = False) -> OutcomeRule:
    return OutcomeRule(CaseEvent.RETRY, spacing=spacing, problem=problem, live=live, also=frozenset(also))


_NEXT_DAY_ONCE = _minutes(0, per_day=1, retries=1)

OUTCOME_RULES: dict[Outcome, OutcomeRule] = {
    # the interview's own (rules §5.4)
    Outcome.SUCCESS: _talk(CaseEvent.SUCCEEDED, completion=True),
    Outcome.SUCCESS_PENDING_CORRECTION: _talk(CaseEvent.CORRECTION_NEEDED, completion=True),
    Outcome.PROBLEM_L1: _talk(CaseEvent.L1_FOUND, completion=True),
    Outcome.PROBLEM_L2: _talk(CaseEvent.L2_FOUND, completion=True),
    Outcome.REFUSED: _talk(CaseEvent.REFUSED),
    Outcome.REFUSED_UNVERIFIED: _talk(
        CaseEvent.RETRY, contact=False, spacing=_minutes(0, whole_case=True, per_day=1, retries=1)
    ),
    Outcome.RESCHEDULE: _talk(CaseEvent.APPOINTED),
    Outcome.INCOMPLETE: _talk(CaseEvent.RETRY, spacing=_minutes(_HALF_HOUR, whole_case=True, per_day=2)),
    Outcome.NOT_SELF: _talk(CaseEvent.RETRY, contact=False, spacing=_minutes(_TWO_HOURS, whole_case=True)),
    Outcome.LONG_ABSENCE: _talk(CaseEvent.UNREACHED, Also.OFFER_EREVISIT, contact=False),
    Outcome.WRONG_NUMBER: _verdict(ProblemType.WRONG_NUMBER, live=True),
    Outcome.VERIFY_FAILED: _talk(CaseEvent.UNREACHED, Also.IMPERSONATION_CHECK, contact=False),
    Outcome.EREVISIT: _talk(CaseEvent.EREVISIT_OFFERED, Also.OFFER_EREVISIT),
    Outcome.LETTER_VISIT: _talk(CaseEvent.ALTERNATIVE_ASKED),
    Outcome.TRANSFER_DIALECT: _talk(CaseEvent.RETRY, contact=False, attempt=False),
    Outcome.TRANSFER_LEADER: _talk(CaseEvent.RETRY, contact=False, attempt=False),
    Outcome.TRANSFER_AGENT: _talk(CaseEvent.RETRY, contact=False, attempt=False),
    Outcome.HOSTILE_END: _talk(
        CaseEvent.RETRY, Also.LEADER_RETRIES, spacing=_minutes(_TWO_HOURS, whole_case=True, retries=1)
    ),
    Outcome.DECEASED: _talk(CaseEvent.FROZEN, Also.CLAIM_LEAD, contact=False),
    Outcome.LINE_BAD: _again(_minutes(_HALF_HOUR, whole_case=True), live=True),
    Outcome.SILENT: _again(_minutes(_TWO_HOURS), live=True),
    Outcome.CALL_ASSISTANT: _again(_minutes(_TWO_HOURS), Also.OFFER_EREVISIT, live=True),
    # the network's (rules §10.2); the dead ones wait for DialRules.dead_number_gap_hours
    Outcome.VACANT: _verdict(ProblemType.VACANT_NUMBER),
    Outcome.SUSPENDED: _verdict(ProblemType.SUSPENDED),
    Outcome.INVALID_FORMAT: _verdict(ProblemType.DATA_ERROR),
    Outcome.NUMBER_CHANGED: _verdict(ProblemType.DATA_ERROR, _AT_ONCE, Also.NUMBER_CLUE),
    Outcome.FAX: _verdict(ProblemType.NO_PHONE, _NEXT_DAY_ONCE),
    Outcome.POWER_OFF: _again(_minutes(_FOUR_HOURS, other_daypart=True), live=True),
    Outcome.NO_SERVICE: _again(_minutes(_FOUR_HOURS)),
    Outcome.BUSY: _again(_minutes(_HALF_HOUR), live=True),
    Outcome.NO_ANSWER: _again(_minutes(_TWO_HOURS, other_daypart=True), live=True),
    Outcome.REJECTED: _again(_minutes(_FOUR_HOURS, per_day=2), live=True),
    Outcome.CALL_REMINDER: _again(_minutes(_TWO_HOURS), live=True),
    Outcome.BLOCKED: _again(_NEXT_DAY_ONCE, Also.OFFER_EREVISIT),
    Outcome.FORWARD_FAIL: _again(_minutes(_FOUR_HOURS)),
    # never used up against the customer (rules §10.3 rule 4)
    Outcome.NETWORK: OutcomeRule(CaseEvent.RETRY, attempt=False, spacing=_minutes(10), problem=None),
    Outcome.TECH: OutcomeRule(CaseEvent.RETRY, attempt=False, problem=None),
}
"""The whole table; a test holds that every outcome has its row."""

DEAD_VERDICTS = frozenset({Outcome.VACANT, Outcome.SUSPENDED})
"""Outcomes that call a number dead, believed only when confirmed (rules §10.3 rule 2)."""
