"""Chapter: interviewed. The agent reads, the customer answers, every answer is stored with its place in the sound.

A call may serve several policies of one holder: their interviews follow each other, identity is proved once.
Every step is stored before the next screen shows, so a browser or a server that dies comes back to the same node.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from dialer.domain import interview as talk
from dialer.domain.attempt import Attempt
from dialer.domain.call import CallId, Party, RecordingKind
from dialer.domain.case import CaseEvent
from dialer.domain.errors import ImpossibleMove, NotFound, StaleVersion
from dialer.domain.interview import Interview, InterviewFacts
from dialer.domain.outcome import Outcome
from dialer.domain.script import CallScript
from dialer.domain.script.model import DIFFERENT, SAME, Comparison
from dialer.ports import Scripts
from dialer.ports.storage import Moved, Recording, Segment, StoredInterview, Work
from dialer.usecases.carried_answers import Gap, begun_before, gaps

SPOKEN_WITH_HOLDER = frozenset({Outcome.SUCCESS, Outcome.PROBLEM_L1, Outcome.PROBLEM_L2})
"""Ends of a policy's interview after which the same holder can be asked about the next policy."""

_RESULTS = SPOKEN_WITH_HOLDER | {Outcome.SUCCESS_PENDING_CORRECTION}
"""Ends after which a next interview of the case begins anew."""


@dataclass(frozen=True, slots=True)
class Conversation:
    """One attempt's interview with the script it runs on."""

    attempt: Attempt
    stored: StoredInterview
    script: CallScript
    facts: InterviewFacts
    interview: Interview

    def after(self, interview: Interview) -> Conversation:
        """The same conversation, one step on."""
        return replace(self, interview=interview)


Talks = tuple[Conversation, ...]
"""The interviews of one call, in the order they are held."""


async def prepare_interview(
    work: Work, attempt: Attempt, script: CallScript, facts: InterviewFacts, now: datetime, *, closing_later: bool
) -> None:
    """Store what the interview will be, with the call that is about to be placed.

    `closing_later`: another policy of the holder follows in this call.

    Raises:
        VariableMissing: a text has no value for a variable, so the call must not be placed.
    """
    earlier = await _interrupted(work, attempt, script)
    interview = talk.start(script, facts, resumed=earlier, closing_later=closing_later)
    await work.interviews.begin(
        StoredInterview(
            attempt_id=attempt.id,
            case_id=attempt.case_id,
            script_id=script.ref.id,
            script_version=script.ref.version,
            script_sha256=script.ref.sha256,
            state=talk.to_plain(interview),
            facts=talk.facts_to_plain(facts),
            started_at=now,
        )
    )


async def conversations(work: Work, scripts: Scripts, call_id: CallId) -> Talks:
    """The interviews of a call, in the order they are held. Raises NotFound for a call that serves no case."""
    stored = {each.attempt_id: each for each in await work.interviews.of_call(call_id)}
    attempts = await work.calls.attempts_of(call_id)
    if not attempts or any(attempt.id not in stored for attempt in attempts):
        raise NotFound(f"call {call_id}: there is no case, or a case without its interview")
    return tuple(_opened(attempt, stored[attempt.id], scripts) for attempt in attempts)


def held(talks: Talks) -> Conversation:
    """The interview that is being held; the one that ended the conversation when none is."""
    return next((each for each in talks if not _holder_goes_on(each.interview)), talks[-1])


def takes_words(current: Conversation) -> bool:
    """Whether the question on screen has an answer that the agent writes down."""
    interview = current.interview
    return not interview.is_over and any(option.captures for option in current.script.node(interview.node).options)


def _holder_goes_on(done: Interview) -> bool:
    """Whether the holder, known by now, can be asked about the next policy (rules §8.2)."""
    return done.outcome in SPOKEN_WITH_HOLDER and done.is_identified()


def script_read(scripts: Scripts, interview: Interview, facts: InterviewFacts) -> CallScript:
    """The very text that an interview runs on, with the open questions that a redial takes from the first script.

    Raises:
        NotFound: the text is not at hand any more.
    """
    script = scripts.exactly(interview.script)
    if interview.original is None:
        return script
    return talk.with_pending_items(script, scripts.exactly(interview.original), facts)


