"""The rules about one instant: each says yes or no, and names where its answer can change (rules §7.4, §9.1, §10.2)."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from dialer.domain.appointments import may_ring_at
from dialer.domain.calendar import SHANGHAI, WorkingCalendar, shanghai_day, shanghai_time
from dialer.domain.case import Appointment
from dialer.domain.case_facts import CaseFacts
from dialer.domain.dialing_hours import DialRules, Opening, courtesy_hours, daypart_of, lunch_break, openings
from dialer.domain.free_look import FreeLook
from dialer.domain.number import Number, PastCall
from dialer.domain.outcome import Outcome
from dialer.domain.outcome_rules import DEAD_VERDICTS, OUTCOME_RULES
from dialer.domain.reason import Reason
from dialer.domain.valid_attempts import spread_enough, valid_attempts, was_contact

_HORIZON_DAYS = 60
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Question:
    """The facts, and every rule as a yes or no about an instant in Shanghai time."""

    case: CaseFacts
    number: Number
    rules: DialRules
    calendar: WorkingCalendar

    def objections(self, at: datetime) -> tuple[Reason, ...]:
        """The reasons not to dial at `at`, in the order of the table."""
        ordinary = () if self.by_appointment(at) else _ORDINARY_RULES
        return tuple(reason for reason, objects in (*_RULES_FOR_ALL, *ordinary) if objects(self, at))

    # appointments

    def by_appointment(self, at: datetime) -> bool:
        """Whether a call at `at` is the one the customer agreed to: from its time on, for a short while, once."""
        promised = self.case.appointment
        if promised is None or not promised.at <= at < promised.at + self._grace or self._kept(promised):
            return False
        return may_ring_at(promised, at, self.case.province, self.rules)

    @property
    def _grace(self) -> timedelta:
        return timedelta(minutes=self.rules.appointment_grace_minutes)

    def _kept(self, promised: Appointment) -> bool:
        return any(call.at >= promised.at and call.disturbed for call in self.case.attempts)

    def appointment_pending(self, at: datetime) -> bool:
        """A time was promised, and it is later (rules §5.4 RESCHEDULE)."""
        return self.case.appointment is not None and at < self.case.appointment.at

    # hours and days

    def outside_hours(self, at: datetime) -> bool:
        """In none of the ordinary windows, nor at lunch, which has its own reason (rules §9.1)."""
        windows = openings(at.date(), self.case.province, self.rules)
        return not self.lunch(at) and not any(window.holds(at) for _, window in windows)

    def lunch(self, at: datetime) -> bool:
        """In the break kept for appointments (rules §9.1)."""
        return lunch_break(at.date(), self.case.province, self.rules).holds(at)

    def public_holiday(self, at: datetime) -> bool:
        """Holidays are for appointments and for cases that expire inside them (rules §9.1)."""
        day = at.date()
        if not self.calendar.is_public_holiday(day):
            return False
        span = self.calendar.holiday_span(day)
        return span is None or not day <= self._last_day <= span.last

    def no_campaign_day(self, at: datetime) -> bool:
        """除夕 to 初二: only appointments and what expires within 48 hours (rules §9.1)."""
        if not self.calendar.is_named(at.date(), self.rules.no_campaign_days):
            return False
        ends = datetime.combine(self._last_day + _DAY, time(), SHANGHAI)
        left = ends - at
        return not timedelta() < left <= timedelta(hours=self.rules.no_campaign_unless_expiring_hours)

    @property
    def _last_day(self) -> date:
        return self._free_look.revisit_last_day

    @property
    def _free_look(self) -> FreeLook:
        assert self.case.free_look is not None  # a case without a receipt was refused before
        return self.case.free_look

    def before_first_day(self, at: datetime) -> bool:
        """First attempt: the working day after the receipt's entry, or natural day 3 if earlier (rules §9.1)."""
        if self.case.attempts or self.case.dialled_before:
            return False
        entered = self.case.receipt_entered_on or self._free_look.receipt_date
        latest = self._free_look.first_day + timedelta(days=self.rules.first_attempt_by_day - 1)
        if at.date() >= latest:
            return False
        return at.date() < self.calendar.next_working_day(entered)

    # spacing

    def too_soon(self, at: datetime) -> bool:
        """Inside a gap; an appointment sets aside the gaps of calls before it, not those of its own calls."""
        promised = self.case.appointment if self.by_appointment(at) else None
        return any(at < over for call, over in self._gaps() if promised is None or call.at >= promised.at)

    def _gaps(self) -> Iterator[tuple[PastCall, datetime]]:
        return ((call, call.over_at + OUTCOME_RULES[outcome].spacing.gap) for call, outcome in self._silencing())

    def _silencing(self) -> Iterator[tuple[PastCall, Outcome]]:
        """Calls whose outcome asks for silence on this number: its own, and the case's where a person was met."""
        for call in self.number.calls:
            if call.outcome is not None:
                yield call, call.outcome
        for call in self.case.attempts:
            if call.outcome is not None and OUTCOME_RULES[call.outcome].spacing.whole_case:
                yield call, call.outcome

    def same_daypart(self, at: datetime) -> bool:
        """The last attempt went unheard in this part of the day; try another (rules §9.1)."""
        last = max((call for call in self.number.calls if call.counted), key=lambda call: call.at, default=None)
        if last is None or last.outcome is None or not OUTCOME_RULES[last.outcome].spacing.other_daypart:
            return False
        before = daypart_of(last.at, self.case.province, self.rules)
        return before is not None and daypart_of(at, self.case.province, self.rules) is before

    def enough_of_it_today(self, at: datetime) -> bool:
        """An outcome that allows only so many a day has had them (rules §10.2: next day, max 2/day, same day once)."""
        seen = {(call.at, outcome) for call, outcome in self._silencing() if shanghai_day(call.at) == at.date()}
        outcomes = [outcome for _, outcome in seen]
        limits = ((outcomes.count(outcome), OUTCOME_RULES[outcome].spacing.per_day) for outcome in set(outcomes))
        return any(limit is not None and count >= limit for count, limit in limits)

    def confirmation_too_soon(self, at: datetime) -> bool:
        """A dead verdict is confirmed only after a long gap (rules §9.1, §10.3 rule 2)."""
        return any(at < call.at + self._confirmation_gap for call in self._dead_calls())

    @property
    def _confirmation_gap(self) -> timedelta:
        return timedelta(hours=self.rules.dead_number_gap_hours)

    def _dead_calls(self) -> Iterator[PastCall]:
        """Calls that found the number vacant or suspended, false positives included."""
        return (call for call in self.number.calls if call.outcome in DEAD_VERDICTS)

    def breaks_pattern(self, at: datetime) -> bool:
        """The attempt that could end the round must make its days, dayparts and evening complete (rules §9.1).

        Not in the last days of the free-look, where fewer attempts suffice, nor after the holder was reached.
        """
        attempts = valid_attempts(self.case.attempts, self.case.province, self.rules)
        if len(attempts) < self.rules.min_valid - 1 or was_contact(attempts[-1]) or self._last_resort(at):
            return False
        dialled = [*(call.at for call in attempts), at]
        return not spread_enough(dialled, self.case.province, self.rules, self.calendar)

    def _last_resort(self, at: datetime) -> bool:
        return 0 <= self._free_look.days_left(at.date()) <= self.rules.last_resort_days

    # limits

    def day_limit(self, at: datetime) -> bool:
        """The calls of the day for all cases, one more by appointment (rules §9.1)."""
        today = [call for call in self._disturbing() if shanghai_day(call.at) == at.date()]
        by_appointment = self.by_appointment(at)
        limit = self.rules.per_number_day_with_appointment if by_appointment else self.rules.per_number_day
        return len(today) >= limit

    def _disturbing(self) -> Iterator[PastCall]:
        return (call for call in self.number.calls if call.disturbed)

    def limit_24h(self, at: datetime) -> bool:
        """The platform's hard limit over any 24 hours, our own faults included (rules §7.4)."""
        return self._calls_since(at - _DAY) >= self.rules.per_number_24h_hard

    def limit_5min(self, at: datetime) -> bool:
        """The platform's hard limit over any 5 minutes (rules §7.4)."""
        return self._calls_since(at - timedelta(minutes=5)) >= self.rules.per_number_5min_hard

    def _calls_since(self, start: datetime) -> int:
        return sum(call.at > start for call in self.number.calls)

    def faults_in_a_row(self, at: datetime) -> bool:
        """After several faults of ours a pause, so that dialling at once never becomes a loop (rules §10.2)."""
        pause_ends = self._fault_pause_ends()
        return pause_ends is not None and at < pause_ends

    def _fault_pause_ends(self) -> datetime | None:
        """TECH is dialled again at once, but not in a hot loop."""
        latest = self.case.attempts[-self.rules.faults_in_a_row :]
        if len(latest) < self.rules.faults_in_a_row or any(call.outcome is not Outcome.TECH for call in latest):
            return None
        return latest[-1].over_at + timedelta(minutes=self.rules.fault_pause_minutes)

    # where an answer can change

    def change_points(self, now: datetime) -> Iterator[datetime]:
        """Every instant after `now` at which a rule may begin or cease to object, in order."""
        last = now
        for at in heapq.merge(sorted(self._instants()), self._daily_edges(now)):
            if at > last:
                last = at
                yield at

    def _instants(self) -> list[datetime]:
        calls = self.number.calls
        instants = [
            *(over for _, over in self._gaps()),
            *(call.at + self._confirmation_gap for call in self._dead_calls()),
        ]
        instants += [call.at + span for call in calls for span in (_DAY, timedelta(minutes=5))]
        if (pause_ends := self._fault_pause_ends()) is not None:
            instants.append(pause_ends)
        if self.case.appointment is not None:
            instants += [self.case.appointment.at, self.case.appointment.at + self._grace]
        return [shanghai_time(at) for at in instants]

    def _daily_edges(self, now: datetime) -> Iterator[datetime]:
        start = now if self.case.appointment is None else max(now, shanghai_time(self.case.appointment.at))
        days = (start.date() - now.date()).days + _HORIZON_DAYS
        for day in (now.date() + timedelta(days=count) for count in range(days)):
            yield from sorted(self._edges_of(day))

    def _edges_of(self, day: date) -> set[datetime]:
        province, rules = self.case.province, self.rules
        windows: list[Opening] = [window for _, window in openings(day, province, rules)]
        windows += [lunch_break(day, province, rules), courtesy_hours(day, province, rules)]
        return {datetime.combine(day, time(), SHANGHAI), *(edge for window in windows for edge in window)}


