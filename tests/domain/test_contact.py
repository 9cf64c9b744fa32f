from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dialer.domain.appointments import CUSTOMER_ASKED
from dialer.domain.calendar import WorkingCalendar
from dialer.domain.case_facts import CaseFacts
from dialer.domain.contact import Answer, DialLater, DialNever, DialNow, may_dial
from dialer.domain.number import Number, PastCall
from dialer.domain.outcome import Outcome
from dialer.domain.outcome_rules import OUTCOME_RULES
from dialer.domain.phone import PhoneStatus
from dialer.domain.reason import Reason
from tests.domain.dialling import OFFICIAL, RULES, a_call, a_case, a_number, at, promised


def ask(
    when: str | datetime,
    *calls: PastCall,
    case: CaseFacts | None = None,
    number: Number | None = None,
    calendar: WorkingCalendar = OFFICIAL,
) -> Answer:
    """Asks for a case whose attempts are the number's calls, unless told otherwise."""
    now = at(when) if isinstance(when, str) else when
    return may_dial(case or a_case(*calls), number or a_number(*calls), RULES, calendar, now)


def later(answer: Answer, when: str, *expected: Reason) -> bool:
    assert isinstance(answer, DialLater), answer
    assert set(expected) <= {block.reason for block in answer.blocks}
    return answer.at == at(when)


# hours


def test_a_fresh_case_is_dialled_in_the_morning():
    assert ask("11-04 09:00") == DialNow()


@pytest.mark.parametrize(
    ("when", "opens", "reason"),
    [
        ("11-04 08:59", "11-04 09:00", Reason.OUTSIDE_HOURS),
        ("11-04 12:00", "11-04 14:00", Reason.LUNCH),
        ("11-04 17:30", "11-04 18:00", Reason.OUTSIDE_HOURS),
        ("11-04 20:30", "11-05 09:00", Reason.OUTSIDE_HOURS),
        ("11-04 20:59", "11-05 09:00", Reason.OUTSIDE_HOURS),
        ("11-06 21:00", "11-07 09:00", Reason.OUTSIDE_HOURS),  # Saturday is an ordinary dialling day
    ],
)
def test_outside_the_windows_it_waits_for_the_next_one(when, opens, reason):
    assert later(ask(when), opens, reason)


def test_xinjiang_is_dialled_two_hours_later_and_never_after_21():
    in_urumqi = a_case(province="65")
    assert later(ask("11-04 09:00", case=in_urumqi), "11-04 11:00", Reason.OUTSIDE_HOURS)
    assert later(ask("11-04 14:30", case=in_urumqi), "11-04 16:00", Reason.LUNCH)
    assert ask("11-04 20:59", case=in_urumqi) == DialNow()
    assert later(ask("11-04 21:00", case=in_urumqi), "11-05 11:00", Reason.OUTSIDE_HOURS)


def test_the_same_instant_in_another_zone_gets_the_same_answer():
    assert ask(at("11-04 09:00").astimezone(UTC)) == DialNow()
    assert ask(at("11-04 12:30").astimezone(UTC)) == ask("11-04 12:30")


# appointments


def test_an_appointment_is_waited_for_and_then_kept_even_at_lunch():
    case = a_case(appointment=promised("11-04 12:30"))
    assert later(ask("11-04 10:00", case=case), "11-04 12:30", Reason.APPOINTMENT_PENDING)
    assert ask("11-04 12:30", case=case) == DialNow(by_appointment=True)


def test_at_20_59_an_appointment_may_ring_and_at_21_00_it_may_not():
    assert ask("11-04 20:59", case=a_case(appointment=promised("11-04 20:59"))) == DialNow(by_appointment=True)
    assert later(ask("11-04 21:00", case=a_case(appointment=promised("11-04 21:00"))), "11-05 09:00")
    assert later(ask("11-04 21:00", case=a_case(appointment=promised("11-04 20:45"))), "11-05 09:00")


