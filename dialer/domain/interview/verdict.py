"""What an interview came to, by rule and not by the agent's opinion (rules §4.4, §5.4, §5.10)."""

from __future__ import annotations

from dataclasses import dataclass

from dialer.domain.interview.state import (
    HeardProblem,
    Interview,
    InterviewFacts,
    all_confirmed,
    applicable_items,
)
from dialer.domain.outcome import Outcome
from dialer.domain.problem import ProblemLevel
from dialer.domain.script.model import CallScript

_ENDED_WELL = frozenset({Outcome.SUCCESS, Outcome.SUCCESS_PENDING_CORRECTION})


@dataclass(frozen=True, slots=True)
class Verdict:
    """The result of one policy's interview.

    `level` routes the case even when the call broke off: an L1 once heard opens its ticket at once.
    `completed` (完成) = every mandatory item has a final value; `success` (成功) = every one is confirmed and no
    problem was heard (rules §5.10, §12 C-17).
    """

    outcome: Outcome
    level: ProblemLevel | None
    problems: tuple[HeardProblem, ...]
    completed: bool
    success: bool
    unconfirmed: tuple[str, ...]


def verdict(script: CallScript, facts: InterviewFacts, interview: Interview) -> Verdict:
    """The verdict; an interview that never came to an end is INCOMPLETE."""
    last = interview.last_answers()
    items = tuple(dict.fromkeys(mandatory.item for mandatory in applicable_items(script, facts)))
    level = max((heard.level for heard in interview.problems), key=lambda level: level.rank, default=None)
    outcome = _by_rule(interview.outcome or Outcome.INCOMPLETE, level, all_confirmed(script, facts, interview))
    return Verdict(
        outcome=outcome,
        level=level,
        problems=interview.problems,
        completed=all(item in last and last[item].final for item in items),
        success=outcome is Outcome.SUCCESS,
        unconfirmed=tuple(item for item in items if item not in last or not last[item].value.positive),
    )


def _by_rule(outcome: Outcome, level: ProblemLevel | None, confirmed: bool) -> Outcome:  # noqa: FBT001 - a fact, not a switch
    """The script's result, held to the rules: no success over a problem or a gap, no L2 over an L1."""
    if outcome in _ENDED_WELL and level is None and not confirmed:
        return Outcome.INCOMPLETE
    if outcome in _ENDED_WELL | {Outcome.PROBLEM_L2} and level is not None:
        return Outcome.PROBLEM_L1 if level is ProblemLevel.L1 else Outcome.PROBLEM_L2
    return outcome
