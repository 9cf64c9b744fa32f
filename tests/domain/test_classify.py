from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialer.domain.call import Answered, Call, CallEvent, CallId, Connected, EarlyMedia, Ended, Party, Ringing, SeatId
from dialer.domain.classify import DECISION_TABLE, Evidence, classify, evidence_of
from dialer.domain.outcome import Outcome

NETWORK = Party.NETWORK
RINGS = {"rang": True, "ring_seconds": 10.0}
PLAYS = {"early_media": True, "ring_seconds": 8.0}


@pytest.mark.parametrize(
    ("code", "facts", "outcome"),
    [
        # our side
        (None, {"failure": "worker died"}, Outcome.TECH),
        (486, {"failure": "trunk refused", **RINGS}, Outcome.TECH),
        (487, {"by": Party.DIALER, **RINGS}, Outcome.TECH),
        (487, {"by": Party.AGENT, **RINGS}, Outcome.TECH),
        (None, {"by": Party.CUSTOMER, "answered": True, **RINGS}, Outcome.TECH),
        # rang out
        (487, {"by": Party.DIALER, "ring_timeout": True, **RINGS}, Outcome.NO_ANSWER),
        (None, {"by": Party.DIALER, "ring_timeout": True, **PLAYS}, Outcome.NO_ANSWER),
        (487, RINGS, Outcome.NO_ANSWER),
        (408, RINGS, Outcome.NO_ANSWER),
        # busy and rejected
        (486, RINGS, Outcome.REJECTED),
        (486, {"rang": True, "ring_seconds": 2.9}, Outcome.BUSY),
        (486, {}, Outcome.BUSY),
        (486, PLAYS, Outcome.BUSY),
        (600, RINGS, Outcome.BUSY),
        (603, {}, Outcome.REJECTED),
        (603, RINGS, Outcome.REJECTED),
        (403, PLAYS, Outcome.REJECTED),
        (607, {}, Outcome.REJECTED),
        # numbers
        (404, PLAYS, Outcome.VACANT),
        (604, PLAYS, Outcome.VACANT),
        (404, {}, Outcome.NO_SERVICE),
        (604, {}, Outcome.NO_SERVICE),
        (484, {}, Outcome.INVALID_FORMAT),
        (410, {}, Outcome.NUMBER_CHANGED),
        (301, PLAYS, Outcome.NUMBER_CHANGED),
        # 480, which says least
        (480, RINGS, Outcome.NO_ANSWER),
        (480, {"early_media": True, "ring_seconds": 30.0}, Outcome.NO_ANSWER),
        (480, PLAYS, Outcome.NO_SERVICE),
        (480, {}, Outcome.NO_SERVICE),
        # refused requests, network faults
        (488, {}, Outcome.TECH),
        (407, {}, Outcome.TECH),
        (408, {}, Outcome.NETWORK),
        (487, {}, Outcome.NETWORK),
        (500, {}, Outcome.NETWORK),
        (503, {}, Outcome.NETWORK),
        (503, PLAYS, Outcome.NETWORK),
        (None, {}, Outcome.NETWORK),
        (None, {"by": Party.DIALER, "ring_timeout": True}, Outcome.NETWORK),
    ],
)
def test_every_row_of_the_decision_table(code, facts, outcome):
    assert classify(Evidence(**{"sip_code": code, "by": NETWORK} | facts)) is outcome


def test_every_row_decides_something():
    samples = [
        Evidence(sip_code=code, by=by, rang=rang, early_media=early, ring_seconds=10, ring_timeout=gave_up)
        for code in (None, 301, 403, 404, 480, 484, 486, 487, 488, 503, 600)
        for by in (NETWORK, Party.DIALER)
        for rang in (True, False)
        for early in (True, False)
        for gave_up in (True, False)
    ]
    deciding = {next(row.when for row in DECISION_TABLE if row.fits(sample)) for sample in samples}
    assert deciding == {row.when for row in DECISION_TABLE}


anything = st.builds(
    Evidence,
    sip_code=st.none() | st.integers(300, 699),
    by=st.sampled_from(Party),
    rang=st.booleans(),
    early_media=st.booleans(),
    ring_seconds=st.floats(0, 60),
    ring_timeout=st.booleans(),
    failure=st.none() | st.just("trunk"),
    answered=st.booleans(),
)


@given(anything)
def test_no_code_without_an_announcement_makes_a_number_vacant_or_suspended(evidence):
    assert classify(replace(evidence, early_media=False)) not in (Outcome.VACANT, Outcome.SUSPENDED)


@given(anything)
def test_a_480_never_makes_a_number_vacant(evidence):
    assert classify(replace(evidence, sip_code=480)) is not Outcome.VACANT


@given(anything)
def test_a_fault_of_ours_is_never_the_customers(evidence):
    assert classify(replace(evidence, failure="worker died")) is Outcome.TECH


START = datetime(2026, 11, 4, 2, 0, tzinfo=UTC)
CALL = CallId("c1")


def a_call(*events: CallEvent) -> Call:
    call = Call(CALL, SeatId("s1"), START)
    for event in events:
        call, _ = call.step(event)
    return call


def after(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def test_evidence_is_read_off_the_call():
    call = a_call(
        EarlyMedia(CALL, after(2)),
        Ringing(CALL, after(3)),
        Ended(CALL, after(47), Party.DIALER, sip_code=487, ring_timeout=True),
    )
    evidence = evidence_of(call)
    assert evidence.ring_seconds == 45
    assert classify(evidence) is Outcome.NO_ANSWER


def test_a_call_answered_for_nobody_is_our_fault():
    call = a_call(Ringing(CALL, after(3)), Answered(CALL, after(9)), Ended(CALL, after(12), Party.CUSTOMER))
    assert classify(evidence_of(call)) is Outcome.TECH


def test_a_call_that_runs_or_had_a_conversation_is_not_classified():
    with pytest.raises(ValueError, match="c1"):
        evidence_of(a_call(Ringing(CALL, after(3))))
    with pytest.raises(ValueError, match="c1"):
        evidence_of(a_call(Connected(CALL, after(3)), Ended(CALL, after(9), Party.CUSTOMER)))
