"""What both phone systems see to before anything rings: plain words in what they send, and room for the sound."""

from __future__ import annotations

import re
from pathlib import Path

from dialer.domain.call import CallId
from dialer.ports import TelephonyRefused

CALLER_ID = re.compile(r"[\w.+-]{1,40}")
PLAIN_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,99}")


def must_match(pattern: re.Pattern[str], text: str, what: str) -> None:
    """Nothing goes into a SIP message, a dialplan or a file name that could mean more than it says."""
    if not pattern.fullmatch(text):
        raise TelephonyRefused(f"not a usable {what}")


def make_room(spool: Path, call_id: CallId) -> None:
    """A folder for the call's sound."""
    try:
        (spool / call_id).mkdir(exist_ok=True)
    except OSError as error:
        raise TelephonyRefused(f"no room for sound in {spool}: {error.strerror}") from error
