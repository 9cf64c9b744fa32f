from datetime import date, timedelta
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from dialer.calendars import load_calendar
from dialer.domain.calendar import WorkingCalendar
from dialer.domain.errors import CalendarMissing
from dialer.domain.free_look import CountRule, FreeLook

OFFICIAL = load_calendar(Path(__file__).parents[2] / "config" / "calendars")
VECTORS = yaml.safe_load((Path(__file__).parents[1] / "vectors" / "calendar.yaml").read_bytes())
EXCLUDE, INCLUDE = CountRule.EXCLUDE_RECEIPT_DAY, CountRule.INCLUDE_RECEIPT_DAY


@pytest.mark.parametrize("rule", CountRule)
@pytest.mark.parametrize("case", VECTORS["freelook"], ids=lambda case: case["receipt"])
def test_free_look_vectors(case, rule):
    found = FreeLook.of(date.fromisoformat(case["receipt"]), case["days"], rule, OFFICIAL)
    expected = case[rule.lower()]
    assert found.revisit_last_day.isoformat() == expected["revisit_last_day"]
    assert found.surrender_last_day.isoformat() == expected["surrender_last_day"]


def test_scenario_04_a_free_look_that_ends_inside_national_day():
    free_look = FreeLook.of(date(2026, 9, 18), 15, EXCLUDE, OFFICIAL)
    assert free_look.first_day == date(2026, 9, 19)
    assert free_look.revisit_last_day == date(2026, 10, 3)
    assert free_look.surrender_last_day == date(2026, 10, 8)

    left = {day: free_look.days_left(date(2026, 9, day)) for day in (29, 30)}
    assert left == {29: 4, 30: 3}  # priority "free-look ≤ 3 days left" begins on 30 September
    for day in (1, 2, 3):
        span = OFFICIAL.holiday_span(date(2026, 10, day))
        assert span is not None
        assert free_look.revisit_last_day in span
        assert not free_look.expired(date(2026, 10, day))
    assert free_look.expired(date(2026, 10, 4))
    assert free_look.expired(date(2026, 10, 8))


def test_scenario_06_a_working_saturday_is_not_rolled_and_a_sunday_is():
    working_saturday = FreeLook.of(date(2026, 1, 30), 15, EXCLUDE, OFFICIAL)
    assert working_saturday.revisit_last_day == date(2026, 2, 14)
    assert working_saturday.surrender_last_day == date(2026, 2, 14)
    sunday = FreeLook.of(date(2026, 11, 7), 15, EXCLUDE, OFFICIAL)
    assert sunday.revisit_last_day == date(2026, 11, 22)
    assert sunday.surrender_last_day == date(2026, 11, 23)


def test_a_clause_may_exclude_the_roll():
    free_look = FreeLook.of(date(2026, 9, 18), 15, EXCLUDE, OFFICIAL, roll=False)
    assert free_look.surrender_last_day == free_look.revisit_last_day == date(2026, 10, 3)


def test_the_receipt_day_is_the_first_day_where_the_clause_includes_it():
    free_look = FreeLook.of(date(2026, 9, 18), 15, INCLUDE, OFFICIAL)
    assert free_look.first_day == free_look.receipt_date == date(2026, 9, 18)
    assert free_look.days_left(date(2026, 10, 2)) == 0


def test_a_free_look_that_ends_where_no_calendar_is_loaded_is_refused():
    with pytest.raises(CalendarMissing, match="2027"):
        FreeLook.of(date(2026, 12, 20), 15, EXCLUDE, OFFICIAL)


def test_a_free_look_lasts_at_least_a_day():
    with pytest.raises(ValueError, match="at least one day"):
        FreeLook.of(date(2026, 9, 18), 0, EXCLUDE, OFFICIAL)


receipts = st.dates(date(2025, 1, 10), date(2026, 11, 10))
lengths = st.integers(min_value=10, max_value=30)


@given(receipts, lengths, st.sampled_from(CountRule), st.booleans())
def test_the_revisits_last_day_is_the_natural_day_and_never_rolled(receipt, days, rule, roll):
    free_look = FreeLook.of(receipt, days, rule, OFFICIAL, roll=roll)
    natural = receipt + timedelta(days=days if rule is EXCLUDE else days - 1)
    assert free_look.revisit_last_day == natural
    assert (free_look.revisit_last_day - free_look.first_day).days == days - 1


@given(receipts, lengths, st.sampled_from(CountRule))
def test_the_last_days_stand_in_order_and_the_surrender_ends_on_a_working_day(receipt, days, rule):
    free_look = FreeLook.of(receipt, days, rule, OFFICIAL)
    assert free_look.first_day <= free_look.revisit_last_day <= free_look.surrender_last_day
    assert OFFICIAL.is_working_day(free_look.surrender_last_day)


@given(receipts, lengths)
def test_expired_is_less_than_no_days_left(receipt, days):
    free_look = FreeLook.of(receipt, days, EXCLUDE, OFFICIAL)
    for offset in (-1, 0, 1):
        today = free_look.revisit_last_day + timedelta(days=offset)
        assert free_look.days_left(today) == -offset
        assert free_look.expired(today) is (offset == 1)


def test_one_loaded_year_is_enough_for_a_free_look_inside_it():
    only_2026 = WorkingCalendar({2026: OFFICIAL.schedules[2026]})
    assert FreeLook.of(date(2026, 9, 18), 15, EXCLUDE, only_2026).surrender_last_day == date(2026, 10, 8)
