"""At the side: who reads a record, and finds at saving that another has changed it, reads it again."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TypeVar

from dialer.domain.errors import StaleVersion

_TRIES = 5

Result = TypeVar("Result")


async def try_again(unit_of_work: Callable[[], Awaitable[Result]]) -> Result:
    """Do it, and again while others are faster; each time it reads anew. Raises StaleVersion after five times."""
    for _ in range(_TRIES - 1):
        with suppress(StaleVersion):
            return await unit_of_work()
    return await unit_of_work()
