from dataclasses import replace
from datetime import date, time

import pytest

from dialer.domain.dialing_hours import Daypart, DialRules, Hours, daypart_of, evening_or_weekend, openings
from tests.domain.dialling import OFFICIAL, RULES, at

WEDNESDAY = date(2026, 11, 4)


def clock_times(province: str, rules: DialRules = RULES) -> list[str]:
    return [f"{window.start:%H:%M}-{window.end:%H:%M}" for _, window in openings(WEDNESDAY, province, rules)]


def test_the_dayparts_are_the_ordinary_windows():
    assert clock_times("32") == ["09:00-12:00", "14:00-17:30", "18:00-20:30"]


def test_in_xinjiang_all_is_two_hours_later_up_to_the_hard_window():
    assert clock_times("65") == ["11:00-14:00", "16:00-19:30", "20:00-21:00"]


def test_a_site_may_narrow_the_hours_and_never_widen_the_hard_window():
    narrow = replace(DialRules(), dial=Hours(time(10), time(19)), lunch=Hours(time(11, 30), time(14, 30)))
    assert clock_times("32", narrow) == ["10:00-11:30", "14:30-17:30", "18:00-19:00"]
    wide = replace(DialRules(), dial=Hours(time(7), time(23)), dayparts=((Daypart.EVENING, Hours(time(7), time(23))),))
    assert clock_times("32", wide) == ["08:00-12:00", "14:00-21:00"]


@pytest.mark.parametrize(
    ("when", "daypart"),
    [
        ("11-04 08:59", None),
        ("11-04 09:00", Daypart.MORNING),
        ("11-04 12:00", None),
        ("11-04 14:00", Daypart.AFTERNOON),
        ("11-04 17:30", None),
        ("11-04 18:00", Daypart.EVENING),
        ("11-04 20:29", Daypart.EVENING),
        ("11-04 20:30", None),
    ],
)
def test_a_daypart_holds_its_start_and_not_its_end(when, daypart):
    assert daypart_of(at(when), "32", RULES) is daypart


@pytest.mark.parametrize(
    ("when", "home"),
    [
        ("11-04 10:00", False),
        ("11-04 18:30", True),
        ("11-07 10:00", True),  # a Saturday
        ("10-10 10:00", False),  # a Saturday that is worked
        ("10-05 10:00", True),  # a Monday that is off
    ],
)
def test_people_are_at_home_in_the_evening_and_on_days_off(when, home):
    assert evening_or_weekend(at(when), "32", RULES, OFFICIAL) is home
