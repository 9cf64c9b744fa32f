"""What the agent sees at one moment of an interview; the console renders it and nothing else."""

from __future__ import annotations

from dataclasses import dataclass, field

from dialer.domain.interview.moves import AGENT_MARKS, visible_events
from dialer.domain.interview.reading_aloud import agent_note, spoken_text
from dialer.domain.interview.state import IDENTITY_ITEMS, Interview, InterviewFacts, Step, applicable_items
from dialer.domain.outcome import Outcome
from dialer.domain.script.model import (
    RETURN,
    SAME,
    AnswerValue,
    CallScript,
    Capture,
    Comparison,
    Node,
    Option,
    Phase,
)


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

    `carried`: an earlier call, or the first policy of this one, settled it. `current`: it is being asked, or comes back
    after a side branch. `title` is empty while it would tell the product to an agent who may not know it yet.
    """

    item: str
    title: str
    value: AnswerValue | None
    final: bool
    carried: bool = False
    current: bool = False

    @property
    def refused(self) -> bool:
        """Settled, and not as the law wants it."""
        return self.final and self.value is not None and not self.value.positive


@dataclass(frozen=True, slots=True)
class Screen:
    """One screen: what to read, what may be answered, what may be reported, how far we are.

    `seen_before`: the interview has been at this node and comes back to it. `comes_back`: the title of the question
    that a side branch can return to. `takes_back`: what was pressed last, while it can be taken back.
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
    comes_back: str = ""
    takes_back: str = ""


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
        events=_events(script, interview),
        marks=_marks(interview),
        progress=_progress(script, facts, interview),
        outcome=interview.outcome,
        next_action=node.next_action,
        seen_before=any(step.node == node.id for step in interview.steps),
        comes_back=_comes_back(script, interview, node),
        takes_back=pressed(script, interview.steps[-1]) if interview.before else "",
    )


def pressed(script: CallScript, step: Step) -> str:
    """The label of what was pressed at a step, as the agent saw it."""
    options = {option.code: option.label for option in script.node(step.node).options}
    events = {each.event: each.label for each in script.global_events}
    return (events | options).get(step.move, step.move)


def _choice(node: Node, number: int, option: Option) -> Choice:
    compared = node.compare is Comparison.ID_TAIL and option.code == SAME
    return Choice(str(number), option.code, option.label, option.utterances, option.captures, compared)


def _events(script: CallScript, interview: Interview) -> tuple[EventButton, ...]:
    """What waits for the identity comes last, so that no button moves when it is proved."""
    ordered = sorted(visible_events(script, interview), key=lambda event: event.requires_identity)
    return tuple(EventButton(event.event, event.label) for event in ordered)


def _comes_back(script: CallScript, interview: Interview, node: Node) -> str:
    returns = not node.on_main_line and any(option.goto == RETURN for option in node.options)
    return script.node(interview.main).title if returns else ""


def _marks(interview: Interview) -> tuple[EventButton, ...]:
    open_marks = {} if interview.is_over else AGENT_MARKS
    return tuple(EventButton(flag, zh) for flag, zh in open_marks.items() if flag not in interview.flags)


def _progress(script: CallScript, facts: InterviewFacts, interview: Interview) -> tuple[ItemProgress, ...]:
    last = interview.last_answers()
    now = {answer.item for answer in interview.answers}
    identified = interview.is_identified()
    return tuple(
        ItemProgress(
            item=mandatory.item,
            title=script.node(mandatory.node).title if identified or mandatory.item in IDENTITY_ITEMS else "",
            value=last[mandatory.item].value if mandatory.item in last else None,
            final=mandatory.item in last and last[mandatory.item].final,
            carried=mandatory.item in last and mandatory.item not in now,
            current=not interview.is_over and mandatory.node == interview.main,
        )
        for mandatory in applicable_items(script, facts)
    )
