"""At the side: what the day does to cases by itself: ranks, lateness, unused e-revisits (rules §5.3, §9.1)."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

from dialer.domain.calendar import SHANGHAI, shanghai_time
from dialer.domain.case import POOL, CaseEvent, CaseId, CaseState
from dialer.domain.errors import CalendarMissing
from dialer.ports.storage import Moved, Storage
from dialer.usecases.gather_facts import gather, ranked
from dialer.usecases.rulebook import Rulebook
from dialer.usecases.transfer_ticket import take_up_answer

LATE = "LATE"
_EREVISIT_HOURS = 48
_EREVISIT_STOPS_DAYS_BEFORE = 3
_AT_ONCE = 100_000
_UNDER_WAY = tuple(state for state in CaseState if not state.closed and state is not CaseState.NOT_SAMPLED)


async def renew_ranks(storage: Storage, rulebook: Rulebook, now: datetime) -> int:
    """Every waiting case's place in the queue as it is today; a place moves with the day (rules §9.1)."""
    changed = 0
    for case_id in await _ids(storage, *POOL):
        async with storage.begin() as work:
            case = await work.cases.get(case_id)
            if case.state not in POOL:
                continue
            try:
                renewed = ranked(await gather(work, case, rulebook.calendar, now), rulebook, now)
            except CalendarMissing:
                continue  # the dispatcher says so on the case itself
            if renewed != case:
                await work.cases.save(renewed)
                changed += 1
    return changed


async def flag_late(storage: Storage, now: datetime) -> int:
    """The free-look is over and the case is not: the duty does not lapse, but it is late (rules §5.3 no. 20)."""
    flagged = 0
    for case_id in await _ids(storage, *_UNDER_WAY):
        async with storage.begin() as work:
            case = await work.cases.get(case_id)
            over = case.revisit_last_day is not None and case.revisit_last_day < shanghai_time(now).date()
            if over and not case.state.closed and LATE not in case.flags:
                await work.cases.save(case.flagged(LATE))
                flagged += 1
    return flagged


def erevisit_ends(last_day: date | None, offered: datetime) -> datetime:
    """When an unused e-revisit goes back to the phone: after 48 h, or 3 days before the last day (rules §5.2)."""
    limit = offered + timedelta(hours=_EREVISIT_HOURS)
    if last_day is None:
        return limit
    stop = datetime.combine(last_day - timedelta(days=_EREVISIT_STOPS_DAYS_BEFORE), time(), SHANGHAI)
    return max(offered, min(limit, stop))


async def expire_erevisits(storage: Storage, rulebook: Rulebook, now: datetime) -> int:
    """E-revisits that nobody used go back to the phone queue."""
    expired = 0
    for case_id in await _ids(storage, CaseState.EREVISIT_WAIT):
        async with storage.begin() as work:
            case = await work.cases.get(case_id)
            if case.state is not CaseState.EREVISIT_WAIT or (case.next_at is not None and case.next_at > now):
                continue
            case = await work.cases.move(
                case, CaseEvent.EREVISIT_EXPIRED, Moved("system:timetable", now, {"waited_for": case.next_why})
            )
            known = await gather(work, case, rulebook.calendar, now)
            case = await work.cases.save(ranked(known, rulebook, now).due(now, ""))
            await take_up_answer(work, case, rulebook, Moved("system:timetable", now, {}))
            expired += 1
    return expired


async def _ids(storage: Storage, *states: CaseState) -> list[CaseId]:
    async with storage.read() as work:
        return [case.id for case in await work.cases.in_state(*states, limit=_AT_ONCE)]
