"""At the side: a case that waits although all it waited for has come. Nobody else would ever look at it again.

The end of a call and the sealing of its recording, or the acceptance of an answer, may run side by side: each sees the
other's record as it was before, and both leave the case to the other.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime

from dialer.domain.case import AWAITING_SEAL, RevisitCase
from dialer.domain.errors import CalendarMissing, StaleVersion
from dialer.ports.storage import Moved, Storage, Work
from dialer.usecases.answer_ticket import take_up_answer
from dialer.usecases.close_case import close_if_proved
from dialer.usecases.rulebook import Rulebook

_AT_ONCE = 1000


async def settle_waiting(storage: Storage, rulebook: Rulebook, now: datetime) -> int:
    """Move every such case on, as whoever came last should have done; how many."""
    async with storage.read() as work:
        waiting = await work.cases.waiting_for_nothing(_AT_ONCE)
    moved = 0
    for case in waiting:
        with suppress(StaleVersion, CalendarMissing):  # somebody was first; or the calendar is awaited: the next tick
            async with storage.begin() as work:
                seen = await work.cases.get(case.id)
                moved += seen.version == case.version and await _moved_on(work, seen, rulebook, now)
    return moved


async def _moved_on(work: Work, case: RevisitCase, rulebook: Rulebook, now: datetime) -> bool:
    if case.state in AWAITING_SEAL:
        after = await close_if_proved(work, case, rulebook, now)
    else:
        after = await take_up_answer(work, case, rulebook, Moved("system:timetable", now, {}))
    return after.version != case.version
