"""Chapter: imported. An extract of policies becomes policies, holders, numbers and cases (rules §4.1, §5.1, §9.3).

Short units of work, so that dialling goes on meanwhile. The content decides, not the file: what is there already
unchanged is passed over, so an import that was cut short is simply run again. Policies of which only a share must be
revisited wait until their draw is made; none is stored before it, so none can be dialled before it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import islice
from typing import Protocol, TypeVar

from dialer.domain.calendar import shanghai_day
from dialer.domain.errors import CalendarMissing
from dialer.domain.phone import PhoneNumber
from dialer.domain.policy_entry import BadRow, PolicyEntry, RowFault
from dialer.domain.sampling import Stratum, draw_sample
from dialer.ports import Clock, Signals
from dialer.ports.storage import Storage, Work
from dialer.ports.topics import DISPATCH
from dialer.usecases.enter_policy import ALWAYS, NEVER, Arrival, Entering, enter_changed, enter_new
from dialer.usecases.rulebook import Rulebook
from dialer.usecases.try_again import try_again

ROWS_A_UNIT = 250
"""New rows stored in one unit of work: the engine's own writes wait a few tenths of a second for it at most."""

CHANGES_A_UNIT = 20
"""The same for rows that may change what is stored: each of them asks and saves for itself."""

POPULATION = 20_000
"""Policies drawn from at once at most, so that memory stays flat."""

Row = TypeVar("Row")


class PolicySource(Protocol):
    """An extract; `dialer.importing.PolicyFile` is one."""

    @property
    def name(self) -> str:
        """What people call it."""
        ...

    @property
    def sha256(self) -> str:
        """Of its bytes."""
        ...

    @property
    def unknown_columns(self) -> tuple[str, ...]:
        """Headings nobody knows."""
        ...

    def entries(self) -> Iterator[PolicyEntry | BadRow]:
        """Every row, in order, as it is asked for."""
        ...

    def staff_numbers(self) -> frozenset[PhoneNumber]:
        """The salespeople's numbers it tells of."""
        ...


class FaultSink(Protocol):
    """Where faults go; `dialer.importing.ErrorFile` is one."""

    def put(self, fault: RowFault) -> None:
        """Keep one."""
        ...


class Fate(StrEnum):
    """What became of a row."""

    NEW = "new"
    CHANGED = "changed"
    UNCHANGED = "unchanged"
    WAITS = "waits"  # for its draw


@dataclass(slots=True)
class ImportReport:
    """What an import did. `sampled_out` of the new policies were not drawn; `left_out` values were not taken."""

    import_id: int
    unknown_columns: tuple[str, ...] = ()
    new: int = 0
    changed: int = 0
    unchanged: int = 0
    bad: int = 0
    sampled_out: int = 0
    left_out: int = 0

    @property
    def rows(self) -> int:
        """All rows below the headings."""
        return self.new + self.changed + self.unchanged + self.bad

    @property
    def counts(self) -> Mapping[str, int]:
        """The numbers, for the ledger and the screen."""
        names = ("rows", "new", "changed", "unchanged", "bad", "sampled_out", "left_out")
        return {name: getattr(self, name) for name in names}

    def count(self, fate: Fate) -> None:
        """One more row."""
        match fate:
            case Fate.NEW:
                self.new += 1
            case Fate.CHANGED:
                self.changed += 1
            case Fate.UNCHANGED:
                self.unchanged += 1


def _untold(_row: int, _fate: Fate) -> None:
    """A file's rows are counted, not listed."""


async def import_policies(
    storage: Storage,
    signals: Signals,
    source: PolicySource,
    faults: FaultSink,
    clock: Clock,
    rulebook: Rulebook,
    *,
    by: str,
    seed: str,
    give_way: Callable[[], Awaitable[None]],
    taken: Callable[[int, Fate], object] = _untold,
) -> ImportReport:
    """Take an extract in; good rows are kept, bad ones told.

    Args:
        storage: the database.
        signals: tell the dispatcher that there are new cases.
        source: the extract.
        faults: gets every fault once.
        clock: says when the import runs.
        rulebook: calendar, dialling and priority rules, what provinces demand.
        by: who imports: a login or `system:<part>`.
        seed: unpredictable text for the draws, stored beside them (rules §4.1).
        give_way: called after every unit of work, outside of it: waits until others have had their turn to write
            (`dialer.importing.give_way`; SQLite's lock is not fair, and an import without pauses starves the engine).
        taken: told of each row that was not refused what became of it.

    Raises:
        StorageUnavailable: the rows stored so far are kept; run it again.
    """
    async with storage.begin() as work:
        import_id = await work.ledger.import_begun(source.sha256, source.name, by, clock.now())
    run = Entering(rulebook, source.staff_numbers(), by, source.name, clock.now())
    report = ImportReport(import_id, source.unknown_columns)
    importing = _Import(storage, faults, run, f"{seed}/{import_id}", give_way, report, taken)
    for rows in _units(source.entries()):
        await importing.take(rows)
    await importing.draw()
    await importing.mark_staff()
    async with storage.begin() as work:
        await work.ledger.import_ended(import_id, report.counts, clock.now())
    await signals.notify(DISPATCH)
    return report


