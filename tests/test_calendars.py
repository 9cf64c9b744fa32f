from datetime import date
from pathlib import Path

import pytest

from dialer.calendars import add_year, load_calendar, parse_schedule
from dialer.domain.errors import CalendarInvalid, CalendarMissing

SHIPPED = Path(__file__).parents[1] / "config" / "calendars"

YEAR_2027 = """\
# made up for this test
year: 2027
off:
  - 2027-01-01
  - 2026-12-31
adjusted_working:
  - 2026-12-27
named:
  除夕: 2027-02-05
"""


def written(folder: Path, content: str = YEAR_2027) -> Path:
    file = folder / "next.yaml"
    file.write_text(content, encoding="utf-8")
    return file


@pytest.fixture
def calendars(tmp_path):
    folder = tmp_path / "calendars"
    folder.mkdir()
    for file in SHIPPED.glob("*.yaml"):
        (folder / file.name).write_bytes(file.read_bytes())
    return folder


def test_the_shipped_years_load():
    calendar = load_calendar(SHIPPED)
    assert {2025, 2026} <= set(calendar.years)
    assert len(calendar.schedules[2025].off) == 28
    assert len(calendar.schedules[2026].off) == 33
    assert len(calendar.schedules[2025].adjusted_working) == 5
    assert len(calendar.schedules[2026].adjusted_working) == 6
    assert calendar.schedules[2026].named["初一"] == date(2026, 2, 17)


def test_a_schedule_is_read_with_the_december_days_before_it():
    schedule = parse_schedule(YEAR_2027.encode(), "next.yaml")
    assert schedule.year == 2027
    assert schedule.off == {date(2027, 1, 1), date(2026, 12, 31)}
    assert schedule.adjusted_working == {date(2026, 12, 27)}
    assert schedule.named == {"除夕": date(2027, 2, 5)}


def test_comments_order_and_quotes_do_not_change_the_version():
    other = 'off: ["2026-12-31", "2027-01-01"]\nyear: "2027"\nadjusted_working: [2026-12-27]\n'
    other += "named: {除夕: 2027-02-05}\n"
    assert parse_schedule(other.encode(), "a").version == parse_schedule(YEAR_2027.encode(), "b").version


@pytest.mark.parametrize(
    ("changed", "to", "why"),
    [
        ("  - 2026-12-31\n", "  - 2027-01-01\n", "off: 2027-01-01 is listed twice"),
        ("  - 2026-12-31\n", "  - 2028-01-01\n", "off: 2028-01-01 is neither a day of 2027"),
        ("  - 2026-12-31\n", "  - 2027-02-30\n", "off: '2027-02-30' is not a day"),
        ("  - 2026-12-31\n", "  - [1]\n", r"off: \['1'\] is not a day"),
        ("  - 2026-12-31\n", "  - 2026-12-27\n", "2026-12-27: both in off and in adjusted_working"),
        ("  - 2026-12-27\n", "  - 2027-01-04\n", "adjusted_working: 2027-01-04 is no Saturday or Sunday"),
        ("named:", "nmaed:", "nmaed: unknown key"),
        ("adjusted_working:", "off:", "off: given twice"),
        ("year: 2027\n", "", "year: missing"),
        ("year: 2027\n", "year: next\n", "year: 'next' is not a year"),
        ("year: 2027\n", "year: [2027]\n", "is not a year"),
        ("  除夕: 2027-02-05\n", "  - 2027-02-05\n", "named: expected names"),
        ("2027-02-05", "soon", "named 除夕: 'soon' is not a day"),
        ("year: 2027", "year: {", "not readable as YAML"),
    ],
)
def test_a_bad_schedule_is_refused_with_file_key_and_reason(changed, to, why):
    assert changed in YEAR_2027
    with pytest.raises(CalendarInvalid, match=rf"^next\.yaml: .*{why}"):
        parse_schedule(YEAR_2027.replace(changed, to).encode(), "next.yaml")


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "expected the keys"),
        (b"- 2027-01-01", "expected the keys"),
        (b"year: 2027\noff: []\nadjusted_working: []", "off: empty"),
        (b"year: 2027\noff: 2027-01-01\nadjusted_working: []", "off: expected a list"),
        (b"\xff\xff\x00", "not readable as YAML"),
    ],
)
def test_content_that_is_no_schedule_is_refused(content, why):
    with pytest.raises(CalendarInvalid, match=f"^x: {why}"):
        parse_schedule(content, "x")


def test_a_folder_without_any_year_is_a_missing_calendar(tmp_path):
    with pytest.raises(CalendarMissing, match="no year's schedule"):
        load_calendar(tmp_path)
    with pytest.raises(CalendarMissing, match="no year's schedule"):
        load_calendar(tmp_path / "nowhere")


def test_a_file_named_after_another_year_is_refused(calendars):
    (calendars / "2026.yaml").rename(calendars / "2028.yaml")
    with pytest.raises(CalendarInvalid, match=r"2028\.yaml: year: says 2026"):
        load_calendar(calendars)


def test_an_added_year_is_kept_with_its_comments_and_loads(calendars, tmp_path):
    before = load_calendar(calendars)
    schedule = add_year(calendars, written(tmp_path))
    assert schedule.year == 2027
    assert (calendars / "2027.yaml").read_text(encoding="utf-8") == YEAR_2027
    after = load_calendar(calendars)
    assert after.years == (2025, 2026, 2027)
    assert after.version != before.version
    assert not after.is_working_day(date(2026, 12, 31))
    assert sorted(file.name for file in calendars.iterdir()) == ["2025.yaml", "2026.yaml", "2027.yaml"]


def test_the_first_year_makes_the_folder(tmp_path):
    add_year(tmp_path / "new", written(tmp_path))
    assert load_calendar(tmp_path / "new").years == (2027,)


def test_adding_the_same_year_again_changes_nothing(calendars, tmp_path):
    add_year(calendars, written(tmp_path))
    add_year(calendars, written(tmp_path, YEAR_2027.replace("made up", "invented")))
    assert (calendars / "2027.yaml").read_text(encoding="utf-8") == YEAR_2027


def test_a_loaded_year_is_replaced_only_on_purpose(calendars, tmp_path):
    add_year(calendars, written(tmp_path))
    changed = YEAR_2027.replace("2026-12-31", "2027-01-04")
    with pytest.raises(CalendarInvalid, match="2027 is loaded with other days"):
        add_year(calendars, written(tmp_path, changed))
    assert (calendars / "2027.yaml").read_text(encoding="utf-8") == YEAR_2027
    add_year(calendars, written(tmp_path, changed), replace=True)
    assert load_calendar(calendars).schedules[2027].off == {date(2027, 1, 1), date(2027, 1, 4)}


def test_a_bad_year_or_one_at_odds_with_its_neighbour_is_not_kept(calendars, tmp_path):
    with pytest.raises(CalendarInvalid, match=r"next\.yaml"):
        add_year(calendars, written(tmp_path, "year: 2027"))
    at_odds = "year: 2025\noff: [2025-01-01]\nadjusted_working: []\n"
    add_year(calendars, written(tmp_path, YEAR_2027))
    contrary = (SHIPPED / "2026.yaml").read_text(encoding="utf-8").replace("off:\n", "off:\n  - 2026-12-27\n", 1)
    with pytest.raises(CalendarInvalid, match="2026 and 2027 disagree"):
        add_year(calendars, written(tmp_path, contrary), replace=True)
    assert load_calendar(calendars).years == (2025, 2026, 2027)
    with pytest.raises(CalendarInvalid, match="2025 is loaded with other days"):
        add_year(calendars, written(tmp_path, at_odds))
