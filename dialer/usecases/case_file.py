"""At the side: all that is known of one case, read in one consistent picture (rules §2.4, §7.6)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from dialer.domain.attempt import Attempt
from dialer.domain.call import RecordingKind
from dialer.domain.case import CaseId, RevisitCase
from dialer.domain.errors import NotFound, ScriptInvalid
from dialer.domain.listening import Listening
from dialer.domain.recording import RecordingState
from dialer.domain.script import ScriptRef
from dialer.domain.ticket import TransferTicket
from dialer.domain.user import User
from dialer.ports import Scripts
from dialer.ports.storage import (
    FoundProblem,
    HistoryRow,
    HolderPhone,
    Recording,
    Segment,
    Storage,
    StoredAnswer,
    StoredCall,
    StoredPolicy,
    Work,
)
from dialer.usecases.access import case_in_scope

_LEAD_IN_MS = 4000
"""The question's last words and the customer's."""


@dataclass(frozen=True, slots=True)
class PlayableRecording:
    """A recording with this case's part of it."""

    recording: Recording
    segment: Segment


@dataclass(frozen=True, slots=True)
class AnswerHeard:
    """An answer, the question's title, and the recording in which it can be heard, from the question's last words on.

    The agent's key, at `answer.offset_ms`, comes after the customer's words.
    """

    answer: StoredAnswer
    title: str
    recording_id: int | None
    from_ms: int


@dataclass(frozen=True, slots=True)
class CaseFile:
    """All that is known of one case."""

    case: RevisitCase
    policy: StoredPolicy
    phones: tuple[HolderPhone, ...]
    attempts: tuple[tuple[Attempt, StoredCall], ...]
    answers: tuple[AnswerHeard, ...]
    problems: tuple[FoundProblem, ...]
    tickets: tuple[TransferTicket, ...]
    recordings: tuple[PlayableRecording, ...]
    listenings: tuple[Listening, ...]
    referrals: tuple[tuple[str, Mapping[str, object]], ...]
    history: tuple[HistoryRow, ...]


async def case_file(storage: Storage, scripts: Scripts, user: User, case_id: CaseId) -> CaseFile:
    """The case page. Raises NotFound for a case that is not there or outside the user's scope."""
    async with storage.read() as work:
        case = await case_in_scope(work, user, case_id)
        attempts = await work.calls.attempts(case.id)
        recordings = tuple(PlayableRecording(*each) for each in await work.recordings.of_case(case.id))
        return CaseFile(
            case=case,
            policy=await work.policies.get(case.policy_no),
            phones=tuple(await work.policies.phones(case.holder_id)),
            attempts=tuple([(attempt, await work.calls.get(attempt.call_id)) for attempt in attempts]),
            answers=await answers_heard(work, scripts, case, recordings),
            problems=tuple(await work.interviews.problems(case.id)),
            tickets=tuple(await work.tickets.of_case(case.id)),
            recordings=recordings,
            listenings=tuple([each for each in await work.listenings.of_case(case.id) if each.joined_at is not None]),
            referrals=tuple(await work.interviews.referrals(case.id)),
            history=tuple(await work.cases.history(case.id)),
        )


async def answers_heard(
    work: Work, scripts: Scripts, case: RevisitCase, recordings: Sequence[PlayableRecording]
) -> tuple[AnswerHeard, ...]:
    """A case's answers, call by call in the order of their sound, and where each is heard among these recordings."""
    refs = {
        stored.attempt_id: ScriptRef(stored.script_id, stored.script_version, stored.script_sha256)
        for stored in await work.interviews.of_case(case.id)
    }
    playable = {
        each.segment.attempt_id: each.recording.id
        for each in recordings
        if each.recording.state is RecordingState.SEALED and each.recording.files.kind is RecordingKind.TALK
    }
    answers = sorted(await work.interviews.answers(case.id), key=lambda each: (each.attempt_id, each.offset_ms))
    return tuple(
        AnswerHeard(
            answer,
            _title(scripts, refs.get(answer.attempt_id), answer),
            playable.get(answer.attempt_id),
            _heard_from_ms(answer, answers),
        )
        for answer in answers
    )


def _heard_from_ms(answer: StoredAnswer, answers: Sequence[StoredAnswer]) -> int:
    """A few seconds before the key, but not within the answer before."""
    same_call = [each.offset_ms for each in answers if each.attempt_id == answer.attempt_id]
    earlier = max((offset_ms for offset_ms in same_call if offset_ms < answer.offset_ms), default=0)
    return max(earlier, answer.offset_ms - _LEAD_IN_MS)


def _title(scripts: Scripts, ref: ScriptRef | None, answer: StoredAnswer) -> str:
    """The question's title; the item's own name when the text is not at hand (a script since unloaded, a redial)."""
    if ref is None:
        return answer.item
    try:
        return scripts.exactly(ref).node(answer.node).title
    except (NotFound, ScriptInvalid):
        return answer.item
