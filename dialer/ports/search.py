"""Search as the use cases see it: cases and sound, found among a million by what a supervisor remembers of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from dialer.domain.call import RecordingKind
from dialer.domain.case import CaseId, CaseState, RevisitCase
from dialer.domain.outcome import Outcome
from dialer.domain.problem import ProblemType


@dataclass(frozen=True, slots=True)
class Criteria:
    """What is looked for; what is empty is not asked. What is asked of a call is asked of one and the same call.

    `org` is where the searcher may look. `holder` is what `Search.holder_key` makes of a name. `called_from` is in,
    `called_before` is out.
    """

    org: str = ""
    policy_no: str = ""
    holder: str = ""
    states: tuple[CaseState, ...] = ()
    flag: str = ""
    problem: ProblemType | None = None
    agent: str = ""
    outcome: Outcome | None = None
    called_from: datetime | None = None
    called_before: datetime | None = None
    early_media: bool = False

    @property
    def asks_of_a_call(self) -> bool:
        """Whether a case must have a call to be found."""
        return any((self.agent, self.outcome, self.called_from, self.called_before))

    @property
    def is_broad(self) -> bool:
        """Whether much of all there is will do: the newest of it is near."""
        told = (self.policy_no, self.holder, self.flag, self.problem, self.asks_of_a_call)
        return not any(told) and all(state.closed for state in self.states)


@dataclass(frozen=True, slots=True)
class FoundSound:
    """A sealed recording as far as one attempt is heard in it. `id` is its place in the list."""

    id: int
    recording_id: int
    kind: RecordingKind
    duration_ms: int
    case_id: CaseId
    policy_no: str
    state: CaseState
    started_at: datetime
    outcome: Outcome | None
    agent: str


class Search(Protocol):
    """Finding. Both lists are newest first; `before` continues behind the id of the last line that was seen."""

    def holder_key(self, name: str) -> str:
        """What a full name is looked up by; it tells nothing to who has not the installation's key."""
        ...

    async def cases(self, criteria: Criteria, limit: int, before: int | None = None) -> Sequence[RevisitCase]:
        """Cases, by when they were opened."""
        ...

    async def sound(self, criteria: Criteria, limit: int, before: int | None = None) -> Sequence[FoundSound]:
        """Sealed talks, and early media when it is asked for; a problem is one that was found in that very call.

        Raises NotFound when `before` was never given out.
        """
        ...

    async def last_talks(self, case_ids: Sequence[CaseId]) -> Mapping[CaseId, int]:
        """Each case's latest sealed talk, a recording's id; a case without one is not in it."""
        ...
