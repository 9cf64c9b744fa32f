"""At the side: all that is known of one case, read in one consistent picture (rules §2.4, §7.6)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest

from dialer.domain import interview as talk
from dialer.domain.attempt import Attempt, AttemptId
from dialer.domain.call import RecordingKind
from dialer.domain.case import CaseId, RevisitCase
from dialer.domain.errors import NotFound, ScriptInvalid
from dialer.domain.interview import Answer, Interview, InterviewFacts, Step
from dialer.domain.listening import Listening
from dialer.domain.recording import RecordingState
from dialer.domain.script import AnswerValue, CallScript
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
    StoredCall,
    StoredInterview,
    StoredPolicy,
    Work,
)
from dialer.usecases.access import case_in_scope
from dialer.usecases.conduct_interview import script_read

_LEAD_IN_MS = 4000
"""The question's last words and the customer's."""


@dataclass(frozen=True, slots=True)
class PlayableRecording:
    """A recording with this case's part of it."""

    recording: Recording
    segment: Segment


@dataclass(frozen=True, slots=True)
class Moment:
    """What the agent pressed and why, and the recording in which it can be heard, from the question's last words on.

    The agent's key, at `offset_ms`, comes after the customer's words.

    Attributes:
        title: the item that was answered, by its question's title; else the question that was on the screen.
        beside: the side branch on which that item was answered (销售误导记录), empty on the main line.
        pressed: the option's or the event's label, as the agent saw it; empty when the script is not at hand.
        value: what the item came to; None when nothing was answered (客户忙, 现在不方便, the goodbye).
        words: what the agent wrote down there.
        taken_back: the key was the wrong one, and the agent said so at once.
    """

    attempt_id: AttemptId
    title: str
    beside: str
    pressed: str
    value: AnswerValue | None
    words: str = field(repr=False)
    recording_id: int | None
    offset_ms: int
    from_ms: int
    taken_back: bool


@dataclass(frozen=True, slots=True)
class CaseFile:
    """All that is known of one case."""

    case: RevisitCase
    policy: StoredPolicy
    phones: tuple[HolderPhone, ...]
    attempts: tuple[tuple[Attempt, StoredCall], ...]
    moments: tuple[Moment, ...]
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
            moments=await moments_heard(work, scripts, case, recordings),
            problems=tuple(await work.interviews.problems(case.id)),
            tickets=tuple(await work.tickets.of_case(case.id)),
            recordings=recordings,
            listenings=tuple([each for each in await work.listenings.of_case(case.id) if each.joined_at is not None]),
            referrals=tuple(await work.interviews.referrals(case.id)),
            history=tuple(await work.cases.history(case.id)),
        )


async def moments_heard(
    work: Work, scripts: Scripts, case: RevisitCase, recordings: Sequence[PlayableRecording]
) -> tuple[Moment, ...]:
    """A case's talks, key by key in the order of their sound, and where each is heard among these recordings."""
    playable = {
        each.segment.attempt_id: each.recording.id
        for each in recordings
        if each.recording.state is RecordingState.SEALED and each.recording.files.kind is RecordingKind.TALK
    }
    return tuple(
        moment
        for stored in sorted(await work.interviews.of_case(case.id), key=lambda each: each.attempt_id)
        for moment in _moments(stored, scripts, playable.get(stored.attempt_id))
    )


def _moments(stored: StoredInterview, scripts: Scripts, recording_id: int | None) -> Iterator[Moment]:
    interview = talk.from_plain(stored.state)
    script = _at_hand(scripts, interview, talk.facts_from_plain(stored.facts))
    earlier_ms = 0
    for step, after in zip_longest(interview.steps, interview.steps[1:]):
        if step.move == talk.TAKEN_BACK:
            earlier_ms = step.offset_ms
            continue
        taken_back = after is not None and after.move == talk.TAKEN_BACK
        answers, written = ((), interview.withdrawn) if taken_back else (interview.answers, interview.captures)
        key = (step.node, step.offset_ms)
        answer = next((each for each in answers if (each.node, each.offset_ms) == key), None)
        title, screen = _title(script, step, answer), _screen(script, step)
        yield Moment(
            attempt_id=stored.attempt_id,
            title=title,
            beside=screen if screen != title else "",
            pressed=talk.pressed(script, step) if script else "",
            value=answer.value if answer else None,
            words="；".join(each.value for each in written if (each.node, each.offset_ms) == key),
            recording_id=recording_id,
            offset_ms=step.offset_ms,
            from_ms=max(earlier_ms, step.offset_ms - _LEAD_IN_MS),  # not within the moment before
            taken_back=taken_back,
        )
        earlier_ms = step.offset_ms


def _at_hand(scripts: Scripts, interview: Interview, facts: InterviewFacts) -> CallScript | None:
    """The text that was read; None when it was unloaded since."""
    try:
        script = script_read(scripts, interview, facts)
    except (NotFound, ScriptInvalid):
        return None
    return script if {step.node for step in interview.steps} <= script.nodes.keys() else None


def _title(script: CallScript | None, step: Step, answer: Answer | None) -> str:
    """What was answered: on a side branch the item is that of the question left for it."""
    if script is None:
        return answer.item if answer else step.node
    node = script.node(step.node)
    if answer is None or node.on_main_line:
        return node.title
    asked = (each for each in script.nodes.values() if each.on_main_line and answer.item in each.items)
    return next(asked, node).title


def _screen(script: CallScript | None, step: Step) -> str:
    return script.node(step.node).title if script else step.node
