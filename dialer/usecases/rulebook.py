"""What a site has decided, gathered for the use cases: calendar, dialling rules, tickets, proof, products."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import time

from dialer.domain.calendar import WorkingCalendar
from dialer.domain.dialing_hours import DialRules
from dialer.domain.preview import PreviewRules
from dialer.domain.priority import PriorityRules
from dialer.domain.problem import ProblemType
from dialer.domain.product import Product
from dialer.domain.sampling import ProvinceRules


@dataclass(frozen=True, slots=True)
class TicketRules:
    """Transfer tickets (rules §5.5, §5.6, §12 C-02, §13)."""

    working_days: int = 2
    extraction_at: time = time(16, 0)
    max_rounds: int = 3
    l2_redial_types: frozenset[ProblemType] = frozenset(
        {ProblemType.CONTRACT_NOT_RECEIVED, ProblemType.LIABILITY_UNCLEAR}
    )
    reply_min_chars: int = 30
    reply_banned: tuple[str, ...] = ("已回复", "已查询", "已处理", "已转某部门跟进", "已结案", "已联系", "客户已清楚")
    attachment_max_bytes: int = 10 * 1024 * 1024
    attachments_max: int = 20


@dataclass(frozen=True, slots=True)
class ProofRules:
    """What a recording must be before a case may close on it (rules §5.9)."""

    min_seconds: float = 60.0
    length_tolerance_seconds: float = 2.0


@dataclass(frozen=True, slots=True)
class Rulebook:
    """Every decision of the site that a use case may need."""

    calendar: WorkingCalendar
    dial: DialRules = field(default_factory=DialRules)
    priority: PriorityRules = field(default_factory=PriorityRules)
    tickets: TicketRules = field(default_factory=TicketRules)
    proof: ProofRules = field(default_factory=ProofRules)
    preview: PreviewRules = field(default_factory=PreviewRules)
    products: Mapping[str, Product] = field(default_factory=dict)
    provinces: Mapping[str, ProvinceRules] = field(default_factory=dict)
    company_name: str = "示例人寿"
    company_hotline: str = "955XX"
    caller_id: str = "95500"
    ring_seconds: float = 45.0
