"""Chapter: closed. Nothing closes without its proof (rules §5.9); a case closes in the transaction that sees it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from dialer.domain.calendar import shanghai_time
from dialer.domain.call import CallId
from dialer.domain.case import CaseEvent, CaseState, RevisitCase
from dialer.ports.storage import Moved, Work
from dialer.usecases.prove_case import CLOSING_NEEDS_PROOF, proof_of
from dialer.usecases.rulebook import Rulebook
from dialer.usecases.transfer_ticket import archive_answered, close_answered_tickets


async def close_what_is_proved(work: Work, call_id: CallId, rulebook: Rulebook, now: datetime) -> list[RevisitCase]:
    """Close the cases of a call that were only waiting for its recording.

    A recording that is sealed but can't serve as proof (too short, a silent side) loses the case its close: it is
    dialled again, and says why.
    """
    settled = []
    for attempt in await work.calls.attempts_of(call_id):
        case = await work.cases.get(attempt.case_id)
        if case.state is CaseState.SEALING:
            settled.append(await _settle(work, case, rulebook, now))
        elif case.state is CaseState.L2_REPLIED:
            await archive_answered(work, case, rulebook, now)
    return settled


async def _settle(work: Work, case: RevisitCase, rulebook: Rulebook, now: datetime) -> RevisitCase:
    missing = await proof_of(work, case, rulebook.proof)
    if not missing:
        return await _close(work, case, now)
    if missing == ("RECORDING_NOT_SEALED",):
        return case
    why = CLOSING_NEEDS_PROOF.format(missing="、".join(missing))
    unproved = case.flagged("RECORDING_UNFIT").due(now, why)
    return await work.cases.move(unproved, CaseEvent.RECORDING_LOST, Moved("system:proof", now, {"missing": missing}))


async def _close(work: Work, case: RevisitCase, now: datetime) -> RevisitCase:
    moved = Moved("system:proof", now, {})
    completed_on = shanghai_time(case.reached_at or now).date()
    inside = case.revisit_last_day is not None and completed_on <= case.revisit_last_day
    closed = replace(case, closed_at=now, closed_why="PHONE", in_free_look=inside)
    closed = await work.cases.move(closed, CaseEvent.SEALED, moved)
    await close_answered_tickets(work, closed, moved)
    return closed
