"""People who log in, their roles, and what a role may do (rules §2.2, §2.4). Denied unless listed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from dialer.domain.desk_phone import browser_name
from dialer.domain.unit import Level, level_of


class Role(StrEnum):
    """The roles of the revisit part (rules §2.2)."""

    ADMIN = "ADMIN"
    HQ_ADMIN = "HQ_ADMIN"
    CC_MANAGER = "CC_MANAGER"
    CC_LEADER = "CC_LEADER"
    CC_AGENT = "CC_AGENT"
    CC_DISPATCH = "CC_DISPATCH"
    QA = "QA"
    L3_HANDLER = "L3_HANDLER"
    L4_CLERK = "L4_CLERK"
    DEPT_CLERK = "DEPT_CLERK"
    SALES = "SALES"
    INDEP_HANDLER = "INDEP_HANDLER"
    COMPLIANCE = "COMPLIANCE"
    AUDIT = "AUDIT"


class Permission(StrEnum):
    """What a screen or command may need."""

    TAKE_CALLS = "TAKE_CALLS"
    SEE_CASES = "SEE_CASES"
    HEAR_RECORDINGS = "HEAR_RECORDINGS"
    SEE_TICKETS = "SEE_TICKETS"
    REPLY_TICKETS = "REPLY_TICKETS"
    FORWARD_TICKETS = "FORWARD_TICKETS"
    HAND_OVER_TICKETS = "HAND_OVER_TICKETS"
    CHECK_TICKETS = "CHECK_TICKETS"
    ACCEPT_TICKETS = "ACCEPT_TICKETS"
    ISSUE_TICKETS = "ISSUE_TICKETS"
    JUDGE_REFUSALS = "JUDGE_REFUSALS"
    SEE_FLOOR = "SEE_FLOOR"
    LISTEN_IN = "LISTEN_IN"
    STEER_DIALLING = "STEER_DIALLING"
    MANAGE_USERS = "MANAGE_USERS"
    KEEP_CALENDARS = "KEEP_CALENDARS"
    SEE_SCRIPTS = "SEE_SCRIPTS"
    WRITE_SCRIPTS = "WRITE_SCRIPTS"
    APPROVE_SCRIPTS = "APPROVE_SCRIPTS"
    SEE_SETTINGS = "SEE_SETTINGS"
    SEE_AUDIT = "SEE_AUDIT"
    REVEAL_NUMBERS = "REVEAL_NUMBERS"
    REVEAL_TICKET_NUMBERS = "REVEAL_TICKET_NUMBERS"


_P = Permission
_BRANCH_DESK = frozenset({_P.SEE_TICKETS, _P.REPLY_TICKETS})
_RULES_OF_THE_SITE = frozenset({_P.SEE_SCRIPTS, _P.WRITE_SCRIPTS, _P.KEEP_CALENDARS, _P.SEE_SETTINGS})

PERMISSIONS: dict[Role, frozenset[Permission]] = {
    Role.ADMIN: frozenset({_P.MANAGE_USERS, _P.KEEP_CALENDARS, _P.SEE_SETTINGS}),
    Role.HQ_ADMIN: frozenset({_P.SEE_CASES, _P.SEE_FLOOR, _P.SEE_TICKETS, _P.HEAR_RECORDINGS}) | _RULES_OF_THE_SITE,
    Role.CC_MANAGER: frozenset(
        {
            _P.SEE_CASES,
            _P.HEAR_RECORDINGS,
            _P.SEE_TICKETS,
            _P.ISSUE_TICKETS,
            _P.SEE_FLOOR,
            _P.LISTEN_IN,
            _P.STEER_DIALLING,
            _P.JUDGE_REFUSALS,
            _P.REVEAL_NUMBERS,
            _P.REVEAL_TICKET_NUMBERS,
            _P.SEE_SCRIPTS,
        }
    ),
    Role.CC_LEADER: frozenset({_P.SEE_CASES, _P.HEAR_RECORDINGS, _P.SEE_TICKETS, _P.SEE_FLOOR, _P.LISTEN_IN}),
    Role.CC_AGENT: frozenset({_P.TAKE_CALLS}),
    Role.CC_DISPATCH: _BRANCH_DESK | {_P.SEE_CASES, _P.ISSUE_TICKETS, _P.ACCEPT_TICKETS},
    Role.QA: frozenset({_P.SEE_CASES, _P.HEAR_RECORDINGS, _P.JUDGE_REFUSALS}),
    Role.L3_HANDLER: _BRANCH_DESK | {_P.FORWARD_TICKETS, _P.CHECK_TICKETS, _P.REVEAL_TICKET_NUMBERS},
    Role.L4_CLERK: _BRANCH_DESK | {_P.HAND_OVER_TICKETS},
    Role.DEPT_CLERK: _BRANCH_DESK | {_P.HAND_OVER_TICKETS},
    Role.SALES: _BRANCH_DESK,
    Role.INDEP_HANDLER: _BRANCH_DESK,
    Role.COMPLIANCE: frozenset({_P.SEE_CASES, _P.HEAR_RECORDINGS, _P.SEE_TICKETS, _P.SEE_SCRIPTS, _P.APPROVE_SCRIPTS}),
    Role.AUDIT: frozenset(
        {
            _P.SEE_CASES,
            _P.SEE_TICKETS,
            _P.SEE_FLOOR,
            _P.HEAR_RECORDINGS,
            _P.SEE_SCRIPTS,
            _P.SEE_SETTINGS,
            _P.SEE_AUDIT,
        }
    ),
}
"""The permission matrix of rules §2.4, as far as this release's screens go."""

