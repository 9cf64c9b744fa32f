"""The seat's table of moves: an agent at work, and the leg that may fall at any moment."""

from __future__ import annotations

import pytest

from dialer.domain.errors import ImpossibleMove
from dialer.domain.seat import SEAT, SeatEvent, SeatState
from tests.builders import a_seat, at
from tests.domain.test_case import reachable

S, E = SeatState, SeatEvent


@pytest.mark.parametrize(
    ("events", "state"),
    [
        ([E.SIT_DOWN, E.LEG_UP], S.SEATED),
        ([E.SIT_DOWN, E.LEG_UP, E.READY, E.RESERVED, E.CONNECTED, E.CALL_ENDED, E.WRAPPED_UP], S.READY),
        ([E.SIT_DOWN, E.LEG_UP, E.READY, E.RESERVED, E.CALL_ENDED], S.READY),
        ([E.SIT_DOWN, E.LEG_UP, E.READY, E.RESERVED, E.RELEASED, E.PAUSE, E.STAND_UP], S.AWAY),
        ([E.SIT_DOWN, E.LEG_UP, E.READY, E.LEG_DOWN, E.LEG_UP], S.SEATED),
        ([E.SIT_DOWN, E.LEG_DOWN], S.AWAY),
    ],
)
def test_a_working_day(events: list[SeatEvent], state: SeatState):
    seat = a_seat()
    for minute, event in enumerate(events):
        seat = seat.moved(event, at(9, minute))
        assert seat.since == at(9, minute)
    assert seat.state is state


@pytest.mark.parametrize(("state", "event"), [(s, e) for s in S for e in E if e not in SEAT.allowed(s)], ids=str)
def test_what_the_table_does_not_list_is_impossible(state: SeatState, event: SeatEvent):
    with pytest.raises(ImpossibleMove):
        a_seat(state=state).moved(event, at(9))


@pytest.mark.parametrize("state", S)
def test_from_everywhere_the_agent_can_go_home_and_take_calls_again(state: SeatState):
    assert {S.AWAY, S.READY} <= reachable(SEAT.table, state)


def test_only_a_ready_agent_or_one_who_has_read_the_case_is_given_a_call():
    assert [state for state, event, _ in SEAT.moves() if event is E.RESERVED] == [S.READY, S.PREVIEW]


def test_the_fall_of_the_leg_ends_no_pause():
    assert E.LEG_DOWN not in SEAT.allowed(S.PAUSED)


@pytest.mark.parametrize("state", [S.RESERVED, S.TALKING, S.WRAP_UP])
def test_neither_the_fall_of_the_leg_nor_the_agent_leaving_takes_a_call_away(state: SeatState):
    assert not {E.LEG_DOWN, E.STAND_UP, E.PAUSE} & SEAT.allowed(state)


def test_a_conversation_ends_in_its_wrap_up_and_the_wrap_up_only_by_wrapping_up():
    assert SEAT.allowed(S.TALKING) == {E.CALL_ENDED}
    assert SEAT.allowed(S.WRAP_UP) == {E.WRAPPED_UP}
