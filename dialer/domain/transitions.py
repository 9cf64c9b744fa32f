"""A record's state machine as a table: what is not listed is impossible."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

from dialer.domain.errors import ImpossibleMove

State = TypeVar("State", bound=StrEnum)
Event = TypeVar("Event", bound=StrEnum)


@dataclass(frozen=True, slots=True)
class Machine(Generic[State, Event]):
    """The moves one kind of record can make. `table[state][event]` is the state that follows."""

    name: str
    table: Mapping[State, Mapping[Event, State]]

    def after(self, state: State, event: Event) -> State:
        """The state that follows. Raises ImpossibleMove for an event the state does not list."""
        moves = self.table.get(state, {})
        if event not in moves:
            allowed = ", ".join(sorted(moves)) or "nothing"
            raise ImpossibleMove(f"{self.name}: {event} is impossible in {state}; possible: {allowed}")
        return moves[event]

    def allowed(self, state: State) -> frozenset[Event]:
        """The events that can happen in a state; none where the record rests for good."""
        return frozenset(self.table.get(state, {}))

    def moves(self) -> Iterator[tuple[State, Event, State]]:
        """Every (from, event, to), in the table's order: for pictures and for tests."""
        for state, moves in self.table.items():
            for event, target in moves.items():
                yield state, event, target


def by_state(moves: Mapping[tuple[State, Event], State]) -> dict[State, dict[Event, State]]:
    """The table of moves written as (state, event) pairs, which suits families of like moves."""
    table: dict[State, dict[Event, State]] = {}
    for (state, event), target in moves.items():
        table.setdefault(state, {})[event] = target
    return table
