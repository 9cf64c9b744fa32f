"""At the side: a script walked as on the desk, before anybody is called with it.

Nothing is stored: the page carries the moves, and every screen is worked out from the beginning.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import reduce

from dialer.domain import interview as talk
from dialer.domain.interview import Interview, InterviewFacts, Screen, Verdict
from dialer.domain.policy import Design, PayMode
from dialer.domain.problem import ProblemType
from dialer.domain.script import CallScript
from dialer.ports import Scripts

SECONDS_A_SCREEN = 6
"""What a screen is taken to last, for the offsets in the sound that there isn't."""

_YES_NO = ("insured_is_holder", "freelook_expired", "dual_record_required", "is_reimbursement_medical",
           "has_renewal_terms", "phone_changed", "receipt_on_file")  # fmt: skip
_REVISITED = "NB_LIFE_ORDINARY"
"""The product script whose open questions a redial script asks in a trial."""


class MoveKind(StrEnum):
    """What a person may do at a screen."""

    OPTION = "OPTION"
    EVENT = "EVENT"
    MARK = "MARK"


@dataclass(frozen=True, slots=True)
class TrialMove:
    """One key pressed in a trial."""

    kind: MoveKind
    name: str
    captures: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Trial:
    """A trial as it stands."""

    facts: InterviewFacts
    screen: Screen
    verdict: Verdict
    moves: tuple[TrialMove, ...]


def sample_facts(script: CallScript, chosen: Mapping[str, str]) -> InterviewFacts:
    """An ordinary policy of the script's kind, its blanks filled with their examples; `chosen` changes single facts.

    A yes-or-no fact is yes when it is chosen with any text; when nothing is chosen at all, the usual ones hold.
    """
    designs = script.applies_to.get("design_type")
    usual = str(designs[0]) if isinstance(designs, list) and designs else Design.ORDINARY.value
    yes = {name: bool(chosen.get(name)) for name in _YES_NO} if chosen else {name: name in _USUALLY for name in _YES_NO}
    return InterviewFacts(
        design_type=chosen.get("design_type") or usual,
        pay_mode=chosen.get("pay_mode") or PayMode.YEARLY.value,
        freelook_days=15,
        prev_problem_types=(ProblemType.LIABILITY_UNCLEAR,) if script.is_redial else (),
        pending_items=("LIABILITY", "PAYMENT") if script.is_redial else (),
        variables={variable.name: variable.example for variable in script.variables},
        **yes,
    )


_USUALLY = frozenset({"insured_is_holder", "receipt_on_file"})


def try_out(scripts: Scripts, script: CallScript, facts: InterviewFacts, moves: Sequence[TrialMove]) -> Trial:
    """The screen that these moves lead to.

    Raises:
        VariableMissing: a text has no value for a blank.
        ImpossibleMove: a move that the script doesn't allow there, or a field not filled.
    """
    if script.is_redial:
        original = scripts.latest(_REVISITED)
        facts = replace(facts, variables={**sample_facts(original, {}).variables, **facts.variables})
        script = talk.with_pending_items(script, original, facts)
    begun = talk.start(script, facts)
    interview = reduce(lambda state, move: _step(script, facts, state, move), moves, begun)
    return Trial(facts, talk.screen(script, facts, interview), talk.verdict(script, facts, interview), tuple(moves))


def _step(script: CallScript, facts: InterviewFacts, interview: Interview, move: TrialMove) -> Interview:
    offset_ms = 1000 * SECONDS_A_SCREEN * (len(interview.steps) + 1)
    match move.kind:
        case MoveKind.OPTION:
            return talk.choose(script, facts, interview, move.name, at_offset_ms=offset_ms, captures=move.captures)
        case MoveKind.EVENT:
            return talk.raise_event(script, facts, interview, move.name, at_offset_ms=offset_ms)
        case MoveKind.MARK:
            return talk.mark(interview, move.name)