_Rule = tuple[Reason, Callable[[Question, datetime], bool]]

_RULES_FOR_ALL: tuple[_Rule, ...] = (
    (Reason.APPOINTMENT_PENDING, Question.appointment_pending),
    (Reason.DAY_LIMIT, Question.day_limit),
    (Reason.LIMIT_24H, Question.limit_24h),
    (Reason.LIMIT_5MIN, Question.limit_5min),
    (Reason.FAULTS_IN_A_ROW, Question.faults_in_a_row),
    (Reason.CONFIRMATION_GAP, Question.confirmation_too_soon),
    (Reason.SPACING, Question.too_soon),
)
"""Rules that bind every call."""

_ORDINARY_RULES: tuple[_Rule, ...] = (
    (Reason.OUTSIDE_HOURS, Question.outside_hours),
    (Reason.LUNCH, Question.lunch),
    (Reason.PUBLIC_HOLIDAY, Question.public_holiday),
    (Reason.NO_CAMPAIGN_DAY, Question.no_campaign_day),
    (Reason.FIRST_ATTEMPT_DAY, Question.before_first_day),
    (Reason.SAME_DAYPART, Question.same_daypart),
    (Reason.ONCE_A_DAY, Question.enough_of_it_today),
    (Reason.PATTERN, Question.breaks_pattern),
)
"""Rules that the customer's own appointment sets aside (rules §9.1)."""
