"""The policy as the rules see it: how it was sold, what it is, how long it runs, and its receipt (rules §5.1)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from dialer.domain.calendar import WorkingCalendar
from dialer.domain.free_look import CountRule, FreeLook
from dialer.domain.holder import PersonName


class Channel(StrEnum):
    """Through whom the policy was sold (rules §2.1, §8.2)."""

    AGENCY = "AGENCY"  # 个险
    BANK = "BANK"  # 银保
    POST = "POST"  # 邮政
    OTHER_PART_TIME_AGENCY = "OTHER_PART_TIME_AGENCY"  # 其他兼业代理
    BROKER = "BROKER"  # 经纪
    DIRECT = "DIRECT"  # 直销
    TELESALES = "TELESALES"  # 电销
    ONLINE = "ONLINE"  # 互联网
    GROUP = "GROUP"  # 团险


class Design(StrEnum):
    """The product's design type (rules §5.1)."""

    ORDINARY = "ORDINARY"  # 传统
    PARTICIPATING = "PARTICIPATING"  # 分红
    UNIVERSAL = "UNIVERSAL"  # 万能
    UNIT_LINKED = "UNIT_LINKED"  # 投连


class InsuranceClass(StrEnum):
    """What the policy insures (rules §8.2)."""

    LIFE = "LIFE"
    ANNUITY = "ANNUITY"
    HEALTH = "HEALTH"
    ACCIDENT = "ACCIDENT"
    ACCIDENT_LONG = "ACCIDENT_LONG"


class PayMode(StrEnum):
    """How the premium is paid (rules §5.1: 趸、期、不定期)."""

    SINGLE = "SINGLE"
    YEARLY = "YEARLY"
    HALF_YEARLY = "HALF_YEARLY"
    QUARTERLY = "QUARTERLY"
    MONTHLY = "MONTHLY"
    IRREGULAR = "IRREGULAR"


class ReceiptForm(StrEnum):
    """How the customer signed for the contract (rules §5.1)."""

    PAPER = "PAPER"
    ELECTRONIC = "ELECTRONIC"


class TermKind(StrEnum):
    """In what a coverage term is counted."""

    DAYS = "DAYS"
    MONTHS = "MONTHS"
    YEARS = "YEARS"
    TO_AGE = "TO_AGE"
    WHOLE_LIFE = "WHOLE_LIFE"


@dataclass(frozen=True, slots=True)
class Term:
    """A coverage term; `count` is days, months, years or the age, and nothing for a whole life."""

    kind: TermKind
    count: int = 0

    def over_one_year(self, starts_on: date) -> bool:
        """Whether it is *more* than a year (rules §4.1, C-12); a term to an age is taken to be, to be safe."""
        match self.kind:
            case TermKind.DAYS:
                return starts_on + timedelta(days=self.count) > _anniversary(starts_on)
            case TermKind.MONTHS:
                return self.count > 12
            case TermKind.YEARS:
                return self.count > 1
            case TermKind.TO_AGE | TermKind.WHOLE_LIFE:
                return True


def _anniversary(day: date) -> date:
    if (day.month, day.day) == (2, 29):
        return date(day.year + 1, 3, 1)
    return day.replace(year=day.year + 1)


PART_TIME_AGENCIES = frozenset({Channel.BANK, Channel.POST, Channel.OTHER_PART_TIME_AGENCY})
"""Channels whose sellers have another trade (兼业代理); rules §7.7, §8.2."""

_DUAL_RECORD_AGE = 60


@dataclass(frozen=True, slots=True)
class Policy:
    """One policy's snapshot (rules §5.1). Money is in fen.

    Attributes:
        province: GB/T 2260 code; so are `city` and `county`.
        outlet: the bank or post outlet that sold it; empty elsewhere.
        receipt_entered_on: the day the receipt reached the system, from which the first attempt is counted.
        roll_surrender: False where the clause excludes rolling the last day to surrender (rules §3.1).
        salesperson_left: an orphan policy (孤儿单).
        special_clause: the text of a special agreement (特别约定), empty when there is none.
        apply_date: when the customer applied (投保日期), where it differs from the issue.
        bank_name, risk_level_text, account_text: script variables of this very policy: the selling bank (银保), the
            holder's risk rating and the chosen accounts (投连).
    """

    policy_no: str
    channel: Channel
    design: Design
    insurance_class: InsuranceClass
    term: Term
    product_code: str
    product_name: str
    pay_mode: PayMode
    premium_fen: int
    issue_date: date
    effective_date: date
    province: str
    city: str
    county: str = ""
    outlet: str = ""
    guaranteed_renewal: bool = False
    group: bool = False
    holder_is_natural_person: bool = True
    pay_term_years: int | None = None
    sum_insured_fen: int | None = None
    freelook_days: int = 15
    count_rule: CountRule = CountRule.EXCLUDE_RECEIPT_DAY
    roll_surrender: bool = True
    receipt_date: date | None = None
    receipt_form: ReceiptForm | None = None
    receipt_entered_on: date | None = None
    insured: PersonName | None = None
    insured_is_holder: bool = True
    insured_birthday: date | None = None
    salesperson_code: str = ""
    salesperson: PersonName | None = None
    salesperson_left: bool = False
    special_clause: str = ""
    apply_date: date | None = None
    bank_name: str = ""
    risk_level_text: str = ""
    account_text: str = ""

    @property
    def over_one_year(self) -> bool:
        """Whether the coverage lasts longer than one year, strictly (rules §4.1)."""
        return self.term.over_one_year(self.effective_date)

    @property
    def long_term(self) -> bool:
        """More than a year, or health insurance that must be renewed on demand (rules §4.1)."""
        return self.over_one_year or (self.insurance_class is InsuranceClass.HEALTH and self.guaranteed_renewal)

    def dual_record_required(self, holder_age: int | None) -> bool:
        """Whether the sale had to be recorded (双录, rules §7.7); an unknown age counts as old."""
        if self.channel in PART_TIME_AGENCIES:
            return self.over_one_year
        elder = holder_age is None or holder_age >= _DUAL_RECORD_AGE
        return self.design is Design.UNIT_LINKED or (elder and self.over_one_year)

    def free_look(self, calendar: WorkingCalendar) -> FreeLook | None:
        """The free-look period; None before the receipt (rules §3.1, §4.1)."""
        if self.receipt_date is None:
            return None
        return FreeLook.of(self.receipt_date, self.freelook_days, self.count_rule, calendar, roll=self.roll_surrender)
