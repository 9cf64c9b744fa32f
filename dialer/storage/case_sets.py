"""`CaseSet` and `Slice` as conditions on the table of cases (rules §5.10)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import TIMESTAMP, ColumnElement, and_, cast, exists, false, func, or_, select, true

from dialer.domain.call import RecordingKind
from dialer.domain.case import CLOSED, ON_THE_PHONE, POOL, CaseState
from dialer.domain.outcome import Outcome
from dialer.domain.recording import RecordingState
from dialer.domain.steering import SteeringKind
from dialer.ports.figures import CaseSet, Moment, Slice
from dialer.storage.statements import under
from dialer.storage.steerings import in_group, not_held
from dialer.storage.tables import attempts, calls, cases, policies, recordings, users

Condition = ColumnElement[bool]

FAULTS = (Outcome.NETWORK.value, Outcome.TECH.value)
UNSEALED = recordings.c.state.in_((RecordingState.RAW.value, RecordingState.FAILED.value))

_WAITED = timedelta(hours=1)
_NOT_DUE = (CaseState.PENDING_RECEIPT.value, CaseState.NOT_SAMPLED.value)
_NEVER_DONE = (CaseState.CLOSED_CANCELLED.value, CaseState.CLOSED_UNREACHED.value)
_LET_OFF = (CaseState.CLOSED_WAIVED.value, CaseState.CLOSED_REFUSED.value)
_IN_HAND = (*POOL, *ON_THE_PHONE, CaseState.SEALING)
_RECEIPT_BEFORE_LAST_DAY = timedelta(days=90)
"""No free-look is longer: a receipt's last day lies within it, and the index on last days can be used."""


def of_agents(org: str) -> Condition:
    """Calls of an organisation's agents."""
    return calls.c.agent.in_(select(users.c.login).where(under(users.c.org, org))) if org else true()


def cut_short(at: Moment) -> Condition:
    """Sealed talks that are shorter than they were."""
    talk = (recordings.c.state == RecordingState.SEALED.value) & (recordings.c.kind == RecordingKind.TALK.value)
    return talk & (recordings.c.duration_ms < recordings.c.talk_ms - at.sound_tolerance_ms)


class CaseSets:
    """The conditions at one moment, in one database's dialect."""

    def __init__(self, at: Moment, dialect: str) -> None:
        self._at = at
        self._day_over = _shanghai_midnight_after(cases.c.revisit_last_day, dialect)
        self._of: dict[CaseSet, Condition] = {
            **self._queue(),
            **self._sound(),
            **self._duty(),
            **_results(self._day_over),
        }

    def of(self, wanted: CaseSet) -> Condition:
        """Whether a case is in the set."""
        return self._of[wanted]

    def slice(self, part: Slice) -> Condition:
        """Whether a case is in the part that is looked at."""
        conditions = [under(cases.c.org, part.org)]
        if part.last_days is not None:
            conditions.append(cases.c.revisit_last_day.between(*part.last_days))
        facts: list[Condition] = []
        if part.receipts is not None:
            first, last = part.receipts
            conditions.append(cases.c.revisit_last_day.between(first, last + _RECEIPT_BEFORE_LAST_DAY))
            facts.append(_fact("receipt_date").between(first.isoformat(), last.isoformat()))
        facts += [_fact("channel") == part.channel.value] if part.channel else []
        facts += [_fact("product_code") == part.product] if part.product else []
        if facts:
            conditions.append(exists().where(policies.c.id == cases.c.policy_id, *facts))
        return and_(*conditions)

    def _queue(self) -> dict[CaseSet, Condition]:
        now, (_, midnight) = self._at.now, self._at.today
        in_pool = cases.c.state.in_(POOL)
        come = in_pool & or_(cases.c.next_at.is_(None), cases.c.next_at <= now)
        free = not_held(self._at.course) if self._at.course.holding else true()
        return {
            CaseSet.DUE_NOW: come & free,
            CaseSet.WAITING_HOUR: come & free & (cases.c.next_at <= now - _WAITED),
            CaseSet.LATER_TODAY: in_pool & (cases.c.next_at > now) & (cases.c.next_at < midnight),
            CaseSet.HELD: come & ~free,
        }

    def _sound(self) -> dict[CaseSet, Condition]:
        today = calls.c.intended_at >= self._at.today[0]
        lost = calls.c.answered_at.is_not(None) & calls.c.connected_at.is_(None) & calls.c.ended_at.is_not(None)
        return {
            CaseSet.ABANDONED: _has_call(today & lost),
            CaseSet.SILENT: _has_call(today & (calls.c.outcome == Outcome.SILENT.value)),
            CaseSet.UNSEALED: _has_sound(UNSEALED),
            CaseSet.CUT_SHORT: _has_sound(cut_short(self._at) & (recordings.c.started_at >= self._at.today[0])),
        }

    def _duty(self) -> dict[CaseSet, Condition]:
        today = self._at.today[0].date()
        closed = cases.c.state.in_(CLOSED)
        due = _due()
        in_time = cases.c.closed_at.is_not(None) & (cases.c.closed_at < self._day_over)
        closed_in_time = closed & cases.c.state.not_in(_NEVER_DONE) & in_time
        done = due & or_(closed_in_time, _completed(self._day_over))
        is_open = due & ~done & ~closed & (cases.c.revisit_last_day >= today)
        return {
            CaseSet.DUE: due,
            CaseSet.DONE: done,
            CaseSet.OPEN: is_open,
            CaseSet.AT_RISK: is_open & self._too_late(),
            CaseSet.MISSED: due & ~done & (closed | (cases.c.revisit_last_day < today)),
        }

    def _too_late(self) -> Condition:
        """Next dialled after the last day; or near it while a pause holds it, or while it waits for people."""
        near = cases.c.revisit_last_day <= self._at.today[0].date() + timedelta(days=self._at.expiring_days)
        next_after = cases.c.state.in_(POOL) & (cases.c.next_at >= self._day_over)
        pauses = [each for each in self._at.course.holding if each.kind is SteeringKind.PAUSE]
        paused = cases.c.state.in_(POOL) & or_(false(), *[in_group(each.group) for each in pauses])
        return or_(next_after, near & or_(paused, cases.c.state.not_in(_IN_HAND)))


