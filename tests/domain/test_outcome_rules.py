from datetime import timedelta

import pytest

from dialer.domain.case import CASE, CaseEvent, CaseState
from dialer.domain.outcome import Outcome
from dialer.domain.outcome_rules import OUTCOME_RULES
from dialer.domain.problem import ProblemLevel

# rules §5.4: what an outcome counts as, attempt / contact / completion
COUNTS = """
SUCCESS acC · SUCCESS_PENDING_CORRECTION acC · PROBLEM_L1 acC · PROBLEM_L2 acC · REFUSED ac · REFUSED_UNVERIFIED a
RESCHEDULE ac · INCOMPLETE ac · NOT_SELF a · LONG_ABSENCE a · WRONG_NUMBER a · VERIFY_FAILED a · EREVISIT ac
LETTER_VISIT ac · TRANSFER_DIALECT - · TRANSFER_LEADER - · TRANSFER_AGENT - · HOSTILE_END ac · DECEASED a
LINE_BAD a · SILENT a · CALL_ASSISTANT a · VACANT a · INVALID_FORMAT a · SUSPENDED a · NUMBER_CHANGED a
POWER_OFF a · NO_SERVICE a · BUSY a · NO_ANSWER a · REJECTED a · CALL_REMINDER a · BLOCKED a · FORWARD_FAIL a
FAX a · NETWORK - · TECH -
"""
EXPECTED = dict(row.split() for line in COUNTS.split("\n") for row in line.split(" · ") if row)


def test_every_outcome_has_its_row():
    assert set(OUTCOME_RULES) == set(Outcome) == set(EXPECTED)


@pytest.mark.parametrize("outcome", Outcome)
def test_what_an_outcome_counts_as(outcome):
    rule = OUTCOME_RULES[outcome]
    marks = (("a", rule.attempt), ("c", rule.contact), ("C", rule.completion))
    assert "".join(mark for mark, holds in marks if holds) == EXPECTED[outcome].strip("-")


# rules §9.1, §10.2: minutes, other daypart, a day's limit, retries in a round, whole case
SPACING = {
    Outcome.NO_ANSWER: (120, True, None, None, False),
    Outcome.BUSY: (30, False, None, None, False),
    Outcome.REJECTED: (240, False, 2, None, False),
    Outcome.POWER_OFF: (240, True, None, None, False),
    Outcome.NO_SERVICE: (240, False, None, None, False),
    Outcome.CALL_REMINDER: (120, False, None, None, False),
    Outcome.CALL_ASSISTANT: (120, False, None, None, False),
    Outcome.FORWARD_FAIL: (240, False, None, None, False),
    Outcome.SILENT: (120, False, None, None, False),
    Outcome.BLOCKED: (0, False, 1, 1, False),
    Outcome.NETWORK: (10, False, None, None, False),
    Outcome.TECH: (0, False, None, None, False),
    Outcome.INCOMPLETE: (30, False, 2, None, True),
    Outcome.REFUSED_UNVERIFIED: (0, False, 1, 1, True),
    Outcome.NOT_SELF: (120, False, None, None, True),
}


@pytest.mark.parametrize(("outcome", "expected"), SPACING.items())
def test_how_long_the_phone_stays_silent(outcome, expected):
    spacing = OUTCOME_RULES[outcome].spacing
    minutes, other_daypart, per_day, retries, whole_case = expected
    assert spacing.gap == timedelta(minutes=minutes)
    assert (spacing.other_daypart, spacing.per_day, spacing.retries) == (other_daypart, per_day, retries)
    assert spacing.whole_case is whole_case


@pytest.mark.parametrize("outcome", Outcome)
def test_every_outcome_leads_to_a_move_the_case_can_make(outcome):
    rule = OUTCOME_RULES[outcome]
    assert rule.event in CASE.allowed(CaseState.WRAP_UP)


def test_what_the_network_says_leads_only_to_moves_of_an_unanswered_call():
    network = list(Outcome)[list(Outcome).index(Outcome.VACANT) :]
    assert {OUTCOME_RULES[outcome].event for outcome in network} == {CaseEvent.RETRY}
    assert {CaseEvent.RETRY, CaseEvent.UNREACHED} <= CASE.allowed(CaseState.DIALING)


def test_every_unsuccessful_end_has_a_type_of_the_seeds_first_class():
    for outcome, rule in OUTCOME_RULES.items():
        if rule.problem is None:
            assert outcome in (Outcome.NETWORK, Outcome.TECH)
        else:
            assert rule.problem.level is ProblemLevel.U
