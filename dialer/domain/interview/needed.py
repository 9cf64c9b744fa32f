"""What of the customer a screen needs, and so may show (rules §7.6, art. 5-6: only what the node needs)."""

from __future__ import annotations

from enum import StrEnum

from dialer.domain.interview.state import Interview
from dialer.domain.script.model import Comparison, Node, Phase


class Fact(StrEnum):
    """Something known of the customer or the policy, as the desk shows it."""

    POLICY = "POLICY"  # the product and the policy number's last digits
    CHANNEL = "CHANNEL"
    PREMIUM = "PREMIUM"
    RECEIPT = "RECEIPT"
    SURRENDER_UNTIL = "SURRENDER_UNTIL"
    BIRTHDAY = "BIRTHDAY"
    TICKET_REPLY = "TICKET_REPLY"  # the accepted answer to the last round's ticket


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


_TO_COMPARE: dict[Comparison | None, frozenset[Fact]] = {
    Comparison.BIRTHDAY: frozenset({_F.BIRTHDAY}),
    Comparison.TICKET_REPLY: frozenset({_F.TICKET_REPLY}),
}


def facts_needed(interview: Interview, node: Node) -> frozenset[Fact]:
    """What the screen of a node needs; nothing of the policy before the holder has proved who they are.

    What is compared with the customer's words is there as long as its question is, and no longer (rules §7.6).
    """
    compared = frozenset() if interview.is_over else _TO_COMPARE.get(node.compare, frozenset())
    if not interview.is_identified():
        return compared & {Fact.BIRTHDAY}
    return _BY_PHASE.get(node.phase, frozenset()) | {Fact.POLICY} | compared
