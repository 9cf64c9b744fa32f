import pytest

from dialer.domain.appointments import CUSTOMER_ASKED, appointment_refusal
from dialer.domain.reason import Reason
from tests.domain.dialling import RULES, a_case, at, promised

NOW = at("11-04 10:00")


@pytest.mark.parametrize(
    ("when", "note", "refusal"),
    [
        ("11-04 15:00", "", None),
        ("11-04 12:30", "", None),
        ("11-04 20:59", "", None),
        ("11-04 21:00", "", Reason.OUTSIDE_HOURS),
        ("11-05 08:59", "", Reason.OUTSIDE_HOURS),
        ("11-04 21:30", CUSTOMER_ASKED, None),
        ("11-04 10:00", "", Reason.APPOINTMENT_PAST),
        ("11-17 20:00", "", None),
        ("11-18 10:00", "", Reason.AFTER_LAST_DAY),
    ],
)
def test_an_appointment_lies_ahead_at_a_decent_hour_and_inside_the_free_look(when, note, refusal):
    assert appointment_refusal(a_case(), promised(when, note), RULES, NOW) is refusal


def test_an_appointment_in_xinjiang_keeps_local_manners():
    assert appointment_refusal(a_case(province="65"), promised("11-05 10:00"), RULES, NOW) is Reason.OUTSIDE_HOURS
    assert appointment_refusal(a_case(province="65"), promised("11-05 21:00"), RULES, NOW) is Reason.OUTSIDE_HOURS
    assert appointment_refusal(a_case(province="65"), promised("11-05 11:00"), RULES, NOW) is None


def test_only_the_customers_own_wish_opens_other_hours():
    arranged = promised("11-04 21:30", CUSTOMER_ASKED, by_customer=False)
    assert appointment_refusal(a_case(), arranged, RULES, NOW) is Reason.OUTSIDE_HOURS


def test_a_late_case_may_be_promised_any_day():
    assert appointment_refusal(a_case(), promised("11-25 10:00"), RULES, at("11-18 10:00")) is None
