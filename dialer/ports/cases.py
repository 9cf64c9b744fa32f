"""Revisit cases, and all their moves in one sequence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Protocol

from dialer.domain.case import CaseEvent, CaseId, CaseState, RevisitCase
from dialer.domain.steering import Course
from dialer.ports.history import HistoryRow, Moved


class Cases(Protocol):
    """Revisit cases."""

    async def get(self, case_id: CaseId) -> RevisitCase:
        """Raises NotFound."""
        ...

    async def of_policy(self, policy_no: str) -> RevisitCase | None:
        """The policy's case."""
        ...

    async def of_holder(self, holder_id: int) -> Sequence[RevisitCase]:
        """All cases of one holder."""
        ...

    async def add_all(self, added: Sequence[tuple[RevisitCase, Moved]]) -> Sequence[RevisitCase]:
        """Store new cases with their first history rows (event CREATED); with their ids, in the same order."""
        ...

    async def move(self, case: RevisitCase, event: CaseEvent, moved: Moved) -> RevisitCase:
        """Apply an event (`case.moved(event)`), save everything else that changed, and write the history row."""
        ...

    async def save(self, case: RevisitCase) -> RevisitCase:
        """Save what is not a move: when it is next due, rank, flags."""
        ...

    async def due(self, now: datetime, limit: int, course: Course | None = None) -> Sequence[RevisitCase]:
        """Cases in the pool whose time has come, the most urgent first: rank, last day, then age (rules §9.1).

        Without those for which a supervisor's decision waits, and with those first that a decision lifts.
        """
        ...

    async def in_state(self, *states: CaseState, org: str = "", limit: int | None = None) -> Sequence[RevisitCase]:
        """Cases in these states under an organisation, oldest first; all unless a limit is set."""
        ...

    async def over(self, first: date, last: date) -> Sequence[RevisitCase]:
        """Cases not closed whose last day to surrender was counted over some of these days, oldest first."""
        ...

    async def waiting_for_nothing(self, limit: int) -> Sequence[RevisitCase]:
        """Cases that wait for a recording or an answer though all has come, oldest first.

        Two units of work that run side by side each see the other's record as it was, and both leave the case alone.
        """
        ...

    async def next_due(self) -> datetime | None:
        """The earliest instant at which a case of the pool is due."""
        ...

    async def counts(self, org: str = "") -> Mapping[CaseState, int]:
        """How many cases under an organisation stand where, in the order of a case's life."""
        ...

    async def history(self, case_id: CaseId) -> Sequence[HistoryRow]:
        """Every move of a case, first to last."""
        ...


class Changes(Protocol):
    """The moves of all cases as one sequence, for who follows it from a place onwards."""

    async def latest(self) -> int:
        """The place of the last move, when every move before it is in sight; in a unit of work that writes.

        PostgreSQL numbers rows before they are committed: who reads on from the highest number in sight would never
        see a lower one that is committed later. So this waits for the writers that are under way.
        """
        ...

    async def moved(self, after: int, until: int, limit: int) -> Sequence[tuple[int, CaseId]]:
        """Moves beyond a place and not beyond another, in order, each with its case."""
        ...
