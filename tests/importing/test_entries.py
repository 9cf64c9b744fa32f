"""Rows as entries: normalised, completed from the ID number, or refused with every fault at once."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialer.domain.holder import Gender, PersonName
from dialer.domain.phone import PhoneKind, PhoneNumber
from dialer.domain.policy import Channel, PayMode, Policy, Term, TermKind
from dialer.domain.policy_entry import BadRow, PolicyEntry
from dialer.importing.columns import Headings
from dialer.importing.entries import read_entry
from dialer.importing.tables import Row
from trials.extracts import a_row, an_id, headings


def _read(**changes: object) -> PolicyEntry | BadRow:
    row = a_row(1, **changes)
    return read_entry(Row(7, [str(value) for value in row.values()]), Headings.of(headings(row)))


def _good(**changes: object) -> PolicyEntry:
    entry = _read(**changes)
    assert isinstance(entry, PolicyEntry), entry
    return entry


def _faults(**changes: object) -> dict[str, str]:
    bad = _read(**changes)
    assert isinstance(bad, BadRow)
    assert all(fault.row == bad.row == 7 and fault.refused for fault in bad.faults)
    return {fault.column: fault.code for fault in bad.faults}


def test_a_row_becomes_a_policy_a_holder_and_numbers():
    entry = _good(home_phone="010-6552 9988", sum_insured="50万")

    assert entry.policy == Policy(
        policy_no="P000000001",
        channel=Channel.AGENCY,
        design=entry.policy.design,
        insurance_class=entry.policy.insurance_class,
        term=Term(TermKind.YEARS, 20),
        product_code="DEMO-PAR",
        product_name="示例两全保险（分红型）",
        pay_mode=PayMode.YEARLY,
        pay_term_years=10,
        premium_fen=1_200_000,
        sum_insured_fen=50_000_000,
        issue_date=date(2026, 9, 16),
        effective_date=date(2026, 9, 17),
        province="35",
        city="3501",
        receipt_date=date(2026, 9, 18),
        receipt_entered_on=date(2026, 9, 18),
    )
    assert entry.phones == (
        (PhoneKind.MOBILE, PhoneNumber("+8613800000001")),
        (PhoneKind.HOME, PhoneNumber("+861065529988")),
    )


def test_birthday_and_gender_come_from_the_id_number():
    holder = _good(id_no=an_id(2, "19710304").lower()).holder

    assert (holder.birthday, holder.gender) == (date(1971, 3, 4), Gender.FEMALE)


def test_a_birthday_or_gender_that_contradicts_the_id_number_is_a_fault():
    assert _faults(id_no=an_id(2, "19710304"), birthday="1971-03-05", gender="男") == {
        "投保人生日": "BIRTHDAY_DIFFERS",
        "投保人性别": "GENDER_DIFFERS",
    }


def test_a_passport_has_no_check_and_says_nothing():
    holder = _good(id_type="护照", id_no="E12345678", birthday="1971-03-04").holder

    assert (holder.id_no, holder.birthday, holder.gender) == ("E12345678", date(1971, 3, 4), Gender.UNKNOWN)


def test_all_faults_of_a_row_are_told_at_once():
    assert _faults(premium="free", issue_date="soon", id_no="350102198001010019", holder_name="", mobile="12") == {
        "投保人": "VALUE_MISSING",
        "保费": "VALUE_INVALID",
        "承保日期": "VALUE_INVALID",
        "投保人证件号码": "ID_INVALID",
        "手机": "PHONE_INVALID",
    }


def test_what_is_personal_is_masked_in_a_fault():
    bad = _read(id_no="350102198001010019", home_phone="13800", insured_birthday="1971-13-04", city="6222021980010100/")

    assert isinstance(bad, BadRow)
    assert {fault.column: fault.value for fault in bad.faults} == {
        "投保人证件号码": "350****0019",
        "家庭电话": "*****",
        "被保险人生日": "197****3-04",
        "城市": "622****0100/",  # another column's number, by mistake
    }


def test_a_number_that_cannot_be_dialled_is_left_out_and_the_policy_kept():
    entry = _good(mobile="1380013800", home_phone="01065529988")

    assert [number.national for _, number in entry.phones] == ["01065529988"]
    assert [(notice.code, notice.refused) for notice in entry.notices] == [("PHONE_INVALID", False)]


def test_a_policy_without_any_number_is_taken():
    assert _good(mobile="").phones == ()


def test_a_number_given_twice_is_one():
    assert _good(mobile="138-0000-0001", office_phone="+86 13800000001").phones == (
        (PhoneKind.MOBILE, PhoneNumber("+8613800000001")),
    )


@pytest.mark.parametrize(
    ("changes", "column"),
    [
        ({"receipt_date": "2026-09-15"}, "回执日期"),
        ({"receipt_entered_on": "2026-09-17"}, "回执录入日期"),
        ({"pay_term": ""}, "交费期间"),
        ({"pay_term": "终身"}, "交费期间"),
        ({"city": "3501/01"}, "城市"),
        ({"freelook_days": "0"}, "犹豫期天数"),
    ],
)
def test_what_contradicts_itself_or_cannot_be_told_to_the_customer_is_refused(changes: dict[str, object], column: str):
    assert _faults(**changes).keys() == {column}


def test_years_of_payment_to_an_age_are_counted_from_the_insureds_birthday():
    assert _good(id_no=an_id(1, "19800101"), pay_term="至60岁").policy.pay_term_years == 60 - 46


def test_the_insured_is_the_holder_unless_another_name_is_given():
    assert _good().policy.insured_is_holder
    assert _good(insured="王建国").policy.insured_is_holder
    assert not _good(insured="王小雨").policy.insured_is_holder


def test_the_same_content_in_other_words_has_the_same_digest():
    other = _good(
        channel="AGENCY", term="二十年", premium="¥12,000", issue_date="2026/9/16", mobile="+86 138 0000 0001"
    )

    assert other.digest == _good().digest


@given(
    st.sampled_from(["premium", "receipt_date", "holder_name", "mobile", "city", "cancelled_on", "product_name"]),
)
def test_any_change_of_content_changes_the_digest(field: str):
    values = {
        "premium": "12000.01",
        "receipt_date": "2026-09-17",
        "holder_name": "王建军",
        "mobile": "13900000001",
        "city": "3502",
        "cancelled_on": "2026-09-20",
        "product_name": "别的保险",
    }

    assert _good(**{field: values[field]}).digest != _good().digest


def test_names_do_not_show_in_an_entrys_text():
    entry = _good(insured="欧阳明月", address="福建省福州市某街道1号")

    assert PersonName("欧阳明月").full not in repr(entry)
    assert "13800000001" not in repr(entry)
