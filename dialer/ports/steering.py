"""Supervisors' decisions about dialling as the use cases see them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

from dialer.domain.steering import AtWork, Group, Steering


@dataclass(frozen=True, slots=True)
class PoolCount:
    """What of a group waits to be dialled: all, due by now, due by the end of the day, promised for later today."""

    cases: int = 0
    due_now: int = 0
    due_today: int = 0
    promised_today: int = 0


class Steerings(Protocol):
    """Decisions about dialling. None is ever changed but for its end, so they are their own history."""

    async def add(self, steering: Steering) -> Steering:
        """Store a new decision; its id is given here."""
        ...

    async def get(self, steering_id: int) -> Steering:
        """Raises NotFound."""
        ...

    async def end(self, steering_id: int, by: str, why: str, at: datetime) -> None:
        """End a decision. Raises StaleVersion when it has ended already."""
        ...

    async def standing(self, now: datetime) -> Sequence[Steering]:
        """Those in force, oldest first."""
        ...

    async def latest(self, limit: int) -> Sequence[Steering]:
        """Newest first, in force or not."""
        ...

    async def at_work(self) -> Sequence[AtWork]:
        """Every case in a call that is dialled, talked on or wrapped up."""
        ...

    async def pool(self, group: Group, now: datetime, end_of_day: datetime) -> PoolCount:
        """What of a group waits to be dialled."""
        ...

    async def deadlines(self, group: Group, first: date, last: date) -> Mapping[date, int]:
        """How many cases of a group that wait to be dialled have their last day when."""
        ...

    async def places(self, org: str) -> Sequence[str]:
        """The organisations that have cases, under one of them, as paths in order."""
        ...
