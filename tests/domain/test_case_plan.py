from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dialer.domain.case_facts import CaseFacts
from dialer.domain.case_plan import CasePlan, DialNumber, Held, WaitUntil, next_numbers, plan_case
from dialer.domain.contact import DialNow
from dialer.domain.number import Number
from dialer.domain.outcome import Outcome
from dialer.domain.phone import PhoneKind, PhoneStatus
from dialer.domain.problem import ProblemType
from dialer.domain.reason import Reason
from dialer.domain.retry import Exhausted, after_outcome
from dialer.domain.valid_attempts import spread_enough, valid_attempts
from tests.domain.dialling import OFFICIAL, RULES, a_call, a_case, a_number, at, promised

MOBILE = a_number()
HOME = a_number(number=2, kind=PhoneKind.HOME)
OFFICE = a_number(number=3, kind=PhoneKind.OFFICE)


def plan(when: str, case: CaseFacts, *numbers: Number) -> CasePlan:
    return plan_case(case, numbers, RULES, OFFICIAL, at(when))


def test_the_mobile_is_dialled_first():
    assert plan("11-04 10:00", a_case(), OFFICE, HOME, MOBILE) == DialNumber(MOBILE, DialNow())


def test_the_number_tried_least_is_next_and_dead_ones_are_skipped():
    tried = a_call("11-04 10:00")
    assert [number.id for number in next_numbers([OFFICE, MOBILE, HOME], [tried])] == [2, 3, 1]
    dead = a_number(number=2, kind=PhoneKind.HOME, status=PhoneStatus.VACANT)
    assert plan("11-04 10:10", a_case(tried), a_number(tried), dead, OFFICE) == DialNumber(OFFICE, DialNow())


def test_a_fault_of_ours_does_not_pass_on_to_the_next_number():
    fault = a_call("11-04 10:00", Outcome.TECH, rang=False)
    assert plan("11-04 10:01", a_case(fault), a_number(fault), HOME) == DialNumber(a_number(fault), DialNow())


def test_a_number_is_spent_by_its_own_calls_only():
    mobile, home = a_call("11-03 10:00", Outcome.BLOCKED), a_call("11-03 10:10", Outcome.BLOCKED, number=2)
    assert len(next_numbers([MOBILE, HOME], [mobile, home])) == 2
    assert next_numbers([MOBILE, HOME], [mobile, home, a_call("11-04 10:00", Outcome.BLOCKED)]) == [HOME]


def test_when_all_must_wait_the_earliest_number_says_until_when_and_why():
    mobile, home = a_call("11-04 10:00", Outcome.REJECTED), a_call("11-04 10:10", Outcome.BUSY, number=2)
    numbers = (a_number(mobile), a_number(home, number=2, kind=PhoneKind.HOME))
    answer = plan("11-04 10:15", a_case(mobile), *numbers)
    assert isinstance(answer, WaitUntil)
    assert (answer.at, answer.number.id) == (at("11-04 10:40"), 2)
    assert [(block.reason, block.lifts_at) for block in answer.blocks] == [(Reason.SPACING, at("11-04 10:40"))]


def test_without_a_receipt_nobody_is_called():
    assert plan("11-04 10:00", a_case(receipt=None), MOBILE) == Held((Reason.NO_RECEIPT,))


def test_without_a_number_there_is_nobody_to_call():
    assert plan("11-04 10:00", a_case()) == Exhausted(ProblemType.NO_PHONE, Reason.NO_NUMBER)


def test_scenario_10_a_case_that_has_only_the_salespersons_number_is_a_data_error_before_any_call():
    blocked = a_number(staff=True)
    assert plan("11-04 10:00", a_case(), blocked) == Exhausted(ProblemType.DATA_ERROR, Reason.NUMBERS_USED_UP)


def test_scenario_10_spouses_share_a_phone_and_its_daily_limit():
    rang = (a_call("11-04 09:00", Outcome.BUSY), a_call("11-04 09:40", Outcome.BUSY))
    answer = plan("11-04 10:30", a_case(), a_number(*rang))
    assert isinstance(answer, WaitUntil)
    assert answer.at == at("11-05 09:00")


