"""What a call script is made of (scripts/_schema.yaml, rules §8)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from dialer.domain.errors import ScriptInvalid
from dialer.domain.outcome import Outcome
from dialer.domain.problem import ProblemLevel, ProblemType
from dialer.domain.script.expression import Condition

RETURN = "$RETURN"
RETURN_NEXT = "$RETURN_NEXT"
CURRENT_ITEM = "$CURRENT"
PREVIOUS_TYPE = "$PREV"


class Phase(StrEnum):
    """The part of the call a node belongs to."""

    OPENING = "opening"
    IDENTITY = "identity"
    CONTRACT = "contract"
    SIGNATURE = "signature"
    KNOWLEDGE = "knowledge"
    RIGHTS = "rights"
    PRODUCT = "product"
    CONDUCT = "conduct"
    CLOSING = "closing"
    REDIAL = "redial"
    THIRD_PARTY = "third_party"
    RESCHEDULE = "reschedule"
    REFUSAL = "refusal"
    LINE = "line"
    ACCESSIBILITY = "accessibility"
    HOSTILE = "hostile"
    SURRENDER = "surrender"
    RESULT = "result"
    TERMINAL = "terminal"


class NodeKind(StrEnum):
    """Who acts at a node: the agent asks, the system decides, the call ends, another script's nodes run."""

    QUESTION = "question"
    DECISION = "decision"
    TERMINAL = "terminal"
    SUBSCRIPT = "subscript"


class Comparison(StrEnum):
    """What is compared with what the customer says, before the answer is chosen (rules §5.5, §7.6)."""

    BIRTHDAY = "birthday"  # the agent compares: the day is on the screen while the question is
    ID_TAIL = "id_tail"  # the system compares: the number is never shown
    TICKET_REPLY = "ticket_reply"  # the agent compares: the accepted answer is on the screen while the question is


SAME = "MATCH"
DIFFERENT = "MISMATCH"
"""The options between which the system's comparison decides."""


class AnswerValue(StrEnum):
    """What an item came to; the last value wins, all are kept."""

    CONFIRMED = "CONFIRMED"
    CONFIRMED_AFTER_EXPLAIN = "CONFIRMED_AFTER_EXPLAIN"
    NEGATIVE = "NEGATIVE"
    UNCLEAR = "UNCLEAR"
    REFUSED = "REFUSED"

    @property
    def positive(self) -> bool:
        """Whether the item is confirmed, at once or after one explanation (rules §4.4)."""
        return self in {AnswerValue.CONFIRMED, AnswerValue.CONFIRMED_AFTER_EXPLAIN}


class CreatedObject(StrEnum):
    """What a script may ask the rest of the product to open."""

    COMPLAINT_TICKET = "COMPLAINT_TICKET"
    CALLBACK_APPOINTMENT = "CALLBACK_APPOINTMENT"
    SURRENDER_REFERRAL = "SURRENDER_REFERRAL"
    INFO_CHANGE_REFERRAL = "INFO_CHANGE_REFERRAL"
    UNDERWRITING_REFERRAL = "UNDERWRITING_REFERRAL"
    CLAIM_LEAD = "CLAIM_LEAD"
    PHONE_CLUE = "PHONE_CLUE"
    SMS_EPOLICY = "SMS_EPOLICY"
    DELIVERY_CHANGE = "DELIVERY_CHANGE"


@dataclass(frozen=True, slots=True)
class RecordAnswer:
    """Effect: an item takes a value; `$CURRENT` is the item of the main-line node left for a side branch."""

    item: str
    value: AnswerValue


@dataclass(frozen=True, slots=True)
class RaiseProblem:
    """Effect: a problem is heard. `type` None is `$PREV`, the types of the previous round."""

    level: ProblemLevel
    type: ProblemType | None
    subtype: str | None = None


@dataclass(frozen=True, slots=True)
class RaiseFlag:
    """Effect: a marker on the case."""

    flag: str


@dataclass(frozen=True, slots=True)
class Capture:
    """Effect: a field the agent fills before leaving the node; a name ending in `_date` takes a date."""

    field: str

    @property
    def is_date(self) -> bool:
        """Whether the field takes an ISO date and not free text."""
        return self.field.endswith("_date")


