"""Builders for the dialling rules' tests: an ordinary November case with one mobile, and times in Shanghai."""

from datetime import date, datetime, timedelta
from pathlib import Path

from dialer.calendars import load_calendar
from dialer.domain.calendar import SHANGHAI
from dialer.domain.case import Appointment
from dialer.domain.case_facts import CaseFacts
from dialer.domain.dialing_hours import DialRules
from dialer.domain.free_look import CountRule, FreeLook
from dialer.domain.number import Number, PastCall
from dialer.domain.outcome import Outcome
from dialer.domain.phone import PhoneKind, PhoneStatus

OFFICIAL = load_calendar(Path(__file__).parents[2] / "config" / "calendars")
RULES = DialRules()


def at(text: str) -> datetime:
    """`11-04 10:00` of 2026 in Shanghai."""
    return datetime.strptime(f"2026-{text}", "%Y-%m-%d %H:%M").replace(tzinfo=SHANGHAI)


def received(text: str, days: int = 15) -> FreeLook:
    """A free-look from a receipt on a day such as `11-02`."""
    return FreeLook.of(date.fromisoformat(f"2026-{text}"), days, CountRule.EXCLUDE_RECEIPT_DAY, OFFICIAL)


def a_call(
    when: str | datetime,
    outcome: Outcome | None = Outcome.NO_ANSWER,
    *,
    number: int = 1,
    seconds: int = 0,
    rang: bool = True,
) -> PastCall:
    """A call; it ends when it began unless `seconds` says otherwise."""
    start = at(when) if isinstance(when, str) else when
    return PastCall(start, outcome, number, start + timedelta(seconds=seconds), rang)


def a_number(
    *calls: PastCall,
    number: int = 1,
    kind: PhoneKind = PhoneKind.MOBILE,
    status: PhoneStatus | None = PhoneStatus.OK,
    proven: bool = False,
    staff: bool = False,
) -> Number:
    """A number with its calls."""
    return Number(number, kind, status, proven, staff, calls)


def a_case(*attempts: PastCall, receipt: str | None = "11-02", days: int = 15, **facts: object) -> CaseFacts:
    """A case received on Monday 2026-11-02 in Jiangsu: its last day is Tuesday the 17th."""
    free_look = received(receipt, days) if receipt else None
    return CaseFacts(**{"free_look": free_look, "province": "32", "attempts": attempts} | facts)  # type: ignore[arg-type]


def promised(when: str, note: str = "", *, by_customer: bool = True) -> Appointment:
    """An appointment."""
    return Appointment(at(when), by_customer, note)
