"""The earlier calls whose answers an interview took up: their recordings are part of its proof (rules §5.4)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from dialer.domain import interview as talk
from dialer.domain.attempt import Attempt, AttemptId
from dialer.domain.call import RecordingKind
from dialer.domain.case import CaseId
from dialer.domain.interview import IDENTITY_ITEMS, Answer, Interview
from dialer.domain.recording import RecordingState, reaches
from dialer.ports.storage import Recording, Work

Begun = tuple[AttemptId, Interview]
"""An interview in which something was said."""


class Gap(StrEnum):
    """Why answers taken up from an earlier call are not proved."""

    WAITS = "WAITS"  # the sound is there and is still to be stored
    LOST = "LOST"
    CUT = "CUT"  # it ends before the last answer


@dataclass(frozen=True, slots=True)
class _Source:
    """An earlier attempt, and where in its recording the last answer is that was taken up."""

    attempt_id: AttemptId
    until_ms: int


async def begun_before(work: Work, attempt: Attempt) -> list[Begun]:
    """The round's interviews before an attempt, the last first."""
    begun = [each for each in await work.interviews.of_case(attempt.case_id) if each.state.get("steps")]
    if not begun:
        return []
    of_round = {each.id for each in await work.calls.attempts(attempt.case_id) if each.round == attempt.round}
    return [
        (each.attempt_id, talk.from_plain(each.state))
        for each in reversed(begun)
        if each.attempt_id in of_round and each.attempt_id < attempt.id
    ]


async def gaps(work: Work, case_id: CaseId, interview: Interview, before: Iterable[Begun]) -> frozenset[Gap]:
    """What is missing of the recordings of the earlier calls whose answers an interview took up."""
    sources = [*_sources(interview, before)]
    if not sources:
        return frozenset()
    talks = await _talks(work, case_id)
    found = [_gap(talks.get(source.attempt_id), source.until_ms) for source in sources]
    return frozenset(gap for gap in found if gap is not None)


async def talk_of(work: Work, attempt: Attempt) -> Recording | None:
    """The recording of an attempt's conversation."""
    return (await _talks(work, attempt.case_id)).get(attempt.id)


async def _talks(work: Work, case_id: CaseId) -> dict[AttemptId, Recording]:
    talks: dict[AttemptId, Recording] = {}
    for recording, segment in await work.recordings.of_case(case_id):
        if recording.files.kind is RecordingKind.TALK:
            talks.setdefault(segment.attempt_id, recording)
    return talks


def _sources(interview: Interview, before: Iterable[Begun]) -> Iterator[_Source]:
    """An interview takes up the one before it, with all that this one had taken up itself."""
    for attempt_id, earlier in before:
        if not _of_items(interview.carried):
            return
        if answers := _of_items(earlier.answers):
            yield _Source(attempt_id, max(answer.offset_ms for answer in answers))
        interview = earlier


def _of_items(answers: Iterable[Answer]) -> list[Answer]:
    return [answer for answer in answers if answer.item not in IDENTITY_ITEMS]


def _gap(recording: Recording | None, until_ms: int) -> Gap | None:
    if recording is None or recording.state in (RecordingState.LOST, RecordingState.REMOVED):
        return Gap.LOST
    if recording.state is not RecordingState.SEALED:
        return Gap.WAITS
    return None if reaches(recording.seal, recording.call_id, until_ms) else Gap.CUT
