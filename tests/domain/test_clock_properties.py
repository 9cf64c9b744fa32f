from collections.abc import Collection
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialer.calendars import load_calendar, parse_schedule
from dialer.domain.calendar import SHANGHAI, WorkingCalendar, YearSchedule
from dialer.domain.clocks import (
    WorkingDays,
    ticket_due,
    working_hours_after,
)

OFFICIAL = load_calendar(Path(__file__).parents[2] / "config" / "calendars")

RULES = [
    WorkingDays(1),
    WorkingDays(2),
    WorkingDays(15),
]

starts = st.datetimes(datetime(2025, 1, 5), datetime(2026, 9, 30), timezones=st.just(SHANGHAI))  # noqa: DTZ001  (hypothesis adds the zone)
days_2025_to_2026 = st.dates(date(2025, 1, 2), date(2026, 12, 20))


@st.composite
def calendars(draw):
    """Two years with any holidays at all, near the ones that exist and far from them."""
    off = draw(st.sets(days_2025_to_2026, max_size=40))
    worked = draw(st.sets(days_2025_to_2026.filter(lambda day: day.weekday() >= 5), max_size=10)) - off
    return a_calendar(off, worked)


def a_calendar(off: Collection[date], worked: Collection[date]) -> WorkingCalendar:
    return WorkingCalendar(
        {
            year: YearSchedule(
                year,
                frozenset(day for day in off if day.year == year),
                frozenset(day for day in worked if day.year == year),
            )
            for year in (2025, 2026)
        }
    )


def with_holiday(calendar: WorkingCalendar, day: date) -> WorkingCalendar:
    off = {one for schedule in calendar.schedules.values() for one in schedule.off}
    worked = {one for schedule in calendar.schedules.values() for one in schedule.adjusted_working}
    return a_calendar(off | {day}, worked - {day})


@given(calendars(), st.sampled_from(RULES), starts)
def test_a_deadline_is_never_before_its_start(calendar, rule, start):
    assert rule.due(start, calendar) >= start


@given(calendars(), st.sampled_from(RULES), starts, starts)
def test_a_later_start_never_has_an_earlier_deadline(calendar, rule, one, other):
    first, second = sorted([one, other])
    assert rule.due(first, calendar) <= rule.due(second, calendar)


@given(
    calendars(),
    st.sampled_from(RULES),
    starts,
    st.integers(min_value=0, max_value=20),
)
def test_a_holiday_added_never_brings_a_deadline_forward(calendar, rule, start, days_later):
    holiday = start.date() + timedelta(days=days_later)
    assert rule.due(start, with_holiday(calendar, holiday)) >= rule.due(start, calendar)


@given(calendars(), starts, st.integers(min_value=0, max_value=15), st.integers(min_value=0, max_value=20))
def test_a_holiday_added_never_brings_a_tickets_deadline_forward(calendar, start, days_later, days_left):
    last = start.date() + timedelta(days=days_left)
    longer = with_holiday(calendar, start.date() + timedelta(days=days_later))
    assert ticket_due(start, last, longer) >= ticket_due(start, last, calendar)


@given(calendars(), starts, st.integers(min_value=1, max_value=15))
def test_working_days_always_end_at_the_close_of_a_working_day(calendar, start, days):
    due = WorkingDays(days).due(start, calendar)
    assert due.time() == time(17, 30)
    assert calendar.is_working_day(due.date())


@given(
    st.sampled_from(RULES),
    starts,
    st.permutations(sorted(OFFICIAL.schedules[2026].off)),
    st.permutations(sorted(OFFICIAL.schedules[2026].adjusted_working)),
)
def test_the_order_of_the_holiday_list_does_not_change_a_deadline(rule, start, off, worked):
    content = f"year: 2026\noff: [{', '.join(map(str, off))}]\n"
    content += f"adjusted_working: [{', '.join(map(str, worked))}]\n"
    permuted = parse_schedule(content.encode(), "permuted")
    calendar = WorkingCalendar({2025: OFFICIAL.schedules[2025], 2026: permuted})
    assert rule.due(start, calendar) == rule.due(start, OFFICIAL)


@given(starts, st.integers(min_value=1, max_value=40))
def test_office_hours_end_inside_office_time(start, hours):
    end = working_hours_after(start, hours, OFFICIAL)
    assert OFFICIAL.is_working_day(end.date())
    assert time(8, 30) < end.time() <= time(17, 30)
    assert end - start >= timedelta(hours=hours)


@given(st.sampled_from(RULES), starts)
def test_the_zone_a_start_is_written_in_does_not_matter(rule, start):
    due = rule.due(start.astimezone(UTC), OFFICIAL)
    assert due == rule.due(start, OFFICIAL)
    assert due.tzinfo is SHANGHAI


@pytest.mark.parametrize("rule", RULES, ids=str)
def test_a_naive_start_is_refused(rule):
    with pytest.raises(ValueError, match="no time zone"):
        rule.due(datetime(2026, 9, 18, 10), OFFICIAL)  # noqa: DTZ001  (that is the point)
