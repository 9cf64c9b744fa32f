"""At the side: the free-look's burn-down by day, and the main figures of a period (rules §5.10)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from dialer.domain.errors import DialerError
from dialer.domain.user import User
from dialer.ports.figures import CaseSet, Rounds, Slice
from dialer.ports.storage import Storage
from dialer.usecases.count_cases import moment_of, part_of
from dialer.usecases.rulebook import Rulebook
from dialer.usecases.steer_dialling import places

LONGEST_PERIOD_DAYS = 93

DUTY = (CaseSet.DUE, CaseSet.DONE, CaseSet.OPEN, CaseSet.AT_RISK, CaseSet.MISSED)


class PeriodInvalid(DialerError):
    """A period that ends before it begins, or is too long to be counted at once."""

    code = "PERIOD_INVALID"


class Rate(StrEnum):
    """The main figures; each is a share of one set of cases in another."""

    INSIDE = "INSIDE"  # 犹豫期内回访成功率
    SUCCESS = "SUCCESS"  # 回访成功率
    COMPLETION = "COMPLETION"  # 回访完成率
    FIRST_CALL = "FIRST_CALL"  # 电话一次成功率
    FIRST_REACH = "FIRST_REACH"
    PROOF = "PROOF"


SHARES: Mapping[Rate, tuple[CaseSet, CaseSet]] = {
    Rate.INSIDE: (CaseSet.COMPLETED_INSIDE, CaseSet.DUE),
    Rate.SUCCESS: (CaseSet.SUCCEEDED, CaseSet.OWED),
    Rate.COMPLETION: (CaseSet.COMPLETED, CaseSet.OWED),
    Rate.FIRST_CALL: (CaseSet.SUCCEEDED_AT_ONCE, CaseSet.DUE),
    Rate.FIRST_REACH: (CaseSet.REACHED_AT_ONCE, CaseSet.DIALLED),
    Rate.PROOF: (CaseSet.PROVED, CaseSet.CLOSED_BY_PHONE),
}
"""What of what; the first is a part of the second, so that the rest can be listed."""


def share(part: int, whole: int) -> float | None:
    """From 0 to 1; None where there is nothing to take a share of."""
    return part / whole if whole else None


@dataclass(frozen=True, slots=True)
class BurnDown:
    """The duty day by day, by the free-look's last day; and in all."""

    days: Mapping[date, Mapping[CaseSet, int]]
    places: tuple[str, ...]
    today: date

    @property
    def total(self) -> Mapping[CaseSet, int]:
        """The sum over the days."""
        return {each: sum(day[each] for day in self.days.values()) for each in DUTY}

    @property
    def most(self) -> int:
        """The largest number due in a day; at least 1."""
        return max((day[CaseSet.DUE] for day in self.days.values()), default=1) or 1


async def burn_down(storage: Storage, rulebook: Rulebook, user: User, part: Slice, now: datetime) -> BurnDown:
    """By last day: due, done, open, at risk, missed.

    Raises:
        NotFound: an organisation outside the user's.
        PeriodInvalid: no period, or one that is too long.
    """
    _check(part.last_days)
    mine = part_of(user, part)
    async with storage.read() as work:
        at = await moment_of(work, rulebook, now)
        return BurnDown(
            days=await work.figures.by_last_day(DUTY, mine, at),
            places=await places(work, user),
            today=at.today[0].date(),
        )


@dataclass(frozen=True, slots=True)
class MainFigures:
    """The figures of policies received in a period."""

    counts: Mapping[CaseSet, int]
    rounds: Rounds
    places: tuple[str, ...]

    def of(self, rate: Rate) -> float | None:
        """A share; None where nothing was due."""
        part, whole = SHARES[rate]
        return share(self.counts[part], self.counts[whole])

    @property
    def attempts_per_case(self) -> float | None:
        """Attempts that count (rules §10.3) for each case that was dialled."""
        return share(self.rounds.attempts, self.counts[CaseSet.DIALLED])

    @property
    def tickets_in_time(self) -> float | None:
        """Tickets answered by their due minute, of those whose answer has come or was due (rules §5.6)."""
        return share(self.rounds.tickets_in_time, self.rounds.tickets_due)


async def main_figures(storage: Storage, rulebook: Rulebook, user: User, part: Slice, now: datetime) -> MainFigures:
    """The main figures of a slice by receipt. Raises NotFound, PeriodInvalid."""
    _check(part.receipts)
    mine = part_of(user, part)
    sets = tuple(dict.fromkeys(each for pair in SHARES.values() for each in pair))
    async with storage.read() as work:
        at = await moment_of(work, rulebook, now)
        return MainFigures(
            counts=await work.figures.count(sets, mine, at),
            rounds=await work.figures.rounds(mine, at),
            places=await places(work, user),
        )


def _check(period: tuple[date, date] | None) -> None:
    if period is None or period[1] < period[0]:
        raise PeriodInvalid("a period needs a first day, and a last one that is not before it")
    if (period[1] - period[0]).days >= LONGEST_PERIOD_DAYS:
        raise PeriodInvalid(f"a period of more than {LONGEST_PERIOD_DAYS} days is not counted at once")
