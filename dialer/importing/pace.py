"""How an import leaves room for others."""

from __future__ import annotations

import asyncio

GIVE_WAY_SECONDS = 0.15
"""SQLite looks for a free lock every 0.1 s at the longest, so whoever waits gets it in such a pause."""


async def give_way() -> None:
    """Pause between two units of work, so that a process that waits for the database gets it."""
    await asyncio.sleep(GIVE_WAY_SECONDS)
