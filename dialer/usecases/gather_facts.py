"""What is known of a case, gathered for the pure questions: may it be dialled, what follows an outcome."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from dialer.domain.calendar import WorkingCalendar, shanghai_day
from dialer.domain.case import CaseState, Purpose, RevisitCase
from dialer.domain.case_facts import CaseFacts
from dialer.domain.number import Number
from dialer.domain.phone import PhoneSource
from dialer.domain.priority import PriorityFacts, priority
from dialer.ports.storage import HolderPhone, StoredPolicy, Work
from dialer.usecases.rulebook import Rulebook

_REMEMBERED_DAYS = 60
"""How far back a number's calls are read: longer than any free-look, so that no dead verdict is forgotten."""


@dataclass(frozen=True, slots=True)
class Known:
    """A case with its policy, the facts that the contact rules ask for, and the holder's numbers."""

    case: RevisitCase
    policy: StoredPolicy
    facts: CaseFacts
    phones: tuple[HolderPhone, ...]
    numbers: tuple[Number, ...]

    def phone(self, number_id: int) -> HolderPhone:
        """The stored number behind a number of the rules."""
        return next(phone for phone in self.phones if phone.id == number_id)


async def gather(
    work: Work, case: RevisitCase, calendar: WorkingCalendar, now: datetime, dialled: int | None = None
) -> Known:
    """Read everything the contact rules need. Raises CalendarMissing when the free-look can't be computed.

    `dialled` is the number of the call that is being judged: known even if it is no longer the holder's, who may be
    corrected while somebody talks.
    """
    policy = await work.policies.get(case.policy_no)
    phones = _latest_confirmed_first(await work.policies.phones(case.holder_id))
    if dialled is not None and all(phone.id != dialled for phone in phones):
        phones = (*phones, await work.policies.phone(dialled))
    numbers = tuple([await _number(work, phone, now) for phone in phones])
    facts = CaseFacts(
        free_look=policy.policy.free_look(calendar),
        province=policy.policy.province[:2],
        receipt_entered_on=policy.policy.receipt_entered_on,
        attempts=tuple(await work.calls.of_round(case.id, case.round)),
        dialled_before=case.round > 0 or case.purpose is not Purpose.FIRST,
        appointment=case.appointment,
        in_force=policy.cancelled_at is None,
        frozen=case.state is CaseState.FROZEN,
        waiver_open=case.state is CaseState.WAIVER_PENDING,
    )
    return Known(case, policy, facts, phones, numbers)


def _latest_confirmed_first(phones: Sequence[HolderPhone]) -> tuple[HolderPhone, ...]:
    """A number that came with a ticket's answer is tried before the one that failed (rules §5.6)."""
    replied = [phone for phone in phones if phone.source is PhoneSource.TICKET_REPLY]
    others = [phone for phone in phones if phone.source is not PhoneSource.TICKET_REPLY]
    return (*reversed(replied), *others)


async def _number(work: Work, phone: HolderPhone, now: datetime) -> Number:
    since = now - timedelta(days=_REMEMBERED_DAYS)
    calls = await work.calls.to_number(phone.number_hash, since)
    return Number(
        id=phone.id,
        kind=phone.kind,
        status=phone.status,
        proven=phone.proven,
        staff=phone.staff_number,
        calls=tuple(replace(call, number_id=phone.id) for call in calls),
    )


def ranked(known: Known, rulebook: Rulebook, now: datetime) -> RevisitCase:
    """The case with its place in the queue as it is today (rules §9.1)."""
    free_look = known.facts.free_look
    if free_look is None:
        return known.case
    today = shanghai_day(now)
    facts = PriorityFacts(
        free_look=free_look,
        purpose=known.case.purpose,
        appointment=known.case.appointment is not None,
        tried=bool(known.facts.attempts),
        holder_age=known.policy.holder.age_on(today),
        premium_fen=known.policy.policy.premium_fen,
    )
    place = priority(facts, today, rulebook.calendar, rulebook.priority)
    return replace(
        known.case,
        rank=int(place.rank),
        revisit_last_day=free_look.revisit_last_day,
        surrender_last_day=free_look.surrender_last_day,
    )
