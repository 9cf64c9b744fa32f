import pytest

from dialer.domain.unit import PLACE, Level, level_of, within


@pytest.mark.parametrize(
    ("place", "org", "inside"),
    [
        ("44/4401", "", True),
        ("", "", True),
        ("44", "44", True),
        ("44/4401/440103", "44", True),
        ("44/广州", "44/广州", True),
        ("441", "44", False),
        ("44", "44/4401", False),
        ("", "44", False),
    ],
)
def test_a_place_is_within_itself_and_what_is_above_it(place, org, inside):
    assert within(place, org) is inside


def test_every_place_has_its_level() -> None:
    places = ["", "44", "44/4401", "44/4401/440103", "44/4401/440103/BANK"]
    assert [level_of(place) for place in places] == [*Level, Level.COUNTY]


def test_a_place_may_bear_the_names_that_policies_are_imported_with() -> None:
    longest = f"440000/{'恩' * 16}/{'鹤' * 16}"
    assert all(PLACE.fullmatch(place) for place in ("44", "44/4401/BANK", "44/广州/天河", longest))
    assert len(longest) == 40


@pytest.mark.parametrize("path", ["", "/44", "44/", "44/../4401", "44//4401", "44/a b", "44/1/2/3"])
def test_no_place_has_gaps_or_more_than_three_parts(path: str) -> None:
    assert not PLACE.fullmatch(path)