def test_an_appointment_at_21_30_needs_the_note_that_the_customer_asked_for_it():
    asked = a_case(appointment=promised("11-04 21:30", f"{CUSTOMER_ASKED}：下班晚"))
    assert ask("11-04 21:30", case=asked) == DialNow(by_appointment=True)
    for refused in (promised("11-04 21:30"), promised("11-04 21:30", CUSTOMER_ASKED, by_customer=False)):
        assert later(ask("11-04 21:30", case=a_case(appointment=refused)), "11-05 09:00", Reason.OUTSIDE_HOURS)


def test_an_appointment_missed_by_more_than_its_grace_is_dialled_in_ordinary_hours():
    case = a_case(appointment=promised("11-04 21:30", CUSTOMER_ASKED))
    assert ask("11-04 21:59", case=case) == DialNow(by_appointment=True)
    assert later(ask("11-04 22:00", case=case), "11-05 09:00", Reason.OUTSIDE_HOURS)


def test_an_appointment_is_kept_once_and_a_fault_of_ours_does_not_use_it_up():
    call = a_call("11-04 12:30")
    kept = a_case(call, appointment=promised("11-04 12:30"))
    assert later(ask("11-04 12:31", case=kept, number=a_number(call)), "11-04 14:30", Reason.LUNCH, Reason.SPACING)
    fault = a_call("11-04 12:30", Outcome.TECH, rang=False)
    again = a_case(fault, appointment=promised("11-04 12:30"))
    assert ask("11-04 12:31", case=again, number=a_number(fault)) == DialNow(by_appointment=True)


def test_a_fault_that_rang_the_customer_uses_the_appointment_up():
    rang = a_call("11-04 12:30", Outcome.TECH, rang=True)
    case = a_case(rang, appointment=promised("11-04 12:30"))
    assert later(ask("11-04 12:31", case=case, number=a_number(rang)), "11-04 14:00", Reason.LUNCH)


def test_a_call_between_the_dayparts_bars_none_of_them():
    answer = ask("11-04 13:00", a_call("11-04 12:30"))
    assert isinstance(answer, DialLater)
    assert answer.at == at("11-04 14:30")
    assert Reason.SAME_DAYPART not in {block.reason for block in answer.blocks}


def test_a_network_fault_at_the_appointment_is_not_dialled_in_a_loop():
    fault = a_call("11-04 12:30", Outcome.NETWORK, rang=False)
    case = a_case(fault, appointment=promised("11-04 12:30"))
    assert later(ask("11-04 12:31", case=case, number=a_number(fault)), "11-04 12:40", Reason.SPACING)


def test_an_appointment_sets_aside_the_gaps_before_it():
    busy = a_call("11-04 10:00", Outcome.NO_ANSWER)
    case = a_case(busy, appointment=promised("11-04 10:30"))
    assert ask("11-04 10:30", case=case, number=a_number(busy)) == DialNow(by_appointment=True)


# holidays and first days


def test_scenario_04_what_expires_inside_the_holiday_is_dialled_in_it_until_its_last_day():
    case = a_case(receipt="09-18")
    for day in ("10-01", "10-02", "10-03"):
        assert ask(f"{day} 10:00", case=case) == DialNow()
    assert later(ask("10-04 10:00", case=case), "10-08 09:00", Reason.PUBLIC_HOLIDAY)


def test_in_a_holiday_others_wait_for_its_end_except_by_appointment():
    case = a_case(receipt="09-25")
    assert later(ask("10-01 10:00", case=case), "10-08 09:00", Reason.PUBLIC_HOLIDAY)
    promise = promised("10-02 15:00")
    assert ask("10-02 15:00", case=replace(case, appointment=promise)) == DialNow(by_appointment=True)


def test_from_new_years_eve_to_the_second_day_only_what_expires_within_48_hours_is_dialled():
    expiring = a_case(receipt="02-02")  # ends on 17 February, 初一
    assert ask("02-16 10:00", case=expiring) == DialNow()
    inside = a_case(receipt="02-04")  # ends on the 19th, inside the holiday
    assert later(ask("02-16 10:00", case=inside), "02-18 09:00", Reason.NO_CAMPAIGN_DAY)
    assert ask("02-15 10:00", case=inside) == DialNow()
    assert later(ask("02-16 10:00", case=a_case(receipt="01-20")), "02-24 09:00", Reason.NO_CAMPAIGN_DAY)  # late
    promise = replace(inside, appointment=promised("02-16 11:00"))
    assert ask("02-16 11:00", case=promise) == DialNow(by_appointment=True)


