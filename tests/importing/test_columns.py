"""Headings: Chinese or English, in any order; what is missing is named."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialer.importing import HeadingsUnusable
from dialer.importing.columns import COLUMNS, Headings

ALL = [column.zh[0] for column in COLUMNS]


def test_chinese_and_english_headings_mean_the_same():
    assert Headings.of(ALL).places == Headings.of([column.field for column in COLUMNS]).places


@given(st.permutations(ALL))
def test_the_order_of_columns_does_not_matter(order: list[str]):
    read = Headings.of(order)

    assert {field: order[place] for field, place in read.places.items()} == dict(
        zip([column.field for column in COLUMNS], ALL, strict=True)
    )


def test_spaces_stars_width_and_case_do_not_matter():
    varied = [
        "* 保单号 ",
        "销售\n渠道",
        "Ｄｅｓｉｇｎ",
        *[zh for zh in ALL if zh not in ("保单号", "渠道", "设计类型")],
    ]

    assert Headings.of(varied).places.keys() == {column.field for column in COLUMNS}


def test_missing_required_columns_are_all_named():
    with pytest.raises(HeadingsUnusable, match=r"保单号 \(policy_no\), 投保人 \(holder_name\)$"):
        Headings.of([zh for zh in ALL if zh not in ("保单号", "投保人", "手机")])


def test_unknown_columns_are_reported_and_passed_over():
    assert Headings.of([*ALL, "星座", ""]).unknown == ("星座",)


def test_two_columns_of_one_meaning_are_refused():
    with pytest.raises(HeadingsUnusable, match="手机, 手机号"):
        Headings.of([*ALL, "手机号"])


def test_no_two_fields_share_a_heading():
    names = [name for column in COLUMNS for name in (column.field, *column.zh)]

    assert len(names) == len(set(names))


def test_the_operators_page_names_every_column():
    page = (Path(__file__).parents[2] / "docs/import.md").read_text()

    assert [column.field for column in COLUMNS if f"`{column.field}`" not in page] == []
    assert [column.zh for column in COLUMNS if column.zh[0] not in page] == []
