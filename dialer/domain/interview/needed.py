"""What of the customer a screen needs, and so may show (rules §7.6, art. 5-6: only what the node needs)."""

from __future__ import annotations

from enum import StrEnum

from dialer.domain.interview.state import Interview
from dialer.domain.script.model import Phase


class Fact(StrEnum):
    """Something known of the customer or the policy, as the desk shows it."""

    POLICY = "POLICY"  # the product and the policy number's last digits
    CHANNEL = "CHANNEL"
    PREMIUM = "PREMIUM"
    RECEIPT = "RECEIPT"
    SURRENDER_UNTIL = "SURRENDER_UNTIL"


_F, _P = Fact, Phase

_BY_PHASE: dict[Phase, frozenset[Fact]] = {
    _P.CONTRACT: frozenset({_F.CHANNEL, _F.RECEIPT}),
    _P.SIGNATURE: frozenset({_F.CHANNEL}),
    _P.KNOWLEDGE: frozenset({_F.PREMIUM}),
    _P.RIGHTS: frozenset({_F.RECEIPT, _F.SURRENDER_UNTIL, _F.PREMIUM}),
    _P.PRODUCT: frozenset({_F.PREMIUM}),
    _P.CONDUCT: frozenset({_F.CHANNEL}),
    _P.SURRENDER: frozenset({_F.RECEIPT, _F.SURRENDER_UNTIL, _F.PREMIUM}),
    _P.REDIAL: frozenset({_F.CHANNEL}),
}


def facts_needed(interview: Interview, phase: Phase) -> frozenset[Fact]:
    """What the screen of a phase needs; nothing of the policy before the holder has proved who they are."""
    if not interview.is_identified():
        return frozenset()
    return _BY_PHASE.get(phase, frozenset()) | {Fact.POLICY}
