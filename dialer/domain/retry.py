"""What follows an outcome: the case's next move, what it counts as, when the phone may ring again (rules §5.4, §9.1).

`OUTCOME_RULES` says what each outcome means by itself; here it meets the round it ends.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from dialer.domain.calendar import WorkingCalendar, shanghai_day
from dialer.domain.case import CaseEvent
from dialer.domain.case_facts import CaseFacts
from dialer.domain.dialing_hours import DialRules
from dialer.domain.number import Number, PastCall, out_of_use, problem_of_numbers, proven_after, spent, status_after
from dialer.domain.outcome import Outcome
from dialer.domain.outcome_rules import DEAD_VERDICTS, OUTCOME_RULES, Also, OutcomeRule
from dialer.domain.phone import PhoneStatus
from dialer.domain.problem import ProblemType
from dialer.domain.reason import Reason
from dialer.domain.valid_attempts import person_retries_used_up, spread_enough, valid_attempts, was_contact


@dataclass(frozen=True, slots=True)
class Exhausted:
    """The round is over without the holder: a 回访不成功 of this type, and why."""

    problem: ProblemType
    why: Reason


@dataclass(frozen=True, slots=True)
class Next:
    """What follows.

    Attributes:
        event: the move for the case's machine.
        counted, contact, completed: what the attempt counts as, stored with it.
        not_before: for RETRY the earliest instant the outcome itself allows (`plan_case` gives the exact one), for
            APPOINTED the appointment's; None otherwise.
        problem: the 回访不成功 item when `event` is UNREACHED.
        why: the rule that decided between trying again and giving the round up; OUTCOME when the outcome did.
        number_status, number_proven: what the dialled number is now.
        also: what else is set going.
    """

    event: CaseEvent
    counted: bool
    contact: bool
    completed: bool
    not_before: datetime | None
    problem: ProblemType | None
    why: Reason
    number_status: PhoneStatus | None
    number_proven: bool
    also: frozenset[Also]


def after_outcome(
    case: CaseFacts,
    numbers: Sequence[Number],
    call: PastCall,
    rules: DialRules,
    calendar: WorkingCalendar,
    *,
    all_items_asked: bool = True,
) -> Next:
    """What follows `call`, whose outcome has just become known.

    `case.attempts` and each number's calls are those *before* it; `case.appointment` is the one just made, if any.

    Raises:
        ValueError: the call has no outcome, or went to none of `numbers`.
        CalendarMissing: the round's days are of a year that is not loaded.
    """
    outcome, dialled = _facts_of(call, numbers)
    rule = OUTCOME_RULES[outcome]
    status, proven = status_after(dialled, call, rules), proven_after(dialled, call)
    changed = replace(dialled, status=status, proven=proven, calls=(*dialled.calls, call))
    numbers_now = [changed if number.id == dialled.id else number for number in numbers]
    case_now = replace(case, attempts=(*case.attempts, call))
    event, problem, why = _move(rule, case_now, numbers_now, rules, calendar, shanghai_day(call.over_at))
    return Next(
        event=event,
        counted=rule.attempt,
        contact=rule.contact,
        completed=rule.completion and all_items_asked,
        not_before=_not_before(event, outcome, call, case_now, rules),
        problem=problem,
        why=why,
        number_status=status,
        number_proven=proven,
        also=rule.also,
    )


def _facts_of(call: PastCall, numbers: Sequence[Number]) -> tuple[Outcome, Number]:
    dialled = next((number for number in numbers if number.id == call.number_id), None)
    if call.outcome is None or dialled is None:
        raise ValueError(f"a call to number {call.number_id} with outcome {call.outcome} has nothing that follows")
    return call.outcome, dialled


def _move(
    rule: OutcomeRule,
    case: CaseFacts,
    numbers: Sequence[Number],
    rules: DialRules,
    calendar: WorkingCalendar,
    today: date,
) -> tuple[CaseEvent, ProblemType | None, Reason]:
    if rule.event is CaseEvent.UNREACHED:
        return rule.event, rule.problem, Reason.OUTCOME
    if rule.event in (CaseEvent.RETRY, CaseEvent.APPOINTED):
        over = exhaustion(case, numbers, rules, calendar, today)
        if over is not None:
            return CaseEvent.UNREACHED, over.problem, over.why
    return rule.event, None, Reason.OUTCOME


def _not_before(
    event: CaseEvent, outcome: Outcome, call: PastCall, case: CaseFacts, rules: DialRules
) -> datetime | None:
    if event is CaseEvent.APPOINTED and case.appointment is not None:
        return case.appointment.at
    if event not in (CaseEvent.RETRY, CaseEvent.APPOINTED):
        return None
    if outcome in DEAD_VERDICTS:
        return call.at + timedelta(hours=rules.dead_number_gap_hours)
    return call.over_at + OUTCOME_RULES[outcome].spacing.gap


def exhaustion(
    case: CaseFacts, numbers: Sequence[Number], rules: DialRules, calendar: WorkingCalendar, today: date
) -> Exhausted | None:
    """Whether the round is over unsuccessfully, and as what (rules §9.1, §10.2, §10.3 rule 3).

    Also asked without a new call: the last resort comes with a day, and a number may be lost to another case.

    Raises:
        CalendarMissing: an attempt's day is of a year that is not loaded.
    """
    if not numbers:
        return Exhausted(ProblemType.NO_PHONE, Reason.NO_NUMBER)
    if all(out_of_use(number) is not None or spent(number, case.attempts) for number in numbers):
        return Exhausted(problem_of_numbers(numbers, case.attempts), Reason.NUMBERS_USED_UP)
    why = _why_round_is_over(case, rules, calendar, today)
    return None if why is None else Exhausted(ProblemType.UNREACHABLE, why)


def _why_round_is_over(case: CaseFacts, rules: DialRules, calendar: WorkingCalendar, today: date) -> Reason | None:
    attempts = valid_attempts(case.attempts, case.province, rules)
    if person_retries_used_up(case.attempts):
        return Reason.RETRIES_USED_UP
    if len(attempts) >= rules.max_per_round:
        return Reason.ATTEMPTS_USED_UP
    if attempts and was_contact(attempts[-1]):
        return None  # the holder was there just now: the minimum is for those who can't be reached
    if _last_resort(case, attempts, rules, today):
        return Reason.LAST_RESORT
    dialled = [call.at for call in attempts]
    if len(attempts) >= rules.min_valid and spread_enough(dialled, case.province, rules, calendar):
        return Reason.ATTEMPTS_COMPLETE
    return None


def _last_resort(case: CaseFacts, attempts: Sequence[PastCall], rules: DialRules, today: date) -> bool:
    """From 5 natural days before the last day, two attempts without the holder suffice (rules §9.1)."""
    if case.free_look is None or len(attempts) < rules.last_resort_attempts:
        return False
    reached = any(was_contact(call) for call in attempts)
    return not reached and 0 <= case.free_look.days_left(today) <= rules.last_resort_days
