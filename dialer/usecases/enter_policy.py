"""Chapter: imported. A policy comes in, or comes again changed, and its case follows (rules §4.1, §5.3 nos. 1, 18)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from datetime import datetime, time
from decimal import Decimal
from itertools import islice
from typing import TypeVar

from dialer.domain.calendar import SHANGHAI, shanghai_day
from dialer.domain.case import CASE, POOL, CaseEvent, CaseId, CaseState, Purpose, RevisitCase
from dialer.domain.case_facts import CaseFacts
from dialer.domain.contact import DialLater, may_dial
from dialer.domain.free_look import FreeLook
from dialer.domain.number import Number
from dialer.domain.phone import PhoneKind, PhoneNumber, PhoneSource, PhoneStatus
from dialer.domain.policy import Policy
from dialer.domain.policy_entry import PolicyEntry
from dialer.domain.priority import PriorityFacts, priority
from dialer.domain.problem import Problem, ProblemLevel, ProblemType
from dialer.domain.reason import Reason
from dialer.domain.sampling import ProvinceRules, required_rate
from dialer.ports.storage import FoundProblem, Moved, NumberOfHolder, PolicyContent, Work
from dialer.usecases.close_case import cancel_case
from dialer.usecases.open_ticket import open_ticket
from dialer.usecases.policy_changes import changes
from dialer.usecases.rulebook import Rulebook

STAFF_PHONE = "PHONE_IS_AGENT"
"""The conduct flag of scenario 10: the customer's number is a salesperson's."""

SHARED_PHONE = "SHARED_PHONE"
"""A note: another holder has the same number, so each is verified by their own birthday (rules §11 no. 10)."""

CANCELLED_IN_CALL = "POLICY_CANCELLED"
"""The contract ended while somebody was on the phone: the desk shows it, and the wrap-up closes the case."""

ROWS_A_UNIT = 250
"""New rows stored in one unit of work: the engine's own writes wait a few tenths of a second for it at most."""

ALWAYS, NEVER = Decimal(1), Decimal(0)
_MANY_HOLDERS = 10
"""A number that more have is hardly a family's; their earlier cases are not told of each other."""

_ANY_NUMBER = Number(id=0, kind=PhoneKind.MOBILE, status=PhoneStatus.OK)


Row = TypeVar("Row")

Sharing = Mapping[PhoneNumber, frozenset[int]]
"""The holders who have a number."""


@dataclass(frozen=True, slots=True)
class Plan:
    """When a case is first due and where it stands in the queue."""

    free_look: FreeLook
    rank: int
    first_at: datetime


@dataclass(frozen=True, slots=True)
class Arrival:
    """A policy about to be stored for the first time; not `wanted` is one outside the revisit or its sample."""

    entry: PolicyEntry
    policy: Policy
    plan: Plan | None
    wanted: bool


@dataclass(slots=True)
class Entering:
    """What one run knows: the rules, who imports what and when, and the salespeople's numbers.

    `now` is the run's start: the first instants of policies alike are worked out once.
    """

    rulebook: Rulebook
    staff: frozenset[PhoneNumber]
    by: str
    file_name: str
    now: datetime
    _first_at: dict[CaseFacts, datetime] = field(default_factory=dict)

    def rate(self, policy: Policy) -> Decimal:
        """The share of such policies that must be revisited (rules §4.1)."""
        return required_rate(policy, self.rulebook.provinces.get(policy.province, ProvinceRules()))

    def plan(self, entry: PolicyEntry, policy: Policy) -> Plan | None:
        """The case's dates; None without a receipt. Raises CalendarMissing."""
        free_look = policy.free_look(self.rulebook.calendar)
        if free_look is None:
            return None
        today = shanghai_day(self.now)
        age = entry.holder.age_on(today)
        facts = PriorityFacts(free_look=free_look, holder_age=age, premium_fen=policy.premium_fen)
        rank = priority(facts, today, self.rulebook.calendar, self.rulebook.priority).rank
        return Plan(free_look, int(rank), self._first(CaseFacts(free_look, policy.province, policy.receipt_entered_on)))

    def arrival(self, entry: PolicyEntry, *, wanted: bool) -> Arrival:
        """A new policy with its dates. Raises CalendarMissing."""
        policy = as_stored(entry, self)
        return Arrival(entry, policy, self.plan(entry, policy), wanted)

    def _first(self, facts: CaseFacts) -> datetime:
        """The first instant a phone may ring; where none is in sight the dispatcher looks at once, and says why."""
        if facts not in self._first_at:
            answer = may_dial(facts, _ANY_NUMBER, self.rulebook.dial, self.rulebook.calendar, self.now)
            self._first_at[facts] = answer.at if isinstance(answer, DialLater) else self.now
        return self._first_at[facts]

    def moved(self, entry: PolicyEntry, **detail: object) -> Moved:
        """The history's line: who, from which file and row."""
        return Moved(self.by, self.now, {"file": self.file_name, "row": entry.row, **detail})