PRIVILEGED = frozenset({Role.ADMIN, Role.HQ_ADMIN, Role.CC_MANAGER, Role.COMPLIANCE, Role.AUDIT, Role.QA})
"""Roles that see many people's data or decide for others: they log in with a second factor."""

WHOLE_COMPANY = frozenset({Role.ADMIN, Role.HQ_ADMIN})
"""Roles that decide for everybody (accounts; scripts, calendars) and so have no place in the organisation."""

_PROVINCIAL = frozenset({_P.HEAR_RECORDINGS})
_BELOW_THE_PROVINCE = {
    Role.L3_HANDLER: Level.CITY,
    Role.INDEP_HANDLER: Level.CITY,
    Role.L4_CLERK: Level.COUNTY,
    Role.DEPT_CLERK: Level.COUNTY,
    Role.SALES: Level.COUNTY,
}


class AccountEvent(StrEnum):
    """What an administrator does to an account; every one is in its history."""

    OPENED = "OPENED"
    CHANGED = "CHANGED"
    DISABLED = "DISABLED"
    ENABLED = "ENABLED"
    PASSWORD_RESET = "PASSWORD_RESET"  # noqa: S105 - an event's name
    UNLOCKED = "UNLOCKED"


@dataclass(frozen=True, slots=True)
class Failures:
    """Wrong passwords or codes in a row for one login, and until when they lock it."""

    count: int = 0
    locked_until: datetime | None = None

    def locked(self, now: datetime) -> bool:
        """Whether they keep somebody out."""
        return self.locked_until is not None and now < self.locked_until


@dataclass(frozen=True, slots=True)
class User:
    """Somebody who may log in. `org` is the part of the organisation whose records they see, as a path prefix.

    A department's clerk has the department as the path's last part (`44/4401/BANK`), a salesperson the code that stands
    on their policies.
    """

    login: str
    name: str
    password_hash: str
    role: Role
    created_at: datetime
    org: str = ""
    phone_address: str = ""
    salesperson_code: str = ""
    disabled: bool = False
    failed_logins: int = 0
    locked_until: datetime | None = None
    must_change_password: bool = False
    id: int = 0

    def __repr__(self) -> str:
        return f"User({self.login}, {self.role})"

    def locked(self, now: datetime) -> bool:
        """Whether too many wrong passwords or codes keep the person out."""
        return Failures(self.failed_logins, self.locked_until).locked(now)

    def after(self, failures: Failures) -> User:
        """The same, with so many wrong passwords or codes."""
        return replace(self, failed_logins=failures.count, locked_until=failures.locked_until)

    def unlocked(self) -> User:
        """The same, with all failures forgotten."""
        return self.after(Failures())

    def may(self, permission: Permission) -> bool:
        """Whether the role has the permission, the account is usable, and its level may have it at all.

        Recordings stay at the province and above, whatever a role allows (rules §7.5).
        """
        if permission in _PROVINCIAL and self.level > Level.PROVINCE:
            return False
        return not self.disabled and permission in PERMISSIONS[self.role]

    @property
    def browser_name(self) -> str:
        """The name under which the browser that is their phone registers; empty when it is none."""
        return browser_name(self.phone_address)

    @property
    def level(self) -> Level:
        """Of the role or of the place, whichever is lower down."""
        return max(level_of(self.org), _BELOW_THE_PROVINCE.get(self.role, Level.COMPANY))
