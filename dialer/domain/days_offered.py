"""The times that may be promised to a customer, day by day, by the dispatcher's own rules (rules §5.4, §7.4, §9.1)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta

from dialer.domain.appointments import appointment_refusal
from dialer.domain.calendar import SHANGHAI, WorkingCalendar, shanghai_day, shanghai_time
from dialer.domain.case import Appointment
from dialer.domain.case_facts import CaseFacts
from dialer.domain.contact import never
from dialer.domain.contact_rules import Question
from dialer.domain.dialing_hours import DialRules, courtesy_hours
from dialer.domain.errors import CalendarMissing
from dialer.domain.number import Number
from dialer.domain.reason import Reason

_STEP = timedelta(minutes=30)
_NOT_BEFORE = timedelta(minutes=10)
"""A time nearer than this is no appointment: the customer is on the phone now."""


@dataclass(frozen=True, slots=True)
class DayOffered:
    """A day with the times at which the number may ring by appointment, or the reason why it has none."""

    day: date
    times: tuple[datetime, ...]
    why_none: Reason | None = None
    public_holiday: bool = False


def promise_refusal(
    case: CaseFacts, number: Number, promised: Appointment, rules: DialRules, calendar: WorkingCalendar, now: datetime
) -> Reason | None:
    """Why this time can't be promised: of itself, or because the number may not ring then; None when it can.

    What no other time would mend (the round's attempts are used up) is no reason: the outcome's rules see to that.
    """
    refusal = appointment_refusal(case, promised, rules, now)
    if refusal is not None:
        return refusal
    question = Question(replace(case, appointment=promised), number, rules, calendar)
    return next(iter(question.objections(shanghai_time(promised.at))), None)


def days_offered(
    cases: Sequence[CaseFacts], number: Number, rules: DialRules, calendar: WorkingCalendar, now: datetime, days: int
) -> tuple[DayOffered, ...]:
    """The next days, each with what may be promised for all these cases of one call.

    It ends with the first day after the free-look, which has nothing to offer.

    Args:
        cases: the policies of the call that are put off.
        number: the number on which the customer was reached, this call among its calls.
        rules: the site's dialling rules.
        calendar: the official calendar.
        now: the moment.
        days: how many days at most.
    """
    today = shanghai_day(now)
    if refusal := next((reason for case in cases for reason in never(case, number, rules, now)), None):
        return (DayOffered(today, (), refusal),)
    offered: list[DayOffered] = []
    for day in (today + timedelta(days=count) for count in range(days)):
        offered.append(_day(cases, number, rules, calendar, now, day))
        if offered[-1].why_none is Reason.AFTER_LAST_DAY:
            break
    return tuple(offered)


def _day(
    cases: Sequence[CaseFacts],
    number: Number,
    rules: DialRules,
    calendar: WorkingCalendar,
    now: datetime,
    day: date,
) -> DayOffered:
    times: list[datetime] = []
    why = Reason.OUTSIDE_HOURS
    for at in _starts(cases[0].province, rules, now, day):
        promised = Appointment(at)
        refusals = (promise_refusal(case, number, promised, rules, calendar, now) for case in cases)
        refusal = next(filter(None, refusals), None)
        if refusal is None:
            times.append(at)
        else:
            why = refusal
    return DayOffered(day, tuple(times), None if times else why, _is_holiday(calendar, day))


def _starts(province: str, rules: DialRules, now: datetime, day: date) -> Iterator[datetime]:
    """Every half hour of the day's decent hours that still lies ahead."""
    hours = courtesy_hours(day, province, rules)
    at = datetime.combine(day, time(), SHANGHAI)
    while at < hours.end:
        if at >= hours.start and at >= now + _NOT_BEFORE:
            yield at
        at += _STEP


def _is_holiday(calendar: WorkingCalendar, day: date) -> bool:
    try:
        return calendar.is_public_holiday(day)
    except CalendarMissing:
        return False
