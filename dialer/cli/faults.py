"""What went wrong, told to a person."""

from __future__ import annotations

import traceback
from collections.abc import Iterator

from dialer.cli.at_site import err
from dialer.console.words import words
from dialer.domain.errors import DialerError
from dialer.settings import SettingsInvalid

_REFUSED = 1
_WRONG_SETTINGS = 2
_OUR_FAULT = 4


def tell(error: Exception) -> int:
    """Say what went wrong; the exit code."""
    causes = [*_causes(error)]
    for cause in causes:
        if isinstance(cause, DialerError):
            err.print(f"{cause.code}: {cause}{_also_in_chinese(cause)}", style="red", soft_wrap=True)
        else:
            _tell_our_fault(cause)
    if not all(isinstance(cause, DialerError) for cause in causes):
        return _OUR_FAULT
    return _WRONG_SETTINGS if isinstance(error, SettingsInvalid) else _REFUSED


def _also_in_chinese(error: DialerError) -> str:
    """What the screens call it, unless the message says both already."""
    name = words("zh_CN").label(error.code, "Error")
    return f" · {name}" if str(error).isascii() and name != error.code else ""


def _causes(error: Exception) -> Iterator[Exception]:
    """What really happened: a task group wraps the errors of its tasks."""
    if not isinstance(error, ExceptionGroup):
        yield error
        return
    for each in error.exceptions:
        yield from _causes(each)


def _tell_our_fault(error: Exception) -> None:
    """Kind and place of an error that nobody foresaw. Not its message: that may hold a customer's data."""
    place = "".join(traceback.format_tb(error.__traceback__))
    said = "程序内部错误，请报给维护人员 · a fault of the program, please report"
    err.print(f"{said}:\n{place}{type(error).__name__}", style="red", soft_wrap=True)
