"""Which appointments may be promised, and at what hours they may ring (rules §5.4 RESCHEDULE, §7.4, §11)."""

from __future__ import annotations

from datetime import datetime

from dialer.domain.calendar import shanghai_day
from dialer.domain.case import Appointment
from dialer.domain.case_facts import CaseFacts
from dialer.domain.dialing_hours import DialRules, courtesy_hours
from dialer.domain.reason import Reason

CUSTOMER_ASKED = "客户要求"
"""The note without which an appointment stays inside the courtesy hours (rules §7.4, §11)."""


def may_ring_at(promised: Appointment, at: datetime, province: str, rules: DialRules) -> bool:
    """Whether the hour is decent for an appointment, or the customer asked for an indecent one."""
    if promised.by_customer and CUSTOMER_ASKED in promised.note:
        return True
    return courtesy_hours(shanghai_day(at), province, rules).holds(at)


def appointment_refusal(case: CaseFacts, promised: Appointment, rules: DialRules, now: datetime) -> Reason | None:
    """Why this appointment can't be promised; None when it can. The desk asks before the agent confirms it.

    It lies ahead, at a decent hour, and not after the free-look's last day unless that has passed already (rules §5.4).
    """
    if promised.at.tzinfo is None:
        return Reason.TIME_ZONE_MISSING
    if promised.at <= now:
        return Reason.APPOINTMENT_PAST
    if not may_ring_at(promised, promised.at, case.province, rules):
        return Reason.OUTSIDE_HOURS
    if case.free_look is None or case.free_look.expired(shanghai_day(now)):
        return None
    return Reason.AFTER_LAST_DAY if case.free_look.expired(shanghai_day(promised.at)) else None