def _results(day_over: ColumnElement[Any]) -> dict[CaseSet, Condition]:
    due = _due()
    success = cases.c.state == CaseState.CLOSED_SUCCESS.value
    by_phone = success & (cases.c.closed_why == "PHONE")
    sealed_talk = (recordings.c.state == RecordingState.SEALED.value) & (recordings.c.kind == RecordingKind.TALK.value)
    inside = or_(_completed(day_over), success & (cases.c.closed_at < day_over))
    return {
        CaseSet.COMPLETED: due & or_(_completed(), success),
        CaseSet.COMPLETED_INSIDE: due & inside,
        CaseSet.OWED: due & cases.c.state.not_in(_LET_OFF),
        CaseSet.SUCCEEDED: due & success,
        CaseSet.SUCCEEDED_AT_ONCE: due & _first(attempts.c.completed, attempts.c.outcome == Outcome.SUCCESS.value),
        CaseSet.DIALLED: due & exists().where(attempts.c.case_id == cases.c.id, attempts.c.finished_at.is_not(None)),
        CaseSet.REACHED_AT_ONCE: due & _first(attempts.c.finished_at.is_not(None), attempts.c.contact),
        CaseSet.CLOSED_BY_PHONE: due & by_phone,
        CaseSet.PROVED: due & by_phone & _has_sound(sealed_talk),
    }


def _due() -> Condition:
    """What must be revisited: a policy cancelled before any completed call is none of it (rules §5.10)."""
    gone = (cases.c.state == CaseState.CLOSED_CANCELLED.value) & ~_completed()
    return cases.c.state.not_in(_NOT_DUE) & cases.c.revisit_last_day.is_not(None) & ~gone


def _completed(before: ColumnElement[Any] | None = None) -> Condition:
    """A call of the case asked everything, clean or with problems; before an instant, if one is given."""
    conditions = [attempts.c.case_id == cases.c.id, attempts.c.completed]
    return exists().where(*conditions, *([attempts.c.started_at < before] if before is not None else []))


def _first(among: Condition, has: Condition) -> Condition:
    """The case's first attempt among some has a property."""
    of_case = attempts.c.case_id == cases.c.id
    earliest = select(func.min(attempts.c.id)).where(of_case, among).correlate(cases).scalar_subquery()
    return exists().where(of_case, attempts.c.id == earliest, has)


def _has_call(wanted: Condition) -> Condition:
    joined = attempts.join(calls, calls.c.id == attempts.c.call_id)
    return exists().select_from(joined).where(attempts.c.case_id == cases.c.id, wanted)


def _has_sound(wanted: Condition) -> Condition:
    joined = attempts.join(recordings, recordings.c.call_id == attempts.c.call_id)
    return exists().select_from(joined).where(attempts.c.case_id == cases.c.id, wanted)


def _fact(name: str) -> ColumnElement[str]:
    fact: ColumnElement[str] = policies.c.facts[name].as_string()
    return fact


def _shanghai_midnight_after(day: ColumnElement[Any], dialect: str) -> ColumnElement[Any]:
    """The instant at which a day is over in Shanghai, which knows no summer time; as instants are stored."""
    if dialect == "sqlite":  # stored as UTC text
        return func.datetime(day, "+1 day", "-8 hours")
    return func.timezone("Asia/Shanghai", cast(day + 1, TIMESTAMP))
