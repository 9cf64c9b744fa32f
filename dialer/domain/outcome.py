"""What became of an attempt: in the customer's words (scripts) or the network's (rules §5.4, §10.2)."""

from __future__ import annotations

from enum import StrEnum


class Outcome(StrEnum):
    """The one result an attempt ends with. Every attempt has exactly one; none is ever overwritten silently."""

    # the interview's own (rules §5.4)
    SUCCESS = "SUCCESS"
    SUCCESS_PENDING_CORRECTION = "SUCCESS_PENDING_CORRECTION"
    PROBLEM_L1 = "PROBLEM_L1"
    PROBLEM_L2 = "PROBLEM_L2"
    REFUSED = "REFUSED"
    REFUSED_UNVERIFIED = "REFUSED_UNVERIFIED"
    RESCHEDULE = "RESCHEDULE"
    INCOMPLETE = "INCOMPLETE"
    NOT_SELF = "NOT_SELF"
    LONG_ABSENCE = "LONG_ABSENCE"
    WRONG_NUMBER = "WRONG_NUMBER"
    VERIFY_FAILED = "VERIFY_FAILED"
    EREVISIT = "EREVISIT"
    LETTER_VISIT = "LETTER_VISIT"
    TRANSFER_DIALECT = "TRANSFER_DIALECT"
    TRANSFER_LEADER = "TRANSFER_LEADER"
    TRANSFER_AGENT = "TRANSFER_AGENT"
    HOSTILE_END = "HOSTILE_END"
    DECEASED = "DECEASED"
    LINE_BAD = "LINE_BAD"
    SILENT = "SILENT"
    CALL_ASSISTANT = "CALL_ASSISTANT"
    # the network's (rules §10.2)
    VACANT = "VACANT"
    INVALID_FORMAT = "INVALID_FORMAT"
    SUSPENDED = "SUSPENDED"
    NUMBER_CHANGED = "NUMBER_CHANGED"
    POWER_OFF = "POWER_OFF"
    NO_SERVICE = "NO_SERVICE"
    BUSY = "BUSY"
    NO_ANSWER = "NO_ANSWER"
    REJECTED = "REJECTED"
    CALL_REMINDER = "CALL_REMINDER"
    BLOCKED = "BLOCKED"
    FORWARD_FAIL = "FORWARD_FAIL"
    FAX = "FAX"
    NETWORK = "NETWORK"
    TECH = "TECH"
