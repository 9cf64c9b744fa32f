import math
from collections import Counter
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialer.domain.policy import Channel, Design, InsuranceClass, Term, TermKind
from dialer.domain.sampling import ProvinceRules, Stratum, draw_sample, required_rate
from tests.domain.test_policy import A_POLICY

ONE_YEAR = Term(TermKind.YEARS, 1)
NOTHING_MORE = ProvinceRules()
HALF = Decimal("0.5")


def rate(province: ProvinceRules = NOTHING_MORE, **facts: Any) -> Decimal:
    return required_rate(replace(A_POLICY, **facts), province)


@pytest.mark.parametrize("channel", [channel for channel in Channel if channel is not Channel.GROUP])
def test_every_personal_policy_over_one_year_is_revisited_whatever_the_channel(channel):
    assert rate(channel=channel) == 1


@pytest.mark.parametrize("facts", [{"group": True}, {"channel": Channel.GROUP}, {"holder_is_natural_person": False}])
def test_group_business_and_legal_persons_are_not_revisited_even_where_the_province_demands_all(facts):
    assert rate(ProvinceRules(minimum_rate=Decimal(1)), **facts) == 0


def test_a_health_policy_of_one_year_with_guaranteed_renewal_is_revisited_always():
    assert rate(term=ONE_YEAR, insurance_class=InsuranceClass.HEALTH, guaranteed_renewal=True) == 1
    assert rate(term=ONE_YEAR, insurance_class=InsuranceClass.HEALTH) == 0
    assert rate(term=ONE_YEAR, insurance_class=InsuranceClass.ACCIDENT, guaranteed_renewal=True) == 0


@pytest.mark.parametrize("design", [Design.PARTICIPATING, Design.UNIVERSAL, Design.UNIT_LINKED])
def test_bank_investment_designs_are_revisited_always_whatever_the_term(design):
    assert rate(channel=Channel.BANK, design=design, term=ONE_YEAR) == 1


def test_the_banks_floor_bites_only_up_to_one_year():
    assert rate(channel=Channel.BANK, term=ONE_YEAR, insurance_class=InsuranceClass.ACCIDENT) == HALF
    assert rate(channel=Channel.BANK) == 1


def test_other_short_policies_follow_the_province():
    assert rate(ProvinceRules(short_term_sample_rate=Decimal("0.1")), term=ONE_YEAR) == Decimal("0.1")


def test_a_stricter_province_prevails_and_a_laxer_one_does_not():
    assert rate(ProvinceRules(minimum_rate=Decimal("0.8")), channel=Channel.BANK, term=ONE_YEAR) == Decimal("0.8")
    assert rate(ProvinceRules(minimum_rate=Decimal("0.1")), channel=Channel.BANK, term=ONE_YEAR) == HALF


def a_stratum(outlet: str, count: int) -> tuple[Stratum, list[str]]:
    return Stratum("3201", outlet, "A1"), [f"{outlet}-{number}" for number in range(count)]


def test_seven_policies_at_the_floor_of_half_give_four():
    assert len(draw_sample("2026-09", dict([a_stratum("one", 7)]), HALF)) == 4
    assert len(draw_sample("2026-09", dict(a_stratum(f"o{number}", 1) for number in range(7)), HALF)) == 4


def test_another_seed_draws_others():
    strata = dict([a_stratum("one", 40)])
    assert draw_sample("a", strata, HALF) != draw_sample("b", strata, HALF)


strata_of_policies = st.dictionaries(
    st.builds(Stratum, st.sampled_from(["01", "02"]), st.text("ab", max_size=2), st.sampled_from(["X", "Y"])),
    st.integers(0, 12),
    max_size=6,
).map(lambda sizes: {each: [f"{each.key}#{number}" for number in range(size)] for each, size in sizes.items()})
rates = st.sampled_from([Decimal(0), Decimal("0.1"), Decimal("0.33"), HALF, Decimal("0.95"), Decimal(1)])


@given(seed=st.text(max_size=5), strata=strata_of_policies, share=rates)
def test_a_sample_is_exactly_the_rounded_up_share_and_no_stratum_falls_under_its_whole_part(seed, strata, share):
    drawn = draw_sample(seed, strata, share)
    assert len(drawn) == math.ceil(share * sum(len(policies) for policies in strata.values()))
    for policies in strata.values():
        assert len(drawn & set(policies)) in (int(share * len(policies)), int(share * len(policies)) + 1)


@given(seed=st.text(max_size=5), strata=strata_of_policies, share=rates, shuffle=st.randoms(use_true_random=False))
def test_the_order_policies_arrive_in_changes_nothing(seed, strata, share, shuffle):
    again = list(strata.items())
    shuffle.shuffle(again)
    reordered = {stratum: shuffle.sample(policies, len(policies)) for stratum, policies in again}
    assert draw_sample(seed, reordered, share) == draw_sample(seed, strata, share)


def test_every_policy_has_about_the_same_chance():
    strata = dict([a_stratum("one", 10), a_stratum("two", 1), a_stratum("three", 1)])
    seen = Counter(policy for seed in range(600) for policy in draw_sample(str(seed), strata, HALF))
    assert all(230 < seen[policy] < 370 for policies in strata.values() for policy in policies)
