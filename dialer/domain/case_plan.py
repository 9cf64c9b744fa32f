"""Which of a holder's numbers to dial for a case, when, or why no longer (rules §9.1, §10.3 rule 3)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from dialer.domain.calendar import WorkingCalendar, shanghai_day
from dialer.domain.case_facts import CaseFacts
from dialer.domain.contact import Block, DialLater, DialNever, DialNow, case_refusals, may_dial
from dialer.domain.dialing_hours import DialRules
from dialer.domain.errors import CalendarMissing
from dialer.domain.number import Number, PastCall, in_dialling_order, out_of_use, spent
from dialer.domain.reason import Reason
from dialer.domain.retry import Exhausted, exhaustion


@dataclass(frozen=True, slots=True)
class DialNumber:
    """Dial this number now."""

    number: Number
    how: DialNow


@dataclass(frozen=True, slots=True)
class WaitUntil:
    """Nothing may be dialled before `at`, when `number` may; the blocks are that number's."""

    at: datetime
    number: Number
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class Held:
    """Nothing may be dialled until something other than the time changes."""

    reasons: tuple[Reason, ...]


_ENDS_THE_ROUND = frozenset({Reason.ATTEMPTS_USED_UP, Reason.RETRIES_USED_UP})

CasePlan = DialNumber | WaitUntil | Held | Exhausted


def plan_case(
    case: CaseFacts, numbers: Sequence[Number], rules: DialRules, calendar: WorkingCalendar, now: datetime
) -> CasePlan:
    """What to do about a case in the pool at `now`: dial, wait, hold, or give the round up as 回访不成功."""
    if held := _refusals(case, numbers, rules, now):
        return Held(held)
    try:
        over = exhaustion(case, numbers, rules, calendar, shanghai_day(now))
    except CalendarMissing:
        return Held((Reason.CALENDAR_MISSING,))
    return over or _among(case, next_numbers(numbers, case.attempts), rules, calendar, now)


def next_numbers(numbers: Sequence[Number], attempts: Sequence[PastCall]) -> list[Number]:
    """The usable numbers, next to dial first: the least tried of this round, then mobile, home, office."""
    usable = [number for number in numbers if out_of_use(number) is None and not spent(number, attempts)]
    return sorted(
        in_dialling_order(usable),
        key=lambda number: sum(call.number_id == number.id and call.counted for call in attempts),
    )


def _refusals(case: CaseFacts, numbers: Sequence[Number], rules: DialRules, now: datetime) -> tuple[Reason, ...]:
    """What holds the whole case; what is used up does not hold it but ends its round."""
    calls = tuple(call for number in numbers for call in number.calls)
    refusals = case_refusals(case, calls, rules, now)
    return tuple(reason for reason in refusals if reason not in _ENDS_THE_ROUND)


def _among(
    case: CaseFacts, numbers: Sequence[Number], rules: DialRules, calendar: WorkingCalendar, now: datetime
) -> DialNumber | WaitUntil | Held:
    waits: list[WaitUntil] = []
    reasons: list[Reason] = []
    for number in numbers:
        match may_dial(case, number, rules, calendar, now):
            case DialNow() as how:
                return DialNumber(number, how)
            case DialLater(at, blocks):
                waits.append(WaitUntil(at, number, blocks))
            case DialNever(never):
                reasons.extend(never)
    return min(waits, key=lambda wait: wait.at) if waits else Held(tuple(dict.fromkeys(reasons)))
