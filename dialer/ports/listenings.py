"""Supervisors on live calls."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from dialer.domain.call import CallId
from dialer.domain.case import CaseId
from dialer.domain.listening import Listening


class Listenings(Protocol):
    """Supervisors on live calls, and the log of it."""

    async def add(self, listening: Listening) -> Listening:
        """Store that somebody wants to listen; its id is given here. Raises StaleVersion: somebody is on that call."""
        ...

    async def save(self, listening: Listening) -> None:
        """Store how far it has come."""
        ...

    async def open(self) -> Sequence[Listening]:
        """Those that are not over, as asked."""
        ...

    async def of_call(self, call_id: CallId) -> Sequence[Listening]:
        """All of a call, as asked."""
        ...

    async def of_case(self, case_id: CaseId) -> Sequence[Listening]:
        """All of a case's calls, as asked."""
        ...

    async def last_failure(self, login: str, since: datetime) -> Listening | None:
        """The latest thing somebody asked for since an instant, if it came to nothing."""
        ...