async def choose_answer(
    work: Work, talks: Talks, node: str, option: str, captures: Mapping[str, str], now: datetime
) -> Talks:
    """Store an answer and go on; the interviews as they stand then.

    Args:
        work: the unit of work in which the interviews were read.
        talks: the call's interviews.
        node: the node the agent's screen showed; an answer to another screen is refused.
        option: the option's code.
        captures: the fields the option demands.
        now: the moment of the key press.

    Raises:
        StaleVersion: the interview has moved on (a second tab, a key pressed twice).
        ImpossibleMove: no such option, or a field is not filled.
    """
    current = _on_screen(talks, node)
    option, captures = await _compared(work, current, option, captures)
    offset_ms = await _offset_ms(work, current.attempt.call_id, now)
    stepped = talk.choose(
        current.script, current.facts, current.interview, option, at_offset_ms=offset_ms, captures=captures
    )
    return await _keep(work, talks, current.after(stepped), now, offset_ms)


async def _compared(
    work: Work, current: Conversation, option: str, captures: Mapping[str, str]
) -> tuple[str, Mapping[str, str]]:
    """The option as the system's comparison makes it (rules §7.6); what the customer said is kept nowhere."""
    if current.script.node(current.interview.node).compare is not Comparison.ID_TAIL or option != SAME:
        return option, captures
    said = captures.get(Comparison.ID_TAIL, "")
    if not said.strip():
        raise ImpossibleMove(f"{current.interview.node}: {Comparison.ID_TAIL} must be filled, the system compares it")
    case = await work.cases.get(current.attempt.case_id)
    holder = (await work.policies.get(case.policy_no)).holder
    rest = {name: value for name, value in captures.items() if name != Comparison.ID_TAIL}
    return SAME if holder.id_ends_with(said) else DIFFERENT, rest


async def report_event(work: Work, talks: Talks, node: str, event: str, now: datetime) -> Talks:
    """Store something that happened outside the questions (客户忙, 要求退保 …) and go where the script says."""
    current = _on_screen(talks, node)
    offset_ms = await _offset_ms(work, current.attempt.call_id, now)
    stepped = talk.raise_event(current.script, current.facts, current.interview, event, at_offset_ms=offset_ms)
    return await _keep(work, talks, current.after(stepped), now, offset_ms)


async def take_back_answer(work: Work, talks: Talks, node: str, now: datetime) -> Talks:
    """Go back to what the last key answered, while the customer is on the line: it was the wrong key.

    Raises:
        StaleVersion: the interview has moved on.
        ImpossibleMove: there is nothing to take back.
    """
    current = _on_screen(talks, node)
    offset_ms = await _offset_ms(work, current.attempt.call_id, now)
    stepped = talk.take_back(current.interview, at_offset_ms=offset_ms)
    return await _keep(work, talks, current.after(stepped), now, offset_ms)


async def mark_conversation(work: Work, talks: Talks, flag: str, now: datetime) -> Talks:
    """Set one of the agent's own marks (声纹疑点 …)."""
    current = held(talks)
    return await _keep(work, talks, current.after(talk.mark(current.interview, flag)), now, 0)


_HUNG_UP = {Party.CUSTOMER: "CUSTOMER_HANGUP", Party.NETWORK: "LINE_DROP"}


async def end_with_the_call(work: Work, scripts: Scripts, call_id: CallId, by: Party, now: datetime) -> Talks:
    """The line is gone: an interview still open ends as scripts say of who ended it; by us, it is incomplete."""
    talks = await conversations(work, scripts, call_id)
    current = held(talks)
    if current.interview.is_over:
        return talks
    offset_ms = await _offset_ms(work, call_id, now)
    return _with(talks, await _store(work, current.after(_ended(current, by, offset_ms)), now))


def _ended(current: Conversation, by: Party, offset_ms: int) -> Interview:
    if by not in _HUNG_UP:
        return talk.leave(current.script, current.facts, current.interview)
    try:
        return talk.raise_event(current.script, current.facts, current.interview, _HUNG_UP[by], at_offset_ms=offset_ms)
    except ImpossibleMove:
        return replace(current.interview, outcome=Outcome.INCOMPLETE)


