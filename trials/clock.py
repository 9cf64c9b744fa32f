"""Another time than the machine's: a working Friday morning, which goes on."""

from __future__ import annotations

import time
from datetime import date, datetime, timedelta

from dialer.domain.calendar import SHANGHAI

FRIDAY = date(2026, 9, 18)
MORNING = datetime(2026, 9, 18, 9, 5, tzinfo=SHANGHAI)
"""Customers may be dialled."""


class RunningClock:
    """Goes on from an instant at real speed, or so many times as fast."""

    def __init__(self, begins: datetime = MORNING, *, began: float | None = None, pace: float = 1.0) -> None:
        """`began`: what the machine's monotonic clock said at that instant; now, if nothing else is said."""
        self.began = time.monotonic() if began is None else began
        self._begins, self._pace = begins, pace

    def now(self) -> datetime:
        """The present instant."""
        return self._begins + timedelta(seconds=(time.monotonic() - self.began) * self._pace)

    def monotonic(self, instant: datetime) -> float:
        """An instant of this clock on the machine's monotonic clock."""
        return self.began + (instant - self._begins).total_seconds() / self._pace
