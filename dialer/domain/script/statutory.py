"""The items a script must carry before it may be published (rules §7.2; new-type products by the older rules)."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

from dialer.domain.script.expression import Scope
from dialer.domain.script.model import CallScript, MandatoryItem

_ALWAYS = frozenset(
    {"IDENTITY", "PURCHASE", "RECEIPT", "SIGN_HOLDER", "DOCS_READ", "LIABILITY", "EXCLUSION"}
    | {"PAYMENT", "SURRENDER_LOSS"}
)
_REDIAL = frozenset({"IDENTITY", "SOLVED"})
_WHERE_TRUE = {
    "policy.dual_record_required": frozenset({"DUAL_RECORD"}),
    "policy.freelook_days": frozenset({"FREELOOK"}),
}
_DESIGN = {
    "PARTICIPATING": frozenset({"RISK_STATEMENT", "BENEFIT_UNCERTAIN", "ILLUSTRATION"}),
    "UNIVERSAL": frozenset({"RISK_STATEMENT", "BENEFIT_UNCERTAIN", "FEES", "WITHDRAW_CHARGE"}),
    "UNIT_LINKED": frozenset({"RISK_STATEMENT", "RISK_ASSESS", "BENEFIT_UNCERTAIN", "FEES", "ACCOUNT_CHOICE"}),
}
_PART_TIME_AGENCIES = frozenset({"BANK", "POST", "OTHER_PART_TIME_AGENCY"})


def missing_items(script: CallScript) -> tuple[str, ...]:
    """The statutory items that some policy of the script's kind would not be asked; empty when none."""
    missing: set[str] = set()
    for policy in _policies(script):
        covered = {mandatory.item for mandatory in script.mandatory_items if _applies(mandatory, policy)}
        missing |= _required(script, policy) - covered
    return tuple(sorted(missing))


def _policies(script: CallScript) -> Iterator[Scope]:
    """One policy of every combination of facts that a condition can tell apart."""
    designs = _applicable(script, "design_type") or ["ORDINARY"]
    yes_no = (True, False)
    for facts in product(designs, ("SINGLE", "REGULAR"), (0, 15), yes_no, yes_no, yes_no, yes_no, yes_no):
        yield dict(zip(_FACTS, facts, strict=True))


_FACTS = (
    "policy.design_type",
    "policy.pay_mode",
    "policy.freelook_days",
    "policy.insured_is_holder",
    "policy.freelook_expired",
    "policy.dual_record_required",
    "policy.is_reimbursement_medical",
    "policy.has_renewal_terms",
)


def _applies(mandatory: MandatoryItem, policy: Scope) -> bool:
    return mandatory.when is None or mandatory.when.holds(policy)


def _required(script: CallScript, policy: Scope) -> frozenset[str]:
    if script.is_redial:
        return _REDIAL
    required = _ALWAYS | _DESIGN.get(str(policy["policy.design_type"]), frozenset())
    for fact, items in _WHERE_TRUE.items():
        required |= items if policy[fact] else frozenset()
    if not policy["policy.insured_is_holder"]:
        required |= {"SIGN_INSURED"}
    return required | _by_kind_of_product(script, policy)


def _by_kind_of_product(script: CallScript, policy: Scope) -> frozenset[str]:
    short = str(script.applies_to.get("term", "")).startswith("<=")
    health = "HEALTH" in _applicable(script, "insurance_class")
    bank = set(_applicable(script, "channel"))
    demanded = {
        "TERM": not short,
        "NOT_DEPOSIT": bool(bank) and bank <= _PART_TIME_AGENCIES,
        "WAITING_PERIOD": health,
        "HEALTH_DISCLOSURE": health,
        "REIMBURSE": health and bool(policy["policy.is_reimbursement_medical"]),
        "RENEWAL": health and not short and bool(policy["policy.has_renewal_terms"]),
        "NO_GUARANTEED_RENEWAL": health and short,
    }
    return frozenset(item for item, needed in demanded.items() if needed)


def _applicable(script: CallScript, key: str) -> list[str]:
    values = script.applies_to.get(key, [])
    return [str(value) for value in values] if isinstance(values, list) else []
