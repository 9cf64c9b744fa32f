"""The audit log: who saw or did what, when, from where, with which record and why (rules §2.4, §7.6).

Rows are only ever added. Each carries a hash over itself and the row before it, so that one that is changed or taken
away shows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from dialer.domain.user import User


class AuditKind(StrEnum):
    """What happened. The first are views of personal data, the rest security events."""

    CASE_SEEN = "CASE_SEEN"
    TICKET_SEEN = "TICKET_SEEN"
    SCREEN_POP = "SCREEN_POP"
    SEARCHED = "SEARCHED"
    RECORDING_HEARD = "RECORDING_HEARD"
    NUMBER_REVEALED = "NUMBER_REVEALED"
    EXPORTED = "EXPORTED"
    POLICIES_SENT = "POLICIES_SENT"
    AUDIT_SEEN = "AUDIT_SEEN"
    LOGGED_IN = "LOGGED_IN"
    LOGIN_REFUSED = "LOGIN_REFUSED"
    LOCKED_OUT = "LOCKED_OUT"
    LOGGED_OUT = "LOGGED_OUT"
    LOGGED_OUT_EVERYWHERE = "LOGGED_OUT_EVERYWHERE"
    PASSWORD_CHANGED = "PASSWORD_CHANGED"  # noqa: S105 - the name of an event
    CODE_ENROLLED = "CODE_ENROLLED"
    CODE_REFUSED = "CODE_REFUSED"
    CODE_RECOVERED = "CODE_RECOVERED"
    CODE_RESET = "CODE_RESET"
    PERMISSION_REFUSED = "PERMISSION_REFUSED"
    USER_CHANGED = "USER_CHANGED"


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One row. `record` names what was seen or changed, as `case 12`; `org` is the place of whoever did it.

    `detail` and `reason` may hold personal data, so they are sealed at rest and not in the text form. `id` counts
    without gaps.
    """

    at: datetime
    kind: AuditKind
    login: str
    org: str = ""
    address: str = ""
    record: str = ""
    detail: str = ""
    reason: str = ""
    id: int = 0

    @classmethod
    def of(
        cls, user: User, kind: AuditKind, at: datetime, address: str = "", *, record: str = "", detail: str = "",
        reason: str = "",
    ) -> AuditEntry:  # fmt: skip
        """What somebody known did."""
        return cls(at, kind, user.login, user.org, address, record, detail, reason)

    def __repr__(self) -> str:
        return f"AuditEntry({self.id} {self.kind} {self.login} {self.record})"


_NAMES = {"case_id": "case", "ticket_id": "ticket", "recording_id": "recording", "login": "user"}


def record_named(parameters: Mapping[str, str]) -> str:
    """The record that a path's parameters name, as `case 12`; several are joined: `case 12, phone 3`."""
    named = ((_NAMES.get(name, name.removesuffix("_id")), value) for name, value in parameters.items())
    return ", ".join(f"{noun} {value}" for noun, value in named)[:_LONGEST_RECORD]


_LONGEST_RECORD = 64


@dataclass(frozen=True, slots=True)
class AuditQuestion:
    """What somebody looks for in the log; empty means any. `since` is included, `until` is not."""

    login: str = ""
    record: str = ""
    kind: AuditKind | None = None
    since: datetime | None = None
    until: datetime | None = None
    before: int | None = None
