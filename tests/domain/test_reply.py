"""Whether a ticket's reply is acceptable (rules §5.5, §6.1.3)."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialer.domain.calendar import SHANGHAI
from dialer.domain.problem import ProblemLevel
from dialer.domain.reply import Objection, ReplyContent, ReplyInvalid, reply_rules
from dialer.settings import TicketSettings

RULES = TicketSettings()
GOOD = ReplyContent(
    contacted_by="李明",
    contacted_whom="王芳",
    contacted_at=datetime(2026, 9, 21, 10, 30, tzinfo=SHANGHAI),
    means="上门",
    account="携带保险合同到客户家中，就现金价值表和犹豫期逐条作了讲解。",
    customer_said="客户表示现在清楚退保会有损失，愿意继续持有保单。",
    done="重新讲解条款并请客户在讲解确认书上签字。",
    attachment_note="讲解确认书影像一份",
)


def said_of(content: ReplyContent, level: ProblemLevel = ProblemLevel.L2) -> tuple[Objection, ...]:
    rules = reply_rules(content, level, RULES.reply_min_chars, RULES.reply_banned)
    return tuple(objection for objection, kept in rules.items() if not kept)


def test_a_full_account_is_accepted_at_every_level() -> None:
    assert [said_of(GOOD, level) for level in ProblemLevel] == [(), (), ()]


def _without(field: str) -> ReplyContent:
    return ReplyContent.from_mapping({**GOOD.as_mapping(), field: ""})


@pytest.mark.parametrize(
    ("field", "objection"),
    [
        ("contacted_by", Objection.NO_CONTACTED_BY),
        ("contacted_whom", Objection.NO_CONTACTED_WHOM),
        ("means", Objection.NO_MEANS),
        ("customer_said", Objection.NO_CUSTOMER_SAID),
        ("done", Objection.NO_DONE),
    ],
)
def test_who_whom_how_what_was_said_and_done_must_each_be_told(field: str, objection: Objection) -> None:
    assert objection in said_of(_without(field))


def test_the_time_of_contact_must_be_told() -> None:
    assert said_of(replace(GOOD, contacted_at=None)) == (Objection.NO_CONTACTED_AT,)


@pytest.mark.parametrize(
    "phrase", ["已处理。", "已回复，已结案！", "已转理赔部跟进", "王芳：客户已清楚", "已联系 已查询"]
)
def test_stock_phrases_alone_are_no_reply(phrase: str) -> None:
    assert Objection.STOCK_PHRASES in said_of(replace(GOOD, account="", customer_said=phrase, done=phrase))


def test_stock_phrases_repeated_do_not_make_a_reply_long_enough() -> None:
    padded = replace(GOOD, account="已处理" * 20, customer_said="客户同意。", done="已联系")
    assert said_of(padded) == (Objection.TOO_SHORT,)


def test_thirty_characters_are_enough_and_twenty_nine_are_not() -> None:
    told = replace(GOOD, account="", customer_said="客户说", done="讲" * 27)
    assert said_of(told) == ()
    assert said_of(replace(told, done="讲" * 26)) == (Objection.TOO_SHORT,)


def test_an_l1_reply_needs_an_attachment_or_a_reason_for_none() -> None:
    bare = replace(GOOD, attachment_note="")
    assert said_of(bare, ProblemLevel.L1) == (Objection.NO_ATTACHMENT,)
    assert said_of(bare, ProblemLevel.L2) == ()


def test_a_new_number_must_be_dialable_and_have_an_owner() -> None:
    assert said_of(replace(GOOD, new_phone="138")) == (Objection.PHONE_INVALID, Objection.NO_PHONE_OWNER)
    assert said_of(replace(GOOD, new_phone="13812345678", new_phone_owner="本人")) == ()


@given(st.text(max_size=60))
def test_more_words_never_turn_a_long_enough_reply_too_short(more: str) -> None:
    assert Objection.TOO_SHORT not in said_of(replace(GOOD, account=GOOD.account + "，" + more))


def test_a_reply_survives_storage_and_shows_nothing_personal() -> None:
    assert ReplyContent.from_mapping(GOOD.as_mapping()) == GOOD
    assert "王芳" not in repr(GOOD)


def test_where_nobody_can_be_contacted_there_is_nobody_to_name_and_nothing_they_said() -> None:
    nobody = replace(
        GOOD,
        contacted_whom="",
        customer_said="",
        done="三日内拨打两个登记号码并上门一次，家中无人，邻居说其长期在外地务工，无其他联系方式。",
        cannot_contact=True,
    )
    assert said_of(nobody, ProblemLevel.U) == ()
    assert said_of(nobody) == (Objection.NO_CONTACTED_WHOM, Objection.NO_CUSTOMER_SAID)
    assert ReplyContent.from_mapping(nobody.as_mapping()) == nobody


@pytest.mark.parametrize("stored", [{"phone": "x"}, {"contacted_at": "昨天"}, {"contacted_at": "2026-09-21T10:30"}])
def test_a_reply_that_cannot_be_read_is_refused(stored: dict[str, str]) -> None:
    with pytest.raises(ReplyInvalid):
        ReplyContent.from_mapping(stored)


def test_that_nobody_can_be_contacted_is_an_answer_to_a_call_that_failed_and_to_nothing_else() -> None:
    unmet = replace(GOOD, cannot_contact=True, contacted_whom="", customer_said="", new_phone="", new_phone_owner="")
    assert said_of(unmet, ProblemLevel.U) == ()
    assert Objection.NO_CUSTOMER_SAID in said_of(unmet, ProblemLevel.L2)
    assert ReplyContent.from_mapping(unmet.as_mapping()) == unmet


def test_who_knows_a_better_number_has_somebody_to_contact() -> None:
    assert not replace(GOOD, cannot_contact=True, new_phone="13911112222").nobody_can_be_contacted
