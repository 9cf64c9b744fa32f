"""Calls, and the attempts they serve."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from dialer.domain.attempt import Attempt, AttemptId
from dialer.domain.call import Call, CallId, SeatId
from dialer.domain.case import CaseId
from dialer.domain.number import PastCall
from dialer.domain.outcome import Outcome


@dataclass(frozen=True, slots=True)
class StoredCall:
    """A call with what the wire does not know of it."""

    call: Call
    phone_id: int
    number_hash: str
    agent: str
    owner: str
    outcome: Outcome | None = None


class Calls(Protocol):
    """Calls and the attempts they serve."""

    async def intend(self, stored: StoredCall, attempts: Sequence[Attempt]) -> Sequence[Attempt]:
        """Store the intention to dial, before the command: the call, and an attempt (id given here) for each case.

        Raises StaleVersion when one of the cases has an unfinished attempt: nobody is called twice.
        """
        ...

    async def get(self, call_id: CallId) -> StoredCall:
        """Raises NotFound."""
        ...

    async def save(self, call: Call, outcome: Outcome | None = None) -> None:
        """Store how far a call has come, and its outcome once known."""
        ...

    async def open_calls(self, owner: str) -> Sequence[StoredCall]:
        """Calls of one engine without an end."""
        ...

    async def give(self, seat: SeatId, owner: str, heir: str) -> None:
        """The calls of one engine without an end, at one seat, are another's from now on."""
        ...

    async def to_number(self, number_hash: str, since: datetime) -> Sequence[PastCall]:
        """Calls to a number since an instant, oldest first, those under way included; `number_id` is the phone's id."""
        ...

    async def of_round(self, case_id: CaseId, round_no: int) -> Sequence[PastCall]:
        """The calls of one round of a case, oldest first, each with its *attempt's* outcome."""
        ...

    async def attempts_of(self, call_id: CallId) -> Sequence[Attempt]:
        """The attempts one call serves, in the order they were given."""
        ...

    async def attempts(self, case_id: CaseId) -> Sequence[Attempt]:
        """All attempts of a case, oldest first."""
        ...

    async def attempts_with_agents(self, case_id: CaseId) -> Sequence[tuple[Attempt, str]]:
        """All attempts of a case, oldest first, each with the name of the agent at whose desk it was."""
        ...

    async def attempt(self, attempt_id: AttemptId) -> Attempt:
        """Raises NotFound."""
        ...

    async def finish(self, attempt: Attempt) -> None:
        """Store an attempt's outcome, once. Raises StaleVersion when it already has one."""
        ...
