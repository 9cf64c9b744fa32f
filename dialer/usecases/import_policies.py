"""Chapter: imported. An extract of policies becomes policies, holders, numbers and cases (rules §4.1, §5.1, §9.3).

Rows are read, sorted by what they ask for, and stored, in short units of work so that dialling goes on meanwhile. The
content decides, not the file: what is there already unchanged is passed over, so an import that was cut short is
simply run again.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from dialer.domain.calendar import shanghai_day
from dialer.domain.errors import CalendarMissing
from dialer.domain.phone import PhoneNumber
from dialer.domain.policy_entry import BadRow, PolicyEntry, RowFault
from dialer.ports import Clock, Signals
from dialer.ports.storage import Storage, Work
from dialer.ports.topics import DISPATCH
from dialer.usecases.draw_samples import Draws
from dialer.usecases.enter_policy import (
    ALWAYS,
    NEVER,
    ROWS_A_UNIT,
    Arrival,
    Entering,
    enter_changed,
    enter_new,
    units,
)
from dialer.usecases.rulebook import Rulebook
from dialer.usecases.tell_import import Fate, FaultSink, ImportReport, RowBook, Settled, Taken
from dialer.usecases.try_again import try_again

CHANGES_A_UNIT = 20
"""Rows stored in one unit of work that may change what is there: each of them asks and saves for itself."""


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
    taken: Taken = _untold,
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
    book = RowBook(faults, ImportReport(import_id, source.unknown_columns), taken)
    draws = Draws(storage, run, f"{seed}/{import_id}", give_way)
    importing = _Import(storage, run, draws, give_way)
    for rows in units(source.entries(), ROWS_A_UNIT):
        book.settle(await importing.take(book.readable(rows)))
        if draws.full:
            book.settle(await draws.draw())
    book.settle(await draws.draw())
    await _mark_staff(storage, run, give_way)
    async with storage.begin() as work:
        await work.ledger.import_ended(import_id, book.report.counts, clock.now())
    await signals.notify(DISPATCH)
    return book.report


def _sorted(entries: Sequence[PolicyEntry], stored: Mapping[str, str]) -> Iterator[Sequence[PolicyEntry]]:
    """Units of work: as stored, new, changed; where a policy stands twice, all in their order."""
    if len({entry.policy.policy_no for entry in entries}) < len(entries):
        yield from units(entries, CHANGES_A_UNIT)
        return
    kinds: dict[Fate, list[PolicyEntry]] = {Fate.UNCHANGED: [], Fate.NEW: [], Fate.CHANGED: []}
    for entry in entries:
        digest = stored.get(entry.policy.policy_no)
        fate = Fate.NEW if digest is None else Fate.UNCHANGED if digest == entry.digest else Fate.CHANGED
        kinds[fate].append(entry)
    yield from units(kinds[Fate.UNCHANGED], ROWS_A_UNIT)
    yield from units(kinds[Fate.NEW], ROWS_A_UNIT)
    yield from units(kinds[Fate.CHANGED], CHANGES_A_UNIT)


@dataclass(frozen=True, slots=True)
class _Import:
    """A run under way.

    Attributes:
        seen: the hashes of the policies met so far, which find those that stand twice; about 80 bytes each.
    """

    storage: Storage
    run: Entering
    draws: Draws
    give_way: Callable[[], Awaitable[None]]
    seen: set[int] = field(default_factory=set)

    async def take(self, entries: Sequence[PolicyEntry]) -> Sequence[Settled]:
        """What became of each entry. What is as stored is only read: importing a file again keeps nobody waiting."""
        async with self.storage.read() as work:
            stored = await work.policies.digests([entry.policy.policy_no for entry in entries])
        settled: dict[int, Settled] = {}
        for unit in _sorted(entries, stored):
            as_stored = all(stored.get(entry.policy.policy_no) == entry.digest for entry in unit)
            those = [Settled(entry, Fate.UNCHANGED) for entry in unit] if as_stored else await self._stored(unit)
            self._remember(those)
            settled |= {each.entry.row: each for each in those}
        return [settled[entry.row] for entry in entries]

    def _remember(self, settled: Sequence[Settled]) -> None:
        for each in settled:
            if each.fate is Fate.WAITS:
                self.draws.put(each.entry)
            if each.fate is not Fate.REFUSED:
                self.seen.add(hash(each.entry.policy.policy_no))

    async def _stored(self, entries: Sequence[PolicyEntry]) -> Sequence[Settled]:
        """Store a unit. When a case moved between reading and saving, the unit is done again."""

        async def unit() -> Sequence[Settled]:
            async with self.storage.begin() as work:
                return await self._store(work, entries)

        settled = await try_again(unit)
        await self.give_way()
        return settled

    async def _store(self, work: Work, entries: Sequence[PolicyEntry]) -> Sequence[Settled]:
        known = dict(await work.policies.digests([entry.policy.policy_no for entry in entries]))
        waiting = (self.draws.waiting.get(entry.policy.policy_no) for entry in entries)
        known |= {entry.policy.policy_no: entry.digest for entry in waiting if entry is not None}
        settled: list[Settled] = []
        arrivals: list[Arrival] = []
        met: set[str] = set()
        for entry in entries:
            number = entry.policy.policy_no
            if known.get(number) == entry.digest:
                each = Settled(entry, Fate.UNCHANGED)
            elif number in met or hash(number) in self.seen:
                each = _twice(entry)
            else:
                each = await self._enter(work, entry, arrivals, new=number not in known)
            settled.append(each)
            if each.fate is not Fate.REFUSED:
                met.add(number)
                known[number] = entry.digest
        await enter_new(work, arrivals, self.run)
        return settled

    async def _enter(self, work: Work, entry: PolicyEntry, arrivals: list[Arrival], *, new: bool) -> Settled:
        received = entry.policy.receipt_date
        if received is not None and received > shanghai_day(self.run.now):
            return _refused(entry, "RECEIPT_IN_FUTURE", "签收日期晚于今天", "the receipt is dated after today")
        try:
            if new:
                return self._arrive(entry, arrivals)
            await enter_changed(work, entry, self.run)
        except CalendarMissing as missing:
            zh, en = f"工作日历未载入：{missing}", f"the working calendar is not loaded: {missing}"
            return _refused(entry, missing.code, zh, en)
        return Settled(entry, Fate.CHANGED)

    def _arrive(self, entry: PolicyEntry, arrivals: list[Arrival]) -> Settled:
        """A new one is stored with the others that arrive, unless it has to wait for its draw."""
        rate = self.run.rate(entry.policy)
        arrival = self.run.arrival(entry, wanted=rate == ALWAYS)
        if NEVER < rate < ALWAYS:
            return Settled(entry, Fate.WAITS)
        arrivals.append(arrival)
        return Settled(entry, Fate.NEW)


async def _mark_staff(storage: Storage, run: Entering, give_way: Callable[[], Awaitable[None]]) -> None:
    """Customers of earlier imports may have a salesperson's number that is only now known for one."""
    for numbers in units(run.staff, ROWS_A_UNIT):
        async with storage.begin() as work:
            await work.policies.mark_staff_numbers(numbers)
        await give_way()


def _twice(entry: PolicyEntry) -> Settled:
    """Which of two different rows is right, only a person can say; the first counts, so that a second run agrees."""
    zh, en = "同一保单在文件中重复且内容不同，以先出现的为准", "the policy stands twice, differently; the first counts"
    number = entry.policy.policy_no
    fault = RowFault(entry.row, "保单号", number, "POLICY_TWICE", zh, en, field="policy_no")
    return Settled(entry, Fate.REFUSED, fault)


def _refused(entry: PolicyEntry, code: str, zh: str, en: str) -> Settled:
    value = str(entry.policy.receipt_date or "")
    fault = RowFault(entry.row, "签收日期", value, code, zh, en, field="receipt_date")
    return Settled(entry, Fate.REFUSED, fault)