def test_a_case_is_first_dialled_on_the_working_day_after_its_receipt():
    monday = a_case(receipt="11-02")
    assert later(ask("11-02 10:00", case=monday), "11-03 09:00", Reason.FIRST_ATTEMPT_DAY)
    friday = a_case(receipt="11-06")
    assert later(ask("11-07 10:00", case=friday), "11-09 09:00", Reason.FIRST_ATTEMPT_DAY)


def test_natural_day_three_of_the_free_look_does_not_wait_for_a_working_day():
    before_the_long_weekend = a_case(receipt="09-24")  # 25th to 27th are off
    in_ordinary_days = a_case(receipt="11-05", receipt_entered_on=at("11-06 00:00").date())
    assert later(ask("11-07 10:00", case=in_ordinary_days), "11-08 09:00", Reason.FIRST_ATTEMPT_DAY)
    assert later(ask("09-25 10:00", case=before_the_long_weekend), "09-28 09:00", Reason.PUBLIC_HOLIDAY)


def test_a_receipt_entered_late_is_dialled_on_the_same_day():
    assert ask("11-09 10:00", case=a_case(receipt="11-02", receipt_entered_on=at("11-09 00:00").date())) == DialNow()


def test_a_redial_does_not_wait_for_a_first_day():
    assert ask("11-02 10:00", case=a_case(receipt="11-02", dialled_before=True)) == DialNow()


# spacing


@pytest.mark.parametrize(
    ("outcome", "again"),
    [
        (Outcome.NO_ANSWER, "11-04 14:00"),
        (Outcome.POWER_OFF, "11-04 14:00"),
        (Outcome.NO_SERVICE, "11-04 14:00"),
        (Outcome.BUSY, "11-04 09:40"),
        (Outcome.REJECTED, "11-04 14:00"),
        (Outcome.CALL_ASSISTANT, "11-04 11:10"),
        (Outcome.SILENT, "11-04 11:10"),
        (Outcome.NOT_SELF, "11-04 11:10"),
        (Outcome.INCOMPLETE, "11-04 09:40"),
        (Outcome.NETWORK, "11-04 09:20"),
        (Outcome.REFUSED_UNVERIFIED, "11-05 09:00"),
        (Outcome.BLOCKED, "11-05 09:00"),
        (Outcome.VACANT, "11-05 09:00"),
        (Outcome.SUSPENDED, "11-05 09:00"),
    ],
)
def test_each_outcome_keeps_its_own_silence(outcome, again):
    assert later(ask("11-04 09:11", a_call("11-04 09:10", outcome)), again)


def test_our_own_fault_is_dialled_again_at_once():
    assert ask("11-04 09:11", a_call("11-04 09:10", Outcome.TECH, rang=False)) == DialNow()


def test_after_three_faults_in_a_row_there_is_a_pause():
    faults = [a_call(f"11-04 09:{minute}", Outcome.TECH, rang=False) for minute in ("00", "10", "20")]
    assert ask("11-04 09:21", *faults[:2]) == DialNow()
    assert later(ask("11-04 09:21", *faults), "11-04 09:30", Reason.FAULTS_IN_A_ROW)


def test_silence_is_counted_from_the_end_of_the_call():
    assert later(ask("11-04 10:06", a_call("11-04 10:00", Outcome.BUSY, seconds=300)), "11-04 10:35", Reason.SPACING)


def test_no_answer_is_followed_by_another_part_of_the_day_even_tomorrow():
    assert later(ask("11-05 18:00", a_call("11-04 18:10")), "11-06 09:00", Reason.SAME_DAYPART)
    assert ask("11-05 09:00", a_call("11-04 18:10")) == DialNow()


