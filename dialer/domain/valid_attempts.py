"""A round's attempts: which are valid, whether they suffice, and what one more would have to be (rules §9.1)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, time

from dialer.domain.calendar import WorkingCalendar, shanghai_day, shanghai_time
from dialer.domain.dialing_hours import DialRules, daypart_of, evening_or_weekend, local_lag
from dialer.domain.number import PastCall
from dialer.domain.outcome import Outcome
from dialer.domain.outcome_rules import OUTCOME_RULES

_NOON = time(12)


def valid_attempts(attempts: Iterable[PastCall], province: str, rules: DialRules) -> tuple[PastCall, ...]:
    """Those that count: no faults of network or ours, and one BUSY a half-day (rules §10.2, §10.3 rule 4)."""
    valid: list[PastCall] = []
    busy: set[tuple[object, bool]] = set()
    for call in attempts:
        if not call.counted:
            continue
        local = shanghai_time(call.at) - local_lag(province, rules)
        half_day = (local.date(), local.time() < _NOON)
        if call.outcome is not Outcome.BUSY or half_day not in busy:
            valid.append(call)
        if call.outcome is Outcome.BUSY:
            busy.add(half_day)
    return tuple(valid)


def was_contact(call: PastCall) -> bool:
    """Whether the holder was reached in it (rules §5.4)."""
    return call.outcome is not None and OUTCOME_RULES[call.outcome].contact


def spread_enough(dialled: Sequence[datetime], province: str, rules: DialRules, calendar: WorkingCalendar) -> bool:
    """Whether attempts at these instants fall on enough days and dayparts, one in an evening or weekend (rules §9.1).

    Raises:
        CalendarMissing: one of the days is of a year that is not loaded.
    """
    days = {shanghai_day(at) for at in dialled}
    dayparts = {daypart_of(at, province, rules) for at in dialled} - {None}
    if len(days) < rules.min_days or len(dayparts) < rules.min_dayparts:
        return False
    if not rules.evening_or_weekend_required:
        return True
    return any(evening_or_weekend(at, province, rules, calendar) for at in dialled)


def person_retries_used_up(attempts: Sequence[PastCall]) -> bool:
    """Whether somebody who was met may not be called again this round (rules §5.4: REFUSED_UNVERIFIED, HOSTILE_END)."""
    outcomes = [call.outcome for call in attempts if call.outcome is not None]
    limits = ((outcome, OUTCOME_RULES[outcome].spacing) for outcome in set(outcomes))
    return any(
        spacing.whole_case and spacing.retries is not None and outcomes.count(outcome) > spacing.retries
        for outcome, spacing in limits
    )