def _units(rows: Iterable[Row], size: int = ROWS_A_UNIT) -> Iterator[Sequence[Row]]:
    remaining = iter(rows)
    while unit := list(islice(remaining, size)):
        yield unit


def _units_of_work(entries: Sequence[PolicyEntry], stored: Mapping[str, str]) -> Iterator[Sequence[PolicyEntry]]:
    """Those as stored, the new ones, the changed ones; where a policy stands twice, all in their order."""
    if len({entry.policy.policy_no for entry in entries}) < len(entries):
        yield from _units(entries, CHANGES_A_UNIT)
        return
    kinds: dict[Fate, list[PolicyEntry]] = {Fate.UNCHANGED: [], Fate.NEW: [], Fate.CHANGED: []}
    for entry in entries:
        digest = stored.get(entry.policy.policy_no)
        fate = Fate.NEW if digest is None else Fate.UNCHANGED if digest == entry.digest else Fate.CHANGED
        kinds[fate].append(entry)
    yield from _units(kinds[Fate.UNCHANGED])
    yield from _units(kinds[Fate.NEW])
    yield from _units(kinds[Fate.CHANGED], CHANGES_A_UNIT)


@dataclass(slots=True)
class _Import:
    """A run under way.

    Attributes:
        waiting: new policies of which a share is to be drawn, by number.
        seen: the hashes of the policies met so far, which find those that stand twice; about 80 bytes each.
    """

    storage: Storage
    faults: FaultSink
    run: Entering
    seed: str
    give_way: Callable[[], Awaitable[None]]
    report: ImportReport
    taken: Callable[[int, Fate], object] = _untold
    waiting: dict[str, PolicyEntry] = field(default_factory=dict)
    seen: set[int] = field(default_factory=set)
    draws: int = 0

    async def take(self, rows: Sequence[PolicyEntry | BadRow]) -> None:
        """Store one unit's rows and tell their faults."""
        entries = []
        for row in rows:
            if isinstance(row, BadRow):
                self._refuse(row)
            else:
                self._note(row)
                entries.append(row)
        for entry, fate in zip(entries, await self._fates(entries), strict=True):
            self._settle(entry, fate)
        if len(self.waiting) >= POPULATION:
            await self.draw()

    def _note(self, entry: PolicyEntry) -> None:
        for notice in entry.notices:
            self.faults.put(notice)
            self.report.left_out += 1

    def _refuse(self, row: BadRow) -> None:
        for fault in row.faults:
            self.faults.put(fault)
        self.report.bad += 1

    def _settle(self, entry: PolicyEntry, fate: Fate | BadRow) -> None:
        if isinstance(fate, BadRow):
            self._refuse(fate)
            return
        if fate is Fate.WAITS:
            self.waiting[entry.policy.policy_no] = entry
        else:
            self._count(entry, fate)

    def _count(self, entry: PolicyEntry, fate: Fate) -> None:
        self.report.count(fate)
        self.taken(entry.row, fate)

    async def _fates(self, entries: Sequence[PolicyEntry]) -> Sequence[Fate | BadRow]:
        """What became of each entry. What is as stored is only read: importing a file again keeps nobody waiting."""
        async with self.storage.read() as work:
            stored = await work.policies.digests([entry.policy.policy_no for entry in entries])
        fates: dict[int, Fate | BadRow] = {}
        for unit in _units_of_work(entries, stored):
            if all(stored.get(entry.policy.policy_no) == entry.digest for entry in unit):
                unit_fates: Sequence[Fate | BadRow] = [Fate.UNCHANGED] * len(unit)
            else:
                unit_fates = await self._stored(unit)
            for entry, fate in zip(unit, unit_fates, strict=True):
                fates[entry.row] = fate
                if not isinstance(fate, BadRow):
                    self.seen.add(hash(entry.policy.policy_no))
        return [fates[entry.row] for entry in entries]

    async def _stored(self, entries: Sequence[PolicyEntry]) -> Sequence[Fate | BadRow]:
        """What became of each entry. When a case moved between reading and saving, the unit is done again."""
        return await try_again(lambda: self._unit(entries))

    async def _unit(self, entries: Sequence[PolicyEntry]) -> list[Fate | BadRow]:
        fates: list[Fate | BadRow] = []
        arrivals: list[Arrival] = []
        async with self.storage.begin() as work:
            known = dict(await work.policies.digests([entry.policy.policy_no for entry in entries]))
            waiting = (self.waiting.get(entry.policy.policy_no) for entry in entries)
            known |= {entry.policy.policy_no: entry.digest for entry in waiting if entry is not None}
            met: set[str] = set()
            for entry in entries:
                number, digest = entry.policy.policy_no, entry.digest
                if known.get(number) == digest:
                    fates.append(Fate.UNCHANGED)
                elif number in met or hash(number) in self.seen:
                    fates.append(_twice(entry))
                else:
                    fates.append(await self._enter(work, entry, None if number in known else arrivals))
                if not isinstance(fates[-1], BadRow):
                    met.add(number)
                    known[number] = digest
            await enter_new(work, arrivals, self.run)
        await self.give_way()
        return fates

    async def _enter(self, work: Work, entry: PolicyEntry, arrivals: list[Arrival] | None) -> Fate | BadRow:
        """Take a changed policy in (`arrivals` is None), or put a new one to the others that arrive."""
        received = entry.policy.receipt_date
        if received is not None and received > shanghai_day(self.run.now):
            return _bad(entry, "RECEIPT_IN_FUTURE", "签收日期晚于今天", "the receipt is dated after today")
        try:
            if arrivals is None:
                await enter_changed(work, entry, self.run)
                return Fate.CHANGED
            rate = self.run.rate(entry.policy)
            arrival = self.run.arrival(entry, wanted=rate == ALWAYS)
        except CalendarMissing as missing:
            return _bad(
                entry, missing.code, f"工作日历未载入：{missing}", f"the working calendar is not loaded: {missing}"
            )
        if NEVER < rate < ALWAYS:
            return Fate.WAITS
        arrivals.append(arrival)
        return Fate.NEW

    async def draw(self) -> None:
        """Draw from those that wait, keep the draw, then store them all (rules §4.1)."""
        if not self.waiting:
            return
        waiting, self.waiting = list(self.waiting.values()), {}
        self.draws += 1
        seed = f"{self.seed}/{self.draws}"
        wanted = await self._drawn(waiting, seed)
        for unit in _units(waiting):
            async with self.storage.begin() as work:
                await self._enter_drawn(work, unit, wanted)
            await self.give_way()

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

    async def _enter_drawn(self, work: Work, entries: Sequence[PolicyEntry], wanted: frozenset[str]) -> None:
        stored = await work.policies.digests([entry.policy.policy_no for entry in entries])
        arrivals = []
        for entry in entries:
            if entry.policy.policy_no in stored:
                self._count(entry, Fate.UNCHANGED)  # another import brought it in the meantime
            else:
                arrivals.append(self.run.arrival(entry, wanted=entry.policy.policy_no in wanted))
                self._count(entry, Fate.NEW)
        await enter_new(work, arrivals, self.run)
        self.report.sampled_out += sum(not arrival.wanted for arrival in arrivals)

    async def mark_staff(self) -> None:
        """Customers of earlier imports may have a salesperson's number that is only now known for one."""
        numbers = list(self.run.staff)
        for start in range(0, len(numbers), ROWS_A_UNIT):
            async with self.storage.begin() as work:
                await work.policies.mark_staff_numbers(numbers[start : start + ROWS_A_UNIT])
            await self.give_way()


def _twice(entry: PolicyEntry) -> BadRow:
    """Which of two different rows is right, only a person can say; the first counts, so that a second run agrees."""
    zh, en = "同一保单在文件中重复且内容不同，以先出现的为准", "the policy stands twice, differently; the first counts"
    number = entry.policy.policy_no
    return BadRow(entry.row, (RowFault(entry.row, "保单号", number, "POLICY_TWICE", zh, en, field="policy_no"),))


def _bad(entry: PolicyEntry, code: str, zh: str, en: str) -> BadRow:
    value = str(entry.policy.receipt_date or "")
    return BadRow(entry.row, (RowFault(entry.row, "签收日期", value, code, zh, en, field="receipt_date"),))