def test_a_call_on_another_number_of_the_holder_holds_the_case():
    talking = a_number(a_call("11-04 09:59", None, number=2), number=2, kind=PhoneKind.HOME)
    assert plan("11-04 10:00", a_case(), MOBILE, talking) == Held((Reason.CALL_UNFINISHED,))


def test_the_last_resort_comes_with_the_day():
    calls = (a_call("11-10 10:00"), a_call("11-11 15:00"))
    assert plan("11-12 18:00", a_case(*calls), a_number(*calls)) == Exhausted(
        ProblemType.UNREACHABLE, Reason.LAST_RESORT
    )


@pytest.mark.parametrize(
    ("outcome", "why"), [(Outcome.NO_ANSWER, Reason.ATTEMPTS_USED_UP), (Outcome.HOSTILE_END, Reason.RETRIES_USED_UP)]
)
def test_what_is_used_up_ends_the_round_and_does_not_hold_the_case(outcome, why):
    calls = tuple(a_call(f"11-0{day} 10:{minute}", outcome) for day in (3, 4, 5) for minute in ("00", "50"))
    assert plan("11-05 18:00", a_case(*calls), a_number(*calls)) == Exhausted(ProblemType.UNREACHABLE, why)


def test_an_unknown_year_or_zone_holds_the_case():
    naive = at("11-04 10:00").replace(tzinfo=None)
    assert plan_case(a_case(), [MOBILE], RULES, OFFICIAL, naive) == Held((Reason.TIME_ZONE_MISSING,))
    before = a_call(at("11-04 10:00").replace(year=2024))
    enough = (before, a_call("11-03 10:00"), a_call("11-04 15:00"))
    assert plan("11-05 10:00", a_case(*enough), MOBILE) == Held((Reason.CALENDAR_MISSING,))


def test_an_appointment_may_ring_at_any_usable_number():
    case = a_case(appointment=promised("11-04 12:30"))
    dead = a_number(status=PhoneStatus.WRONG)
    assert plan("11-04 12:30", case, dead, HOME) == DialNumber(HOME, DialNow(by_appointment=True))


unreached = st.lists(
    st.sampled_from(
        [Outcome.NO_ANSWER, Outcome.BUSY, Outcome.REJECTED, Outcome.POWER_OFF, Outcome.SILENT, Outcome.VACANT]
    ),
    min_size=10,
    max_size=10,
)


@settings(max_examples=40, deadline=None)
@given(unreached)
def test_a_round_dialled_by_its_own_plan_ends_within_the_cap_and_fulfils_the_minimum(outcomes):
    """The dispatcher in miniature: dial when the plan says so, until the round is over."""
    case, number, now = a_case(), a_number(), at("11-03 09:00")
    for outcome in outcomes:
        answer = plan_case(case, [number], RULES, OFFICIAL, now)
        if isinstance(answer, WaitUntil):
            now = answer.at
            answer = plan_case(case, [number], RULES, OFFICIAL, now)
        if isinstance(answer, Exhausted):
            break
        assert isinstance(answer, DialNumber)
        call = a_call(now, outcome)
        after = after_outcome(case, [number], call, RULES, OFFICIAL)
        case = a_case(*case.attempts, call)
        number = a_number(*number.calls, call, status=after.number_status, proven=after.number_proven)
        now += timedelta(minutes=1)
    over = plan_case(case, [number], RULES, OFFICIAL, now)
    assert isinstance(over, Exhausted)
    assert now < at("11-18 00:00")
    dialled = [call.at for call in valid_attempts(case.attempts, "32", RULES)]
    assert len(dialled) <= 6
    if over.why in (Reason.ATTEMPTS_COMPLETE, Reason.ATTEMPTS_USED_UP):
        assert len(dialled) >= 3
        assert spread_enough(dialled, "32", RULES, OFFICIAL)
    else:
        assert over.why in (Reason.NUMBERS_USED_UP, Reason.LAST_RESORT)