def test_the_gap_before_a_dead_numbers_confirmation_is_twenty_hours():
    assert later(ask("11-05 09:30", a_call("11-04 16:00", Outcome.VACANT)), "11-05 14:00", Reason.CONFIRMATION_GAP)


def test_a_person_who_hung_up_is_left_alone_on_all_numbers():
    mobile = a_call("11-04 10:00", Outcome.INCOMPLETE, number=1)
    home = a_number(number=2)
    assert later(ask("11-04 10:05", case=a_case(mobile), number=home), "11-04 10:30", Reason.SPACING)


def test_scenario_26_after_a_hang_up_the_same_day_is_tried_once():
    first = a_call("11-04 09:10", Outcome.INCOMPLETE)
    assert ask("11-04 09:40", first) == DialNow()
    second = a_call("11-04 09:40", Outcome.INCOMPLETE)
    assert later(ask("11-04 10:30", first, second), "11-05 09:00", Reason.ONCE_A_DAY)


# limits


def test_a_number_rings_twice_a_day_over_all_cases_and_a_third_time_by_appointment():
    calls = (a_call("11-04 09:00", Outcome.BUSY), a_call("11-04 09:40", Outcome.BUSY))
    of_another_case = a_number(*calls)
    assert later(ask("11-04 15:00", case=a_case(), number=of_another_case), "11-05 09:00", Reason.DAY_LIMIT)
    case = a_case(appointment=promised("11-04 15:00"))
    assert ask("11-04 15:00", case=case, number=of_another_case) == DialNow(by_appointment=True)
    thrice = a_number(*calls, a_call("11-04 10:30", Outcome.BUSY))
    assert later(ask("11-04 15:00", case=case, number=thrice), "11-05 09:00", Reason.DAY_LIMIT)


def test_a_fault_that_rang_nobody_does_not_use_up_the_day_and_one_that_rang_does():
    silent = [a_call(f"11-04 09:{minute}0", Outcome.NETWORK, rang=False) for minute in range(3)]
    assert ask("11-04 10:00", case=a_case(), number=a_number(*silent)) == DialNow()
    rang = [a_call(f"11-04 09:{minute}0", Outcome.TECH, rang=True) for minute in range(2)]
    assert later(ask("11-04 10:00", case=a_case(), number=a_number(*rang)), "11-05 09:00", Reason.DAY_LIMIT)


def test_five_calls_in_24_hours_are_the_hard_limit_even_if_none_rang():
    faults = [a_call(f"11-04 {hour}:00", Outcome.NETWORK, rang=False) for hour in (10, 11, 14, 15, 16)]
    assert later(ask("11-04 18:30", case=a_case(), number=a_number(*faults)), "11-05 10:00", Reason.LIMIT_24H)


def test_three_calls_in_five_minutes_are_the_hard_limit():
    faults = [a_call(f"11-04 10:0{minute}", Outcome.TECH, rang=False) for minute in (0, 1, 2)]
    answer = ask("11-04 10:03", case=a_case(), number=a_number(*faults))
    assert later(answer, "11-04 10:05", Reason.LIMIT_5MIN)


def test_the_third_attempt_waits_until_it_completes_the_pattern():
    calls = (a_call("11-03 10:00", Outcome.CALL_ASSISTANT), a_call("11-04 15:00", Outcome.CALL_ASSISTANT))
    assert later(ask("11-05 09:00", *calls), "11-05 18:00", Reason.PATTERN)
    one_day = (a_call("11-04 10:00", Outcome.BUSY), a_call("11-04 15:00", Outcome.SILENT, number=2))
    assert later(ask("11-04 18:30", case=a_case(*one_day), number=a_number(one_day[0])), "11-05 18:00", Reason.PATTERN)


def test_the_pattern_does_not_delay_the_last_days_of_the_free_look():
    calls = (a_call("11-03 10:00", Outcome.SILENT), a_call("11-04 15:00", Outcome.SILENT))
    assert ask("11-12 09:00", *calls) == DialNow()


