"""Cells: every writing of a value is the same value, and nothing else passes."""

from __future__ import annotations

from contextlib import suppress
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialer.domain.policy import Channel, Design, PayMode, Term, TermKind
from dialer.domain.spoken import spoken_number
from dialer.importing import cells
from dialer.importing.cells import CellInvalid

_DAYS = st.dates(date(1900, 1, 1), date(2199, 12, 31))
_FULL_WIDTH = str.maketrans("0123456789-/.,", "０１２３４５６７８９－／．，")


@given(
    _DAYS,
    st.sampled_from(
        ["{:%Y-%m-%d}", "{:%Y/%m/%d}", "{:%Y.%m.%d}", "{:%Y%m%d}", "{:%Y年%m月%d日}", "{:%Y-%m-%d} 10:30:00"]
    ),
)
def test_every_writing_of_a_day_is_that_day(day: date, writing: str):
    assert cells.day(writing.format(day)) == day


@given(_DAYS)
def test_a_day_may_leave_out_zeros_and_be_full_width(day: date):
    text = f"{day.year}/{day.month}/{day.day}"

    assert cells.day(text) == cells.day(text.translate(_FULL_WIDTH)) == day


@pytest.mark.parametrize("text", ["2026-02-30", "46283", "2026-9", "18/9/2026", "2026-09/18", "1899-12-31", "昨天", ""])
def test_what_is_no_day_is_refused(text: str):
    with pytest.raises(CellInvalid):
        cells.day(text)


@given(st.integers(1, 10**14))
def test_every_writing_of_an_amount_is_the_same_number_of_fen(fen: int):
    plain = f"{fen // 100}.{fen % 100:02d}"
    grouped = f"{fen // 100:,}.{fen % 100:02d}"

    writings = [plain, grouped, f"¥{plain}", f"{grouped}元", f"人民币{plain}", plain.translate(_FULL_WIDTH)]
    assert {cells.money(writing) for writing in writings} == {fen}


def test_ten_thousands_are_understood():
    assert cells.money("1.2万") == cells.money("1.2万元") == 1_200_000


@pytest.mark.parametrize("text", ["0", "-3", "1.234", "12 apples", "nan", "inf", "1e5", ".5", "9" * 20])
def test_what_is_no_amount_is_refused(text: str):
    with pytest.raises(CellInvalid):
        cells.money(text)


@given(st.text(max_size=30))
def test_a_cell_is_read_or_refused_and_nothing_else_happens(text: str):
    readers = [cells.day, cells.money, cells.term, cells.yes_no, cells.policy_no, cells.phone, cells.province]
    for read in [*readers, cells.freelook_days, cells.name, cells.place, cells.one_of(cells.CHANNELS)]:
        with suppress(CellInvalid):
            read(text)


@pytest.mark.parametrize(
    ("text", "term"),
    [
        ("终身", Term(TermKind.WHOLE_LIFE)),
        ("WHOLE_LIFE", Term(TermKind.WHOLE_LIFE)),
        ("至60岁", Term(TermKind.TO_AGE, 60)),
        ("保至六十周岁", Term(TermKind.TO_AGE, 60)),
        ("20年", Term(TermKind.YEARS, 20)),
        ("20Y", Term(TermKind.YEARS, 20)),
        ("一年", Term(TermKind.YEARS, 1)),
        ("12个月", Term(TermKind.MONTHS, 12)),
        ("6M", Term(TermKind.MONTHS, 6)),
        ("30天", Term(TermKind.DAYS, 30)),
        ("365D", Term(TermKind.DAYS, 365)),
    ],
)
def test_terms_are_understood_as_they_are_written(text: str, term: Term):
    assert cells.term(text) == term


@given(st.integers(1, 120))
def test_a_term_may_be_counted_in_chinese(count: int):
    assert cells.term(f"{spoken_number(count)}年") == cells.term(f"{count}年")


@pytest.mark.parametrize("text", ["0年", "年", "20", "很久", "至岁"])
def test_what_is_no_term_is_refused(text: str):
    with pytest.raises(CellInvalid):
        cells.term(text)


def test_words_are_understood_in_chinese_and_by_code():
    assert cells.one_of(cells.CHANNELS)("个险") is cells.one_of(cells.CHANNELS)("agency") is Channel.AGENCY
    assert cells.one_of(cells.DESIGNS)("万能") is cells.one_of(cells.DESIGNS)("UNIVERSAL") is Design.UNIVERSAL
    assert cells.one_of(cells.PAY_MODES)("趸交") is PayMode.SINGLE


def test_an_unknown_word_is_answered_with_the_known_ones():
    with pytest.raises(CellInvalid, match="传统、分红、万能、投连"):
        cells.one_of(cells.DESIGNS)("神奇")


def test_a_policy_number_that_excel_has_rounded_is_refused():
    with pytest.raises(CellInvalid, match="文本"):
        cells.policy_no("3.50102198001010E+17")
