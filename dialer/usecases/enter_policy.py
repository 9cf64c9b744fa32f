"""Chapter: imported. A policy comes in, or comes again changed, and its case follows (rules §4.1, §5.3 nos. 1, 18)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, time
from decimal import Decimal

from dialer.domain.calendar import SHANGHAI
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
from dialer.domain.scope import ProvinceRules, required_rate
from dialer.ports.storage import FoundProblem, HolderPhone, Moved, Work
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

ALWAYS, NEVER = Decimal(1), Decimal(0)
_MANY_HOLDERS = 10
_ANY_NUMBER = Number(id=0, kind=PhoneKind.MOBILE, status=PhoneStatus.OK)


@dataclass(frozen=True, slots=True)
class Plan:
    """When a case is first due and where it stands in the queue."""

    free_look: FreeLook
    rank: int
    first_at: datetime


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
        today = self.now.date()
        age = entry.holder.age_on(today)
        facts = PriorityFacts(free_look=free_look, holder_age=age, premium_fen=policy.premium_fen)
        rank = priority(facts, today, self.rulebook.calendar, self.rulebook.priority).rank
        return Plan(free_look, int(rank), self._first(CaseFacts(free_look, policy.province, policy.receipt_entered_on)))

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
    return replace(policy, receipt_entered_on=known or max(run.now.date(), policy.receipt_date))


async def enter_new(work: Work, entry: PolicyEntry, run: Entering, *, wanted: bool) -> RevisitCase:
    """Store a policy that was not there and open its case; `wanted` is False for one outside the revisit or its sample.

    Raises:
        CalendarMissing: its dates can't be computed; nothing was stored.
    """
    policy = as_stored(entry, run)
    plan = run.plan(entry, policy)
    holder_id = await work.policies.put(policy, entry.holder, entry.digest, run.now)
    case = RevisitCase(id=CaseId(0), policy_no=policy.policy_no, holder_id=holder_id, org=_org(policy))
    case, usable = await _with_numbers(work, case, entry, run, PhoneSource.APPLICATION)
    if plan is not None:
        case = _planned(case, plan)
    if entry.cancelled_on is not None:
        await work.policies.cancel(policy.policy_no, _midnight(entry))
        case = replace(case, state=CaseState.CLOSED_CANCELLED, closed_at=run.now, closed_why="CANCELLED", next_at=None)
    elif not wanted:
        case = replace(case, state=CaseState.NOT_SAMPLED, next_at=None)
    elif plan is not None:
        case = replace(case, state=CaseState.READY)
    case = await work.cases.add(case, run.moved(entry))
    return case if usable else await _no_number_of_their_own(work, case, entry, run)


async def enter_changed(work: Work, entry: PolicyEntry, run: Entering) -> RevisitCase:
    """Store a policy's newer content, and let the case follow: receipt, cancellation, scope, deadlines.

    The history says what changed. Raises CalendarMissing: its dates can't be computed; nothing was stored.
    """
    before = await work.policies.get(entry.policy.policy_no)
    case = await work.cases.of_policy(entry.policy.policy_no)
    assert case is not None  # a policy and its case are stored in one unit of work
    policy = as_stored(entry, run, before.policy)
    plan = run.plan(entry, policy)
    changed = changes(before, await work.policies.phones(before.holder.id), policy, entry)
    holder_id = await work.policies.put(policy, entry.holder, entry.digest, run.now)
    case = replace(case, holder_id=holder_id, org=_org(policy))
    case, usable = await _with_numbers(work, case, entry, run, PhoneSource.POLICY_SERVICE)
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
    return case if usable else await _no_number_of_their_own(work, case, entry, run)


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
    return replace(case, rank=plan.rank).due(plan.first_at, "FIRST_ATTEMPT_DAY")


def _org(policy: Policy) -> str:
    """Where the case belongs, as a path: province/city/county."""
    return "/".join(part for part in (policy.province, policy.city, policy.county) if part)


def _midnight(entry: PolicyEntry) -> datetime:
    assert entry.cancelled_on is not None
    return datetime.combine(entry.cancelled_on, time(), SHANGHAI)


# numbers


async def _with_numbers(
    work: Work, case: RevisitCase, entry: PolicyEntry, run: Entering, source: PhoneSource
) -> tuple[RevisitCase, bool]:
    """The case with its numbers stored and its flags; False when every number of the holder is a salesperson's."""
    flags: set[str] = set()
    for kind, number in entry.phones:
        phone = await work.policies.put_phone(case.holder_id, number, kind, source, run.now)
        sharing = await work.policies.holders_sharing(phone.number_hash)
        others = [holder_id for holder_id in sharing if holder_id != case.holder_id]
        if others:
            flags.add(SHARED_PHONE)
            await _tell_those_who_share(work, others)
        if phone.staff_number or number in run.staff or await _known_as_staff(work, phone, others):
            flags.add(STAFF_PHONE)
            await work.policies.save_phone(replace(phone, staff_number=True))
    numbers = await work.policies.phones(case.holder_id) if STAFF_PHONE in flags else ()
    return case.flagged(*flags), not numbers or not all(phone.staff_number for phone in numbers)


async def _known_as_staff(work: Work, phone: HolderPhone, others: Sequence[int]) -> bool:
    """Whether an earlier import found the number to be a salesperson's, at another holder."""
    theirs = await work.policies.phones(others[0]) if others else ()
    return any(each.staff_number for each in theirs if each.number_hash == phone.number_hash)


async def _tell_those_who_share(work: Work, others: Sequence[int]) -> None:
    """Their cases get the note too, unless they are more than a family."""
    for holder_id in others if len(others) < _MANY_HOLDERS else ():
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