@dataclass(frozen=True, slots=True)
class CreateObject:
    """Effect: something is opened elsewhere in the product."""

    object: CreatedObject
    details: tuple[tuple[str, str | bool], ...] = ()


Effect: TypeAlias = RecordAnswer | RaiseProblem | RaiseFlag | Capture | CreateObject


@dataclass(frozen=True, slots=True)
class Option:
    """One answer the customer may give."""

    code: str
    label: str
    goto: str
    effects: tuple[Effect, ...] = ()
    utterances: tuple[str, ...] = ()

    @property
    def captures(self) -> tuple[Capture, ...]:
        """The fields the agent fills before taking it."""
        return tuple(effect for effect in self.effects if isinstance(effect, Capture))

    @property
    def raises_problem(self) -> bool:
        """Whether taking it records a problem."""
        return any(isinstance(effect, RaiseProblem) for effect in self.effects)


@dataclass(frozen=True, slots=True)
class Branch:
    """One way out of a decision; the first that holds is taken."""

    when: Condition
    goto: str


@dataclass(frozen=True, slots=True)
class TextVariant:
    """Other wording for a case; the first that holds is read."""

    when: Condition
    text: str


@dataclass(frozen=True, slots=True)
class Node:
    """One screen of the script, or one decision or end of it."""

    id: str
    phase: Phase
    title: str
    kind: NodeKind = NodeKind.QUESTION
    text: str = ""
    text_variants: tuple[TextVariant, ...] = ()
    when: Condition | None = None
    else_goto: str | None = None
    next: str | None = None
    mandatory_item: str | None = None
    max_visits: int | None = None
    on_max_visits: str | None = None
    agent_note: str = ""
    compare: Comparison | None = None
    options: tuple[Option, ...] = ()
    branches: tuple[Branch, ...] = ()
    outcome: Outcome | None = None
    next_action: str = ""

    @property
    def on_main_line(self) -> bool:
        """Whether it is asked in order, and so can be returned to."""
        return self.next is not None

    @property
    def items(self) -> frozenset[str]:
        """The items its own options settle."""
        answered = {e.item for o in self.options for e in o.effects if isinstance(e, RecordAnswer)}
        return frozenset({self.mandatory_item} if self.mandatory_item else answered - {CURRENT_ITEM})

    @property
    def texts(self) -> tuple[str, ...]:
        """All wordings that may be read aloud."""
        return (self.text, *(variant.text for variant in self.text_variants))


@dataclass(frozen=True, slots=True)
class GlobalEvent:
    """Something that may happen at any moment; some are hidden until IDENTITY is confirmed."""

    event: str
    label: str
    goto: str
    requires_identity: bool = False


@dataclass(frozen=True, slots=True)
class MandatoryItem:
    """What the call must confirm for SUCCESS (rules §7.2), where `when` holds."""

    item: str
    node: str
    when: Condition | None = None


@dataclass(frozen=True, slots=True)
class Variable:
    """A {placeholder} of the texts."""

    name: str
    meaning: str
    example: str


@dataclass(frozen=True, slots=True)
class ScriptRef:
    """Which exact text was read: a call must be replayable against it."""

    id: str
    version: str
    sha256: str


@dataclass(frozen=True, slots=True)
class CallScript:
    """A composed, immutable script. `original` is set when a redial script carries a product script's nodes."""

    ref: ScriptRef
    title: str
    entry: str
    est_minutes_default: str
    applies_to: Mapping[str, object]
    mandatory_items: tuple[MandatoryItem, ...]
    variables: tuple[Variable, ...]
    global_events: tuple[GlobalEvent, ...]
    nodes: Mapping[str, Node]
    original: ScriptRef | None = None

    @property
    def id(self) -> str:
        """The script's unique code."""
        return self.ref.id

    @property
    def is_redial(self) -> bool:
        """Whether it is chosen by the case's state and not by the product (rules §8.2)."""
        return "case_state" in self.applies_to

    def node(self, node_id: str) -> Node:
        """The node.

        Raises:
            ScriptInvalid: there is none of this id.
        """
        try:
            return self.nodes[node_id]
        except KeyError:
            raise ScriptInvalid(f"{self.id} {self.ref.version}: there is no node {node_id}") from None
