"""What was sent is read in one way everywhere: known, or refused with its name in both languages."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, time

import pytest

from dialer.console.forms import (
    ChoiceUnknown,
    FormInvalid,
    NotADay,
    NotANumber,
    NotATime,
    code,
    code_if_any,
    day,
    day_begins,
    day_ends,
    moment,
    number,
    time_of_day,
)
from dialer.console.words import LANGUAGES, words
from dialer.domain.calendar import SHANGHAI
from dialer.domain.user import Role


def test_a_code_is_one_of_its_kind() -> None:
    assert code(Role, " ADMIN ") is Role.ADMIN
    assert code_if_any(Role, "ADMIN") is Role.ADMIN
    assert code_if_any(Role, " ") is None


def test_a_day_is_meant_from_its_first_instant_to_its_last() -> None:
    assert day("2026-03-05") == date(2026, 3, 5)
    assert day_begins("2026-03-05") == datetime(2026, 3, 5, tzinfo=SHANGHAI)
    assert day_ends("2026-03-05") == datetime(2026, 3, 6, tzinfo=SHANGHAI)
    assert day_begins("") is day_ends(" ") is day("") is None


def test_a_time_of_the_day_is_hours_and_minutes() -> None:
    assert time_of_day("09:30") == time(9, 30)
    assert time_of_day("") is None


@pytest.mark.parametrize(
    ("read", "kind"),
    [
        (lambda: code(Role, "KING"), ChoiceUnknown),
        (lambda: code(Role, ""), ChoiceUnknown),
        (lambda: code_if_any(Role, "KING"), ChoiceUnknown),
        (lambda: day("yesterday"), NotADay),
        (lambda: day_begins("yesterday"), NotADay),
        (lambda: day_ends("9999-12-31"), NotADay),
        (lambda: moment("soon"), NotATime),
        (lambda: time_of_day("soon"), NotATime),
        (lambda: number("many"), NotANumber),
    ],
)
def test_what_can_not_be_read_is_refused(read: Callable[[], object], kind: type[FormInvalid]) -> None:
    with pytest.raises(kind):
        read()


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", [FormInvalid, *FormInvalid.__subclasses__()], ids=lambda kind: kind.code)
def test_every_refusal_has_its_words(language: str, kind: type[FormInvalid]) -> None:
    assert words(language).label(kind.code, "Error") != kind.code


@pytest.mark.parametrize(
    ("role", "path", "told"),
    [
        (Role.AUDIT, "/audit?kind=GOSSIP", "没有这个选项"),
        (Role.CC_MANAGER, "/floor?state=ASLEEP", "没有这个选项"),
        (Role.ADMIN, "/users?role=KING", "没有这个选项"),
        (Role.HQ_ADMIN, "/scripts/1?view=upside-down", "没有这个选项"),
        (Role.CC_MANAGER, "/cases?state=LOST", "没有这个选项"),
        (Role.AUDIT, "/audit?since=yesterday", "日期不正确"),
        (Role.CC_MANAGER, "/cases?to=9999-12-31", "日期不正确"),
        (Role.CC_MANAGER, "/figures?from=yesterday", "日期不正确"),
        (Role.CC_MANAGER, "/campaigns/effect?kind=HOURS&start=soon&end=12:00", "时间不正确"),
        (Role.ADMIN, "/calendars?year=next", "不是数字"),
    ],
)
async def test_no_page_answers_another_question_than_was_asked(log_in, role: Role, path: str, told: str) -> None:
    asker = await log_in(role)
    response = await asker.get(path)
    assert response.status == 400
    assert told in await response.text()
