"""What a case needs to close: a completed call, its interview, its sealed recording (rules §5.9)."""

from __future__ import annotations

from dialer.domain.attempt import Attempt
from dialer.domain.calendar import shanghai_day
from dialer.domain.case import RevisitCase
from dialer.domain.interview import from_plain
from dialer.domain.outcome import Outcome
from dialer.domain.recording import RecordingState, fit_to_close
from dialer.ports.storage import StoredInterview, Work
from dialer.usecases.carried_answers import Gap, begun_before, gaps, talk_of
from dialer.usecases.rulebook import ProofRules

NOT_SEALED_YET = ("RECORDING_NOT_SEALED",)
"""The one gap that time fills by itself: the sound is there and is still to be stored."""

_PROVED_BY = frozenset({Outcome.SUCCESS, Outcome.SUCCESS_PENDING_CORRECTION, Outcome.PROBLEM_L1, Outcome.PROBLEM_L2})
_GONE = (RecordingState.LOST, RecordingState.REMOVED)


async def proof_of(work: Work, case: RevisitCase, rules: ProofRules) -> tuple[str, ...]:
    """What is missing for the case to close on its last completed call; empty when the proof is whole."""
    attempt = await _proving_attempt(work, case)
    if attempt is None:
        return ("NO_COMPLETED_CALL",)
    interview = await work.interviews.get(attempt.id)
    if interview is None or interview.finished_at is None or not interview.script_sha256:
        return ("NO_INTERVIEW",)
    recording = await talk_of(work, attempt)
    if recording is None or recording.state in _GONE:
        return ("RECORDING_LOST",)
    if recording.state is not RecordingState.SEALED:
        return NOT_SEALED_YET
    faults = fit_to_close(recording.seal, attempt.call_id, rules.min_seconds, rules.length_tolerance_seconds)
    return tuple(faults) or await _of_carried_answers(work, attempt, interview)


async def _of_carried_answers(work: Work, attempt: Attempt, interview: StoredInterview) -> tuple[str, ...]:
    """What the call took up from earlier ones is proved by their recordings (rules §11 no. 26)."""
    before = await begun_before(work, attempt)
    found = await gaps(work, attempt.case_id, from_plain(interview.state), before)
    if found <= {Gap.WAITS}:
        return NOT_SEALED_YET if found else ()
    return tuple(f"EARLIER_RECORDING_{gap}" for gap in sorted(found - {Gap.WAITS}))


async def completed_inside(work: Work, case: RevisitCase) -> bool:
    """Whether a call completed the revisit, clean or with problems, inside the free-look (rules §3.1, §5.10)."""
    completed = [each for each in await work.calls.attempts(case.id) if each.completed]
    last_day = case.revisit_last_day
    return last_day is not None and any(shanghai_day(each.started_at) <= last_day for each in completed)


async def _proving_attempt(work: Work, case: RevisitCase) -> Attempt | None:
    attempts = await work.calls.attempts(case.id)
    return next((each for each in reversed(attempts) if each.outcome in _PROVED_BY), None)
