from collections.abc import Collection, Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialer.calendars import load_calendar
from dialer.domain.calendar import HolidaySpan, WorkingCalendar, YearSchedule, shanghai_time
from dialer.domain.errors import CalendarInvalid, CalendarMissing

OFFICIAL = load_calendar(Path(__file__).parents[2] / "config" / "calendars")
ONLY_2026 = WorkingCalendar({2026: OFFICIAL.schedules[2026]})


def a_schedule(
    year: int,
    *,
    off: Collection[date] = (),
    adjusted_working: Collection[date] = (),
    named: Mapping[str, date] | None = None,
) -> YearSchedule:
    return YearSchedule(year, frozenset(off), frozenset(adjusted_working), named or {})


@pytest.mark.parametrize(
    ("day", "works"),
    [
        (date(2026, 9, 18), True),  # an ordinary Friday
        (date(2026, 9, 19), False),  # an ordinary Saturday
        (date(2026, 9, 20), True),  # an adjusted working Sunday
        (date(2026, 9, 25), False),  # a Friday taken off
        (date(2026, 10, 1), False),
        (date(2026, 10, 8), True),
        (date(2026, 10, 10), True),  # an adjusted working Saturday
        (date(2025, 10, 8), False),
        (date(2025, 1, 26), True),
    ],
)
def test_a_day_is_worked_by_the_notice_and_else_by_the_weekday(day, works):
    assert OFFICIAL.is_working_day(day) is works


def test_2026_has_as_many_working_days_as_its_notice_leaves():
    days = [date(2026, 1, 1) + timedelta(days=n) for n in range(358)]  # to 24 December
    weekdays_off = [day for day in OFFICIAL.schedules[2026].off if day.weekday() < 5]
    weekdays = [day for day in days if day.weekday() < 5]
    assert sum(map(OFFICIAL.is_working_day, days)) == len(weekdays) - len(weekdays_off) + 6


def test_a_public_holiday_is_one_by_notice_and_not_by_weekend():
    assert OFFICIAL.is_public_holiday(date(2026, 10, 3))
    assert not OFFICIAL.is_public_holiday(date(2026, 9, 19))
    assert not OFFICIAL.is_public_holiday(date(2026, 9, 18))


def test_working_days_are_found_on_either_side_of_a_holiday():
    assert OFFICIAL.next_working_day(date(2026, 9, 30)) == date(2026, 10, 8)
    assert OFFICIAL.first_working_day_on_or_after(date(2026, 9, 30)) == date(2026, 9, 30)
    assert OFFICIAL.first_working_day_on_or_after(date(2026, 10, 1)) == date(2026, 10, 8)
    assert OFFICIAL.last_working_day_on_or_before(date(2026, 10, 7)) == date(2026, 9, 30)
    assert OFFICIAL.last_working_day_on_or_before(date(2026, 9, 30)) == date(2026, 9, 30)
    assert OFFICIAL.working_days_after(date(2026, 9, 30), 3) == date(2026, 10, 10)


@pytest.mark.parametrize("n", [0, -1])
def test_working_days_are_counted_from_one(n):
    with pytest.raises(ValueError, match="from 1"):
        OFFICIAL.working_days_after(date(2026, 9, 30), n)


def test_a_holiday_span_is_the_whole_run_of_days_off():
    span = OFFICIAL.holiday_span(date(2026, 10, 3))
    assert span == HolidaySpan(date(2026, 10, 1), date(2026, 10, 7))
    assert date(2026, 10, 7) in span
    assert date(2026, 10, 8) not in span
    assert date(2026, 9, 30) not in span
    assert OFFICIAL.holiday_span(date(2026, 9, 19)) == HolidaySpan(date(2026, 9, 19), date(2026, 9, 19))
    assert OFFICIAL.holiday_span(date(2026, 9, 30)) is None


def test_the_no_campaign_days_are_known_by_name():
    names = {"除夕", "初一", "初二"}
    days = [date(2026, 2, 15) + timedelta(days=n) for n in range(5)]
    assert [OFFICIAL.is_named(day, names) for day in days] == [False, True, True, True, False]
    assert OFFICIAL.is_named(date(2025, 1, 28), ["除夕"])
    assert not OFFICIAL.is_named(date(2026, 2, 17), ["除夕"])


def test_a_name_the_year_does_not_explain_is_refused_and_not_taken_for_an_ordinary_day():
    with pytest.raises(CalendarMissing, match="2026 does not say when 元宵 is"):
        OFFICIAL.is_named(date(2026, 3, 3), ["除夕", "元宵"])
    with pytest.raises(CalendarMissing, match="2027"):
        OFFICIAL.is_named(date(2027, 3, 3), ["除夕"])


@pytest.mark.parametrize("day", [date(2024, 12, 24), date(2027, 1, 4), date(2027, 6, 5)])
def test_a_year_that_is_not_loaded_is_an_error_that_names_it(day):
    with pytest.raises(CalendarMissing, match=rf"{day} needs the working-day schedule of {day.year}"):
        OFFICIAL.is_working_day(day)


