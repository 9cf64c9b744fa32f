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

    working_days: int
    extraction_at: time
    max_rounds: int
    l2_redial_types: frozenset[ProblemType]
    reply_min_chars: int
    reply_banned: tuple[str, ...]
    attachment_max_bytes: int
    attachments_max: int


@dataclass(frozen=True, slots=True)
class ProofRules:
    """What a recording must be before a case may close on it (rules §5.9)."""

    min_seconds: float
    length_tolerance_seconds: float


@dataclass(frozen=True, slots=True)
class Rulebook:
    """Every decision of the site that a use case may need; where it decides nothing, the settings have the rules'."""

    calendar: WorkingCalendar
    dial: DialRules
    tickets: TicketRules
    proof: ProofRules
    preview: PreviewRules
    products: Mapping[str, Product]
    provinces: Mapping[str, ProvinceRules]
    company_name: str
    company_hotline: str
    caller_id: str
    ring_seconds: float
    priority: PriorityRules = field(default_factory=PriorityRules)
