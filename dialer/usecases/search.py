"""At the side: cases and sound, found by what somebody remembers of them, within their organisation (rules §2.4)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from dialer.domain.case import RevisitCase
from dialer.domain.holder import PersonName
from dialer.domain.user import Role, User
from dialer.ports.search import Criteria, FoundSound
from dialer.ports.storage import Storage, StoredPolicy
from dialer.usecases.access import sees

PAGE_LINES = 50
"""Lines of one page of results."""


@dataclass(frozen=True, slots=True)
class CaseLine:
    """A case that was found, and its latest talk that can be heard; names are masked in lists (rules §7.6)."""

    case: RevisitCase
    policy: StoredPolicy
    recording_id: int | None


@dataclass(frozen=True, slots=True)
class SoundLine:
    """A recording that was found."""

    found: FoundSound
    policy: StoredPolicy


@dataclass(frozen=True, slots=True)
class CasesFound:
    """One page; `more` is where the next begins, None on the last."""

    lines: tuple[CaseLine, ...]
    more: int | None


@dataclass(frozen=True, slots=True)
class SoundFound:
    """One page; `more` is where the next begins, None on the last."""

    lines: tuple[SoundLine, ...]
    more: int | None


async def holder_key(storage: Storage, name: str) -> str:
    """What a holder's full name is searched by: a name itself must not stand in an address or a log."""
    async with storage.read() as work:
        return work.search.holder_key(PersonName(name.strip()).full)


async def find_cases(storage: Storage, user: User, criteria: Criteria, before: int | None = None) -> CasesFound:
    """Cases of the user's organisation, the newest first."""
    async with storage.read() as work:
        found = await work.search.cases(replace(criteria, org=user.org), PAGE_LINES + 1, before)
        page = found[:PAGE_LINES]
        policies = await work.policies.some([case.policy_no for case in page])
        talks = await work.search.last_talks([case.id for case in page])
    lines = tuple(CaseLine(case, policies[case.policy_no], talks.get(case.id)) for case in page)
    return CasesFound(lines, page[-1].id if len(found) > PAGE_LINES else None)


async def find_sound(storage: Storage, user: User, criteria: Criteria, before: int | None = None) -> SoundFound:
    """Sealed recordings of cases of the user's organisation, the newest first."""
    async with storage.read() as work:
        found = await work.search.sound(replace(criteria, org=user.org), PAGE_LINES + 1, before)
        page = found[:PAGE_LINES]
        policies = await work.policies.some([each.policy_no for each in page])
    lines = tuple(SoundLine(each, policies[each.policy_no]) for each in page)
    return SoundFound(lines, page[-1].id if len(found) > PAGE_LINES else None)


async def agents_to_ask_for(storage: Storage, user: User) -> Sequence[User]:
    """The agents whose calls the user may find."""
    async with storage.read() as work:
        return [each for each in await work.floor.users(Role.CC_AGENT) if sees(user, each.org)]
