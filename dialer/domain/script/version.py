"""A script's way to the agents' screens: draft, review, approval, publication, retirement (rules §8.4)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from dialer.domain.script.model import ScriptRef
from dialer.domain.transitions import Machine, by_state


class ScriptState(StrEnum):
    """Where a version stands."""

    DRAFT = "DRAFT"
    IN_REVIEW = "IN_REVIEW"
    APPROVED = "APPROVED"
    PUBLISHED = "PUBLISHED"
    RETIRED = "RETIRED"


class ScriptEvent(StrEnum):
    """What may happen to a version."""

    EDITED = "EDITED"
    SUBMITTED = "SUBMITTED"
    SENT_BACK = "SENT_BACK"
    APPROVED = "APPROVED"
    PUBLISHED = "PUBLISHED"
    RETIRED = "RETIRED"


_S, _E = ScriptState, ScriptEvent

SCRIPT_VERSION: Machine[ScriptState, ScriptEvent] = Machine(
    "script version",
    by_state(
        {
            (_S.DRAFT, _E.EDITED): _S.DRAFT,
            (_S.DRAFT, _E.SUBMITTED): _S.IN_REVIEW,
            (_S.DRAFT, _E.RETIRED): _S.RETIRED,
            (_S.IN_REVIEW, _E.SENT_BACK): _S.DRAFT,
            (_S.IN_REVIEW, _E.APPROVED): _S.APPROVED,
            (_S.APPROVED, _E.SENT_BACK): _S.DRAFT,
            (_S.APPROVED, _E.PUBLISHED): _S.PUBLISHED,
            (_S.PUBLISHED, _E.RETIRED): _S.RETIRED,
        }
    ),
)
"""Every move of a version: its text changes in DRAFT alone."""


@dataclass(frozen=True, slots=True)
class ScriptVersion:
    """One version that the site has written. `sha256` is of the composed document; empty while it can't be read.

    `effective_at`: from when calls begin with it; calls under way keep what they began with.
    """

    id: int
    script_id: str
    script_version: str
    text: str
    sha256: str
    author: str
    created_at: datetime
    state: ScriptState = ScriptState.DRAFT
    approved_by: str = ""
    effective_at: datetime | None = None
    version: int = 0

    @property
    def ref(self) -> ScriptRef:
        """What interviews remember of it."""
        return ScriptRef(self.script_id, self.script_version, self.sha256)

    def __repr__(self) -> str:
        return f"ScriptVersion({self.id}, {self.script_id} {self.script_version}, {self.state})"
