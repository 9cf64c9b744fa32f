from __future__ import annotations

from datetime import timedelta

from dialer.domain.case import CASE, CaseState
from dialer.domain.webhook import Announcement, MessageState, announced_by, retry_after, state_when_refused


def test_every_close_is_announced_and_a_changed_policy_is_not():
    told = {(before, event, after): announced_by(before, event, after) for before, event, after in CASE.moves()}
    closes = {kind for (before, _, after), kind in told.items() if after.closed and before is not after}
    assert closes == {Announcement.CASE_CLOSED}
    assert {kind for (before, _, after), kind in told.items() if before is after} == {None}


def test_every_kind_of_message_is_reached_by_some_move():
    assert {announced_by(*move) for move in CASE.moves()} == {None, *Announcement}


def test_a_case_that_is_opened_again_says_so():
    opened = [move for move in CASE.moves() if announced_by(*move) is Announcement.CASE_REOPENED]
    assert {after for *_, after in opened} == {CaseState.READY}


def test_patience_doubles_up_to_a_quarter_of_an_hour():
    assert [retry_after(tries).seconds for tries in (1, 2, 3, 8)] == [5, 10, 20, 640]
    assert {retry_after(tries) for tries in (9, 50, 10_000)} == {timedelta(minutes=15)}


def test_what_was_refused_ten_times_waits_for_a_person():
    assert state_when_refused(9) is MessageState.REFUSED
    assert state_when_refused(10) is MessageState.HELD
