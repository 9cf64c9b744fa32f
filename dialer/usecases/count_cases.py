"""At the side: what is counted, in the user's organisation only, and the cases behind every count (rules §5.10)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta

from dialer.domain.calendar import SHANGHAI, shanghai_day
from dialer.domain.case import RevisitCase
from dialer.domain.errors import NotFound
from dialer.domain.user import User
from dialer.ports.figures import CaseSet, Moment, Slice
from dialer.ports.storage import Storage, StoredPolicy, Work
from dialer.usecases.access import sees
from dialer.usecases.rulebook import Rulebook
from dialer.usecases.steer_dialling import course_now


async def moment_of(work: Work, rulebook: Rulebook, now: datetime) -> Moment:
    """What the present instant means for the counts."""
    midnight = datetime.combine(shanghai_day(now), time(), SHANGHAI)
    return Moment(
        now=now,
        today=(midnight, midnight + timedelta(days=1)),
        expiring_days=rulebook.priority.expiring_days,
        course=await course_now(work, rulebook, now),
        sound_tolerance_ms=round(rulebook.proof.length_tolerance_seconds * 1000),
    )


def part_of(user: User, part: Slice) -> Slice:
    """The slice, cut to what the user may see. Raises NotFound for an organisation outside it."""
    if not part.org:
        return replace(part, org=user.org)
    if not sees(user, part.org):
        raise NotFound(f"there is no organisation {part.org}")
    return part


_MOST = 200  # lines on the page


@dataclass(frozen=True, slots=True)
class CaseLine:
    """A line of the list; names are masked there (rules §7.6)."""

    case: RevisitCase
    policy: StoredPolicy


@dataclass(frozen=True, slots=True)
class CasesBehind:
    """The cases of a count; `left_off`: there are more than are found here."""

    wanted: CaseSet
    without: CaseSet | None
    found: Sequence[CaseLine]
    left_off: bool


async def cases_behind(
    storage: Storage, rulebook: Rulebook, user: User, wanted: CaseSet, without: CaseSet | None, part: Slice,
    now: datetime,
) -> CasesBehind:  # fmt: skip
    """Who is behind a count, the first last day first. Raises NotFound for an organisation outside the user's."""
    mine = part_of(user, part)
    async with storage.read() as work:
        at = await moment_of(work, rulebook, now)
        cases = await work.figures.behind(wanted, mine, at, without, _MOST + 1)
        found = [CaseLine(case, await work.policies.get(case.policy_no)) for case in cases[:_MOST]]
    return CasesBehind(wanted, without, found, len(cases) > _MOST)
