"""Chapter: imported. New policies of which only a share must be revisited wait for their draw (rules §4.1).

None is stored before it, so none can be dialled before it; the draw itself is kept, with its seed and its population.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from dialer.domain.policy_entry import PolicyEntry
from dialer.domain.sampling import Stratum, draw_sample
from dialer.ports.storage import Storage, Work
from dialer.usecases.enter_policy import ROWS_A_UNIT, Entering, enter_new, units
from dialer.usecases.tell_import import Fate, Settled

POPULATION = 20_000
"""Policies drawn from at once at most, so that memory stays flat."""


@dataclass(slots=True)
class Draws:
    """The draws of one import.

    Attributes:
        waiting: new policies of which a share is to be drawn, by number.
        seed: unpredictable text; each draw adds its own number.
        made: how many draws there were.
    """

    storage: Storage
    run: Entering
    seed: str
    give_way: Callable[[], Awaitable[None]]
    waiting: dict[str, PolicyEntry] = field(default_factory=dict)
    made: int = 0

    def put(self, entry: PolicyEntry) -> None:
        """One more that waits."""
        self.waiting[entry.policy.policy_no] = entry

    @property
    def full(self) -> bool:
        """Whether no more should wait."""
        return len(self.waiting) >= POPULATION

    async def draw(self) -> Sequence[Settled]:
        """Draw from those that wait, keep the draw, then store them all."""
        waiting, self.waiting = list(self.waiting.values()), {}
        if not waiting:
            return ()
        self.made += 1
        wanted = await self._drawn(waiting, f"{self.seed}/{self.made}")
        settled: list[Settled] = []
        for unit in units(waiting, ROWS_A_UNIT):
            async with self.storage.begin() as work:
                settled += await self._enter(work, unit, wanted)
            await self.give_way()
        return settled

    async def _drawn(self, waiting: Sequence[PolicyEntry], seed: str) -> frozenset[str]:
        wanted: set[str] = set()
        rates = sorted({self.run.rate(entry.policy) for entry in waiting})
        async with self.storage.begin() as work:
            for rate in rates:
                strata: dict[Stratum, list[str]] = {}
                for entry in waiting:
                    if self.run.rate(entry.policy) == rate:
                        strata.setdefault(Stratum.of(entry.policy), []).append(entry.policy.policy_no)
                chosen = draw_sample(seed, strata, rate)
                wanted |= chosen
                for stratum, population in strata.items():
                    drawn = sorted(chosen & set(population))
                    await work.ledger.put_sample(seed, str(rate), stratum.key, population, drawn, self.run.now)
        return frozenset(wanted)

    async def _enter(self, work: Work, entries: Sequence[PolicyEntry], wanted: frozenset[str]) -> list[Settled]:
        """Another import may have brought some of them in the meantime."""
        stored = await work.policies.digests([entry.policy.policy_no for entry in entries])
        new = [entry for entry in entries if entry.policy.policy_no not in stored]
        arrivals = [self.run.arrival(entry, wanted=entry.policy.policy_no in wanted) for entry in new]
        await enter_new(work, arrivals, self.run)
        there = [Settled(entry, Fate.UNCHANGED) for entry in entries if entry.policy.policy_no in stored]
        return [*there, *(Settled(each.entry, Fate.NEW, sampled_out=not each.wanted) for each in arrivals)]
