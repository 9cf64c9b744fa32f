from dialer.domain.contact import DialNow, may_dial
from dialer.domain.days_offered import days_offered, promise_refusal
from dialer.domain.outcome import Outcome
from dialer.domain.reason import Reason
from tests.domain.dialling import OFFICIAL, RULES, a_call, a_case, a_number, at, promised

NOW = at("11-04 10:00")
THIS_CALL = a_call(NOW, Outcome.RESCHEDULE, seconds=60)


def offered(*cases, number=None, now=NOW, days=20):
    number = number or a_number(THIS_CALL)
    return days_offered(cases or (a_case(THIS_CALL),), number, RULES, OFFICIAL, now, days)


def test_today_begins_in_a_little_while_and_ends_with_the_decent_hours():
    today = offered()[0]
    assert (today.times[0], today.times[-1]) == (at("11-04 10:30"), at("11-04 20:30"))


def test_every_time_offered_is_one_at_which_the_dispatcher_would_dial():
    days = offered()
    case, number = a_case(THIS_CALL), a_number(THIS_CALL)
    assert sum(len(day.times) for day in days) > 200
    for when in (when for day in days for when in day.times):
        kept = a_case(*case.attempts, appointment=promised(when.strftime("%m-%d %H:%M")))
        assert isinstance(may_dial(kept, number, RULES, OFFICIAL, when), DialNow), when


def test_nothing_is_offered_after_the_free_look_and_the_screen_says_so():
    last, after = offered()[-2:]
    assert (last.day, bool(last.times)) == (at("11-17 10:00").date(), True)
    assert (after.day, after.times, after.why_none) == (at("11-18 10:00").date(), (), Reason.AFTER_LAST_DAY)


def test_a_number_that_was_called_often_today_has_its_next_times_tomorrow():
    calls = (a_call("11-04 09:05"), a_call("11-04 09:30"), THIS_CALL)
    today, tomorrow = offered(a_case(*calls), number=a_number(*calls))[:2]
    assert (today.times, today.why_none) == ((), Reason.DAY_LIMIT)
    assert tomorrow.times[0] == at("11-05 09:00")


def test_a_holiday_is_offered_and_named():
    days = offered(a_case(receipt="09-25"), now=at("09-30 10:00"), number=a_number(), days=3)
    assert [(day.public_holiday, bool(day.times)) for day in days] == [(False, True), (True, True), (True, True)]


def test_the_policies_of_one_call_share_the_times_that_suit_all_of_them():
    days = offered(a_case(THIS_CALL), a_case(THIS_CALL, receipt="10-25", days=12))
    assert days[-1].day == at("11-07 10:00").date()


def test_when_no_time_would_do_the_reason_is_all_that_is_shown():
    calls = [a_call(f"11-{day:02} 10:00") for day in (3, 4, 5, 6, 7, 8)]
    assert offered(a_case(*calls), number=a_number())[0].why_none is Reason.ATTEMPTS_USED_UP


def test_what_is_not_offered_is_not_promised_either():
    calls = (a_call("11-04 09:05"), a_call("11-04 09:30"), THIS_CALL)
    case, number = a_case(*calls), a_number(*calls)
    refusal = promise_refusal(case, number, promised("11-04 15:00"), RULES, OFFICIAL, NOW)
    assert refusal is Reason.DAY_LIMIT
    assert promise_refusal(case, number, promised("11-05 15:00"), RULES, OFFICIAL, NOW) is None
