"""At the side: a refusal counts only after a second pair of ears has heard it (rules §5.4 REFUSED, §5.9 QA 100 %)."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from dialer.domain.call import RecordingKind
from dialer.domain.case import CaseEvent, CaseId, RevisitCase
from dialer.domain.errors import NotAllowed, reason_given
from dialer.domain.outcome import Outcome
from dialer.domain.reason import Reason
from dialer.domain.recording import RecordingState
from dialer.domain.user import User
from dialer.ports import Signals
from dialer.ports.storage import Moved, Storage, Work
from dialer.ports.topics import DISPATCH
from dialer.usecases.access import case_in_scope
from dialer.usecases.answer_ticket import close_answered_tickets, take_up_answer
from dialer.usecases.gather_facts import gather, ranked
from dialer.usecases.rulebook import Rulebook


async def judge_refusal(
    storage: Storage,
    signals: Signals,
    rulebook: Rulebook,
    user: User,
    case_id: CaseId,
    now: datetime,
    *,
    refused: bool,
    why: str,
) -> RevisitCase:
    """QA has listened: the customer did refuse (the case closes) or did not (it is dialled again).

    Raises:
        NotFound: the case is out of the user's sight.
        ImpossibleMove: it does not wait for QA.
        ReasonMissing: it is not said what was heard.
        NotAllowed: there is no sealed recording to have listened to.
    """
    async with storage.begin() as work:
        case = await case_in_scope(work, user, case_id)
        why = reason_given(why)
        moved = Moved(user.login, now, {"why": why})
        if refused:
            await _must_be_heard(work, case)
            closed = replace(case, closed_at=now, closed_why="REFUSED")
            closed = await work.cases.move(closed, CaseEvent.QA_PASSED, moved)
            await close_answered_tickets(work, closed, moved)
            return closed
        case = await work.cases.move(case, CaseEvent.QA_FAILED, moved)
        known = await gather(work, case, rulebook.calendar, now)
        case = await work.cases.save(ranked(known, rulebook, now).due(now, Reason.NOT_REFUSED, about=why))
        case = await take_up_answer(work, case, rulebook, moved)
    await signals.notify(DISPATCH)
    return case


async def _must_be_heard(work: Work, case: RevisitCase) -> None:
    attempts = await work.calls.attempts(case.id)
    refusal = next(each for each in reversed(attempts) if each.outcome is Outcome.REFUSED)
    linked = await work.recordings.of_call(refusal.call_id)
    talks = [recording for recording in linked if recording.files.kind is RecordingKind.TALK]
    if not any(recording.state is RecordingState.SEALED for recording in talks):
        raise NotAllowed("录音尚未封存，不能结案 · the recording is not sealed yet")
