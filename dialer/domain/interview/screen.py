"""What the agent sees at one moment of an interview; the console renders it and nothing else."""

from __future__ import annotations

from dataclasses import dataclass, field

from dialer.domain.interview.moves import AGENT_MARKS, visible_events
from dialer.domain.interview.reading_aloud import agent_note, spoken_text
from dialer.domain.interview.state import Interview, InterviewFacts, applicable_items
from dialer.domain.outcome import Outcome
from dialer.domain.script.model import SAME, AnswerValue, CallScript, Capture, Comparison, Node, Option, Phase


@dataclass(frozen=True, slots=True)
class Choice:
    """An option with the key that takes it and the fields to fill first.

    `compared`: the system decides between this and its contrary, by the digits that the customer says.
    """

    key: str
    code: str
    label: str
    utterances: tuple[str, ...]
    captures: tuple[Capture, ...]
    compared: bool = False


@dataclass(frozen=True, slots=True)
class EventButton:
    """Something the agent may report at any moment."""

    event: str
    label: str


@dataclass(frozen=True, slots=True)
class ItemProgress:
    """A mandatory item and what it has come to; `value` None is not asked yet.

    `carried`: an earlier call, or the first policy of this one, settled it.
    """

    item: str
    title: str
    value: AnswerValue | None
    final: bool
    carried: bool = False


@dataclass(frozen=True, slots=True)
class Screen:
    """One screen: what to read, what may be answered, what may be reported, how far we are.

    `seen_before`: the interview has been at this node and comes back to it.
    """

    script: str
    version: str
    node: str
    phase: Phase
    title: str
    text: str = field(repr=False)  # it names the customer
    agent_note: str
    compare: Comparison | None
    choices: tuple[Choice, ...]
    events: tuple[EventButton, ...]
    marks: tuple[EventButton, ...]
    progress: tuple[ItemProgress, ...]
    outcome: Outcome | None
    next_action: str
    seen_before: bool


def screen(script: CallScript, facts: InterviewFacts, interview: Interview) -> Screen:
    """The screen of the current node; after the end it has an outcome and no choices.

    Raises:
        VariableMissing: the text has a variable without a value.
    """
    node = script.node(interview.node)
    return Screen(
        script=script.id,
        version=script.ref.version,
        node=node.id,
        phase=node.phase,
        title=node.title,
        text=spoken_text(script, facts, interview),
        agent_note=agent_note(script, node),
        compare=node.compare,
        choices=tuple(_choice(node, number, option) for number, option in enumerate(node.options, 1)),
        events=tuple(EventButton(e.event, e.label) for e in visible_events(script, interview)),
        marks=_marks(interview),
        progress=_progress(script, facts, interview),
        outcome=interview.outcome,
        next_action=node.next_action,
        seen_before=any(step.node == node.id for step in interview.steps),
    )


def _choice(node: Node, number: int, option: Option) -> Choice:
    compared = node.compare is Comparison.ID_TAIL and option.code == SAME
    return Choice(str(number), option.code, option.label, option.utterances, option.captures, compared)


def _marks(interview: Interview) -> tuple[EventButton, ...]:
    open_marks = {} if interview.is_over else AGENT_MARKS
    return tuple(EventButton(flag, zh) for flag, zh in open_marks.items() if flag not in interview.flags)


def _progress(script: CallScript, facts: InterviewFacts, interview: Interview) -> tuple[ItemProgress, ...]:
    last = interview.last_answers()
    now = {answer.item for answer in interview.answers}
    return tuple(
        ItemProgress(
            item=mandatory.item,
            title=script.node(mandatory.node).title,
            value=last[mandatory.item].value if mandatory.item in last else None,
            final=mandatory.item in last and last[mandatory.item].final,
            carried=mandatory.item in last and mandatory.item not in now,
        )
        for mandatory in applicable_items(script, facts)
    )
