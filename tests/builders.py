"""Records for tests: every builder gives a plausible one, and takes what matters to the test by keyword.

    a_case(state=CaseState.READY, rank=2)
    a_call(answered_at=at(10, 5), ended=hung_up(at(10, 9)))

`at(9, 30)` is 09:30 on the day the tests live in, a Friday that is a working day.
"""

from __future__ import annotations

import itertools
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from dialer.domain.attempt import Attempt, AttemptId
from dialer.domain.calendar import SHANGHAI
from dialer.domain.call import Call, CallId, Ended, Party, RecordingKind, SeatId, SoundFiles
from dialer.domain.case import CaseId, Purpose, RevisitCase
from dialer.domain.holder import Gender, PersonName, Policyholder
from dialer.domain.outcome import Outcome
from dialer.domain.phone import PhoneNumber
from dialer.domain.policy import Channel, Design, InsuranceClass, PayMode, Policy, ReceiptForm, Term, TermKind
from dialer.domain.problem import Problem, ProblemLevel, ProblemType
from dialer.domain.recording import Seal, SideSound
from dialer.domain.seat import Seat
from dialer.domain.ticket import TicketId, TicketItem, TransferTicket
from dialer.domain.user import Role, User
from dialer.ports.storage import Moved, StoredCall

TODAY = date(2026, 9, 18)

_serial = itertools.count(1)


def at(hour: int, minute: int = 0, second: int = 0, *, day: date = TODAY) -> datetime:
    """An instant of the tests' day in Asia/Shanghai."""
    return datetime(day.year, day.month, day.day, hour, minute, second, tzinfo=SHANGHAI)


def a_number(serial: int | None = None) -> PhoneNumber:
    """A mobile number, another one each time unless its serial is given."""
    return PhoneNumber(f"+86138{next(_serial) if serial is None else serial:08d}")


def a_holder(**changes: Any) -> Policyholder:
    """A policyholder; each has a document of their own."""
    facts: dict[str, Any] = {
        "name": PersonName("王小明"),
        "id_type": "ID_CARD",
        "id_no": f"44010119800101{next(_serial):04d}",
        "birthday": date(1980, 1, 1),
        "gender": Gender.MALE,
        "address": "广东省广州市越秀区",
    }
    return Policyholder(**facts | changes)


def a_policy(**changes: Any) -> Policy:
    """A participating policy of ten years sold by an agent; its receipt was signed yesterday."""
    facts: dict[str, Any] = {
        "policy_no": f"P2026{next(_serial):08d}",
        "channel": Channel.AGENCY,
        "design": Design.PARTICIPATING,
        "insurance_class": InsuranceClass.LIFE,
        "term": Term(TermKind.YEARS, 10),
        "product_code": "LP01",
        "product_name": "福满人生两全保险（分红型）",
        "pay_mode": PayMode.YEARLY,
        "premium_fen": 1_000_000,
        "issue_date": TODAY - timedelta(days=4),
        "effective_date": TODAY - timedelta(days=3),
        "province": "440000",
        "city": "440100",
        "county": "440104",
        "pay_term_years": 5,
        "sum_insured_fen": 10_000_000,
        "receipt_date": TODAY - timedelta(days=1),
        "receipt_form": ReceiptForm.PAPER,
        "receipt_entered_on": TODAY - timedelta(days=1),
        "salesperson_code": "S0001",
        "salesperson": PersonName("李业务"),
    }
    return Policy(**facts | changes)


def a_case(**changes: Any) -> RevisitCase:
    """A case that has just been made; of policy P1 and holder 1 unless they are named."""
    facts: dict[str, Any] = {"id": CaseId(1), "policy_no": "P1", "holder_id": 1, "org": "44/4401"}
    return RevisitCase(**facts | changes)


def a_call(**changes: Any) -> Call:
    """A call at the moment somebody decided to dial; each has an id of its own."""
    facts: dict[str, Any] = {
        "call_id": CallId(f"call-{next(_serial)}"),
        "seat": SeatId("seat-1"),
        "intended_at": at(10),
    }
    return Call(**facts | changes)


def an_end(call: Call, when: datetime, by: Party = Party.CUSTOMER, **changes: Any) -> Ended:
    """The end of a call."""
    return Ended(call.call_id, when, by, **changes)


def a_stored_call(call: Call | None = None, **changes: Any) -> StoredCall:
    """A call with its agent and engine."""
    facts: dict[str, Any] = {
        "call": call or a_call(),
        "phone_id": 1,
        "number_hash": "0" * 64,
        "agent": "agent1",
        "owner": "engine-1",
    }
    return StoredCall(**facts | changes)


def an_attempt(**changes: Any) -> Attempt:
    """An attempt that is going on."""
    facts: dict[str, Any] = {
        "id": AttemptId(0),
        "case_id": CaseId(1),
        "call_id": CallId("call-1"),
        "round": 0,
        "purpose": Purpose.FIRST,
        "started_at": at(10),
    }
    return Attempt(**facts | changes)


def a_finished_attempt(**changes: Any) -> Attempt:
    """An attempt that nobody answered."""
    facts: dict[str, Any] = {
        "outcome": Outcome.NO_ANSWER,
        "counted": True,
        "contact": False,
        "completed": False,
        "finished_at": at(10, 1),
    }
    return an_attempt(**facts | changes)


def a_ticket(**changes: Any) -> TransferTicket:
    """A first ticket for a number that nobody answers."""
    facts: dict[str, Any] = {
        "id": TicketId(0),
        "ticket_no": "",
        "case_id": CaseId(1),
        "level": ProblemLevel.U,
        "round": 0,
        "org": "44/4401",
        "created_at": at(16),
        "items": (TicketItem(Problem(ProblemType.UNREACHABLE)),),
    }
    return TransferTicket(**facts | changes)


def a_seat(**changes: Any) -> Seat:
    """An agent's place with nobody at it."""
    facts: dict[str, Any] = {
        "id": SeatId("seat-1"),
        "login": "agent1",
        "address": "sip:agent1@127.0.0.1:5070",
        "since": at(8, 50),
        "owner": "engine-1",
    }
    return Seat(**facts | changes)


def a_user(**changes: Any) -> User:
    """An agent who may log in."""
    facts: dict[str, Any] = {
        "login": "agent1",
        "name": "赵坐席",
        "password_hash": "$argon2id$…",
        "role": Role.CC_AGENT,
        "created_at": at(8),
    }
    return User(**facts | changes)


def sound_files(call_id: CallId, kind: RecordingKind = RecordingKind.TALK) -> SoundFiles:
    """Where a call's raw sound would be."""
    return SoundFiles.of(Path(), call_id, kind)


def a_seal(call_id: CallId, **changes: Any) -> Seal:
    """The seal of a conversation of two minutes in which both were heard."""
    heard = SideSound(peak_dbfs=-6.0, rms_dbfs=-20.5, sounding_ms=40_000)
    facts: dict[str, Any] = {
        "key": f"2026/09/18/{call_id}/talk.ogg",
        "call_id": call_id,
        "kind": RecordingKind.TALK,
        "started_at": at(10),
        "sha256": "ab" * 32,
        "size_bytes": 480_000,
        "duration_ms": 120_000,
        "codec": "opus",
        "sample_rate": 16_000,
        "talk_seconds": 120.0,
        "customer": heard,
        "agent": heard,
    }
    return Seal(**facts | changes)


def moved(actor: str = "system:test", when: datetime | None = None, **detail: Any) -> Moved:
    """Who moves a record in a test."""
    return Moved(actor, when or at(10), detail)
