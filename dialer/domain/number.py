"""One of the holder's numbers, what calling it has shown, and whether it can still be used (rules §5.1, §10.3)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from dialer.domain.dialing_hours import DialRules
from dialer.domain.outcome import Outcome
from dialer.domain.outcome_rules import DEAD_VERDICTS, OUTCOME_RULES
from dialer.domain.phone import PhoneKind, PhoneStatus
from dialer.domain.problem import ProblemType
from dialer.domain.reason import Reason


@dataclass(frozen=True, slots=True)
class PastCall:
    """A call as later decisions see it.

    Attributes:
        at: when it was dialled.
        outcome: None while it has none: it is going on, or its dialer died and nobody has resolved it yet.
        number_id: the number it went to.
        ended_at: from where spacing is counted; `at` when unknown.
        rang: the phone rang, so somebody was disturbed even if the outcome is our own fault.
    """

    at: datetime
    outcome: Outcome | None
    number_id: int = 0
    ended_at: datetime | None = None
    rang: bool = False

    @property
    def over_at(self) -> datetime:
        """When the phone was left in peace again."""
        return self.ended_at or self.at

    @property
    def counted(self) -> bool:
        """Whether it is an attempt in the sense of rules §5.4; one without an outcome is not yet."""
        return self.outcome is not None and OUTCOME_RULES[self.outcome].attempt

    @property
    def disturbed(self) -> bool:
        """Whether it is one of the number's calls of the day (rules §9.1): all but those that never left our side."""
        return self.outcome is None or self.rang or self.counted


@dataclass(frozen=True, slots=True)
class Number:
    """A number of the holder's.

    Attributes:
        status: None when unknown, and then it is not dialled. `DNC` means its user asked *us* not to call again; lists
            of people who want no sales calls don't stop a revisit (rules §7.4).
        proven: it has been live before, so a dead verdict needs more proof (rules §10.3 rule 2).
        staff: a salesperson's or employee's number (rules §5.6, scenario 10).
        calls: calls to it for any case, oldest first; at least those of the last 24 hours, of this round, and all
            dead verdicts since it was last live.
    """

    id: int
    kind: PhoneKind
    status: PhoneStatus | None
    proven: bool = False
    staff: bool = False
    calls: tuple[PastCall, ...] = ()


_REFUSAL_OF = {
    PhoneStatus.VACANT: Reason.NUMBER_DEAD,
    PhoneStatus.SUSPENDED: Reason.NUMBER_DEAD,
    PhoneStatus.WRONG: Reason.NUMBER_WRONG,
    PhoneStatus.BLOCKED: Reason.NUMBER_BLOCKED,
    PhoneStatus.DNC: Reason.DO_NOT_CALL,
}

_PROBLEM_OF = {
    PhoneStatus.VACANT: ProblemType.VACANT_NUMBER,
    PhoneStatus.SUSPENDED: ProblemType.SUSPENDED,
    PhoneStatus.WRONG: ProblemType.WRONG_NUMBER,
    PhoneStatus.DNC: ProblemType.UNREACHABLE,
}

_SUSPICION_AND_VERDICT = {
    Outcome.VACANT: (PhoneStatus.SUSPECT_VACANT, PhoneStatus.VACANT),
    Outcome.SUSPENDED: (PhoneStatus.SUSPECT_SUSPENDED, PhoneStatus.SUSPENDED),
}

_STOPS_AT_ONCE = {
    Outcome.WRONG_NUMBER: PhoneStatus.WRONG,
    Outcome.INVALID_FORMAT: PhoneStatus.BLOCKED,
    Outcome.NUMBER_CHANGED: PhoneStatus.BLOCKED,
}


def out_of_use(number: Number) -> Reason | None:
    """Why the number is not dialled any more; None while it is (rules §5.1, §5.6)."""
    if number.staff:
        return Reason.STAFF_NUMBER
    return Reason.STATUS_UNKNOWN if number.status is None else _REFUSAL_OF.get(number.status)


