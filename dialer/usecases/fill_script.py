"""Which script a case is read, and what its blanks are filled with (rules §8.2; scripts/_schema.yaml)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime

from dialer.domain import interview as talk
from dialer.domain.calendar import shanghai_day
from dialer.domain.case import Purpose
from dialer.domain.free_look import CountRule
from dialer.domain.holder import Gender
from dialer.domain.interview import InterviewFacts
from dialer.domain.interview.state import applicable_items
from dialer.domain.policy import Channel, InsuranceClass, PayMode, Policy, ReceiptForm, TermKind
from dialer.domain.problem import Problem, ProblemLevel
from dialer.domain.script import CallScript
from dialer.domain.script.selection import PolicyKind, product_script
from dialer.domain.spoken import spoken_date, spoken_money, spoken_number
from dialer.ports import Scripts
from dialer.ports.storage import HolderPhone, StoredInterview, Work
from dialer.usecases.gather_facts import Known
from dialer.usecases.rulebook import Rulebook

_NO_BREAK_HYPHEN = "\u2011"  # a number that is read aloud stays on one line
_REDIAL_SCRIPT = {Purpose.L1_CONFIRM: "RD_L1_CONFIRM", Purpose.L2_RECONFIRM: "RD_L2_RECONFIRM"}

_PAY_FREQUENCY = {
    PayMode.SINGLE: "一次交清",
    PayMode.YEARLY: "按年交费",
    PayMode.HALF_YEARLY: "按半年交费",
    PayMode.QUARTERLY: "按季交费",
    PayMode.MONTHLY: "按月交费",
    PayMode.IRREGULAR: "不定期交费",
}

_EACH = {PayMode.YEARLY: "每年", PayMode.HALF_YEARLY: "每半年", PayMode.QUARTERLY: "每季", PayMode.MONTHLY: "每月"}

_SOLD_THROUGH = {
    Channel.BANK: "银行网点",
    Channel.POST: "邮政网点",
    Channel.OTHER_PART_TIME_AGENCY: "代理机构",
    Channel.BROKER: "保险经纪机构",
    Channel.DIRECT: "我公司",
    Channel.TELESALES: "电话销售渠道",
    Channel.ONLINE: "官方线上渠道",
}


async def script_for(
    work: Work, known: Known, phone: HolderPhone, agent_no: str, scripts: Scripts, rulebook: Rulebook, now: datetime
) -> tuple[CallScript, InterviewFacts]:
    """The script of a case, ready to be read on this number by this agent."""
    original = scripts.latest(product_script(_kind(known.policy.policy)))
    redial = _REDIAL_SCRIPT.get(known.case.purpose)
    script = original if redial is None else scripts.latest(redial)
    earlier = await _earlier(work, known)
    facts = await _facts(work, known, phone, earlier, agent_no, rulebook, now)
    if redial is not None:
        facts = replace(facts, pending_items=_pending(original, facts, earlier))
        script = talk.with_pending_items(script, original, facts)
    return script, facts


def _kind(policy: Policy) -> PolicyKind:
    return PolicyKind(
        channel=policy.channel,
        design_type=policy.design,
        insurance_class=policy.insurance_class,
        over_one_year=policy.over_one_year,
        guaranteed_renewal=policy.guaranteed_renewal,
    )


async def _facts(
    work: Work,
    known: Known,
    phone: HolderPhone,
    earlier: list[StoredInterview],
    agent_no: str,
    rulebook: Rulebook,
    now: datetime,
) -> InterviewFacts:
    policy = known.policy.policy
    last = earlier[-1] if earlier else None
    found = await work.interviews.problems(known.case.id) if known.case.round else ()
    last_round = [each.problem for each in found if each.round == known.case.round - 1]
    problems = [problem for problem in last_round if problem.level is not ProblemLevel.U]
    variables = {
        **_company(rulebook, agent_no),
        **_holder(known, phone),
        **_contract(policy, known),
        **_payment(policy),
        **_free_look(known),
        **(rulebook.products[policy.product_code].texts if policy.product_code in rulebook.products else {}),
        **_previous(last, problems),
    }
    free_look, today = known.facts.free_look, shanghai_day(now)
    age = known.policy.holder.age_on(today)
    return InterviewFacts(
        insured_is_holder=policy.insured_is_holder,
        design_type=policy.design,
        pay_mode=policy.pay_mode,
        freelook_expired=free_look is not None and today > free_look.surrender_last_day,  # what the customer is told
        freelook_days=policy.freelook_days,
        dual_record_required=policy.dual_record_required(age),
        is_reimbursement_medical=policy.insurance_class is InsuranceClass.HEALTH and "deductible_text" in variables,
        has_renewal_terms=policy.insurance_class is InsuranceClass.HEALTH and "renewal_text" in variables,
        phone_changed=known.case.phone_changed,
        receipt_on_file=policy.receipt_date is not None,
        prev_problem_types=tuple(dict.fromkeys(problem.type for problem in problems)),
        variables=variables,
    )


def _company(rulebook: Rulebook, agent_no: str) -> Mapping[str, str]:
    return {
        "company_name": rulebook.company_name,
        "company_hotline": rulebook.company_hotline,
        "agent_no": agent_no.replace("-", _NO_BREAK_HYPHEN),
        "est_minutes": "五",
        "sla_text": f"{spoken_number(rulebook.tickets.working_days)}个工作日".replace("二个", "两个"),
        "dialect_name": "您家乡的方言",
    }


def _holder(known: Known, phone: HolderPhone) -> Mapping[str, str]:
    holder = known.policy.holder
    title = {Gender.MALE: "先生", Gender.FEMALE: "女士"}.get(holder.gender, "先生或女士")
    return {
        "policyholder_name": holder.name.full,
        "policyholder_title": title,
        "address_district": _district(holder.address),
        "phone_tail": phone.number.tail,
    }


_DISTRICT = re.compile(r".*?[区县旗](?!域)|.*?市")


def _district(address: str) -> str:
    """The address as far as the script may say it: to the district, never the street (rules §7.6)."""
    found = _DISTRICT.match(address)
    return found[0] if found else ""


def _contract(policy: Policy, known: Known) -> Mapping[str, str]:
    insured = policy.insured.full if policy.insured else known.policy.holder.name.full
    return {
        "apply_date": spoken_date(policy.apply_date or policy.issue_date),
        "channel_desc": _sold_through(policy),
        "insured_ref": "您本人" if policy.insured_is_holder else f"被保险人{insured}",
        "insured_name": insured,
        "insured_sign_by": _signs_for_insured(policy, policy.issue_date),
        "product_name": policy.product_name,
        "policy_tail": policy.policy_no[-4:],
        "policy_form": "电子" if policy.receipt_form is ReceiptForm.ELECTRONIC else "纸质",
        "coverage_term_text": _term(policy),
        **_where_there_is_one(
            bank_name=policy.bank_name, risk_level_text=policy.risk_level_text, account_text=policy.account_text
        ),
    }


def _where_there_is_one(**texts: str) -> Mapping[str, str]:
    """An empty text is a missing variable: the script must not be read with a gap."""
    return {name: text for name, text in texts.items() if text}


def _sold_through(policy: Policy) -> str:
    if policy.channel is Channel.AGENCY and policy.salesperson is not None:
        return f"代理人{policy.salesperson.full[:1]}某"
    return _SOLD_THROUGH.get(policy.channel, "我公司销售人员")


def _signs_for_insured(policy: Policy, day: date) -> str:
    born = policy.insured_birthday
    if born is None:
        return "被保险人本人"
    minor = day < date(born.year + 18, born.month, min(born.day, 28))
    return "其法定监护人" if minor else "被保险人本人"


def _term(policy: Policy) -> str:
    count = spoken_number(policy.term.count)
    return {
        TermKind.WHOLE_LIFE: "终身",
        TermKind.TO_AGE: f"至{count}周岁",
        TermKind.YEARS: f"{count}年",
        TermKind.MONTHS: f"{count}个月",
        TermKind.DAYS: f"{count}天",
    }[policy.term.kind]


def _payment(policy: Policy) -> Mapping[str, str]:
    premium = spoken_money(policy.premium_fen)
    years = f"{spoken_number(policy.pay_term_years)}年" if policy.pay_term_years else "一次交清"
    each = _EACH.get(policy.pay_mode)
    due = spoken_date(policy.effective_date)
    if each == "每年":
        detail = f"每年{due}前交{premium}，连续交{years}"
    else:
        detail = f"一次交清{premium}" if each is None else f"{each}交{premium}，交费期{years}"
    return {
        "pay_freq_text": _PAY_FREQUENCY[policy.pay_mode],
        "premium_text": premium,
        "pay_years_text": years,
        "pay_detail_text": detail,
        "pay_brief_text": f"首期交费{premium}",
    }


def _free_look(known: Known) -> Mapping[str, str]:
    free_look, policy = known.facts.free_look, known.policy.policy
    if free_look is None or policy.receipt_date is None:
        return {}
    next_day = policy.count_rule is CountRule.EXCLUDE_RECEIPT_DAY
    return {
        "receipt_date": spoken_date(policy.receipt_date),
        "freelook_days": spoken_number(policy.freelook_days),
        "freelook_start_text": "您签收合同的次日" if next_day else "您签收合同的当日",
        "freelook_last_day_text": spoken_date(free_look.surrender_last_day),
    }


def _previous(last: StoredInterview | None, problems: list[Problem]) -> Mapping[str, str]:
    if last is None or not problems:
        return {}
    brief = "、".join(dict.fromkeys(SPOKEN_PROBLEM[problem.type] for problem in problems))
    return {"prev_call_date": spoken_date(shanghai_day(last.started_at)), "problem_brief_text": brief}


SPOKEN_PROBLEM = {
    "NO_PHONE": "无电话",
    "WRONG_NUMBER": "错号",
    "VACANT_NUMBER": "空号",
    "SUSPENDED": "停机",
    "UNREACHABLE": "无法联系投保人",
    "DATA_ERROR": "客户资料有误",
    "NOT_OWN_SIGNATURE": "非本人签名",
    "AGENT_VIOLATION": "代理人违规",
    "NOT_AWARE": "不知道办理保险",
    "CONTRACT_NOT_RECEIVED": "未收到合同",
    "LIABILITY_UNCLEAR": "保险责任不清楚",
    "SURRENDER_REQUEST": "要求退保",
    "OTHER": "其他问题",
}
"""What a customer is told a problem was (rules §4.3): as the screens name it, in the language of the call."""


async def _earlier(work: Work, known: Known) -> list[StoredInterview]:
    """Interviews of earlier calls in which something was said."""
    return [stored for stored in await work.interviews.of_case(known.case.id) if stored.state.get("steps")]


def _pending(original: CallScript, facts: InterviewFacts, earlier: list[StoredInterview]) -> tuple[str, ...]:
    """The product script's items without a positive answer after all calls so far, asked or not."""
    confirmed: dict[str, bool] = {}
    for stored in earlier:
        answers = talk.from_plain(stored.state).last_answers()
        confirmed |= {item: answer.value.positive for item, answer in answers.items()}
    items = (mandatory.item for mandatory in applicable_items(original, facts))
    return tuple(dict.fromkeys(item for item in items if not confirmed.get(item, False)))
