"""Which cases an agent reads before they are dialled (rules §9.2: preview or progressive; §7.4, elderly holders)."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from enum import StrEnum

from dialer.domain.case import Purpose, RevisitCase


class PreviewReason(StrEnum):
    """Why a case is difficult."""

    TICKET_ANSWERED = "TICKET_ANSWERED"  # a ticket came back, and the customer is asked again
    COMPLAINT = "COMPLAINT"  # the customer has complained, or threatened to
    FRAGILE = "FRAGILE"  # hard of hearing, confused, helped by somebody
    ELDERLY = "ELDERLY"


_FLAGS: dict[PreviewReason, frozenset[str]] = {
    PreviewReason.COMPLAINT: frozenset({"MAJOR_ALERT", "REPLY_INCONSISTENT"}),
    PreviewReason.FRAGILE: frozenset({"VULNERABLE", "HEARING_IMPAIRED", "ASSISTED_CALL", "SLOW_SPEECH"}),
}


@dataclass(frozen=True, slots=True)
class PreviewRules:
    """What the site wants to see first, for how long a case waits for its agent, and from which age on."""

    reasons: frozenset[PreviewReason] = frozenset()
    seconds: float = 60.0
    elderly_from: int = 60


def preview_reason(
    case: RevisitCase, holder_age: int | None, referred: AbstractSet[str], rules: PreviewRules
) -> PreviewReason | None:
    """The first reason of the site's for which this case is read before it is dialled; None to dial at once.

    `referred` is what earlier calls asked of other departments, such as COMPLAINT_TICKET.
    """
    holds = {
        PreviewReason.TICKET_ANSWERED: case.purpose is not Purpose.FIRST,
        PreviewReason.COMPLAINT: "COMPLAINT_TICKET" in referred,
        PreviewReason.FRAGILE: False,
        PreviewReason.ELDERLY: holder_age is not None and holder_age >= rules.elderly_from,
    }
    flagged = {reason for reason, flags in _FLAGS.items() if flags & case.flags}
    return next((each for each in PreviewReason if each in rules.reasons and (holds[each] or each in flagged)), None)
