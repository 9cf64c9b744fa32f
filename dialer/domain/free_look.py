"""The free-look period (犹豫期) and its two last days (rules §3.1).

The company's duty to revisit ends on the natural last day; the customer's right to surrender, on a day off,
lasts until the next working day. The two are kept apart: the one is judged, the other is told.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Self

from dialer.domain.calendar import WorkingCalendar


class CountRule(StrEnum):
    """Which day is the first of the period."""

    EXCLUDE_RECEIPT_DAY = "EXCLUDE_RECEIPT_DAY"
    """The day after the receipt (民法典 art. 201), the default."""

    INCLUDE_RECEIPT_DAY = "INCLUDE_RECEIPT_DAY"
    """The day of the receipt, where the product's clause says so."""


@dataclass(frozen=True, slots=True)
class FreeLook:
    """One policy's free-look period; make it with `FreeLook.of`.

    Attributes:
        receipt_date: the day the policyholder signed for the contract (签收日).
        first_day: the first day that counts.
        revisit_last_day: the last natural day, never rolled; the company's duty is judged on it.
        surrender_last_day: the last day to surrender in full, rolled to a working day; told to the customer.
    """

    receipt_date: date
    first_day: date
    revisit_last_day: date
    surrender_last_day: date

    @classmethod
    def of(
        cls,
        receipt_date: date,
        days: int,
        rule: CountRule,
        calendar: WorkingCalendar,
        *,
        roll: bool = True,
    ) -> Self:
        """Count `days` natural days from the receipt; `roll=False` where the clause excludes rolling.

        Raises:
            ValueError: `days` is less than 1.
            CalendarMissing: the last day, or the working days beside it, lie in a year that is not loaded.
        """
        if days < 1:
            raise ValueError(f"a free-look period lasts at least one day, not {days}")
        first = receipt_date if rule is CountRule.INCLUDE_RECEIPT_DAY else receipt_date + timedelta(days=1)
        last = first + timedelta(days=days - 1)
        return cls(
            receipt_date=receipt_date,
            first_day=first,
            revisit_last_day=last,
            surrender_last_day=calendar.first_working_day_on_or_after(last) if roll else last,
        )

    def days_left(self, today: date) -> int:
        """Days from `today` to `revisit_last_day`: 0 on the last day itself, negative afterwards."""
        return (self.revisit_last_day - today).days

    def expired(self, today: date) -> bool:
        """Whether a success today comes too late to count as within the free-look."""
        return today > self.revisit_last_day
