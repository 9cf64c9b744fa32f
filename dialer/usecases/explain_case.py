"""At the side: `dialer why`. The dispatcher's own question, answered for a person; so the two cannot disagree."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from dialer.domain.case import ON_THE_PHONE, POOL, RevisitCase
from dialer.domain.case_plan import DialNumber, Held, WaitUntil, plan_case
from dialer.domain.errors import CalendarMissing, NotFound
from dialer.domain.reason import Reason
from dialer.domain.retry import Exhausted
from dialer.ports.storage import Storage, Work
from dialer.usecases.gather_facts import gather
from dialer.usecases.rulebook import Rulebook


@dataclass(frozen=True, slots=True)
class Explanation:
    """What happens to a case next, when, and why, in sentences for people."""

    case: RevisitCase
    headline: str
    reasons: tuple[str, ...] = ()
    at: datetime | None = None

    def __str__(self) -> str:
        return "\n".join((self.headline, *(f"  {reason}" for reason in self.reasons)))


async def explain_case(storage: Storage, rulebook: Rulebook, policy_no: str, now: datetime) -> Explanation:
    """Why a policy's case is dialled now, later or never. Raises NotFound."""
    async with storage.read() as work:
        case = await work.cases.of_policy(policy_no)
        if case is None:
            raise NotFound(f"没有保单 {policy_no} 的回访案件 · no case for policy {policy_no}")
        return await explain(work, case, rulebook, now)


async def explain(work: Work, case: RevisitCase, rulebook: Rulebook, now: datetime) -> Explanation:
    """Why a case is dialled now, later or never."""
    if case.state not in POOL:
        return _not_in_the_pool(case)
    try:
        known = await gather(work, case, rulebook.calendar, now)
    except CalendarMissing as error:
        return Explanation(case, "暂不外呼 · held", (f"{error.code}: {error}",))
    match plan_case(known.facts, known.numbers, rulebook.dial, rulebook.calendar, now):
        case DialNumber(number, _):
            return _now(case, known.phone(number.id).number.masked, now)
        case WaitUntil(at, number, blocks):
            masked = known.phone(number.id).number.masked
            reasons = tuple(f"{_both(block.reason)} → {block.lifts_at:%m-%d %H:%M}" for block in blocks)
            return Explanation(case, f"{at:%Y-%m-%d %H:%M} 可拨 {masked} · may be dialled then", reasons, at)
        case Held(held):
            return Explanation(case, "暂不外呼 · held until something changes", tuple(map(_both, held)))
        case Exhausted(problem, why):
            return Explanation(case, f"本轮结束，转回访不成功 {problem} · the round is over", (_both(why),))


def _now(case: RevisitCase, masked: str, now: datetime) -> Explanation:
    if case.next_at is not None and case.next_at > now:
        reasons = (case.next_why,) if case.next_why else ()
        return Explanation(case, f"{case.next_at:%Y-%m-%d %H:%M} 再处理 · looked at again then", reasons, case.next_at)
    return Explanation(case, f"现在可拨 {masked} · may be dialled now", at=now)


def _not_in_the_pool(case: RevisitCase) -> Explanation:
    if case.state.closed:
        return Explanation(case, f"已结案 {case.state} · closed", (case.closed_why,))
    if case.state in ON_THE_PHONE:
        return Explanation(case, f"通话中 {case.state} · on the phone")
    return Explanation(case, f"不在外呼池 {case.state} · not in the pool", (case.next_why,) if case.next_why else ())


def _both(reason: Reason) -> str:
    return f"{reason.zh} · {reason.en}"
