from enum import StrEnum

import pytest

from dialer.domain.errors import ImpossibleMove
from dialer.domain.transitions import Machine


class Door(StrEnum):
    OPEN = "OPEN"
    SHUT = "SHUT"
    GONE = "GONE"


class Push(StrEnum):
    PUSH = "PUSH"
    PULL = "PULL"
    BURN = "BURN"


DOOR = Machine(
    "door",
    {
        Door.OPEN: {Push.PUSH: Door.SHUT, Push.BURN: Door.GONE},
        Door.SHUT: {Push.PULL: Door.OPEN},
    },
)


def test_a_listed_event_gives_the_next_state():
    assert DOOR.after(Door.OPEN, Push.PUSH) is Door.SHUT


def test_an_unlisted_event_raises_and_says_what_is_possible():
    with pytest.raises(ImpossibleMove, match="door: PUSH is impossible in SHUT; possible: PULL"):
        DOOR.after(Door.SHUT, Push.PUSH)


def test_a_state_without_moves_is_the_end():
    assert DOOR.allowed(Door.GONE) == frozenset()
    with pytest.raises(ImpossibleMove, match="possible: nothing"):
        DOOR.after(Door.GONE, Push.PULL)


def test_every_allowed_event_is_a_move_and_every_move_is_allowed():
    moves = list(DOOR.moves())

    assert len(moves) == 3
    assert all(event in DOOR.allowed(state) and DOOR.after(state, event) is target for state, event, target in moves)
