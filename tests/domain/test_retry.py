from collections.abc import Sequence
from dataclasses import replace

import pytest

from dialer.domain.case import CaseEvent
from dialer.domain.case_facts import CaseFacts
from dialer.domain.number import Number, PastCall
from dialer.domain.outcome import Outcome
from dialer.domain.outcome_rules import Also
from dialer.domain.phone import PhoneKind, PhoneStatus
from dialer.domain.problem import ProblemType
from dialer.domain.reason import Reason
from dialer.domain.retry import Exhausted, Next, after_outcome, exhaustion
from tests.domain.dialling import OFFICIAL, RULES, a_call, a_case, a_number, at, promised


def follows(
    *calls: PastCall,
    case: CaseFacts | None = None,
    numbers: Sequence[Number] | None = None,
    all_items_asked: bool = True,
) -> Next:
    """What follows the last of `calls`, all to one number of one case."""
    before, last = calls[:-1], calls[-1]
    case = replace(case or a_case(), attempts=before)
    return after_outcome(case, numbers or [a_number(*before)], last, RULES, OFFICIAL, all_items_asked=all_items_asked)


def test_an_unanswered_call_is_tried_again_after_its_gap():
    after = follows(a_call("11-04 10:00", seconds=45))
    assert (after.event, after.why, after.counted, after.contact) == (CaseEvent.RETRY, Reason.OUTCOME, True, False)
    assert after.not_before == a_call("11-04 12:00", seconds=45).over_at


@pytest.mark.parametrize(
    ("outcome", "event"),
    [
        (Outcome.SUCCESS, CaseEvent.SUCCEEDED),
        (Outcome.SUCCESS_PENDING_CORRECTION, CaseEvent.CORRECTION_NEEDED),
        (Outcome.PROBLEM_L1, CaseEvent.L1_FOUND),
        (Outcome.PROBLEM_L2, CaseEvent.L2_FOUND),
        (Outcome.REFUSED, CaseEvent.REFUSED),
        (Outcome.EREVISIT, CaseEvent.EREVISIT_OFFERED),
        (Outcome.LETTER_VISIT, CaseEvent.ALTERNATIVE_ASKED),
        (Outcome.DECEASED, CaseEvent.FROZEN),
    ],
)
def test_what_a_conversation_decides_is_not_overruled_by_the_attempts_limits(outcome, event):
    five = [a_call(f"11-{day:02} {hour}:00") for day in (3, 4) for hour in (10, 15)] + [a_call("11-05 10:00")]
    after = follows(*five, a_call("11-05 18:00", outcome))
    assert (after.event, after.why, after.not_before, after.problem) == (event, Reason.OUTCOME, None, None)


def test_a_problem_found_before_all_items_were_asked_is_a_contact_but_no_completion():
    assert follows(a_call("11-04 10:00", Outcome.PROBLEM_L1)).completed
    after = follows(a_call("11-04 10:00", Outcome.PROBLEM_L1), all_items_asked=False)
    assert (after.contact, after.completed) == (True, False)


def test_an_appointment_is_kept_as_promised():
    after = follows(a_call("11-04 10:00", Outcome.RESCHEDULE), case=a_case(appointment=promised("11-05 15:00")))
    assert (after.event, after.not_before) == (CaseEvent.APPOINTED, at("11-05 15:00"))


def test_scenario_26_a_call_hung_up_early_is_taken_up_in_30_minutes():
    hung_up = a_call("11-04 10:00", Outcome.INCOMPLETE, seconds=120)
    after = follows(hung_up, all_items_asked=False)
    assert after.event is CaseEvent.RETRY
    assert after.not_before == a_call("11-04 10:30", seconds=120).over_at


def test_scenario_24_an_assistant_on_three_days_is_three_attempts_no_contact_and_then_unreachable():
    calls = [a_call(when, Outcome.CALL_ASSISTANT) for when in ("11-03 10:00", "11-04 15:00", "11-05 18:00")]
    second = follows(*calls[:2])
    assert (second.event, second.counted, second.contact) == (CaseEvent.RETRY, True, False)
    third = follows(*calls)
    assert (third.event, third.problem) == (CaseEvent.UNREACHED, ProblemType.UNREACHABLE)
    assert (third.why, third.contact) == (Reason.ATTEMPTS_COMPLETE, False)
    assert Also.OFFER_EREVISIT in third.also


@pytest.mark.parametrize(
    "when",
    [
        ("11-03 10:00", "11-03 15:00", "11-03 18:30"),  # one day
        ("11-03 10:00", "11-04 10:30", "11-05 11:00"),  # one daypart
        ("11-03 10:00", "11-04 15:00", "11-05 10:00"),  # neither evening nor weekend
        ("11-03 10:00", "11-04 18:30"),  # two
        ("11-05 12:30", "11-06 12:40", "11-07 10:00"),  # lunch, by appointment, is no daypart
    ],
)
def test_attempts_that_are_too_few_or_too_alike_do_not_end_the_round(when):
    assert follows(*(a_call(each) for each in when)).event is CaseEvent.RETRY


def test_a_weekend_stands_for_the_evening_and_six_attempts_are_the_end_anyhow():
    assert follows(*(a_call(each) for each in ("11-05 10:00", "11-06 15:00", "11-07 10:00"))).problem
    six = [a_call(f"11-{day:02} 10:{minute}") for day in (3, 4, 5) for minute in ("00", "50")]
    assert follows(*six).why is Reason.ATTEMPTS_USED_UP