def as_stored(entry: PolicyEntry, run: Entering, before: Policy | None = None) -> Policy:
    """The entry's policy; a receipt whose day of entry is not told was entered when it first came in."""
    policy = entry.policy
    if policy.receipt_date is None or policy.receipt_entered_on is not None:
        return policy
    known = before.receipt_entered_on if before and before.receipt_date == policy.receipt_date else None
    return replace(policy, receipt_entered_on=known or max(shanghai_day(run.now), policy.receipt_date))


def units(rows: Iterable[Row], size: int) -> Iterator[Sequence[Row]]:
    """The rows in their order, so many for each unit of work."""
    remaining = iter(rows)
    while unit := list(islice(remaining, size)):
        yield unit


async def enter_new(work: Work, arrivals: Sequence[Arrival], run: Entering) -> None:
    """Store policies that were not there, in a few statements for all of them, and open their cases."""
    contents = [PolicyContent(each.policy, each.entry.holder, each.entry.digest) for each in arrivals]
    holder_ids = await work.policies.put_all(contents, run.now)
    entries = [each.entry for each in arrivals]
    numbers = await _store_numbers(work, list(zip(holder_ids, entries, strict=True)), run, PhoneSource.APPLICATION)
    added = [
        (_opened(each, holder_id, run).flagged(*known.flags), run.moved(each.entry))
        for each, holder_id, known in zip(arrivals, holder_ids, numbers, strict=True)
    ]
    for entry in entries:
        if entry.cancelled_on is not None:
            await work.policies.cancel(entry.policy.policy_no, _midnight(entry))
    for case, entry, known in zip(await work.cases.add_all(added), entries, numbers, strict=True):
        if not known.usable:
            await _no_number_of_their_own(work, case, entry, run)


def _opened(arrival: Arrival, holder_id: int, run: Entering) -> RevisitCase:
    policy, plan = arrival.policy, arrival.plan
    case = RevisitCase(id=CaseId(0), policy_no=policy.policy_no, holder_id=holder_id, org=org_of(policy))
    if plan is not None:
        case = _planned(case, plan)
    if arrival.entry.cancelled_on is not None:
        return replace(case, state=CaseState.CLOSED_CANCELLED, closed_at=run.now, closed_why="CANCELLED", next_at=None)
    if not arrival.wanted:
        return replace(case, state=CaseState.NOT_SAMPLED, next_at=None)
    return case if plan is None else replace(case, state=CaseState.READY)


async def enter_changed(work: Work, entry: PolicyEntry, run: Entering, digest: str = "") -> RevisitCase:
    """Store a policy's newer content, and let the case follow: receipt, cancellation, scope, deadlines.

    The history says what changed. `digest` is kept in place of the entry's own where a part alone was told: the
    extract that the policy came from, imported again, still changes nothing.
    Raises CalendarMissing: its dates can't be computed; nothing was stored.
    """
    before = await work.policies.get(entry.policy.policy_no)
    policy = as_stored(entry, run, before.policy)
    plan = run.plan(entry, policy)
    changed = changes(before, await work.policies.phones(before.holder.id), policy, entry)
    holder_id = await work.policies.put(policy, entry.holder, digest or entry.digest, run.now)
    [known] = await _store_numbers(work, [(holder_id, entry)], run, PhoneSource.POLICY_SERVICE)
    case = await work.cases.of_policy(policy.policy_no)
    assert case is not None  # a policy and its case are stored in one unit of work
    case = replace(case, holder_id=holder_id, org=org_of(policy)).flagged(*known.flags)
    if plan is not None:
        case = _planned(case, plan)
    if entry.cancelled_on is not None and before.cancelled_at is None:
        await work.policies.cancel(policy.policy_no, _midnight(entry))
    event = _event(case, entry, run.rate(policy))
    if event is CaseEvent.CANCELLED:
        return await cancel_case(work, case, run.moved(entry, changes=changed))
    if entry.cancelled_on is not None and not case.state.closed:
        case = case.flagged(CANCELLED_IN_CALL)
    case = await work.cases.move(case, event, run.moved(entry, changes=changed))
    return case if known.usable else await _no_number_of_their_own(work, case, entry, run)


