"""Supervisors' decisions only take away: whatever stands, nothing is dialled that the rules refuse (rules §2.4)."""

from __future__ import annotations

from datetime import datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialer.domain.call import CallId
from dialer.domain.case import Appointment, CaseId, Purpose, RevisitCase
from dialer.domain.case_plan import DialNumber, plan_case
from dialer.domain.dialing_hours import DialRules
from dialer.domain.priority import Rank
from dialer.domain.steering import (
    AtWork,
    Course,
    Group,
    Steering,
    SteeringInvalid,
    SteeringKind,
    check,
    course_of,
    lapsing,
    steered,
)
from tests.builders import TODAY, a_case, at
from tests.domain import dialling

TEN = at(10)
GRACE = timedelta(minutes=30)
RULES = DialRules()
ORGS = ("44", "44/4401", "44/4401/440104", "441", "32/3201")


def a_decision(kind: SteeringKind = SteeringKind.PAUSE, **changes) -> Steering:
    facts = {"org": "44", "purpose": None, "by": "lina", "at": at(8), "why": "台风"}
    return Steering(id=0, kind=kind, **facts | changes)


def hours(start: time, end: time, **changes) -> Steering:
    return a_decision(SteeringKind.HOURS, start=start, end=end, **changes)


def on(*decisions: Steering, when: datetime = TEN, at_work: tuple[AtWork, ...] = ()) -> Course:
    return course_of(decisions, at_work, when, GRACE)


times = st.builds(time, st.integers(0, 23), st.sampled_from((0, 30)))
decisions = st.builds(
    a_decision,
    st.sampled_from(SteeringKind),
    org=st.sampled_from(("", *ORGS)),
    purpose=st.sampled_from((None, *Purpose)),
    until=st.none() | st.integers(-5, 5).map(lambda away: at(12) + timedelta(hours=away)),
    start=times,
    end=times,
    seats=st.integers(1, 3),
)
cases = st.builds(
    a_case,
    id=st.integers(1, 10**6).map(CaseId),
    org=st.sampled_from(ORGS),
    purpose=st.sampled_from(Purpose),
    rank=st.sampled_from(Rank).map(int),
    appointment=st.none() | st.integers(-90, 90).map(lambda away: Appointment(at(10) + timedelta(minutes=away))),
)
instants = st.integers(8 * 60, 21 * 60).map(lambda minute: at(0) + timedelta(minutes=minute))
work = st.lists(
    st.builds(AtWork, st.sampled_from("abc").map(CallId), st.sampled_from(ORGS), st.sampled_from(Purpose)), max_size=5
).map(tuple)


@given(st.lists(decisions, max_size=4), cases, instants, work, st.booleans())
def test_whatever_is_decided_a_plan_to_dial_can_only_be_held_and_no_other_plan_changes(
    standing, case: RevisitCase, now, at_work, tried_before
):
    calls = (dialling.a_call("09-18 09:50"),) if tried_before else ()
    facts = dialling.a_case(*calls, receipt="09-14")
    plan = plan_case(facts, [dialling.a_number(*calls)], RULES, dialling.OFFICIAL, now)
    after = steered(plan, on(*standing, when=now, at_work=at_work).hold(case))
    if isinstance(after, Steering):
        assert isinstance(plan, DialNumber)
        assert after in standing
        assert after.group.has(case.org, case.purpose)
    else:
        assert after == plan


@given(st.lists(decisions, max_size=4), cases, decisions, instants, work)
def test_one_more_decision_never_lets_a_held_case_go(standing, case, more, now, at_work):
    before, after = on(*standing, when=now, at_work=at_work), on(*standing, more, when=now, at_work=at_work)
    if before.hold(case) is not None:
        assert after.hold(case) is not None


@given(st.lists(decisions, max_size=4), st.lists(cases, max_size=8, unique_by=lambda case: case.id))
def test_what_goes_first_passes_neither_a_promise_nor_what_expires(standing, waiting):
    course = on(*standing)
    before_others = [case.rank <= Rank.EXPIRING for case in sorted(waiting, key=course.place)]
    assert before_others == sorted(before_others, reverse=True)
    urgent = [case for case in waiting if case.rank <= Rank.EXPIRING]
    assert sorted(urgent, key=course.place) == sorted(urgent, key=lambda case: case.rank)


