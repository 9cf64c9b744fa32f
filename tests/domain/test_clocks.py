from datetime import date, datetime, time, timedelta
from pathlib import Path

import pytest
import yaml

from dialer.calendars import load_calendar
from dialer.domain.calendar import SHANGHAI
from dialer.domain.clocks import (
    OfficeHours,
    WorkingDays,
    ticket_due,
    working_hours_after,
    working_time_between,
)
from dialer.domain.errors import CalendarMissing
from dialer.domain.free_look import CountRule, FreeLook

OFFICIAL = load_calendar(Path(__file__).parents[2] / "config" / "calendars")
VECTORS = yaml.safe_load((Path(__file__).parents[1] / "vectors" / "calendar.yaml").read_bytes())


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


@pytest.mark.parametrize("case", VECTORS["working_days_sla"], ids=lambda case: case["issued"])
def test_working_days_vectors(case):
    assert WorkingDays(case["n"]).due(at(case["issued"]), OFFICIAL) == at(case["due"])


@pytest.mark.parametrize(
    ("start", "due"),
    [  # the reference table of rules §3, in its order
        ("2026-09-18 10:00", "2026-09-21 17:30"),
        ("2026-09-30 16:45", "2026-10-09 17:30"),
        ("2026-09-30 18:05", "2026-10-10 17:30"),
        ("2026-02-13 11:00", "2026-02-24 17:30"),
        ("2026-10-02 09:30", "2026-10-10 17:30"),
    ],
)
def test_reference_table_of_the_rules(start, due):
    assert WorkingDays(2).due(at(start), OFFICIAL) == at(due)


def test_scenario_01_a_working_sunday_counts_and_a_minute_past_the_close_is_overdue():
    due = WorkingDays(2).due(at("2026-09-18 10:00"), OFFICIAL)
    assert due == at("2026-09-21 17:30")
    assert at("2026-09-21 17:30") <= due < at("2026-09-21 17:31")


def test_scenario_02_tickets_before_and_after_the_close_on_the_eve_of_national_day():
    assert WorkingDays(2).due(at("2026-09-30 16:45"), OFFICIAL) == at("2026-10-09 17:30")
    assert WorkingDays(2).due(at("2026-09-30 18:05"), OFFICIAL) == at("2026-10-10 17:30")


def test_scenario_07_a_deadline_that_reaches_a_year_without_a_calendar_is_refused():
    with pytest.raises(CalendarMissing, match="schedule of 2027") as refusal:
        WorkingDays(2).due(at("2026-12-31 10:00"), OFFICIAL)
    assert refusal.value.code == "CALENDAR_MISSING"
    with pytest.raises(CalendarMissing, match="schedule of 2027"):
        ticket_due(at("2026-12-31 10:00"), None, OFFICIAL)
    assert WorkingDays(2).due(at("2026-12-10 10:00"), OFFICIAL) == at("2026-12-14 17:30")


def test_scenario_17_a_surrender_asked_for_near_the_end_is_due_in_four_working_hours():
    free_look = FreeLook.of(date(2026, 11, 5), 15, CountRule.EXCLUDE_RECEIPT_DAY, OFFICIAL)
    day_14 = at("2026-11-19 10:20")
    assert ticket_due(day_14, free_look.surrender_last_day, OFFICIAL) == at("2026-11-19 14:20")


@pytest.mark.parametrize(
    ("issued", "due"),
    [
        ("2026-09-18 17:30", "2026-09-21 17:30"),  # exactly at the close is still today
        ("2026-09-18 17:30:00.000001", "2026-09-22 17:30"),
        ("2026-09-18 17:31", "2026-09-22 17:30"),  # day 0 is the working Sunday
        ("2026-09-18 00:00", "2026-09-21 17:30"),
        ("2026-09-18 23:59", "2026-09-22 17:30"),
        ("2026-09-19 18:00", "2026-09-22 17:30"),  # after hours on a day off is no later than in them
        ("2026-09-19 09:00", "2026-09-22 17:30"),
    ],
)
def test_working_days_at_the_edges_of_the_day(issued, due):
    assert WorkingDays(2).due(at(issued), OFFICIAL) == at(due)


def test_the_close_is_the_sites_own():
    assert WorkingDays(1, time(16)).due(at("2026-09-21 16:30"), OFFICIAL) == at("2026-09-23 16:00")


@pytest.mark.parametrize(
    ("start", "due"),
    [
        ("2026-09-21 09:00", "2026-09-21 13:00"),
        ("2026-09-21 03:00", "2026-09-21 12:30"),  # before the office opens
        ("2026-09-21 13:30", "2026-09-21 17:30"),
        ("2026-09-21 13:31", "2026-09-22 08:31"),
        ("2026-09-21 17:30", "2026-09-22 12:30"),
        ("2026-09-21 22:00", "2026-09-22 12:30"),
        ("2026-09-30 16:45", "2026-10-08 11:45"),
        ("2026-10-03 12:00", "2026-10-08 12:30"),
    ],
)
def test_four_working_hours_are_counted_in_office_time(start, due):
    assert working_hours_after(at(start), 4, OFFICIAL) == at(due)


def test_office_hours_are_the_sites_own_and_make_sense():
    late = OfficeHours(opens=time(10), closes=time(18))
    assert working_hours_after(at("2026-09-21 16:00"), 4, OFFICIAL, late) == at("2026-09-22 12:00")
    with pytest.raises(ValueError, match="can't close"):
        OfficeHours(opens=time(18), closes=time(10))


@pytest.mark.parametrize(
    ("issued", "surrender_last_day", "due"),
    [
        ("2026-11-09 16:00", None, "2026-11-11 17:30"),
        ("2026-11-09 16:00", date(2026, 11, 20), "2026-11-11 17:30"),  # far off: WD(2)
        ("2026-11-09 16:00", date(2026, 11, 13), "2026-11-11 12:00"),  # squeezed
        ("2026-11-09 16:00", date(2026, 11, 11), "2026-11-10 11:00"),  # never under 4 working hours
        ("2026-11-09 16:00", date(2026, 11, 1), "2026-11-10 11:00"),
        ("2026-09-30 16:00", date(2026, 10, 8), "2026-10-08 11:00"),  # 4 hours wait for the office to open
    ],
)
def test_the_free_look_squeezes_a_tickets_deadline(issued, surrender_last_day, due):
    assert ticket_due(at(issued), surrender_last_day, OFFICIAL) == at(due)


@pytest.mark.parametrize(
    ("start", "end", "hours"),
    [
        ("2026-09-18 16:00", "2026-09-18 17:30", 1.5),
        ("2026-09-18 16:00", "2026-09-21 17:30", 1.5 + 9 + 9),  # Sunday the 20th works, Saturday does not
        ("2026-09-19 10:00", "2026-09-19 20:00", 0),
        ("2026-09-30 17:30", "2026-10-09 08:30", 9),  # Thursday the 8th is the first after National Day
        ("2026-09-18 17:00", "2026-09-18 16:00", 0),
    ],
)
def test_office_time_between_two_instants_is_that_of_working_days(start, end, hours):
    assert working_time_between(at(start), at(end), OFFICIAL) == timedelta(hours=hours)


def test_office_time_over_a_year_that_is_not_loaded_is_not_guessed():
    with pytest.raises(CalendarMissing):
        working_time_between(at("2026-12-30 09:00"), at("2027-01-05 09:00"), OFFICIAL)
