from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialer.domain.holder import Gender
from dialer.domain.resident_id import ResidentId, ResidentIdInvalid, check_character

_BIRTHDAYS = st.dates(date(1900, 1, 1), date(2026, 9, 18))


def _number(birthday: date, serial: int) -> str:
    start = f"110105{birthday:%Y%m%d}{serial:03d}"
    return start + check_character(start + "0")


def test_the_example_of_the_standard_passes():
    assert ResidentId.parse("11010519491231002x") == ResidentId("11010519491231002X", date(1949, 12, 31), Gender.FEMALE)


@given(_BIRTHDAYS, st.integers(0, 999))
def test_a_number_tells_its_owners_birthday_and_gender(birthday: date, serial: int):
    known = ResidentId.parse(_number(birthday, serial))

    assert known.birthday == birthday
    assert known.gender is (Gender.MALE if serial % 2 else Gender.FEMALE)


@given(_BIRTHDAYS, st.integers(0, 999), st.integers(0, 16), st.integers(1, 9))
def test_one_mistyped_digit_never_passes(birthday: date, serial: int, place: int, shift: int):
    number = _number(birthday, serial)
    wrong = number[:place] + str((int(number[place]) + shift) % 10) + number[place + 1 :]

    with pytest.raises(ResidentIdInvalid):
        ResidentId.parse(wrong)


@pytest.mark.parametrize(
    "text", ["", "110105491231002", "3.50102198001010E+17", "１１０１０５１９４９１２３１００２Ｘ"]
)
def test_what_has_not_the_shape_is_refused(text: str):
    with pytest.raises(ResidentIdInvalid):
        ResidentId.parse(text)


def test_an_impossible_birthday_is_refused_though_the_check_is_right():
    start = "11010519490231002"

    with pytest.raises(ResidentIdInvalid, match="birthday"):
        ResidentId.parse(start + check_character(start + "0"))


def test_neither_the_number_nor_the_refusal_shows_it():
    assert "1949" not in repr(ResidentId.parse("11010519491231002X"))
    with pytest.raises(ResidentIdInvalid) as refused:
        ResidentId.parse("110105194912310021")
    assert "1949" not in str(refused.value)
