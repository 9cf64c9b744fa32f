from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from dialer.calendars import load_calendar
from dialer.domain.calendar import WorkingCalendar
from dialer.domain.case import Purpose
from dialer.domain.errors import CalendarMissing
from dialer.domain.free_look import CountRule, FreeLook
from dialer.domain.priority import Priority, PriorityFacts, PriorityRules, Rank, priority

OFFICIAL = load_calendar(Path(__file__).parents[2] / "config" / "calendars")
RULES = PriorityRules()
TODAY = date(2026, 11, 4)


def received(day: date, days: int = 15) -> FreeLook:
    return FreeLook.of(day, days, CountRule.EXCLUDE_RECEIPT_DAY, OFFICIAL)


RELAXED = received(TODAY - timedelta(days=1))


def rank(today: date = TODAY, free_look: FreeLook = RELAXED, **facts: Any) -> Rank:
    return priority(PriorityFacts(free_look, **facts), today, OFFICIAL, RULES).rank


def test_scenario_04_a_case_that_ends_on_the_third_of_october_has_priority_1_from_30_september():
    case = received(date(2026, 9, 18))
    assert case.revisit_last_day == date(2026, 10, 3)
    assert rank(date(2026, 9, 29), case) is Rank.FRESH
    assert rank(date(2026, 9, 30), case) == 1
    assert rank(date(2026, 10, 3), case) == 1


def test_what_ends_late_in_the_holiday_is_urgent_on_the_last_day_before_it():
    case = received(date(2026, 9, 22))
    assert case.revisit_last_day == date(2026, 10, 7)
    assert rank(date(2026, 9, 29), case) is Rank.FRESH
    assert rank(date(2026, 9, 30), case) is Rank.EXPIRING


def test_a_plain_weekend_makes_nothing_urgent_early():
    case = received(date(2026, 11, 1), days=6)  # ends on Saturday the 7th
    assert rank(date(2026, 11, 3), case) is Rank.FRESH
    assert rank(date(2026, 11, 4), case) is Rank.EXPIRING


def test_a_case_that_is_late_already_does_not_push_aside_those_that_can_be_in_time():
    assert rank(TODAY, received(TODAY - timedelta(days=16))) is Rank.FRESH


ALL_AT_ONCE = {
    "appointment": True,
    "holder_age": 80,
    "premium_fen": 99_000_000,
    "purpose": Purpose.L1_CONFIRM,
    "tried": True,
}


@pytest.mark.parametrize(
    ("without", "expected"),
    [
        ({}, Rank.APPOINTMENT),
        ({"appointment": False}, Rank.ELDER_OR_HIGH_PREMIUM),
        ({"appointment": False, "holder_age": 64}, Rank.ELDER_OR_HIGH_PREMIUM),
        ({"appointment": False, "holder_age": 65, "premium_fen": 0}, Rank.ELDER_OR_HIGH_PREMIUM),
        ({"appointment": False, "holder_age": None, "premium_fen": 9_999_999}, Rank.L1_REDIAL),
        (
            {"appointment": False, "holder_age": None, "premium_fen": 0, "purpose": Purpose.L2_RECONFIRM},
            Rank.L2_RECONFIRM,
        ),
        ({"appointment": False, "holder_age": 30, "premium_fen": 0, "purpose": Purpose.FIRST}, Rank.RETRY),
        (
            {"appointment": False, "holder_age": 30, "premium_fen": 0, "purpose": Purpose.FIRST, "tried": False},
            Rank.FRESH,
        ),
        (
            {"appointment": False, "holder_age": 30, "premium_fen": 0, "purpose": Purpose.U_REDIAL, "tried": False},
            Rank.FRESH,
        ),
    ],
)
def test_the_first_class_that_fits_decides(without, expected):
    assert rank(**(ALL_AT_ONCE | without)) is expected


def test_within_a_class_the_earlier_last_day_comes_first_and_the_class_before_all():
    places = [
        Priority(Rank.FRESH, date(2026, 11, 9)),
        Priority(Rank.EXPIRING, date(2026, 11, 20)),
        Priority(Rank.FRESH, date(2026, 11, 8)),
    ]
    assert sorted(places) == [places[1], places[2], places[0]]


def test_a_missing_year_is_an_error_not_a_guess():
    only_2025 = WorkingCalendar({2025: OFFICIAL.schedules[2025]})
    with pytest.raises(CalendarMissing):
        priority(PriorityFacts(RELAXED), TODAY, only_2025, RULES)
