"""At the side: what the day does to cases by itself: ranks, lateness, unused e-revisits (rules §5.3, §9.1)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from datetime import date, datetime, time, timedelta
from functools import partial

from dialer.domain.calendar import SHANGHAI, shanghai_day
from dialer.domain.case import NOT_CLOSED, POOL, CaseEvent, CaseId, CaseState, RevisitCase
from dialer.domain.errors import CalendarMissing, StaleVersion
from dialer.ports.storage import Moved, Storage, Work
from dialer.usecases.answer_ticket import take_up_answer
from dialer.usecases.gather_facts import gather, ranked
from dialer.usecases.rulebook import Rulebook
from dialer.usecases.try_again import try_again

LATE = "LATE"
_EREVISIT_HOURS = 48
_EREVISIT_STOPS_DAYS_BEFORE = 3
_UNDER_WAY = tuple(state for state in NOT_CLOSED if state is not CaseState.NOT_SAMPLED)


async def renew_ranks(storage: Storage, rulebook: Rulebook, now: datetime) -> int:
    """Every waiting case's place in the queue as it is today; a place moves with the day (rules §9.1)."""

    async def renew(work: Work, case: RevisitCase) -> bool:
        if case.state not in POOL:
            return False
        try:
            renewed = ranked(await gather(work, case, rulebook.calendar, now), rulebook, now)
        except CalendarMissing:
            return False  # the dispatcher says so on the case itself
        if renewed != case:
            await work.cases.save(renewed)
        return renewed != case

    return await _one_by_one(storage, POOL, renew)


async def flag_late(storage: Storage, now: datetime) -> int:
    """The free-look is over and the case is not: the duty does not lapse, but it is late (rules §5.3 no. 20)."""

    async def flag(work: Work, case: RevisitCase) -> bool:
        over = case.revisit_last_day is not None and case.revisit_last_day < shanghai_day(now)
        if case.state.closed or not over or LATE in case.flags:
            return False
        await work.cases.save(case.flagged(LATE))
        return True

    return await _one_by_one(storage, _UNDER_WAY, flag)


def erevisit_ends(last_day: date | None, offered: datetime) -> datetime:
    """When an unused e-revisit goes back to the phone: after 48 h, or 3 days before the last day (rules §5.2)."""
    limit = offered + timedelta(hours=_EREVISIT_HOURS)
    if last_day is None:
        return limit
    stop = datetime.combine(last_day - timedelta(days=_EREVISIT_STOPS_DAYS_BEFORE), time(), SHANGHAI)
    return max(offered, min(limit, stop))


async def expire_erevisits(storage: Storage, rulebook: Rulebook, now: datetime) -> int:
    """E-revisits that nobody used go back to the phone queue."""

    async def expire(work: Work, case: RevisitCase) -> bool:
        if case.state is not CaseState.EREVISIT_WAIT or (case.next_at is not None and case.next_at > now):
            return False
        moved = Moved("system:timetable", now, {"waited_for": str(case.next_why)})
        case = await work.cases.move(case, CaseEvent.EREVISIT_EXPIRED, moved)
        known = await gather(work, case, rulebook.calendar, now)
        case = await work.cases.save(ranked(known, rulebook, now).due(now))
        await take_up_answer(work, case, rulebook, moved)
        return True

    return await _one_by_one(storage, (CaseState.EREVISIT_WAIT,), expire)


Change = Callable[[Work, RevisitCase], Awaitable[bool]]


async def _one_by_one(storage: Storage, states: Sequence[CaseState], change: Change) -> int:
    """A short unit of work a case, so that nobody waits for a sweep; who loses a race looks again."""
    async with storage.read() as work:
        cases = await work.cases.in_state(*states)
    changed = 0
    for case in cases:
        with suppress(StaleVersion):  # the next sweep comes to it
            changed += await try_again(partial(_one, storage, case.id, change))
    return changed


async def _one(storage: Storage, case_id: CaseId, change: Change) -> bool:
    async with storage.begin() as work:
        return await change(work, await work.cases.get(case_id))