def spent(number: Number, attempts: Sequence[PastCall]) -> bool:
    """Whether an outcome that allows so many retries has used them up on this number this round (rules §10.2)."""
    mine = [call.outcome for call in attempts if call.number_id == number.id and call.outcome is not None]
    return any(_used_up(outcome, mine.count(outcome)) for outcome in set(mine))


def _used_up(outcome: Outcome, count: int) -> bool:
    spacing = OUTCOME_RULES[outcome].spacing
    return not spacing.whole_case and spacing.retries is not None and count > spacing.retries


def problem_of_numbers(numbers: Sequence[Number], attempts: Sequence[PastCall]) -> ProblemType:
    """The seed's type when no number is left (rules §10.3 rule 3).

    All dead: the primary number's type; one only temporarily unreachable: UNREACHABLE; none at all: NO_PHONE.
    """
    if not numbers:
        return ProblemType.NO_PHONE
    if any(out_of_use(number) is None for number in numbers):
        return ProblemType.UNREACHABLE
    primary = in_dialling_order(numbers)[0]
    return _problem_of(primary, attempts)


def _problem_of(number: Number, attempts: Sequence[PastCall]) -> ProblemType:
    if not number.staff and number.status in _PROBLEM_OF:
        return _PROBLEM_OF[number.status]
    if not number.staff and any(call.outcome is Outcome.FAX for call in (*number.calls, *attempts)):
        return ProblemType.NO_PHONE
    return ProblemType.DATA_ERROR


def in_dialling_order(numbers: Sequence[Number]) -> list[Number]:
    """Mobile, home, office (rules §10.3 rule 3); numbers of one kind as they were given."""
    kinds = tuple(PhoneKind)
    return sorted(numbers, key=lambda number: kinds.index(number.kind))


def status_after(number: Number, call: PastCall, rules: DialRules) -> PhoneStatus | None:
    """The number's status once `call` has its outcome (rules §10.3 rules 2 and 8, scenario 23).

    `number.calls` are those before it. A wrong number stops at once; a dead verdict is a suspicion until confirmed; a
    number that rings normally is OK again, its earlier verdict staying in the calls as a false positive.
    """
    if call.outcome is None or number.status in _REFUSAL_OF:
        return number.status
    if call.outcome in _STOPS_AT_ONCE:
        return _STOPS_AT_ONCE[call.outcome]
    if call.outcome in DEAD_VERDICTS:
        suspected, dead = _SUSPICION_AND_VERDICT[call.outcome]
        return dead if _confirmed(number, call, rules) else suspected
    if call.outcome is Outcome.FAX:
        heard_before = any(earlier.outcome is Outcome.FAX for earlier in number.calls)
        return PhoneStatus.BLOCKED if heard_before else number.status
    return PhoneStatus.OK if OUTCOME_RULES[call.outcome].live else number.status


def proven_after(number: Number, call: PastCall) -> bool:
    """Whether the number is known to have been live (rules §10.3 rule 2)."""
    return number.proven or (call.outcome is not None and OUTCOME_RULES[call.outcome].live)


def _confirmed(number: Number, call: PastCall, rules: DialRules) -> bool:
    """A number that was live must be found dead once more than one that never was (rules §10.3 rule 2)."""
    verdicts = _verdicts_apart(number, call, timedelta(hours=rules.dead_number_gap_hours))
    return len(verdicts) >= rules.dead_number_confirmations + number.proven


def _verdicts_apart(number: Number, call: PastCall, gap: timedelta) -> list[PastCall]:
    """The same verdict again and again since the number was last live, each at least `gap` after the one before."""
    apart: list[PastCall] = []
    for each in (*number.calls, call):
        if each.outcome is not None and OUTCOME_RULES[each.outcome].live:
            apart = []
        elif each.outcome is call.outcome and (not apart or each.at - apart[-1].at >= gap):
            apart.append(each)
    return apart
