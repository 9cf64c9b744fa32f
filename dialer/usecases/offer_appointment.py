"""At the side: when a customer may be called again, as the desk offers and the wrap-up checks it (rules §5.4)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from dialer.domain.case import Appointment, RevisitCase
from dialer.domain.case_facts import CaseFacts
from dialer.domain.days_offered import DayOffered, days_offered, promise_refusal
from dialer.domain.errors import CalendarMissing
from dialer.domain.number import Number, PastCall
from dialer.domain.outcome import Outcome
from dialer.domain.reason import Reason
from dialer.ports.storage import StoredCall, Work
from dialer.usecases.gather_facts import Known, gather
from dialer.usecases.rulebook import Rulebook

_DAYS = 8


async def days_to_offer(
    work: Work, rulebook: Rulebook, cases: Sequence[RevisitCase], stored: StoredCall, now: datetime
) -> tuple[DayOffered, ...]:
    """The next days for the cases of a call, on the number it reached; none while a year's calendar is missing."""
    try:
        known = [
            await gather(work, replace(case, appointment=None), rulebook.calendar, now, dialled=stored.phone_id)
            for case in cases
        ]
    except CalendarMissing:
        return ()
    facts = [_after_the_call(each, stored, now) for each in known]
    return days_offered([case for case, _ in facts], facts[0][1], rulebook.dial, rulebook.calendar, now, _DAYS)


def refusal_of(
    known: Known, stored: StoredCall, promised: Appointment, rulebook: Rulebook, now: datetime
) -> Reason | None:
    """Why this time can't be promised at the end of this call; None when it can."""
    case, number = _after_the_call(known, stored, now)
    return promise_refusal(case, number, promised, rulebook.dial, rulebook.calendar, now)


def _after_the_call(known: Known, stored: StoredCall, now: datetime) -> tuple[CaseFacts, Number]:
    """The world as the next call will find it: this one is over, and was put off."""

    def over(call: PastCall) -> PastCall:
        if call.at != stored.call.intended_at:
            return call
        return replace(call, outcome=Outcome.RESCHEDULE, ended_at=call.ended_at or now)

    number = next(each for each in known.numbers if each.id == stored.phone_id)
    attempts = tuple(map(over, known.facts.attempts))
    return replace(known.facts, attempts=attempts), replace(number, calls=tuple(map(over, number.calls)))
