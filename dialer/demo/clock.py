"""The demonstration's own time: it runs at real speed, and jumps ahead when nobody would notice."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from dialer.domain.calendar import shanghai_time

LookAhead = Callable[[datetime], Awaitable[datetime | None]]
"""When something is next due, seen from now: an instant not after now is due and not done; None is never."""


class DemoClock:
    """The `Clock` port. Leases, SIP and locks don't ask it: they use real monotonic time."""

    def __init__(self, start: datetime) -> None:
        """`start` is the first instant, aware."""
        self._start = shanghai_time(start)
        self._began = time.monotonic()
        self._jumped = timedelta()

    def now(self) -> datetime:
        """The present instant in Asia/Shanghai."""
        return self._start + timedelta(seconds=time.monotonic() - self._began) + self._jumped

    def jump_to(self, instant: datetime) -> None:
        """Go on from `instant`; time never goes back, so an earlier one changes nothing."""
        self._jumped += max(instant - self.now(), timedelta())


@dataclass(slots=True)
class Director:
    """Lets the clock jump over the time in which nothing happens.

    Attributes:
        clock: what jumps.
        end: the simulated end; nothing after it is played.
        busy: whether somebody talks or something is under way; the clock never jumps then.
        sources: what may be due next.
        after_jump: wakes those who would find out only a second later.
        jumps: how often the clock has jumped.
    """

    clock: DemoClock
    end: datetime
    busy: Callable[[], Awaitable[bool]]
    sources: Sequence[LookAhead]
    after_jump: Callable[[], Awaitable[None]]
    jumps: int = 0

    async def step(self) -> bool:
        """Jump if it can be done now; False when nothing is due any more before the end."""
        if await self.busy():
            return True
        now = self.clock.now()
        instants = [await source(now) for source in self.sources]
        due = [instant for instant in instants if instant is not None]
        if any(instant <= now for instant in due) or await self.busy():  # a call may have begun while we looked
            return True
        ahead = min(due, default=self.end)
        if ahead >= self.end:
            return False
        self.clock.jump_to(ahead)
        self.jumps += 1
        await self.after_jump()
        return True
