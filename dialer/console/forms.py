"""Reading what was sent: a form from a page, or the same fields as a JSON object from a program."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date, datetime

from aiohttp import web

from dialer.domain.calendar import SHANGHAI
from dialer.domain.errors import DialerError

CAPTURE = "capture."


class FormInvalid(DialerError):
    """A sent field is not what it should be; nothing was done."""

    code = "FORM_INVALID"


async def fields(request: web.Request) -> Mapping[str, str]:
    """All fields as text; in JSON, `captures: {a: b}` is the same as a form's `capture.a=b`. Raises FormInvalid."""
    if request.content_type == "application/json":
        return _flat(await request.text())
    return {name: value for name, value in (await request.post()).items() if isinstance(value, str)}


async def field(request: web.Request, name: str) -> str:
    """One field, trimmed; empty when it was not sent."""
    return (await fields(request)).get(name, "").strip()


def _flat(text: str) -> dict[str, str]:
    try:
        sent = json.loads(text)
    except ValueError as error:
        raise FormInvalid(f"the body is not JSON: {error}") from error
    if not isinstance(sent, dict):
        raise FormInvalid("the body must be a JSON object")
    captures = sent.pop("captures", None) or {}
    if not isinstance(captures, dict):
        raise FormInvalid("captures must be a JSON object")
    return {**_texts(sent), **_texts({f"{CAPTURE}{name}": value for name, value in captures.items()})}


def _texts(sent: Mapping[str, object]) -> dict[str, str]:
    return {name: "" if value in (None, False) else str(value) for name, value in sent.items()}


def captures(sent: Mapping[str, str]) -> dict[str, str]:
    """The fields a script asked the agent to fill."""
    return {name.removeprefix(CAPTURE): value for name, value in sent.items() if name.startswith(CAPTURE)}


def moment(text: str) -> datetime | None:
    """A time as a date picker sends it, in Shanghai's time unless it says otherwise; None when empty.

    Raises:
        FormInvalid: it is no time.
    """
    if not text.strip():
        return None
    try:
        instant = datetime.fromisoformat(text.strip())
    except ValueError:
        raise FormInvalid(f"not a time: {text!r}") from None
    return instant if instant.tzinfo else instant.replace(tzinfo=SHANGHAI)


def day(text: str) -> date | None:
    """A day as a date picker sends it; None when empty. Raises FormInvalid."""
    try:
        return date.fromisoformat(text.strip()) if text.strip() else None
    except ValueError:
        raise FormInvalid(f"not a day: {text!r}") from None


def number(text: str) -> int:
    """An id in a path. Raises FormInvalid."""
    try:
        return int(text)
    except ValueError:
        raise FormInvalid(f"not a number: {text!r}") from None
