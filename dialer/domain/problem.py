"""Problem items a revisit finds: three classes and their types (rules §4.3, §4.4)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class ProblemLevel(StrEnum):
    """The transfer class an item belongs to, weakest first (rules §4.3)."""

    U = "U"  # 回访不成功
    L2 = "L2"  # 二级转办
    L1 = "L1"  # 一级转办

    @property
    def rank(self) -> int:
        """Order of precedence: L1 > L2 > U (rules §4.4)."""
        return tuple(ProblemLevel).index(self)


class ProblemType(StrEnum):
    """What is wrong, in the seed's own categories (rules §4.3)."""

    NO_PHONE = "NO_PHONE"
    WRONG_NUMBER = "WRONG_NUMBER"
    VACANT_NUMBER = "VACANT_NUMBER"
    SUSPENDED = "SUSPENDED"
    UNREACHABLE = "UNREACHABLE"
    DATA_ERROR = "DATA_ERROR"
    NOT_OWN_SIGNATURE = "NOT_OWN_SIGNATURE"
    AGENT_VIOLATION = "AGENT_VIOLATION"
    NOT_AWARE = "NOT_AWARE"
    CONTRACT_NOT_RECEIVED = "CONTRACT_NOT_RECEIVED"
    LIABILITY_UNCLEAR = "LIABILITY_UNCLEAR"
    SURRENDER_REQUEST = "SURRENDER_REQUEST"
    OTHER = "OTHER"

    @property
    def level(self) -> ProblemLevel:
        """The one class this type belongs to (rules §4.3)."""
        return _LEVEL_OF[self]


_LEVEL_OF = {
    ProblemType.NO_PHONE: ProblemLevel.U,
    ProblemType.WRONG_NUMBER: ProblemLevel.U,
    ProblemType.VACANT_NUMBER: ProblemLevel.U,
    ProblemType.SUSPENDED: ProblemLevel.U,
    ProblemType.UNREACHABLE: ProblemLevel.U,
    ProblemType.DATA_ERROR: ProblemLevel.U,
    ProblemType.NOT_OWN_SIGNATURE: ProblemLevel.L1,
    ProblemType.AGENT_VIOLATION: ProblemLevel.L1,
    ProblemType.NOT_AWARE: ProblemLevel.L1,
    ProblemType.CONTRACT_NOT_RECEIVED: ProblemLevel.L2,
    ProblemType.LIABILITY_UNCLEAR: ProblemLevel.L2,
    ProblemType.SURRENDER_REQUEST: ProblemLevel.L2,
    ProblemType.OTHER: ProblemLevel.L2,
}


@dataclass(frozen=True, slots=True)
class Problem:
    """One item for a transfer ticket."""

    type: ProblemType
    subtype: str | None = None

    @property
    def level(self) -> ProblemLevel:
        """The class of its type."""
        return self.type.level
