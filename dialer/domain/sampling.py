"""Which policies must be revisited, and which of the rest are drawn (rules §4.1)."""

from __future__ import annotations

import random
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal

from dialer.domain.policy import Channel, Design, Policy

ALL = Decimal(1)
NONE = Decimal(0)
BANK_FLOOR = Decimal("0.5")
"""The seed's floor for bank products of other designs; the regulation leaves it only those of up to a year (C-04)."""

_INVESTMENT_DESIGNS = frozenset({Design.PARTICIPATING, Design.UNIVERSAL, Design.UNIT_LINKED})


@dataclass(frozen=True, slots=True)
class ProvinceRules:
    """What a province demands beyond the national rules; rates are shares from 0 to 1 (rules §4.1)."""

    short_term_sample_rate: Decimal = NONE
    minimum_rate: Decimal = NONE


def required_rate(policy: Policy, province: ProvinceRules) -> Decimal:
    """The share of policies like this one that must be revisited, 0 to 1 (rules §4.1's procedure).

    Group business stays at 0 whatever a province demands of the rest: the regulation excludes it (2010-4 art. 32).
    """
    if policy.group or policy.channel is Channel.GROUP or not policy.holder_is_natural_person:
        return NONE
    return max(_national_rate(policy, province), province.minimum_rate)


def _national_rate(policy: Policy, province: ProvinceRules) -> Decimal:
    if policy.long_term:
        return ALL
    if policy.channel is Channel.BANK:
        return ALL if policy.design in _INVESTMENT_DESIGNS else BANK_FLOOR
    return province.short_term_sample_rate


@dataclass(frozen=True, slots=True, order=True)
class Stratum:
    """What a sample must represent evenly: one product at one outlet of one city (rules §4.1)."""

    city: str
    outlet: str
    product: str

    @classmethod
    def of(cls, policy: Policy) -> Stratum:
        """The stratum a policy falls into."""
        return cls(policy.city, policy.outlet, policy.product_code)

    @property
    def key(self) -> str:
        """Its text, as stored beside the draw and mixed into the seed."""
        return f"{self.city}|{self.outlet}|{self.product}"


def draw_sample(seed: str, strata: Mapping[Stratum, Collection[str]], rate: Decimal) -> frozenset[str]:
    """The policies to revisit: exactly ceil(rate × all), spread over the strata in proportion (rules §4.1).

    Every stratum gives at least the whole part of its share; the places left go to the largest fractions, equal ones
    by lot. The same seed, policies and rate give the same sample in whatever order they come, so a stored seed proves
    that nobody chose "the ones who answered".
    """
    population = sum(len(policies) for policies in strata.values())
    places = int((rate * population).to_integral_value(ROUND_CEILING))
    quotas = _quotas(seed, {stratum: rate * len(policies) for stratum, policies in strata.items()}, places)
    drawn: set[str] = set()
    for stratum, policies in strata.items():
        drawn.update(_lot(f"{seed}|{stratum.key}").sample(sorted(policies), quotas[stratum]))
    return frozenset(drawn)


def _quotas(seed: str, shares: Mapping[Stratum, Decimal], places: int) -> dict[Stratum, int]:
    quotas = {stratum: int(share) for stratum, share in shares.items()}
    by_lot = sorted(shares)
    _lot(seed).shuffle(by_lot)
    by_fraction = sorted(by_lot, key=lambda stratum: shares[stratum] - quotas[stratum], reverse=True)
    for stratum in by_fraction[: places - sum(quotas.values())]:
        quotas[stratum] += 1
    return quotas


def _lot(seed: str) -> random.Random:
    return random.Random(seed)  # a draw that must be repeatable, not a secret