def test_busy_counts_once_a_half_day():
    busy = [a_call(when, Outcome.BUSY) for when in ("11-03 10:00", "11-03 10:40", "11-04 18:30")]
    assert follows(*busy).event is CaseEvent.RETRY
    assert follows(*busy, a_call("11-05 15:00")).why is Reason.ATTEMPTS_COMPLETE


@pytest.mark.parametrize("outcome", [Outcome.TECH, Outcome.NETWORK])
def test_faults_never_use_up_attempts(outcome):
    faults = [a_call(f"11-{day:02} {hour}:00", outcome) for day in range(3, 12) for hour in (10, 15, 19)]
    after = follows(*faults)
    assert (after.event, after.counted) == (CaseEvent.RETRY, False)


def test_our_fault_is_tried_again_at_once_and_the_networks_in_ten_minutes():
    assert follows(a_call("11-04 10:00", Outcome.TECH)).not_before == at("11-04 10:00")
    assert follows(a_call("11-04 10:00", Outcome.NETWORK)).not_before == at("11-04 10:10")


def test_from_five_days_before_the_last_day_two_attempts_without_contact_suffice():
    late = [a_call("11-11 10:00"), a_call("11-12 15:00")]  # the last day is the 17th
    assert follows(*late).why is Reason.LAST_RESORT
    early = [a_call("11-10 10:00"), a_call("11-11 15:00")]
    assert follows(*early).event is CaseEvent.RETRY
    reached = [a_call("11-11 10:00", Outcome.INCOMPLETE), a_call("11-12 15:00")]
    assert follows(*reached).event is CaseEvent.RETRY


def test_the_last_resort_also_comes_with_the_day_alone_and_ends_with_the_free_look():
    case = a_case(a_call("11-10 10:00"), a_call("11-11 15:00"))
    ask = [exhaustion(case, [a_number()], RULES, OFFICIAL, at(f"11-{day} 00:00").date()) for day in (11, 12, 17, 18)]
    last_resort = Exhausted(ProblemType.UNREACHABLE, Reason.LAST_RESORT)
    assert ask == [None, last_resort, last_resort, None]


def test_a_customer_who_hangs_up_is_not_given_up_at_the_minimum():
    calls = [a_call("11-03 10:00"), a_call("11-04 15:00"), a_call("11-05 18:00", Outcome.INCOMPLETE)]
    assert follows(*calls).event is CaseEvent.RETRY


def test_an_unverified_refusal_is_asked_once_more_the_next_day():
    refused = [a_call(f"11-{day} 10:00", Outcome.REFUSED_UNVERIFIED) for day in ("04", "05")]
    assert follows(refused[0]).event is CaseEvent.RETRY
    again = follows(*refused)
    assert (again.event, again.problem, again.why) == (
        CaseEvent.UNREACHED,
        ProblemType.UNREACHABLE,
        Reason.RETRIES_USED_UP,
    )


def test_a_failed_verification_stops_and_is_checked():
    after = follows(a_call("11-04 10:00", Outcome.VERIFY_FAILED))
    assert (after.event, after.problem) == (CaseEvent.UNREACHED, ProblemType.UNREACHABLE)
    assert after.also == {Also.IMPERSONATION_CHECK}


def test_a_wrong_number_goes_on_to_the_next_and_ends_the_round_when_it_was_the_only_one():
    wrong = a_call("11-04 10:00", Outcome.WRONG_NUMBER)
    only = follows(wrong)
    assert (only.event, only.problem) == (CaseEvent.UNREACHED, ProblemType.WRONG_NUMBER)
    assert only.number_status is PhoneStatus.WRONG
    two = follows(wrong, numbers=[a_number(), a_number(number=2, kind=PhoneKind.HOME)])
    assert (two.event, two.number_status) == (CaseEvent.RETRY, PhoneStatus.WRONG)


def test_a_confirmed_dead_number_ends_the_round_as_what_it_is():
    dead = [a_call(f"11-{day} 10:00", Outcome.VACANT) for day in ("03", "04")]
    first = follows(dead[0])
    assert (first.event, first.number_status) == (CaseEvent.RETRY, PhoneStatus.SUSPECT_VACANT)
    assert first.not_before == at("11-04 06:00")
    second = follows(*dead)
    assert (second.event, second.problem, second.why) == (
        CaseEvent.UNREACHED,
        ProblemType.VACANT_NUMBER,
        Reason.NUMBERS_USED_UP,
    )


def test_a_blocked_caller_is_tried_once_more_and_the_number_stays_only_unreachable():
    blocked = [a_call(f"11-{day} 10:00", Outcome.BLOCKED) for day in ("03", "04")]
    after = follows(*blocked)
    assert (after.event, after.problem) == (CaseEvent.UNREACHED, ProblemType.UNREACHABLE)
    assert after.number_status is PhoneStatus.OK


def test_a_call_without_an_outcome_or_to_a_strange_number_is_refused():
    with pytest.raises(ValueError, match="number 1"):
        follows(a_call("11-04 10:00", None))
    with pytest.raises(ValueError, match="number 7"):
        follows(a_call("11-04 10:00", number=7))


@pytest.mark.parametrize("outcome", Outcome)
def test_every_outcome_has_something_that_follows(outcome):
    after = follows(a_call("11-04 10:00", outcome), case=a_case(appointment=promised("11-05 15:00")))
    assert (after.problem is not None) is (after.event is CaseEvent.UNREACHED)
    assert (after.not_before is not None) is (after.event in (CaseEvent.RETRY, CaseEvent.APPOINTED))
