import pytest

from dialer.domain.province import PROVINCES, province_code


@pytest.mark.parametrize("text", ["65", "650100", "新疆", "新疆维吾尔自治区", " 65 "])
def test_a_province_is_known_by_code_or_name(text):
    assert province_code(text) == "65"


@pytest.mark.parametrize("text", ["", "99", "火星", "6"])
def test_what_is_no_province_is_not_guessed(text):
    assert province_code(text) is None


def test_there_are_34_provinces_with_distinct_names():
    assert len(PROVINCES) == len(set(PROVINCES.values())) == 34
