"""What is known of one interview, whole at every step, so that a crashed browser or server takes it up again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from dialer.domain.outcome import Outcome
from dialer.domain.problem import Problem, ProblemLevel, ProblemType
from dialer.domain.script.expression import Scope
from dialer.domain.script.model import AnswerValue, CallScript, CreatedObject, MandatoryItem, ScriptRef

IDENTITY_ITEMS = frozenset({"SELF_CLAIMED", "RECORDING_NOTICE", "IDENTITY", "IDENTITY_STRONG"})
"""What is established anew in every call, and once for all policies of one call (rules §5.4, §8.2)."""


@dataclass(frozen=True, slots=True)
class InterviewFacts:
    """What the script may ask of the case; taken once, when the call is placed, and kept with the interview.

    `pending_items` are the original script's items without a positive answer, for a redial script (rules §8.2).
    """

    insured_is_holder: bool
    design_type: str
    pay_mode: str
    freelook_expired: bool
    freelook_days: int
    dual_record_required: bool
    is_reimbursement_medical: bool = False
    has_renewal_terms: bool = False
    phone_changed: bool = False
    receipt_on_file: bool = True
    prev_problem_types: tuple[ProblemType, ...] = ()
    pending_items: tuple[str, ...] = ()
    variables: Mapping[str, str] = field(default_factory=dict, repr=False)

    def scope(self) -> dict[str, bool | int | str | frozenset[str]]:
        """The facts by the names that conditions use."""
        return {
            "policy.insured_is_holder": self.insured_is_holder,
            "policy.design_type": str(self.design_type),
            "policy.pay_mode": str(self.pay_mode),
            "policy.freelook_expired": self.freelook_expired,
            "policy.freelook_days": self.freelook_days,
            "policy.dual_record_required": self.dual_record_required,
            "policy.is_reimbursement_medical": self.is_reimbursement_medical,
            "policy.has_renewal_terms": self.has_renewal_terms,
            "case.phone_changed": self.phone_changed,
            "prev_problem_types": frozenset(map(str, self.prev_problem_types)),
        }


@dataclass(frozen=True, slots=True)
class Answer:
    """An item's value and its place in the recording (milliseconds from its beginning).

    `final` = the item need not be asked again: confirmed, or not confirmed and the problem recorded.
    """

    item: str
    value: AnswerValue
    node: str
    option: str
    offset_ms: int
    final: bool


@dataclass(frozen=True, slots=True)
class HeardProblem:
    """A problem item and where in the recording it was heard.

    The level is the script's: a redial that failed makes an L1 of whatever the problem was before.
    """

    level: ProblemLevel
    problem: Problem
    node: str
    offset_ms: int


@dataclass(frozen=True, slots=True)
class CapturedField:
    """What the agent wrote down; `repr` hides the customer's words."""

    name: str
    node: str
    offset_ms: int
    value: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Created:
    """Something the rest of the product must open."""

    object: CreatedObject
    details: Mapping[str, str | bool]
    node: str
    offset_ms: int


@dataclass(frozen=True, slots=True)
class Step:
    """One move of the agent: the option taken or the event raised at a node."""

    node: str
    move: str
    offset_ms: int


@dataclass(frozen=True, slots=True)
class Before:
    """Where the interview stood before its last move: the nodes, and how much there was of whatever only grows."""

    node: str
    main: str
    answers: int
    problems: int
    flags: int
    captures: int
    created: int


