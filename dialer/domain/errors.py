"""What can go wrong by the rules, in words for the person who reads them.

A class's docstring is its meaning; `code` is stable and may be searched, logged and translated.
"""

from __future__ import annotations

from typing import ClassVar


class DialerError(Exception):
    """Something the product refuses to do, with the reason in the message."""

    code: ClassVar[str] = "DIALER_ERROR"


class CalendarMissing(DialerError):
    """A date computation touched a year whose working-day schedule is not loaded (rules §3)."""

    code = "CALENDAR_MISSING"


class CalendarInvalid(DialerError):
    """A working-day schedule contradicts itself, its year or its neighbour, or cannot be read (rules §3)."""

    code = "CALENDAR_INVALID"


class ImpossibleMove(DialerError):
    """A record was asked for a move its state machine does not list."""

    code = "IMPOSSIBLE_MOVE"


class StaleVersion(DialerError):
    """Somebody else changed the record since it was read; read it again."""

    code = "STALE_VERSION"


class ScriptInvalid(DialerError):
    """A call script fails the publication gate (rules §8.4)."""

    code = "SCRIPT_INVALID"


class VariableMissing(DialerError):
    """A script variable has no value: the call is not placed (scripts/_schema.yaml)."""

    code = "VARIABLE_MISSING"


class NotAllowed(DialerError):
    """The person may not do this here (rules §2.4)."""

    code = "NOT_ALLOWED"


class NotFound(DialerError):
    """There is no such record, or it is outside the person's scope."""

    code = "NOT_FOUND"


class ReasonMissing(DialerError):
    """Somebody did not say why, where the reason is kept on record."""

    code = "REASON_MISSING"


def reason_given(text: str, least_chars: int = 1) -> str:
    """Why somebody does it, as the history keeps it. Raises ReasonMissing for fewer characters."""
    reason = text.strip()
    if len(reason) < least_chars:
        raise ReasonMissing(f"say why, in {least_chars} characters or more: the reason is kept on record")
    return reason
