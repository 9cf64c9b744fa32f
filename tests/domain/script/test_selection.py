"""Which script a case is read (rules §8.2)."""

from __future__ import annotations

from pathlib import Path

import pytest

from dialer.domain.errors import NotFound
from dialer.domain.script import PolicyKind, product_script, select_script
from dialer.scripts_yaml import load_scripts


def a_policy(
    channel: str = "AGENCY",
    design: str = "ORDINARY",
    insured: str = "LIFE",
    *,
    long: bool = True,
    renewal: bool = False,
) -> PolicyKind:
    return PolicyKind(channel, design, insured, over_one_year=long, guaranteed_renewal=renewal)


@pytest.mark.parametrize(
    ("policy", "script"),
    [
        (a_policy(), "NB_LIFE_ORDINARY"),
        (a_policy(design="PARTICIPATING"), "NB_PARTICIPATING"),
        (a_policy(design="UNIVERSAL"), "NB_UNIVERSAL"),
        (a_policy(design="UNIT_LINKED"), "NB_UNIT_LINKED"),
        (a_policy("BANK", "PARTICIPATING"), "NB_BANCASSURANCE"),
        (a_policy("POST", insured="HEALTH"), "NB_BANCASSURANCE"),
        (a_policy("BANK", insured="ACCIDENT", long=False), "NB_SHORT_TERM"),
        (a_policy(insured="HEALTH", long=False), "NB_SHORT_TERM"),
        (a_policy(insured="HEALTH", long=False, renewal=True), "NB_HEALTH_LONG"),
        (a_policy("BANK", insured="HEALTH", long=False, renewal=True), "NB_HEALTH_LONG"),
        (a_policy(insured="HEALTH"), "NB_HEALTH_LONG"),
        (a_policy(design="UNIVERSAL", insured="HEALTH"), "NB_HEALTH_LONG_NEW_TYPE"),
    ],
)
def test_the_product_decides_the_script(policy, script):
    assert select_script(policy, "READY") == script


def test_a_redial_of_a_problem_has_its_own_script_and_of_an_unreached_holder_the_products():
    policy = a_policy(design="PARTICIPATING")
    assert select_script(policy, "L1_REDIAL") == "RD_L1_CONFIRM"
    assert select_script(policy, "L2_RECONFIRM") == "RD_L2_RECONFIRM"
    assert select_script(policy, "U_REDIAL") == "NB_PARTICIPATING"
    assert product_script(policy) == "NB_PARTICIPATING"


def test_an_unknown_design_has_no_script():
    with pytest.raises(NotFound, match="TONTINE"):
        select_script(a_policy(design="TONTINE"), "READY")


def test_every_script_that_can_be_selected_is_shipped():
    library = load_scripts(Path(__file__).parents[3] / "scripts")
    kinds = [
        a_policy(channel, design, insured, long=long, renewal=renewal)
        for channel in ("AGENCY", "BANK")
        for design in ("ORDINARY", "PARTICIPATING", "UNIVERSAL", "UNIT_LINKED")
        for insured in ("LIFE", "HEALTH", "ACCIDENT")
        for long in (True, False)
        for renewal in (True, False)
    ]
    states = ("READY", "L1_REDIAL", "L2_RECONFIRM")
    selected = {select_script(kind, state) for kind in kinds for state in states}
    assert selected == {script.id for script in library.scripts}
