"""A product's own words: what the scripts say of every policy of it (rules §8.1: product texts come from variables)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

PRODUCT_TEXTS = {
    "liability_summary": "产品标准责任摘要",
    "exclusion_summary": "产品标准免责摘要",
    "correct_statement": "与误解点对应的标准说明",
    "freelook_refund_text": "犹豫期退费规则",
    "fee_text": "费用扣除项目及比例或金额",
    "min_guaranteed_rate_text": "最低保证利率",
    "charge_years_text": "收取退保费用年度",
    "withdraw_charge_text": "各年度退保费用比例",
    "waiting_period_text": "等待期长度",
    "waiting_start_text": "等待期起算",
    "waiting_rule_text": "等待期内出险处理",
    "deductible_text": "免赔额及比例说明（仅报销型医疗险）",
    "renewal_text": "续保与费率调整说明（仅有续保条款的产品）",
    "short_refund_text": "短险退费规则",
}
"""Script variables that belong to a product and not to one policy of it, with their meaning."""

TEXTS_OF_EVERY_PRODUCT = ("liability_summary", "exclusion_summary", "correct_statement", "freelook_refund_text")
"""Those that every script reads."""


@dataclass(frozen=True, slots=True)
class Product:
    """A product as the scripts need it. `texts` maps script variables (see `PRODUCT_TEXTS`) to approved wording."""

    code: str
    name: str
    texts: Mapping[str, str] = field(default_factory=dict)
