"""At the side: `dialer why`. The dispatcher's own question, answered for a person; so the two cannot disagree."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, time

from dialer.domain.case import POOL, CaseState, RevisitCase
from dialer.domain.case_plan import CasePlan, DialNumber, Held, WaitUntil, plan_case
from dialer.domain.errors import CalendarMissing, NotFound
from dialer.domain.problem import ProblemType
from dialer.domain.reason import Reason
from dialer.domain.retry import Exhausted
from dialer.domain.steering import Steering, SteeringKind, steered
from dialer.ports.storage import Storage, Work
from dialer.usecases.fill_script import SPOKEN_PROBLEM
from dialer.usecases.gather_facts import Known, gather
from dialer.usecases.rulebook import Rulebook
from dialer.usecases.steer_dialling import course_now


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
        return Explanation(case, "暂不外呼 · held", (f"缺少该年度的工作日历 · {error.code}: {error}",))
    plan = plan_case(known.facts, known.numbers, rulebook.dial, rulebook.calendar, now)
    course = await course_now(work, rulebook, now)
    explanation = _explained(known, steered(plan, course.hold(case)), now)
    return replace(explanation, reasons=(*explanation.reasons, *await _decisions_about(work, case, now)))


async def _decisions_about(work: Work, case: RevisitCase, now: datetime) -> tuple[str, ...]:
    standing = await work.steerings.standing(now)
    return tuple(_decided(each) for each in standing if each.group.has(case.org, case.purpose))


def _decided(each: Steering) -> str:
    zh, en = _DECIDED[each.kind]
    facts = {"start": each.start or time(), "end": each.end or time(), "seats": each.seats}
    until = f" → {each.until:%m-%d %H:%M}" if each.until else ""
    return (
        f"{zh.format(**facts)}{until}（{each.by}：{each.why}） · "
        f"{en.format(**facts)}{until} by {each.by} because {each.why}"
    )


_DECIDED = {
    SteeringKind.PAUSE: ("外呼已暂停", "paused"),
    SteeringKind.HOURS: ("仅在 {start:%H:%M}–{end:%H:%M} 外呼", "dialled from {start:%H:%M} to {end:%H:%M} only"),
    SteeringKind.SEATS: ("最多 {seats} 席同时外呼", "dialled by at most {seats} seats at a time"),
    SteeringKind.FIRST: ("优先外呼", "dialled first"),
}


def _explained(known: Known, plan: CasePlan | Steering, now: datetime) -> Explanation:
    case = known.case
    match plan:
        case DialNumber(number, _):
            return _now(case, known.phone(number.id).number.masked, now)
        case Steering():
            return Explanation(case, "按主管安排暂不外呼 · held by a supervisor's decision")
        case WaitUntil(at, number, blocks):
            masked = known.phone(number.id).number.masked
            reasons = tuple(_both(block.reason, f" → {block.lifts_at:%m-%d %H:%M}") for block in blocks)
            moment = f"{at:%Y-%m-%d %H:%M}"
            return Explanation(case, f"{moment} 可拨 {masked} · {masked} may be dialled {moment}", reasons, at)
        case Held(held):
            return Explanation(case, "暂不外呼 · held until something changes", tuple(map(_both, held)))
        case Exhausted(problem, why):
            headline = f"本轮结束，转回访不成功（{SPOKEN_PROBLEM[problem]}） · the round is over: {_plain(problem)}"
            return Explanation(case, headline, (_both(why),))


def _now(case: RevisitCase, masked: str, now: datetime) -> Explanation:
    if case.next_at is not None and case.next_at > now:
        reasons = _waits_for(case)
        moment = f"{case.next_at:%Y-%m-%d %H:%M}"
        return Explanation(case, f"{moment} 再处理 · looked at again {moment}", reasons, case.next_at)
    return Explanation(case, f"现在可拨 {masked} · {masked} may be dialled now", at=now)


_WAITS_FOR = {
    CaseState.PENDING_RECEIPT: "等待回执签收 · waits for the receipt",
    CaseState.NOT_SAMPLED: "不在回访范围或未抽中 · outside the revisit or its sample",
    CaseState.QUEUED: "即将拨出 · about to be dialled",
    CaseState.DIALING: "正在呼叫 · ringing",
    CaseState.IN_CALL: "通话中 · talking",
    CaseState.WRAP_UP: "等待坐席话后确认 · waits for the agent's wrap-up",
    CaseState.SEALING: "等待录音封存后结案 · closes when its recording is sealed",
    CaseState.EREVISIT_WAIT: "等待客户完成电子化回访 · waits for the customer's e-revisit",
    CaseState.REFUSAL_QA: "等待质检复核拒访 · waits for quality to judge the refusal",
    CaseState.U_OPEN: "等待下发回访不成功转办单 · its ticket waits to be issued",
    CaseState.L1_OPEN: "等待下发一级转办单 · its ticket waits to be issued",
    CaseState.L2_OPEN: "等待下发二级转办单 · its ticket waits to be issued",
    CaseState.U_ISSUED: "转办中，等待回复 · out as a ticket",
    CaseState.L1_ISSUED: "转办中，等待回复 · out as a ticket",
    CaseState.L2_ISSUED: "转办中，等待回复 · out as a ticket",
    CaseState.U_REPLIED: "转办已回复，等待核实号码 · answered, its number is being verified",
    CaseState.U_VERIFIED: "号码已核实，等待再次外呼 · verified, to be dialled again",
    CaseState.L1_REPLIED: "转办已回复，等待再次外呼 · answered, to be dialled again",
    CaseState.L2_REPLIED: "转办已回复，等待归档 · answered, to be archived",
    CaseState.REPLY_CORRECTION: "客户反映回复不属实，等待更正 · the reply was untrue: waits for its correction",
    CaseState.ALT_CHANNEL: "等待安排信函或上门 · waits for a letter or a visit",
    CaseState.LETTER_OUT: "已寄信函，等待回函 · waits for the letter's return",
    CaseState.VISIT_OUT: "已派上门，等待结果 · waits for the visit's result",
    CaseState.WAIVER_PENDING: "等待免回访审批 · waits for the waiver's approval",
    CaseState.FROZEN: "已冻结 · frozen",
    CaseState.CLOSED_SUCCESS: "回访成功，已结案 · closed: confirmed",
    CaseState.CLOSED_PROBLEM_HANDLED: "问题已处理，已结案 · closed: its problems are handled",
    CaseState.CLOSED_WAIVED: "免回访，已结案 · closed: waived",
    CaseState.CLOSED_REFUSED: "客户拒访，已结案 · closed: the customer refused",
    CaseState.CLOSED_CANCELLED: "保单已撤销，已结案 · closed: the policy is cancelled",
    CaseState.CLOSED_UNREACHED: "未能回访，已结案 · closed: never reached",
}


def _not_in_the_pool(case: RevisitCase) -> Explanation:
    return Explanation(case, _WAITS_FOR[case.state], _waits_for(case))


def _waits_for(case: RevisitCase) -> tuple[str, ...]:
    return (case.next_why.both,) if case.next_why.both else ()


def _plain(problem: ProblemType) -> str:
    return problem.value.replace("_", " ").lower()


def _both(reason: Reason, until: str = "") -> str:
    return f"{reason.zh}{until} · {reason.en}{until}"
