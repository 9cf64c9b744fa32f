"""At the side: what became of cases, for the core system. No name, no number: a policy's number says whose it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dialer.domain.api_token import ApiToken
from dialer.domain.attempt import Attempt
from dialer.domain.case import RevisitCase
from dialer.domain.errors import NotFound
from dialer.domain.holder import PersonName
from dialer.domain.recording import RecordingState
from dialer.domain.ticket import TransferTicket
from dialer.ports.storage import FoundProblem, HolderPhone, Recording, Storage, Work
from dialer.usecases.access import sees


@dataclass(frozen=True, slots=True)
class CaseStory:
    """A case as it stands, with what led there; `name` and `phones` are shown masked only (rules §7.6)."""

    case: RevisitCase
    name: PersonName
    phones: tuple[HolderPhone, ...]
    attempts: tuple[Attempt, ...]
    problems: tuple[FoundProblem, ...]
    tickets: tuple[TransferTicket, ...]
    recordings: tuple[Recording, ...]

    @property
    def last_attempt(self) -> Attempt | None:
        """The latest attempt that has its outcome."""
        return next((each for each in reversed(self.attempts) if each.outcome is not None), None)


@dataclass(frozen=True, slots=True)
class ChangedCases:
    """Cases that moved since a place in the sequence of all moves, each once; read on from `until`."""

    cases: tuple[CaseStory, ...]
    until: int
    more: bool


async def case_of_policy(storage: Storage, token: ApiToken, policy_no: str) -> CaseStory:
    """A policy's case. Raises NotFound for one that is not there or outside the token's reach."""
    async with storage.read() as work:
        case = await work.cases.of_policy(policy_no)
        if case is None or not sees(token, case.org):
            raise NotFound(f"there is no policy {policy_no}")
        return await _story(work, case)


async def changed_cases(storage: Storage, token: ApiToken, after: int, limit: int) -> ChangedCases:
    """What moved after a place, at most `limit` moves of it; a case that moves again comes again."""
    async with storage.begin() as work:
        latest = await work.changes.latest()
    async with storage.read() as work:
        moves = await work.changes.moved(after, latest, limit)
        cases = [await work.cases.get(case_id) for case_id in dict.fromkeys(case_id for _, case_id in moves)]
        stories = [await _story(work, case) for case in cases if sees(token, case.org)]
    more = len(moves) == limit
    return ChangedCases(tuple(stories), moves[-1][0] if more else max(after, latest), more)


async def _story(work: Work, case: RevisitCase) -> CaseStory:
    policy = await work.policies.get(case.policy_no)
    linked = await work.recordings.of_case(case.id)
    return CaseStory(
        case=case,
        name=policy.holder.name,
        phones=tuple(await work.policies.phones(case.holder_id)),
        attempts=tuple(await work.calls.attempts(case.id)),
        problems=tuple(await work.interviews.problems(case.id)),
        tickets=tuple(await work.tickets.of_case(case.id)),
        recordings=_sealed([recording for recording, _ in linked]),
    )


def _sealed(recordings: Sequence[Recording]) -> tuple[Recording, ...]:
    return tuple(each for each in recordings if each.state is RecordingState.SEALED and each.seal is not None)
