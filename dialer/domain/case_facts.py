"""What is to be known of a case before its phone rings (rules §5.3 no. 2, §9.1)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from dialer.domain.case import Appointment
from dialer.domain.free_look import FreeLook
from dialer.domain.number import PastCall


@dataclass(frozen=True, slots=True)
class CaseFacts:
    """A case as the dialling rules see it.

    Attributes:
        free_look: None while the receipt is missing, and then nobody is called (rules §4.1).
        province: GB/T 2260, two digits.
        receipt_entered_on: when the receipt reached the system; its own date if not known.
        attempts: this round's, oldest first, over all numbers.
        dialled_before: it was dialled in an earlier round, or is a re-dial: the first attempt's day is behind it.
        in_force, frozen, waiver_open: the guards of rules §5.3 no. 2.
    """

    free_look: FreeLook | None
    province: str
    receipt_entered_on: date | None = None
    attempts: tuple[PastCall, ...] = ()
    dialled_before: bool = False
    appointment: Appointment | None = None
    in_force: bool = True
    frozen: bool = False
    waiver_open: bool = False