def _event(case: RevisitCase, entry: PolicyEntry, rate: Decimal) -> CaseEvent:
    if entry.cancelled_on is not None:
        cancellable = CaseEvent.CANCELLED in CASE.allowed(case.state) and case.state is not CaseState.WRAP_UP
        return CaseEvent.CANCELLED if cancellable else CaseEvent.POLICY_CHANGED
    if rate == NEVER and case.state in (CaseState.PENDING_RECEIPT, CaseState.READY):
        return CaseEvent.LEFT_OUT_OF_SAMPLE
    received = entry.policy.receipt_date is not None
    if received and case.state is CaseState.PENDING_RECEIPT:
        return CaseEvent.RECEIPT_ENTERED
    if received and case.state is CaseState.NOT_SAMPLED and rate == ALWAYS:
        return CaseEvent.REOPENED
    return CaseEvent.POLICY_CHANGED


def _planned(case: RevisitCase, plan: Plan) -> RevisitCase:
    """The case with its deadlines; one that was never dialled also with its first instant and its place."""
    case = replace(
        case,
        revisit_last_day=plan.free_look.revisit_last_day,
        surrender_last_day=plan.free_look.surrender_last_day,
    )
    fresh = case.purpose is Purpose.FIRST and case.first_attempt_at is None
    if not fresh or case.state not in (CaseState.PENDING_RECEIPT, CaseState.NOT_SAMPLED, CaseState.READY):
        return case
    return replace(case, rank=plan.rank).due(plan.first_at, Reason.FIRST_ATTEMPT_DAY)


def org_of(policy: Policy) -> str:
    """Where the case belongs, as a path: province/city/county."""
    return "/".join(part for part in (policy.province, policy.city, policy.county) if part)


def _midnight(entry: PolicyEntry) -> datetime:
    assert entry.cancelled_on is not None
    return datetime.combine(entry.cancelled_on, time(), SHANGHAI)


# numbers


@dataclass(frozen=True, slots=True)
class _Numbers:
    """What an entry's numbers show of its case; `usable` is False when all of the holder's are a salesperson's."""

    flags: frozenset[str]
    usable: bool


async def _store_numbers(
    work: Work, entries: Sequence[tuple[int, PolicyEntry]], run: Entering, source: PhoneSource
) -> Sequence[_Numbers]:
    """Add the entries' numbers to their holders; an import of before may have found one to be a salesperson's."""
    numbers = [NumberOfHolder(holder_id, number, kind) for holder_id, entry in entries for kind, number in entry.phones]
    await work.policies.put_phones(numbers, source, run.now)
    sharing = await work.policies.sharing([each.number for each in numbers])
    staff = (run.staff & sharing.keys()) | await work.policies.staff_among(list(sharing))
    await work.policies.mark_staff_numbers(list(staff))
    await _tell_those_who_share(work, sharing)
    return [await _known(work, holder_id, entry, sharing, staff) for holder_id, entry in entries]


async def _known(
    work: Work, holder_id: int, entry: PolicyEntry, sharing: Sharing, staff: AbstractSet[PhoneNumber]
) -> _Numbers:
    flags = {SHARED_PHONE for _, number in entry.phones if sharing[number] - {holder_id}}
    if staff.isdisjoint(number for _, number in entry.phones):
        return _Numbers(frozenset(flags), usable=True)
    phones = await work.policies.phones(holder_id)
    return _Numbers(frozenset(flags | {STAFF_PHONE}), usable=not all(phone.staff_number for phone in phones))


async def _tell_those_who_share(work: Work, sharing: Sharing) -> None:
    """The cases of those who had a number before get the note too, unless they are more than a family."""
    families = [holders for holders in sharing.values() if 1 < len(holders) <= _MANY_HOLDERS]
    for holder_id in sorted({holder_id for family in families for holder_id in family}):
        for case in await work.cases.of_holder(holder_id):
            if SHARED_PHONE not in case.flags and not case.state.closed:
                await work.cases.save(case.flagged(SHARED_PHONE))


async def _no_number_of_their_own(work: Work, case: RevisitCase, entry: PolicyEntry, run: Entering) -> RevisitCase:
    """Blocked before anybody dials: 回访不成功 for wrong data, and a conduct matter (rules §11 no. 10)."""
    if case.state not in POOL:
        return case
    problem = Problem(ProblemType.DATA_ERROR, STAFF_PHONE)
    case = await work.cases.move(case, CaseEvent.UNREACHED, run.moved(entry, problem=problem.type))
    await work.interviews.put_problems(case.id, [FoundProblem(problem, run.now, case.round)])
    await work.interviews.put_referral(case.id, None, "CONDUCT_INVESTIGATION", {"why": STAFF_PHONE}, run.now)
    return await open_ticket(work, case, ProblemLevel.U, run.rulebook, run.now)