@pytest.mark.parametrize(
    ("org", "purpose", "has"),
    [
        ("", None, True),
        ("44", None, True),
        ("44/4401", Purpose.FIRST, True),
        ("44/4402", None, False),
        ("4", None, False),
        ("44/44", None, False),
        ("44", Purpose.U_REDIAL, False),
    ],
)
def test_a_group_is_an_organisation_and_below_and_a_purpose(org, purpose, has):
    assert Group(org, purpose).has("44/4401", Purpose.FIRST) is has


def test_a_pause_holds_even_a_promised_time_and_other_decisions_keep_it():
    promised = a_case(appointment=Appointment(at(10)))
    assert on(a_decision()).hold(promised) is not None
    only_later = hours(time(14), time(16))
    assert on(only_later).hold(promised) is None
    assert on(only_later, when=at(9, 59)).hold(promised) == only_later  # its time has not come: an ordinary call
    assert on(only_later, when=at(10, 30)).hold(promised) == only_later  # and is over


def test_narrower_hours_hold_outside_and_their_end_is_outside():
    afternoon = hours(time(14), time(16))
    held = [on(afternoon, when=when).hold(a_case()) for when in (at(13, 59), at(14), at(15, 59), at(16))]
    assert held == [afternoon, None, None, afternoon]


def test_seats_hold_when_so_many_calls_serve_the_group_and_a_call_of_two_cases_is_one():
    two = a_decision(SteeringKind.SEATS, seats=2)
    one_call = (AtWork(CallId("a"), "44/4401", Purpose.FIRST), AtWork(CallId("a"), "44/4401", Purpose.U_REDIAL))
    elsewhere = AtWork(CallId("b"), "32/3201", Purpose.FIRST)
    assert on(two, at_work=(*one_call, elsewhere)).hold(a_case()) is None
    assert on(two, at_work=(*one_call, AtWork(CallId("c"), "44", Purpose.FIRST))).hold(a_case()) == two


def test_a_decision_lapses_at_its_instant_and_holds_no_more_once_it_is_ended():
    short = a_decision(until=at(10))
    assert [short.stands(when) for when in (at(7, 59), at(8), at(9, 59), at(10))] == [False, True, True, False]
    assert on(a_decision(ended_at=at(9))).hold(a_case()) is None


@pytest.mark.parametrize(
    ("wish", "told"),
    [
        (hours(time(8), time(12)), "narrowed: the rules allow 09:00 to 20:30"),
        (hours(time(14), time(21)), "narrowed"),
        (hours(time(9), time(22), org="65"), "11:00 to 21:00"),
        (hours(time(12), time(14)), "no dialling window"),
        (hours(time(16), time(15)), "a start and a later end"),
        (a_decision(SteeringKind.HOURS, start=time(9)), "a start and a later end"),
        (a_decision(SteeringKind.SEATS, seats=0), "at least one seat"),
        (a_decision(SteeringKind.SEATS), "at least one seat"),
        (a_decision(until=at(8)), "is over"),
    ],
)
def test_what_would_widen_the_rules_or_make_no_sense_is_refused(wish, told):
    with pytest.raises(SteeringInvalid, match=told):
        check(wish, RULES)


def test_what_narrows_is_accepted_also_where_local_life_runs_later():
    check(a_decision(), RULES)
    check(hours(time(9), time(20, 30)), RULES)
    check(hours(time(11), time(13)), RULES)
    check(hours(time(19), time(21), org="65"), RULES)


def test_a_deadline_passes_when_its_last_hour_ends_before_the_decision_does():
    deadlines = {TODAY: 3, TODAY + timedelta(days=1): 4}
    ends = (at(20, 29), at(20, 30), at(20, 30) + timedelta(days=1))
    assert [lapsing(deadlines, until, RULES) for until in ends] == [0, 3, 7]