async def begin_conversation(work: Work, call_id: CallId, now: datetime) -> None:
    """Somebody is on the line: the cases of the call are in conversation, the first one's segment begins."""
    attempts = await work.calls.attempts_of(call_id)
    for attempt in attempts:
        case = await work.cases.get(attempt.case_id)
        moved = Moved("system:engine", now, {"call": call_id})
        await work.cases.move(case, CaseEvent.ANSWERED, moved)


async def _keep(work: Work, talks: Talks, stepped: Conversation, now: datetime, offset_ms: int) -> Talks:
    kept = _with(talks, await _store(work, stepped, now))
    follower = await _next_policy(work, kept, stepped) if stepped.interview.is_over else None
    if follower is None:
        return kept
    await _change_segment(work, stepped.attempt, follower.attempt, offset_ms)
    return _with(kept, await _store(work, follower, now))


def _with(talks: Talks, changed: Conversation) -> Talks:
    return tuple(changed if each.attempt.id == changed.attempt.id else each for each in talks)


async def _store(work: Work, conversation: Conversation, now: datetime) -> Conversation:
    over = conversation.interview.is_over
    state = talk.to_plain(conversation.interview)
    stored = await work.interviews.save(replace(conversation.stored, state=state, finished_at=now if over else None))
    return replace(conversation, stored=stored)


async def _next_policy(work: Work, talks: Talks, done: Conversation) -> Conversation | None:
    """The holder's next policy in this call, its identity already proved (rules §8.2, §11 no. 9)."""
    waiting = [each for each in talks if not each.interview.is_over]
    if not waiting or not _holder_goes_on(done.interview):
        return None
    follower = waiting[0]
    resumed = await _interrupted(work, follower.attempt, follower.script)
    return follower.after(
        talk.start(
            follower.script,
            follower.facts,
            resumed=resumed,
            identity_from=done.interview,
            closing_later=len(waiting) > 1,
        )
    )


async def _change_segment(work: Work, done: Attempt, follower: Attempt, offset_ms: int) -> None:
    recording = await talk_recording(work, done.call_id)
    if recording is None:
        return
    first = next((s for s in await work.recordings.segments(recording.id) if s.attempt_id == done.id), None)
    start_ms = first.start_ms if first else 0
    await work.recordings.put_segment(Segment(recording.id, done.id, start_ms, offset_ms))
    await work.recordings.put_segment(Segment(recording.id, follower.id, offset_ms))


async def talk_recording(work: Work, call_id: CallId) -> Recording | None:
    """The recording of the conversation."""
    recordings = await work.recordings.of_call(call_id)
    return next((each for each in recordings if each.files.kind is RecordingKind.TALK), None)


async def _offset_ms(work: Work, call_id: CallId, now: datetime) -> int:
    recording = await talk_recording(work, call_id)
    if recording is None:
        return 0
    return max(0, round((now - recording.started_at).total_seconds() * 1000))


async def _interrupted(work: Work, attempt: Attempt, script: CallScript) -> Interview | None:
    """The round's last interview on the same script, when it came to no result: it is taken up where it stood.

    Whatever cut it short (a hang-up, another time, somebody else at the phone), what it had settled is not asked again
    and what it had heard stays heard (rules §5.4). A new round, after a ticket's answer, begins anew. Answers whose
    recording is lost, or ends before them, can't be proved any more: everything is asked again.
    """
    before = await begun_before(work, attempt)
    if not before:
        return None
    _, earlier = before[0]
    if earlier.outcome in _RESULTS or earlier.script != script.ref:
        return None
    resumed = replace(earlier, carried=earlier.carried + earlier.answers)
    if await gaps(work, attempt.case_id, resumed, before) - {Gap.WAITS}:
        return replace(earlier, carried=(), answers=())
    return earlier


def _opened(attempt: Attempt, stored: StoredInterview, scripts: Scripts) -> Conversation:
    interview = talk.from_plain(stored.state)
    facts = talk.facts_from_plain(stored.facts)
    return Conversation(attempt, stored, script_read(scripts, interview, facts), facts, interview)


def _on_screen(talks: Talks, node: str) -> Conversation:
    current = held(talks)
    if current.interview.node != node:
        raise StaleVersion(f"the screen showed {node}, the interview is at {current.interview.node}")
    return current