# what fails closed


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        ({"receipt": None}, Reason.NO_RECEIPT),
        ({"in_force": False}, Reason.NOT_IN_FORCE),
        ({"frozen": True}, Reason.FROZEN),
        ({"waiver_open": True}, Reason.WAIVER_OPEN),
        ({"province": "99"}, Reason.PROVINCE_UNKNOWN),
        ({"province": ""}, Reason.PROVINCE_UNKNOWN),
    ],
)
def test_what_holds_a_case_holds_it_even_against_an_appointment(facts, reason):
    case = a_case(appointment=promised("11-04 10:00"), **facts)
    assert ask("11-04 10:00", case=case) == DialNever((reason,))


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (None, Reason.STATUS_UNKNOWN),
        (PhoneStatus.VACANT, Reason.NUMBER_DEAD),
        (PhoneStatus.SUSPENDED, Reason.NUMBER_DEAD),
        (PhoneStatus.WRONG, Reason.NUMBER_WRONG),
        (PhoneStatus.BLOCKED, Reason.NUMBER_BLOCKED),
        (PhoneStatus.DNC, Reason.DO_NOT_CALL),
    ],
)
def test_a_number_that_is_out_of_use_is_never_dialled(status, reason):
    assert ask("11-04 10:00", number=a_number(status=status)) == DialNever((reason,))


def test_scenario_10_a_salespersons_number_is_never_dialled():
    assert ask("11-04 10:00", number=a_number(staff=True)) == DialNever((Reason.STAFF_NUMBER,))


def test_a_suspected_number_is_still_dialled():
    assert ask("11-04 10:00", number=a_number(status=PhoneStatus.SUSPECT_VACANT)) == DialNow()


def test_a_call_without_an_outcome_holds_its_number_and_its_case():
    unfinished = a_call("11-03 10:00", None)
    assert ask("11-05 10:00", case=a_case(), number=a_number(unfinished)) == DialNever((Reason.CALL_UNFINISHED,))
    assert ask("11-05 10:00", case=a_case(unfinished), number=a_number()) == DialNever((Reason.CALL_UNFINISHED,))


def test_a_missing_calendar_year_is_a_reason_and_not_a_guess():
    only_2025 = WorkingCalendar({2025: OFFICIAL.schedules[2025]})
    assert ask("11-04 10:00", calendar=only_2025) == DialNever((Reason.CALENDAR_MISSING,))
    new_years_eve = datetime(2026, 12, 24, 20, 45, tzinfo=at("11-04 10:00").tzinfo)
    assert ask(new_years_eve, case=a_case(dialled_before=True)) == DialNever((Reason.CALENDAR_MISSING,))


def test_a_time_without_a_zone_is_refused_wherever_it_stands():
    naive = at("11-04 10:00").replace(tzinfo=None)
    refused = DialNever((Reason.TIME_ZONE_MISSING,))
    assert ask(naive) == refused
    assert ask("11-04 10:00", a_call(naive)) == refused
    assert ask("11-04 10:00", replace(a_call("11-03 10:00"), ended_at=naive)) == refused
    assert ask("11-04 10:00", case=a_case(appointment=replace(promised("11-04 09:00"), at=naive))) == refused


def test_the_rounds_cap_and_used_up_retries_end_dialling():
    six = [a_call(f"11-{day:02} {hour}:00") for day in (3, 4, 5) for hour in (10, 15)]
    assert ask("11-06 10:00", *six) == DialNever((Reason.ATTEMPTS_USED_UP,))
    twice = [a_call(f"11-{day} 10:00", Outcome.REFUSED_UNVERIFIED) for day in ("03", "04")]
    assert ask("11-06 10:00", *twice) == DialNever((Reason.RETRIES_USED_UP,))
    blocked = [a_call(f"11-{day} 10:00", Outcome.BLOCKED) for day in ("03", "04")]
    assert ask("11-06 10:00", *blocked) == DialNever((Reason.NUMBER_SPENT,))


def test_every_reason_says_what_it_is_in_both_languages():
    assert len({reason.zh for reason in Reason}) == len({reason.en for reason in Reason}) == len(Reason)


# properties

