from datetime import date

import pytest

from dialer.domain.spoken import spoken_date, spoken_money, spoken_number


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0, "零"), (2, "二"), (10, "十"), (15, "十五"), (20, "二十"), (105, "一百零五"), (110, "一百一十"),
        (1000, "一千"), (1005, "一千零五"), (1015, "一千零一十五"), (12000, "一万二千"), (10500, "一万零五百"),
        (100000, "十万"), (100005, "十万零五"), (1050000, "一百零五万"), (10_000_000, "一千万"),
        (100_000_000, "一亿"), (100_010_000, "一亿零一万"), (120_005_000, "一亿二千万五千"),
        (105_000_000, "一亿零五百万"),
    ],
)  # fmt: skip
def test_a_number_is_said_as_people_say_it(number, text):
    assert spoken_number(number) == text


def test_a_count_below_zero_is_not_spoken():
    with pytest.raises(ValueError, match="-1"):
        spoken_number(-1)


@pytest.mark.parametrize(
    ("fen", "text"),
    [(1_200_000, "一万二千元"), (100_050, "一千元五角"), (100_005, "一千元零五分"), (12_345, "一百二十三元四角五分")],
)
def test_money_is_said_to_the_cent(fen, text):
    assert spoken_money(fen) == text


def test_a_date_is_said_without_its_year():
    assert spoken_date(date(2026, 10, 3)) == "十月三日"
