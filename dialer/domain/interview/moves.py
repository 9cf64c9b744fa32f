"""The moves of an interview: pure, one script, one policy, one answer at a time (scripts/_schema.yaml)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from functools import reduce

from dialer.domain.errors import ImpossibleMove, ScriptInvalid, VariableMissing
from dialer.domain.interview.reading_aloud import missing_variables
from dialer.domain.interview.state import (
    IDENTITY_ITEMS,
    Answer,
    Before,
    CapturedField,
    Created,
    HeardProblem,
    Interview,
    InterviewFacts,
    Step,
    scope_of,
)
from dialer.domain.outcome import Outcome
from dialer.domain.problem import Problem, ProblemType
from dialer.domain.script.model import (
    CURRENT_ITEM,
    RETURN,
    RETURN_NEXT,
    CallScript,
    Capture,
    Comparison,
    CreateObject,
    Effect,
    GlobalEvent,
    Node,
    NodeKind,
    Option,
    Phase,
    RaiseFlag,
    RaiseProblem,
    RecordAnswer,
)

AGENT_MARKS: Mapping[str, str] = {"VOICE_MISMATCH": "声纹疑点", "RUSHED_ANSWERS": "催促应答"}
"""Flags the agent sets on what they hear, apart from any answer."""

TAKEN_BACK = "TAKEN_BACK"
"""The step that takes back the one before it."""

ANSWER_TAKEN_BACK = "ANSWER_TAKEN_BACK"
"""The flag of an interview in which more than a plain yes was taken back: what was said is for QA to hear."""

_VERDICTS = frozenset({Outcome.SUCCESS, Outcome.SUCCESS_PENDING_CORRECTION, Outcome.PROBLEM_L1, Outcome.PROBLEM_L2})
_CUT_OFF = frozenset({"CUSTOMER_HANGUP", "LINE_DROP"})
_NOT_CARRIED = frozenset({"REFUSED_ITEM"})  # a refused item is asked again in the next call


def start(
    script: CallScript,
    facts: InterviewFacts,
    *,
    resumed: Interview | None = None,
    identity_from: Interview | None = None,
    closing_later: bool = False,
) -> Interview:
    """The interview at its first question.

    Args:
        script: for a redial, the result of `with_pending_items`.
        facts: of this policy, taken now.
        resumed: the same case's interview that a hang-up cut short; what it settled is not asked again, its problems
            stay (rules §5.4). Greeting, notice and identity are asked again.
        identity_from: another policy's interview in this same call, or this case's before a transfer to another
            agent: greeting, notice and identity stand (rules §8.2).
        closing_later: another policy of the holder follows in this call, and contact and closing are left to it.

    Raises:
        VariableMissing: a text that may be read has no value for a variable.
        ImpossibleMove: `identity_from` never confirmed the identity.
    """
    missing = missing_variables(script, facts)
    if missing:
        raise VariableMissing(f"{script.id} {script.ref.version} can't be read: no value for {', '.join(missing)}")
    begun = Interview(
        script=script.ref,
        original=script.original,
        node=script.entry,
        main=script.entry,
        carried=_earlier_answers(resumed) + _identity(identity_from),
        problems=resumed.problems if resumed else (),
        flags=_first_flags(facts, resumed),
        closing_later=closing_later,
    )
    return _enter(script, facts, begun, script.entry)


def choose(
    script: CallScript,
    facts: InterviewFacts,
    interview: Interview,
    option_code: str,
    *,
    at_offset_ms: int,
    captures: Mapping[str, str] | None = None,
) -> Interview:
    """The interview after the customer's answer; decisions on the way are taken by themselves.

    Args:
        script: the one the interview was started with.
        facts: the ones it was started with.
        interview: as it stands.
        option_code: an option of the node on screen.
        at_offset_ms: place in the recording, milliseconds from its beginning.
        captures: the fields that the option demands, by name; a `_date` field as YYYY-MM-DD.

    Raises:
        ImpossibleMove: no such option here, a field is not filled, or the interview is over.
    """
    node = _current(script, interview, at_offset_ms)
    option = next((option for option in node.options if option.code == option_code), None)
    if option is None:
        raise ImpossibleMove(f"{script.id} / {node.id}: there is no option {option_code!r}")
    written = _filled(node, option, captures or {}, at_offset_ms)
    moved = replace(
        interview,
        steps=(*interview.steps, Step(node.id, option.code, at_offset_ms)),
        captures=interview.captures + written,
        before=None if node.compare is Comparison.ID_TAIL else _stands(interview),  # or digits could be tried for ever
    )
    return _take(script, facts, moved, option, at_offset_ms)


def raise_event(
    script: CallScript, facts: InterviewFacts, interview: Interview, event: str, *, at_offset_ms: int
) -> Interview:
    """The interview after something happened that no question asked for.

    A customer who hangs up during the last words has heard the end: the result already spoken stands.

    Raises:
        ImpossibleMove: there is no such event, it is hidden until identity is confirmed, or the interview is over.
    """
    node = _current(script, interview, at_offset_ms)
    found = next((e for e in visible_events(script, interview) if e.event == event), None)
    if found is None:
        raise ImpossibleMove(f"{script.id} / {node.id}: event {event!r} is not possible here")
    moved = replace(interview, steps=(*interview.steps, Step(node.id, event, at_offset_ms)), before=_stands(interview))
    farewell = _farewell(script, node)
    return _enter(script, facts, moved, farewell if farewell and event in _CUT_OFF else found.goto)


def take_back(interview: Interview, *, at_offset_ms: int) -> Interview:
    """The interview as it stood before the last answer or event: the agent had pressed the wrong key.

    Both stay among the steps, the words that were written down stay among the withdrawn ones, and what the agent has
    marked since stays marked. It is one move that can be taken back, for then the agent still knows what the customer
    said; never a comparison, which is the system's.

    Raises:
        ImpossibleMove: there is nothing to take back.
    """
    stood = interview.before
    if stood is None:
        raise ImpossibleMove(f"{interview.node}: there is no answer to take back")
    marked = tuple(flag for flag in interview.flags[stood.flags :] if flag in AGENT_MARKS)
    back = replace(
        interview,
        node=stood.node,
        main=stood.main,
        answers=interview.answers[: stood.answers],
        problems=interview.problems[: stood.problems],
        flags=interview.flags[: stood.flags] + marked,
        captures=interview.captures[: stood.captures],
        withdrawn=interview.withdrawn + interview.captures[stood.captures :],
        created=interview.created[: stood.created],
        steps=(*interview.steps, Step(interview.node, TAKEN_BACK, at_offset_ms)),
        visits=interview.visits if interview.is_over else _one_less(interview.visits, interview.node),
        outcome=None,
        before=None,
    )
    return back if _said_yes(interview, stood) else _flagged(back, ANSWER_TAKEN_BACK)


def _said_yes(interview: Interview, stood: Before) -> bool:
    """Whether the last move confirmed something, and did nothing else."""
    answers = interview.answers[stood.answers :]
    flags = set(interview.flags[stood.flags :]) - AGENT_MARKS.keys()
    more = flags or interview.problems[stood.problems :] or interview.created[stood.created :] or interview.is_over
    return bool(answers) and all(answer.value.positive for answer in answers) and not more


def leave(script: CallScript, facts: InterviewFacts, interview: Interview) -> Interview:
    """The interview after the agent hung up: a result stands whose goodbye was being said, else it is incomplete."""
    farewell = _farewell(script, script.node(interview.node))
    return _enter(script, facts, interview, farewell) if farewell else replace(interview, outcome=Outcome.INCOMPLETE)


def mark(interview: Interview, flag: str) -> Interview:
    """The interview with one of `AGENT_MARKS` set.

    Raises:
        ImpossibleMove: agents don't set this flag, or the interview is over.
    """
    if flag not in AGENT_MARKS or interview.is_over:
        raise ImpossibleMove(f"flag {flag!r} can't be set by the agent here")
    return _flagged(interview, flag)


def visible_events(script: CallScript, interview: Interview) -> tuple[GlobalEvent, ...]:
    """The events the agent may report now."""
    if interview.is_over:
        return ()
    identified = interview.is_identified()
    return tuple(e for e in script.global_events if identified or not e.requires_identity)


def _stands(interview: Interview) -> Before:
    return Before(
        interview.node,
        interview.main,
        answers=len(interview.answers),
        problems=len(interview.problems),
        flags=len(interview.flags),
        captures=len(interview.captures),
        created=len(interview.created),
    )


def _one_less(visits: Mapping[str, int], node: str) -> Mapping[str, int]:
    left = {**visits, node: visits[node] - 1}
    return {each: times for each, times in left.items() if times}


def _earlier_answers(resumed: Interview | None) -> tuple[Answer, ...]:
    answers = (*resumed.carried, *resumed.answers) if resumed else ()
    return tuple(answer for answer in answers if answer.item not in IDENTITY_ITEMS)


def _identity(first: Interview | None) -> tuple[Answer, ...]:
    if first is None:
        return ()
    if not first.is_identified():
        raise ImpossibleMove(f"{first.script.id}: the identity was not confirmed, so it can't be carried over")
    return tuple(answer for item, answer in first.last_answers().items() if item in IDENTITY_ITEMS)


def _first_flags(facts: InterviewFacts, resumed: Interview | None) -> tuple[str, ...]:
    kept = [flag for flag in resumed.flags if flag not in _NOT_CARRIED] if resumed else []
    if facts.freelook_expired and "LATE_REVISIT" not in kept:
        kept.append("LATE_REVISIT")
    return tuple(kept)


def _current(script: CallScript, interview: Interview, at_offset_ms: int) -> Node:
    if (script.ref, script.original) != (interview.script, interview.original):
        raise ImpossibleMove(f"the interview runs on {interview.script}, not on {script.ref}")
    if interview.is_over:
        raise ImpossibleMove(f"{script.id} / {interview.node}: the interview is over ({interview.outcome})")
    if at_offset_ms < 0:
        raise ImpossibleMove(f"{script.id} / {interview.node}: offset {at_offset_ms} ms lies before the recording")
    return script.node(interview.node)


def _filled(node: Node, option: Option, given: Mapping[str, str], at_offset_ms: int) -> tuple[CapturedField, ...]:
    wanted = {capture.field for capture in option.captures}
    if extra := sorted(set(given) - wanted):
        raise ImpossibleMove(f"{node.id} / {option.code} has no field {', '.join(extra)}")
    return tuple(_filled_field(node, capture, given, at_offset_ms) for capture in option.captures)


def _filled_field(node: Node, capture: Capture, given: Mapping[str, str], at_offset_ms: int) -> CapturedField:
    value = given.get(capture.field, "").strip()
    if not value:
        raise ImpossibleMove(f"{node.id}: {capture.field} must be filled before going on")
    if capture.is_date:
        try:
            date.fromisoformat(value)
        except ValueError:
            raise ImpossibleMove(f"{node.id}: {capture.field} must be a date, YYYY-MM-DD") from None
    return CapturedField(capture.field, node.id, at_offset_ms, value)


def _take(
    script: CallScript, facts: InterviewFacts, interview: Interview, option: Option, at_offset_ms: int
) -> Interview:
    def applied(state: Interview, effect: Effect) -> Interview:
        return _apply(script, facts, state, option, effect, at_offset_ms)

    return _enter(script, facts, reduce(applied, option.effects, interview), option.goto)


def _apply(
    script: CallScript,
    facts: InterviewFacts,
    interview: Interview,
    option: Option,
    effect: Effect,
    at_offset_ms: int,
) -> Interview:
    match effect:
        case RecordAnswer():
            return _answered(script, interview, option, effect, at_offset_ms)
        case RaiseProblem():
            return _heard(facts, interview, effect, at_offset_ms)
        case RaiseFlag():
            return _flagged(interview, effect.flag)
        case CreateObject():
            created = Created(effect.object, dict(effect.details), interview.node, at_offset_ms)
            return replace(interview, created=(*interview.created, created))
        case Capture():
            return interview  # written down when the option was taken


def _answered(
    script: CallScript, interview: Interview, option: Option, effect: RecordAnswer, at_offset_ms: int
) -> Interview:
    item = script.node(interview.main).mandatory_item if effect.item == CURRENT_ITEM else effect.item
    if item is None:
        return interview
    final = effect.value.positive or option.raises_problem
    answer = Answer(item, effect.value, interview.node, option.code, at_offset_ms, final)
    return replace(interview, answers=(*interview.answers, answer))


def _heard(facts: InterviewFacts, interview: Interview, effect: RaiseProblem, at_offset_ms: int) -> Interview:
    """Problems accumulate: one heard before is kept with its first place in the recording (rules §4.4)."""
    for kind in facts.prev_problem_types if effect.type is None else (effect.type,):
        problem = Problem(kind, effect.subtype)
        if (effect.level, problem) not in {(heard.level, heard.problem) for heard in interview.problems}:
            heard = HeardProblem(effect.level, problem, interview.node, at_offset_ms)
            interview = replace(interview, problems=(*interview.problems, heard))
        if problem == Problem(ProblemType.CONTRACT_NOT_RECEIVED) and facts.receipt_on_file:
            interview = _flagged(interview, "RECEIPT_CONFLICT")  # rules §11 scenario 8
    return interview


def _flagged(interview: Interview, flag: str) -> Interview:
    return interview if flag in interview.flags else replace(interview, flags=(*interview.flags, flag))


def _enter(script: CallScript, facts: InterviewFacts, interview: Interview, target: str) -> Interview:
    """Go to a node, and on through whatever the system decides by itself, to a question or an end."""
    for _ in range(2 * len(script.nodes)):
        node = script.node(_resolved(script, interview, target))
        if node.kind is NodeKind.TERMINAL:
            return replace(interview, node=node.id, outcome=node.outcome)
        onward = _onward(script, facts, interview, node)
        if onward is None:
            visits = {**interview.visits, node.id: interview.visits.get(node.id, 0) + 1}
            main = node.id if node.on_main_line else interview.main
            return replace(interview, node=node.id, main=main, visits=visits)
        target = onward
    raise ScriptInvalid(f"{script.id} / {target}: the system's own jumps don't end")


def _resolved(script: CallScript, interview: Interview, target: str) -> str:
    if target == RETURN:
        return interview.main
    return script.node(interview.main).next or interview.main if target == RETURN_NEXT else target


def _onward(script: CallScript, facts: InterviewFacts, interview: Interview, node: Node) -> str | None:
    """Where a node that isn't shown leads; None when it is shown."""
    scope = scope_of(script, facts, interview)
    if node.kind is NodeKind.DECISION:
        return next(branch.goto for branch in node.branches if branch.when.holds(scope))
    if node.kind is NodeKind.SUBSCRIPT:
        return node.options[0].goto  # nothing pending: `with_pending_items` replaces it otherwise
    if node.when is not None and not node.when.holds(scope):
        return node.else_goto
    if node.on_main_line and (_settled_before(interview, node) or _left_to_the_last(interview, node)):
        return node.next
    if node.phase is Phase.CLOSING and interview.closing_later and (end := _farewell(script, node)):
        return end
    if node.max_visits is not None and interview.visits.get(node.id, 0) >= node.max_visits:
        return node.on_max_visits
    return None


def _settled_before(interview: Interview, node: Node) -> bool:
    """An earlier call, or the first policy of this one, settled all that the node asks."""
    final = {answer.item: answer.final for answer in interview.carried}
    return bool(node.items) and all(final.get(item, False) for item in node.items)


def _left_to_the_last(interview: Interview, node: Node) -> bool:
    return interview.closing_later and node.phase is Phase.CLOSING


def _farewell(script: CallScript, node: Node) -> str | None:
    """The end a node leads to when it only says goodbye after the result is known; None for other nodes."""
    if len(node.options) != 1 or node.options[0].effects:
        return None
    end = script.nodes.get(node.options[0].goto)
    return end.id if end is not None and end.outcome in _VERDICTS else None
