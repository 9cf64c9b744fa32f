from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialer.domain.number import (
    Number,
    PastCall,
    in_dialling_order,
    out_of_use,
    problem_of_numbers,
    proven_after,
    status_after,
)
from dialer.domain.outcome import Outcome
from dialer.domain.outcome_rules import OUTCOME_RULES
from dialer.domain.phone import PhoneKind, PhoneStatus
from dialer.domain.problem import ProblemType
from tests.domain.dialling import RULES, a_call, a_number


def history(number: Number, *calls: PastCall) -> Number:
    """The number after one call after the other."""
    for call in calls:
        status, proven = status_after(number, call, RULES), proven_after(number, call)
        number = replace(number, status=status, proven=proven, calls=(*number.calls, call))
    return number


def vacant(when: str) -> PastCall:
    return a_call(when, Outcome.VACANT)


def test_a_first_dead_verdict_is_a_suspicion_and_the_second_after_20_hours_the_verdict():
    once = history(a_number(), vacant("11-04 10:00"))
    assert once.status is PhoneStatus.SUSPECT_VACANT
    assert history(once, vacant("11-05 05:59")).status is PhoneStatus.SUSPECT_VACANT
    assert history(once, vacant("11-05 06:00")).status is PhoneStatus.VACANT


def test_suspended_numbers_are_confirmed_alike():
    calls = [a_call(f"11-{day} 10:00", Outcome.SUSPENDED) for day in ("04", "05")]
    assert history(a_number(), calls[0]).status is PhoneStatus.SUSPECT_SUSPENDED
    assert history(a_number(), *calls).status is PhoneStatus.SUSPENDED


def test_two_different_dead_verdicts_do_not_confirm_each_other():
    calls = [a_call("11-04 10:00", Outcome.SUSPENDED), vacant("11-05 10:00")]
    assert history(a_number(), *calls).status is PhoneStatus.SUSPECT_VACANT


def test_scenario_23_a_number_that_rings_on_tuesday_is_ok_and_mondays_verdict_stays_as_false_positive():
    monday, tuesday = vacant("11-02 10:00"), a_call("11-03 10:00", Outcome.NO_ANSWER)
    number = history(a_number(), monday, tuesday)
    assert number.status is PhoneStatus.OK
    assert number.proven
    assert number.calls[0].outcome is Outcome.VACANT
    assert history(number, vacant("11-04 10:00")).status is PhoneStatus.SUSPECT_VACANT


def test_verdicts_from_before_a_number_rang_do_not_confirm_later_ones():
    before, rang = vacant("11-02 10:00"), a_call("11-03 10:00", Outcome.NO_ANSWER)
    number = history(a_number(), before, rang, vacant("11-04 10:00"), vacant("11-05 10:00"))
    assert number.status is PhoneStatus.SUSPECT_VACANT
    assert history(number, vacant("11-06 10:00")).status is PhoneStatus.VACANT


def test_a_number_that_was_live_needs_two_confirmations_and_each_20_hours_after_the_verdict_before():
    twice = history(a_number(proven=True), vacant("11-02 10:00"), vacant("11-03 10:00"))
    assert twice.status is PhoneStatus.SUSPECT_VACANT
    assert history(twice, vacant("11-04 05:59")).status is PhoneStatus.SUSPECT_VACANT
    assert history(twice, vacant("11-04 06:00")).status is PhoneStatus.VACANT


@pytest.mark.parametrize("outcome", [Outcome.NETWORK, Outcome.TECH, Outcome.NO_SERVICE, Outcome.FORWARD_FAIL])
def test_what_says_nothing_of_the_number_changes_nothing(outcome):
    suspect = history(a_number(), vacant("11-02 10:00"))
    after = history(suspect, a_call("11-03 10:00", outcome))
    assert after.status is PhoneStatus.SUSPECT_VACANT
    assert not after.proven
    assert history(after, vacant("11-04 10:00")).status is PhoneStatus.VACANT


def test_a_wrong_number_stops_at_once_even_if_it_was_live():
    assert history(a_number(proven=True), a_call("11-02 10:00", Outcome.WRONG_NUMBER)).status is PhoneStatus.WRONG


@pytest.mark.parametrize("outcome", [Outcome.INVALID_FORMAT, Outcome.NUMBER_CHANGED])
def test_a_number_that_is_not_the_customers_any_more_is_blocked(outcome):
    assert history(a_number(), a_call("11-02 10:00", outcome)).status is PhoneStatus.BLOCKED


def test_a_fax_is_tried_once_more():
    first = history(a_number(), a_call("11-02 10:00", Outcome.FAX))
    assert first.status is PhoneStatus.OK
    assert history(first, a_call("11-03 10:00", Outcome.FAX)).status is PhoneStatus.BLOCKED


@given(
    st.sampled_from(
        [PhoneStatus.VACANT, PhoneStatus.SUSPENDED, PhoneStatus.WRONG, PhoneStatus.BLOCKED, PhoneStatus.DNC]
    ),
    st.sampled_from(sorted(OUTCOME_RULES)),
)
def test_no_outcome_brings_a_number_back_that_is_out_of_use(status, outcome):
    assert history(a_number(status=status), a_call("11-02 10:00", outcome)).status is status


@given(st.sampled_from(sorted(OUTCOME_RULES)), st.booleans())
def test_one_call_never_proves_a_number_dead(outcome, proven):
    status = history(a_number(proven=proven), a_call("11-02 10:00", outcome)).status
    assert status not in (PhoneStatus.VACANT, PhoneStatus.SUSPENDED)


def test_mobile_comes_before_home_before_office():
    kinds = [PhoneKind.OFFICE, PhoneKind.MOBILE, PhoneKind.HOME]
    numbers = [a_number(number=place, kind=kind) for place, kind in enumerate(kinds)]
    assert [number.kind for number in in_dialling_order(numbers)] == list(PhoneKind)


@pytest.mark.parametrize(
    ("numbers", "problem"),
    [
        ((), ProblemType.NO_PHONE),
        ((a_number(status=PhoneStatus.VACANT),), ProblemType.VACANT_NUMBER),
        ((a_number(status=PhoneStatus.SUSPENDED),), ProblemType.SUSPENDED),
        ((a_number(status=PhoneStatus.WRONG),), ProblemType.WRONG_NUMBER),
        ((a_number(status=PhoneStatus.BLOCKED),), ProblemType.DATA_ERROR),
        ((a_number(status=PhoneStatus.DNC),), ProblemType.UNREACHABLE),
        ((a_number(a_call("11-02 10:00", Outcome.FAX), status=PhoneStatus.BLOCKED),), ProblemType.NO_PHONE),
        ((a_number(status=PhoneStatus.VACANT, staff=True),), ProblemType.DATA_ERROR),
        (
            (a_number(status=PhoneStatus.WRONG, kind=PhoneKind.HOME), a_number(status=PhoneStatus.VACANT)),
            ProblemType.VACANT_NUMBER,
        ),
        (
            (a_number(status=PhoneStatus.VACANT), a_number(number=2, status=PhoneStatus.SUSPECT_VACANT)),
            ProblemType.UNREACHABLE,
        ),
    ],
)
def test_the_primary_numbers_fate_names_the_problem_when_all_are_dead(numbers, problem):
    assert problem_of_numbers(numbers, ()) is problem


def test_a_number_of_unknown_status_is_out_of_use():
    assert out_of_use(a_number(status=None)) is not None
    assert out_of_use(a_number()) is None