UNHURRIED = settings(max_examples=60, deadline=None)  # an answer weeks ahead takes some milliseconds to find

DAY_ONE = at("09-10 00:00")
minutes = st.integers(0, 70 * 24 * 60)
instants = minutes.map(lambda count: DAY_ONE + timedelta(minutes=count))
finished = st.sampled_from(sorted(OUTCOME_RULES))
calls = st.builds(
    lambda when, outcome, seconds, rang: a_call(when, outcome, seconds=seconds, rang=rang),
    instants,
    finished,
    st.integers(0, 600),
    st.booleans(),
)
histories = st.lists(calls, max_size=6).map(lambda each: tuple(sorted(each, key=lambda call: call.at)))
appointments = st.none() | st.builds(
    lambda when, note, own: replace(promised("11-04 10:00", note, by_customer=own), at=when),
    instants,
    st.sampled_from(["", CUSTOMER_ASKED]),
    st.booleans(),
)
receipts = st.sampled_from(["09-11", "09-18", "09-23", "10-09", "11-02"])
situations = st.builds(
    lambda own, others, receipt, province, appointment: (
        a_case(*own, receipt=receipt, province=province, appointment=appointment),
        a_number(*sorted((*own, *others), key=lambda call: call.at)),
    ),
    histories,
    histories,
    receipts,
    st.sampled_from(["32", "65"]),
    appointments,
)


@UNHURRIED
@given(situations, instants)
def test_outside_the_hard_window_the_phone_rings_only_as_the_customer_asked(situation, now):
    case, number = situation
    answer = may_dial(case, number, RULES, OFFICIAL, now)
    if isinstance(answer, DialNow) and not at("11-04 08:00").time() <= now.time() < at("11-04 21:00").time():
        assert answer.by_appointment
        assert case.appointment is not None
        assert CUSTOMER_ASKED in case.appointment.note


@UNHURRIED
@given(situations, instants)
def test_no_answer_ever_exceeds_the_numbers_limits(situation, now):
    case, number = situation
    answer = may_dial(case, number, RULES, OFFICIAL, now)
    if isinstance(answer, DialNow):
        before = [call for call in number.calls if call.at <= now]
        today = [call for call in before if call.at.date() == now.date() and call.disturbed]
        assert len(today) < (3 if answer.by_appointment else 2)
        assert sum(now - call.at < timedelta(hours=24) for call in before) < 5
        assert sum(now - call.at < timedelta(minutes=5) for call in before) < 3


@UNHURRIED
@given(situations, instants, st.lists(st.floats(0, 1, exclude_max=True), min_size=4, max_size=4))
def test_the_instant_given_is_the_first_at_which_it_may_be_dialled(situation, now, samples):
    case, number = situation
    now = max([now, *(call.over_at for call in number.calls)])  # no call is known before it was made
    answer = may_dial(case, number, RULES, OFFICIAL, now)
    if not isinstance(answer, DialLater):
        return
    assert isinstance(may_dial(case, number, RULES, OFFICIAL, answer.at), DialNow)
    assert max(block.lifts_at for block in answer.blocks) == answer.at
    moments = [now + (answer.at - now) * share for share in samples]
    for earlier in (*moments, answer.at - timedelta(microseconds=1)):
        if now <= earlier < answer.at:
            meanwhile = may_dial(case, number, RULES, OFFICIAL, earlier)
            assert isinstance(meanwhile, DialLater)
            assert meanwhile.at == answer.at


@UNHURRIED
@given(situations, instants, calls.filter(lambda call: not call.counted))
def test_a_fault_on_a_number_never_brings_its_next_dial_forward(situation, now, fault):
    case, number = situation
    more = replace(number, calls=tuple(sorted((*number.calls, fault), key=lambda call: call.at)))
    without = may_dial(case, number, RULES, OFFICIAL, now)
    assert order(may_dial(case, more, RULES, OFFICIAL, now), now) >= order(without, now)


def order(answer: Answer, now: datetime) -> datetime:
    match answer:
        case DialNow():
            return now
        case DialLater(when, _):
            return when
        case _:
            return now + timedelta(days=1000)