@dataclass(frozen=True, slots=True)
class Interview:
    """One policy's interview within one call.

    `main` is the main-line node that `$RETURN` goes back to. `carried` are answers of an earlier call (resumed) or
    of the first policy of this call (identity). `closing_later`: another policy follows in this call. `before` is
    what taking back the last move leads to; None when there is nothing to take back. `withdrawn` is what was written
    down and taken back.
    """

    script: ScriptRef
    original: ScriptRef | None
    node: str
    main: str
    answers: tuple[Answer, ...] = ()
    carried: tuple[Answer, ...] = ()
    problems: tuple[HeardProblem, ...] = ()
    flags: tuple[str, ...] = ()
    captures: tuple[CapturedField, ...] = ()
    created: tuple[Created, ...] = ()
    steps: tuple[Step, ...] = ()
    visits: Mapping[str, int] = field(default_factory=dict)
    closing_later: bool = False
    outcome: Outcome | None = None
    before: Before | None = None
    withdrawn: tuple[CapturedField, ...] = ()

    @property
    def is_over(self) -> bool:
        """Whether the script has come to an end."""
        return self.outcome is not None

    def last_answers(self) -> Mapping[str, Answer]:
        """The answer that counts for each item: the last one."""
        return {answer.item: answer for answer in (*self.carried, *self.answers)}

    def is_identified(self) -> bool:
        """Whether the holder proved who they are in this call."""
        identity = self.last_answers().get("IDENTITY")
        return identity is not None and identity.value.positive


def scope_of(script: CallScript, facts: InterviewFacts, interview: Interview) -> Scope:
    """Everything a condition may look up at this moment."""
    answers = {f"answers.{item}": str(answer.value) for item, answer in interview.last_answers().items()}
    return {
        **facts.scope(),
        **answers,
        "flags": frozenset(interview.flags),
        "problems": frozenset(str(heard.level) for heard in interview.problems),
        "mandatory_items_complete": all_confirmed(script, facts, interview),
    }


def applicable_items(script: CallScript, facts: InterviewFacts) -> tuple[MandatoryItem, ...]:
    """The mandatory items of this policy."""
    scope = facts.scope()
    return tuple(item for item in script.mandatory_items if item.when is None or item.when.holds(scope))


def all_confirmed(script: CallScript, facts: InterviewFacts, interview: Interview) -> bool:
    """Whether every mandatory item of this policy is confirmed."""
    last = interview.last_answers()
    items = {mandatory.item for mandatory in applicable_items(script, facts)}
    return all(item in last and last[item].value.positive for item in items)


def to_plain(interview: Interview) -> dict[str, Any]:
    """The interview as what JSON can hold; `from_plain` gives an equal one back."""
    return asdict(interview)


def from_plain(stored: Mapping[str, Any]) -> Interview:
    """The interview that `to_plain` took apart, before or after it was JSON."""
    return Interview(
        script=ScriptRef(**stored["script"]),
        original=ScriptRef(**stored["original"]) if stored["original"] else None,
        node=stored["node"],
        main=stored["main"],
        answers=tuple(map(_answer, stored["answers"])),
        carried=tuple(map(_answer, stored["carried"])),
        problems=tuple(map(_heard_problem, stored["problems"])),
        flags=tuple(stored["flags"]),
        captures=tuple(CapturedField(**captured) for captured in stored["captures"]),
        created=tuple(Created(**{**c, "object": CreatedObject(c["object"])}) for c in stored["created"]),
        steps=tuple(Step(**step) for step in stored["steps"]),
        visits=dict(stored["visits"]),
        closing_later=stored["closing_later"],
        outcome=Outcome(stored["outcome"]) if stored["outcome"] else None,
        before=Before(**before) if (before := stored.get("before")) else None,
        withdrawn=tuple(CapturedField(**captured) for captured in stored.get("withdrawn", ())),
    )


def facts_to_plain(facts: InterviewFacts) -> dict[str, Any]:
    """The facts as what JSON can hold; they name the customer and so belong where the case is kept."""
    return asdict(facts)


def facts_from_plain(stored: Mapping[str, Any]) -> InterviewFacts:
    """The facts that `facts_to_plain` took apart, before or after they were JSON."""
    problems = tuple(ProblemType(name) for name in stored["prev_problem_types"])
    pending = tuple(stored["pending_items"])
    return InterviewFacts(**{**stored, "prev_problem_types": problems, "pending_items": pending})


def _answer(stored: Mapping[str, Any]) -> Answer:
    return Answer(**{**stored, "value": AnswerValue(stored["value"])})


def _heard_problem(stored: Mapping[str, Any]) -> HeardProblem:
    problem = Problem(ProblemType(stored["problem"]["type"]), stored["problem"]["subtype"])
    level = ProblemLevel(stored["level"])
    return HeardProblem(level, problem, stored["node"], stored["offset_ms"])
