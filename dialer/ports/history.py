"""A record's moves, as they are stored with the record itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Moved:
    """Who moved a record, when, and what should be remembered of it. `actor` is a login or `system:<part>`."""

    actor: str
    at: datetime
    detail: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class HistoryRow:
    """One move as it was stored."""

    record: str
    record_id: str
    at: datetime
    actor: str
    event: str
    from_state: str
    to_state: str
    detail: Mapping[str, Any]