def test_december_needs_only_its_own_year_until_the_week_before_new_year():
    assert ONLY_2026.is_working_day(date(2026, 12, 10))
    assert ONLY_2026.is_working_day(date(2026, 12, 24))
    for day in (25, 31):
        with pytest.raises(CalendarMissing, match="schedule of 2027"):
            ONLY_2026.is_working_day(date(2026, 12, day))
    assert OFFICIAL.is_working_day(date(2025, 12, 31))


def test_the_next_years_notice_changes_the_december_days_it_names():
    next_year = a_schedule(
        2027,
        off=[date(2026, 12, 31), date(2027, 1, 1)],
        adjusted_working=[date(2026, 12, 27)],
    )
    both = WorkingCalendar({2026: OFFICIAL.schedules[2026], 2027: next_year})
    assert not both.is_working_day(date(2026, 12, 31))
    assert both.is_public_holiday(date(2026, 12, 31))
    assert both.is_working_day(date(2026, 12, 27))
    assert both.is_working_day(date(2026, 12, 30))
    assert not both.is_working_day(date(2026, 12, 26))


def test_a_moment_is_not_taken_for_a_day():
    with pytest.raises(TypeError, match="not moments"):
        OFFICIAL.is_working_day(datetime(2026, 10, 1, tzinfo=UTC))


def test_a_naive_time_is_refused():
    with pytest.raises(ValueError, match="no time zone"):
        shanghai_time(datetime(2026, 10, 1))  # noqa: DTZ001  (that is the point)


def test_an_utc_evening_is_the_next_day_in_shanghai():
    assert shanghai_time(datetime(2026, 9, 30, 16, 0, tzinfo=UTC)).isoformat() == "2026-10-01T00:00:00+08:00"


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"off": [date(2027, 1, 1)]}, "off: 2027-01-01 is neither a day of 2026"),
        ({"off": [date(2025, 12, 24)]}, "off: 2025-12-24 is neither"),
        ({"named": {"除夕": date(2025, 1, 28)}}, "named 除夕: 2025-01-28 is neither"),
        ({"adjusted_working": [date(2026, 9, 21)]}, "2026-09-21 is no Saturday or Sunday"),
        ({"off": [date(2026, 9, 20)], "adjusted_working": [date(2026, 9, 20)]}, "2026-09-20: both"),
    ],
)
def test_a_schedule_that_contradicts_itself_is_refused(wrong, why):
    with pytest.raises(CalendarInvalid, match=why):
        a_schedule(2026, **wrong)


def test_schedules_that_contradict_each_other_or_their_key_are_refused():
    saturday = date(2026, 12, 26)
    with pytest.raises(CalendarInvalid, match="2026-12-26: the schedules of 2026 and 2027 disagree"):
        WorkingCalendar({2026: a_schedule(2026, off=[saturday]), 2027: a_schedule(2027, adjusted_working=[saturday])})
    with pytest.raises(CalendarInvalid, match="2026 is filed under 2025"):
        WorkingCalendar({2025: a_schedule(2026)})


def test_the_version_changes_with_the_content_and_with_a_year_added():
    holiday = [date(2026, 10, 1)]
    plain = WorkingCalendar({2026: a_schedule(2026)})
    versions = {
        plain.version,
        WorkingCalendar({2026: a_schedule(2026, off=holiday)}).version,
        WorkingCalendar({2026: a_schedule(2026, named={"国庆": holiday[0]})}).version,
        WorkingCalendar({2026: a_schedule(2026), 2027: a_schedule(2027)}).version,
    }
    assert len(versions) == 4
    assert plain.version == WorkingCalendar({2026: a_schedule(2026)}).version


def test_the_years_are_listed_in_order():
    assert WorkingCalendar({2027: a_schedule(2027), 2026: a_schedule(2026)}).years == (2026, 2027)


@given(st.permutations(sorted(OFFICIAL.schedules[2026].off)))
def test_the_order_of_the_holidays_does_not_matter(off):
    permuted = YearSchedule(
        2026,
        frozenset(off),
        OFFICIAL.schedules[2026].adjusted_working,
        OFFICIAL.schedules[2026].named,
    )
    assert permuted.version == OFFICIAL.schedules[2026].version


@given(st.dates(date(2025, 2, 1), date(2026, 11, 30)))
def test_every_day_is_worked_or_lies_in_exactly_its_own_holiday_span(day):
    span = OFFICIAL.holiday_span(day)
    if span is None:
        assert OFFICIAL.is_working_day(day)
        return
    assert day in span
    assert OFFICIAL.is_working_day(span.first - timedelta(days=1))
    assert OFFICIAL.is_working_day(span.last + timedelta(days=1))
    inside = [span.first + timedelta(days=n) for n in range((span.last - span.first).days + 1)]
    assert not any(map(OFFICIAL.is_working_day, inside))
