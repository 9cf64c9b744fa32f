"""What supervisors decide about dialling: a group pauses, keeps shorter hours, takes fewer seats, or goes first.

A decision only takes away (rules §2.4): what it does not hold is still asked of every rule, and what goes first passes
neither a promised time nor a free-look that is about to end (rules §9.1).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import NamedTuple

from dialer.domain.calendar import SHANGHAI, shanghai_time
from dialer.domain.call import CallId
from dialer.domain.case import Purpose, RevisitCase
from dialer.domain.case_plan import CasePlan, DialNumber
from dialer.domain.dialing_hours import DialRules, openings
from dialer.domain.errors import DialerError
from dialer.domain.priority import Rank
from dialer.domain.unit import within


class SteeringInvalid(DialerError):
    """A decision about dialling that makes no sense, or would widen what the rules allow."""

    code = "STEERING_INVALID"


class SteeringKind(StrEnum):
    """What a supervisor may decide about a group of cases."""

    PAUSE = "PAUSE"  # nothing of the group is dialled, promised times included
    HOURS = "HOURS"  # only between two times of the day
    SEATS = "SEATS"  # on so many seats at a time
    FIRST = "FIRST"  # before the others of its day


@dataclass(frozen=True, slots=True)
class Group:
    """The cases of an organisation and below it, and of a purpose; empty and None stand for all."""

    org: str = ""
    purpose: Purpose | None = None

    def has(self, org: str, purpose: Purpose) -> bool:
        """Whether a case of this organisation and purpose belongs to it."""
        return within(org, self.org) and self.purpose in (None, purpose)


class AtWork(NamedTuple):
    """A case in a call for which a seat dials, talks or wraps up; one call may serve several."""

    call_id: CallId
    org: str
    purpose: Purpose


@dataclass(frozen=True, slots=True)
class Steering:
    """One decision: who, when and why, until when, and how it ended. Times of the day are Beijing's.

    Attributes:
        until: it lapses by itself at this instant; None when somebody has to end it.
        start, end: the hours of HOURS, end excluded.
        seats: the most seats of SEATS, at least 1.
    """

    id: int
    kind: SteeringKind
    org: str
    purpose: Purpose | None
    by: str
    at: datetime
    why: str = ""
    until: datetime | None = None
    start: time | None = None
    end: time | None = None
    seats: int | None = None
    ended_at: datetime | None = None
    ended_by: str = ""
    ended_why: str = ""

    @property
    def group(self) -> Group:
        """Whom it is about."""
        return Group(self.org, self.purpose)

    @property
    def keeps_promises(self) -> bool:
        """Whether a time that the customer was promised is kept all the same."""
        return self.kind is not SteeringKind.PAUSE

    def stands(self, now: datetime) -> bool:
        """Whether it is in force."""
        return self.ended_at is None and self.at <= now and (self.until is None or now < self.until)

    def holds_all(self, busy: int, now: datetime) -> bool:
        """Whether its group waits at `now`, when `busy` seats are at work for it."""
        match self.kind:
            case SteeringKind.PAUSE:
                return True
            case SteeringKind.HOURS:
                assert self.start is not None
                assert self.end is not None
                return not self.start <= shanghai_time(now).time() < self.end
            case SteeringKind.SEATS:
                assert self.seats is not None
                return busy >= self.seats
            case SteeringKind.FIRST:
                return False


@dataclass(frozen=True, slots=True)
class Course:
    """What all decisions together mean at one instant.

    Attributes:
        holding: those whose groups wait now.
        lifted: the groups that go first.
        grace: how long after its time a call still keeps a promise.
    """

    now: datetime
    holding: tuple[Steering, ...] = ()
    lifted: tuple[Group, ...] = ()
    grace: timedelta = timedelta()

    def hold(self, case: RevisitCase) -> Steering | None:
        """The decision for which the case waits, if there is one."""
        promised = self._promised_now(case)
        return next(
            (
                each
                for each in self.holding
                if each.group.has(case.org, case.purpose) and not (promised and each.keeps_promises)
            ),
            None,
        )

    def _promised_now(self, case: RevisitCase) -> bool:
        promised = case.appointment
        return promised is not None and promised.at <= self.now < promised.at + self.grace

    def place(self, case: RevisitCase) -> int:
        """Sorts like the dispatcher's query: promises and what expires, then what goes first, then the rest by rank."""
        lifted = any(group.has(case.org, case.purpose) for group in self.lifted)
        return case.rank if case.rank <= Rank.EXPIRING else case.rank + (0 if lifted else len(Rank))


def course_of(steerings: Iterable[Steering], at_work: Collection[AtWork], now: datetime, grace: timedelta) -> Course:
    """The course at `now`. `at_work` is what seats dial, talk on or wrap up."""
    standing = [each for each in steerings if each.stands(now)]
    holding = tuple(each for each in standing if each.holds_all(busy_for(each.group, at_work), now))
    lifted = tuple(each.group for each in standing if each.kind is SteeringKind.FIRST)
    return Course(now, holding, lifted, grace)


def busy_for(group: Group, at_work: Collection[AtWork]) -> int:
    """How many seats are at work for a group."""
    return len({each.call_id for each in at_work if group.has(each.org, each.purpose)})


def steered(plan: CasePlan, hold: Steering | None) -> CasePlan | Steering:
    """The plan, unless it is to dial and a decision holds the case: what the rules refuse stays refused."""
    return hold if hold is not None and isinstance(plan, DialNumber) else plan


def check(wish: Steering, rules: DialRules) -> None:
    """Raises SteeringInvalid for hours beyond the rules', no seats, or an end that has passed."""
    if wish.until is not None and wish.until <= wish.at:
        raise SteeringInvalid(f"until {wish.until:%Y-%m-%d %H:%M}: that is over")
    if wish.kind is SteeringKind.SEATS and (wish.seats is None or wish.seats < 1):
        raise SteeringInvalid("at least one seat; to dial nothing at all, pause")
    if wish.kind is SteeringKind.HOURS:
        _check_hours(wish, rules)


def _check_hours(wish: Steering, rules: DialRules) -> None:
    if wish.start is None or wish.end is None or wish.start >= wish.end:
        raise SteeringInvalid("hours need a start and a later end")
    windows = [window for at in _provinces(wish.org, rules) for _, window in openings(wish.at.date(), at, rules)]
    first, last = min(window.start.time() for window in windows), max(window.end.time() for window in windows)
    if wish.start < first or wish.end > last:
        raise SteeringInvalid(f"hours can only be narrowed: the rules allow {first:%H:%M} to {last:%H:%M}")
    if not any(wish.start < window.end.time() and window.start.time() < wish.end for window in windows):
        raise SteeringInvalid("no dialling window lies in these hours; to dial nothing at all, pause")


def _provinces(org: str, rules: DialRules) -> tuple[str, ...]:
    """Whose local time counts: the organisation's, or anybody's for the whole company."""
    return (org[:2],) if org else ("", *rules.late_provinces)


def lapsing(deadlines: Mapping[date, int], until: datetime, rules: DialRules) -> int:
    """How many of the deadlines pass before `until`, their last dialling hour over."""
    ends = {day: datetime.combine(day, rules.dial.end, SHANGHAI) for day in deadlines}
    return sum(count for day, count in deadlines.items() if ends[day] <= until)
