"""The one question: may this number be dialled now, and if not, when and why (rules §7.4, §9.1, §10.2, §13).

The dispatcher, `dialer why` and the console get the same answer, so they cannot disagree. It fails closed:
whatever is not known (a year's calendar, the province, a time's zone, the number's status) is a reason not to dial.

How the exact instant is found: every rule is a yes or no about one instant, and can change its mind only at a change
point (a window's edge, midnight, the end of a gap). The first change point at which no rule objects is the answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from dialer.domain.calendar import WorkingCalendar, shanghai_time
from dialer.domain.case_facts import CaseFacts
from dialer.domain.contact_rules import Question
from dialer.domain.dialing_hours import DialRules
from dialer.domain.errors import CalendarMissing
from dialer.domain.number import Number, PastCall, out_of_use, spent
from dialer.domain.province import PROVINCES
from dialer.domain.reason import Reason
from dialer.domain.valid_attempts import person_retries_used_up, valid_attempts


@dataclass(frozen=True, slots=True)
class Block:
    """One reason, and the instant from which it no longer stands."""

    reason: Reason
    lifts_at: datetime


@dataclass(frozen=True, slots=True)
class DialNow:
    """The number may ring now."""

    by_appointment: bool = False


@dataclass(frozen=True, slots=True)
class DialLater:
    """Not now; `at` is the first instant at which it may, if nothing else happens until then."""

    at: datetime
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class DialNever:
    """No waiting makes it right; something else must change first (a receipt, a calendar, a number, a call's end)."""

    reasons: tuple[Reason, ...]


Answer = DialNow | DialLater | DialNever


def may_dial(case: CaseFacts, number: Number, rules: DialRules, calendar: WorkingCalendar, now: datetime) -> Answer:
    """Whether `number` may be dialled for `case` at `now`; if not, when and why.

    A pure function of its arguments. `now` is the dispatcher's clock; a naive one is refused like everything unknown.
    """
    if refusals := never(case, number, rules, now):
        return DialNever(refusals)
    question = Question(case, number, rules, calendar)
    try:
        return _answer(question, shanghai_time(now))
    except CalendarMissing:
        return DialNever((Reason.CALENDAR_MISSING,))


def never(case: CaseFacts, number: Number, rules: DialRules, now: datetime) -> tuple[Reason, ...]:
    """Why this number is not dialled for the case, however long one waits; empty when it is only a matter of time."""
    return (*case_refusals(case, number.calls, rules, now), *_number_refusals(case, number))


def case_refusals(case: CaseFacts, calls: Sequence[PastCall], rules: DialRules, now: datetime) -> tuple[Reason, ...]:
    """Why nothing may be dialled for the case, however long one waits; empty when it may (rules §4.1, §5.3 no. 2)."""
    everything = (*case.attempts, *calls)
    if not _zoned(case, everything, now):
        return (Reason.TIME_ZONE_MISSING,)
    objections = (
        (Reason.NO_RECEIPT, case.free_look is None),
        (Reason.NOT_IN_FORCE, not case.in_force),
        (Reason.FROZEN, case.frozen),
        (Reason.WAIVER_OPEN, case.waiver_open),
        (Reason.PROVINCE_UNKNOWN, case.province not in PROVINCES),
        (Reason.CALL_UNFINISHED, any(call.outcome is None for call in everything)),
        (Reason.RETRIES_USED_UP, person_retries_used_up(case.attempts)),
        (Reason.ATTEMPTS_USED_UP, _attempts_used_up(case, rules)),
    )
    return tuple(reason for reason, objects in objections if objects)


def _zoned(case: CaseFacts, calls: Sequence[PastCall], now: datetime) -> bool:
    times = [now, *(call.at for call in calls), *(call.over_at for call in calls)]
    if case.appointment is not None:
        times.append(case.appointment.at)
    return all(at.tzinfo is not None for at in times)


def _attempts_used_up(case: CaseFacts, rules: DialRules) -> bool:
    return len(valid_attempts(case.attempts, case.province, rules)) >= rules.max_per_round


def _number_refusals(case: CaseFacts, number: Number) -> tuple[Reason, ...]:
    dead = out_of_use(number)
    reasons = [dead] if dead is not None else []
    if spent(number, case.attempts):
        reasons.append(Reason.NUMBER_SPENT)
    return tuple(reasons)


def _answer(question: Question, now: datetime) -> Answer:
    objections = question.objections(now)
    if not objections:
        return DialNow(question.by_appointment(now))
    lifts: dict[Reason, datetime] = {}
    standing = objections
    for at in question.change_points(now):
        objections = question.objections(at)
        lifts |= {reason: at for reason in standing if reason not in objections}
        if not objections:
            return DialLater(at, tuple(Block(reason, lifted) for reason, lifted in lifts.items()))
        standing = objections
    return DialNever((*standing, Reason.NO_OPENING))
