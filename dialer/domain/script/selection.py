"""Which script a case is read (rules §8.2)."""

from __future__ import annotations

from dataclasses import dataclass

from dialer.domain.errors import NotFound

_REDIAL = {"L1_REDIAL": "RD_L1_CONFIRM", "L2_RECONFIRM": "RD_L2_RECONFIRM"}
_PART_TIME_AGENCIES = frozenset({"BANK", "POST", "OTHER_PART_TIME_AGENCY"})
_BY_DESIGN = {
    "UNIT_LINKED": "NB_UNIT_LINKED",
    "UNIVERSAL": "NB_UNIVERSAL",
    "PARTICIPATING": "NB_PARTICIPATING",
    "ORDINARY": "NB_LIFE_ORDINARY",
}


@dataclass(frozen=True, slots=True)
class PolicyKind:
    """What of a policy decides its script."""

    channel: str
    design_type: str
    insurance_class: str
    over_one_year: bool
    guaranteed_renewal: bool


def select_script(policy: PolicyKind, case_state: str) -> str:
    """The id of the script for a case, by the order of rules §8.2.

    U_REDIAL reads the product script again; which questions a redial script opens is `with_pending_items`.
    """
    if case_state in _REDIAL:
        return _REDIAL[case_state]
    return product_script(policy)


def product_script(policy: PolicyKind) -> str:
    """The script of the product, whatever round the case is in.

    Raises:
        NotFound: the design type is unknown.
    """
    if policy.channel in _PART_TIME_AGENCIES and policy.over_one_year:
        return "NB_BANCASSURANCE"
    if not policy.over_one_year and not policy.guaranteed_renewal:
        return "NB_SHORT_TERM"
    if policy.insurance_class == "HEALTH":
        return "NB_HEALTH_LONG" if policy.design_type == "ORDINARY" else "NB_HEALTH_LONG_NEW_TYPE"
    if policy.design_type not in _BY_DESIGN:
        raise NotFound(f"there is no call script for design type {policy.design_type!r}")
    return _BY_DESIGN[policy.design_type]
