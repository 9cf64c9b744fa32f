"""What the demonstration calls lost, and when its robots do what takes time."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from dialer.calendars import load_calendar
from dialer.demo.carrier import CallRecord, CarrierSimulator
from dialer.demo.clerk import BranchClerk
from dialer.demo.clock import DemoClock
from dialer.demo.persona import AGREES, Talk
from dialer.demo.robots import Shift, appointment
from dialer.demo.tally import Records, Tally, percentile, tally
from dialer.demo.visitor import Visitor
from dialer.domain.attempt import Attempt, AttemptId
from dialer.domain.call import Call, CallId, Ended, Party, SeatId
from dialer.domain.case import CaseId, CaseState, Purpose
from dialer.domain.outcome import Outcome
from dialer.domain.recording import RecordingState
from dialer.ports.storage import StoredCall
from dialer.verification import Report
from tests.builders import a_case, at

NUMBER = "13800130001"
CALL = CallId("c1")
ROOT = Path(__file__).parents[2]


def one_good_call() -> Records:
    ended, _ = Call(CALL, SeatId("s1"), at(9, 30)).step(Ended(CALL, at(9, 40), Party.AGENT))
    attempt = Attempt(AttemptId(1), CaseId(1), CALL, 0, Purpose.FIRST, at(9, 30), outcome=Outcome.SUCCESS)
    return Records(
        cases=(replace(a_case(), id=CaseId(1), state=CaseState.CLOSED_SUCCESS),),
        attempts=(attempt,),
        calls={CALL: StoredCall(ended, 1, "hash", "robot-1", "engine", Outcome.SUCCESS)},
        numbers={CALL: NUMBER},
        recordings=Counter({RecordingState.SEALED: 1}),
        tickets=Counter(),
    )


def counted(records: Records, *dialled: str, policies: int = 1, shift: Shift | None = None) -> Tally:
    carrier = CarrierSimulator()
    carrier.log = [CallRecord(number, "95500", 0.0) for number in dialled]
    return tally(policies, records, carrier, Report((), 1), shift or Shift(), 60.0)


def test_a_call_that_both_sides_know_and_that_closed_its_case_loses_nothing():
    result = counted(one_good_call(), NUMBER)
    assert result.lost == ()
    assert (result.closed, result.ticketed, result.resting, result.calls, result.invites) == (1, 0, 0, 1, 1)
    assert result.as_json()["lost"] == 0


@pytest.mark.parametrize("dialled", [(), (NUMBER, NUMBER), ("13800130002",)], ids=["unseen", "twice", "another"])
def test_a_call_that_the_carrier_saw_otherwise_is_lost(dialled: tuple[str, ...]):
    lost = counted(one_good_call(), *dialled).lost
    assert lost
    assert all("138****" in line for line in lost), "numbers are masked"


def test_what_has_no_outcome_or_no_seal_or_no_case_is_lost():
    good = one_good_call()
    stuck = replace(good, cases=(replace(good.cases[0], state=CaseState.SEALING),))
    undecided = replace(good, attempts=(replace(good.attempts[0], outcome=None),))
    unended = replace(good, calls={CALL: replace(good.calls[CALL], outcome=None)})
    unsealed = replace(good, recordings=Counter({RecordingState.RAW: 1}))
    for records in (stuck, undecided, unended, unsealed):
        assert len(counted(records, NUMBER).lost) == 1
    assert len(counted(good, NUMBER, policies=2).lost) == 1
    assert counted(good, NUMBER, shift=Shift(troubles=["500"])).lost == ("500",)


def test_percentiles_are_values_that_were_seen():
    assert percentile([], 0.5) == 0.0
    assert percentile([3.0, 1.0, 2.0, 10.0], 0.5) == 2.0
    assert percentile([3.0, 1.0, 2.0, 10.0], 0.95) == 10.0


@pytest.mark.parametrize(
    ("now", "wanted"),
    [(at(9, 7), at(11, 30)), (at(17, 55), at(20)), (at(18, 30), at(10) + timedelta(days=1))],
)
def test_a_busy_customer_takes_the_first_time_offered_that_suits(now: datetime, wanted: datetime):
    offered = [at(10) + timedelta(minutes=30 * count) for count in range(22)]
    offered += [each + timedelta(days=1) for each in offered]
    assert appointment(Talk(again_in_hours=2), now, offered) == wanted
    assert appointment(AGREES, now, offered) == wanted
    assert appointment(AGREES, now, offered[:1]) == offered[0], "the last there is"


@pytest.mark.parametrize(
    ("issued", "due", "answered"),
    [
        ("2026-09-22T08:00:00+00:00", "2026-09-24T09:30:00+00:00", "2026-09-23T09:40"),
        ("2026-09-24T08:00:00+00:00", "2026-09-29T09:30:00+00:00", "2026-09-28T09:40"),  # the moon festival between
        ("2026-09-22T01:00:00+00:00", "2026-09-22T09:30:00+00:00", "2026-09-22T17:00"),
        ("2026-09-22T08:00:00+00:00", "2026-09-22T08:10:00+00:00", "2026-09-22T16:10"),
    ],
    ids=["next morning", "after the holiday", "before it is due", "not before it is read"],
)
def test_the_branch_answers_the_next_working_morning_or_in_time(issued: str, due: str, answered: str):
    clerk = BranchClerk(
        Visitor("http://127.0.0.1:1", "clerk", ""), DemoClock(at(9)), load_calendar(ROOT / "config/calendars"), {}, {}
    )
    ticket = {"id": 4, "issued_at": issued, "due_at": due}
    assert clerk.answers_at(ticket).isoformat().startswith(answered)
