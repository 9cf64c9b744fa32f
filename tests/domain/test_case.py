"""The case's table of moves against the rules' own table (rules §5.3), and what holds for every move."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

import pytest

from dialer.domain.case import CASE, ON_THE_PHONE, POOL, Appointment, CaseEvent, CaseState
from dialer.domain.errors import ImpossibleMove
from dialer.domain.reason import UNSAID, Reason, Why
from tests.builders import a_case, at

S, E = CaseState, CaseEvent
OPEN = [state for state in S if not state.closed]


def reachable(table: Mapping[Any, Mapping[Any, StrEnum]], start: StrEnum) -> set[StrEnum]:
    """Every state that can follow, sooner or later."""
    seen: set[StrEnum] = {start}
    todo = [start]
    while todo:
        for target in table.get(todo.pop(), {}).values():
            if target not in seen:
                seen.add(target)
                todo.append(target)
    return seen


@pytest.mark.parametrize(
    ("number", "path"),
    [
        (1, [S.PENDING_RECEIPT, E.RECEIPT_ENTERED, S.READY]),
        *((2, [state, E.PLACED, S.DIALING]) for state in POOL),
        (3, [S.DIALING, E.ANSWERED, S.IN_CALL, E.HUNG_UP, S.WRAP_UP]),
        (3, [S.WRAP_UP, E.SUCCEEDED, S.SEALING, E.SEALED, S.CLOSED_SUCCESS]),
        (3, [S.WRAP_UP, E.RETRY, S.RETRY_WAIT]),
        (3, [S.WRAP_UP, E.APPOINTED, S.APPOINTMENT]),
        (3, [S.WRAP_UP, E.L1_FOUND, S.L1_OPEN]),
        (3, [S.WRAP_UP, E.L2_FOUND, S.L2_OPEN]),
        (3, [S.WRAP_UP, E.REFUSED, S.REFUSAL_QA, E.QA_PASSED, S.CLOSED_REFUSED]),
        (3, [S.REFUSAL_QA, E.QA_FAILED, S.READY]),
        (3, [S.WRAP_UP, E.EREVISIT_OFFERED, S.EREVISIT_WAIT, E.EREVISIT_EXPIRED, S.READY]),
        (3, [S.WRAP_UP, E.ALTERNATIVE_ASKED, S.ALT_CHANNEL]),
        (3, [S.WRAP_UP, E.FROZEN, S.FROZEN]),
        *((4, [state, E.UNREACHED, S.U_OPEN]) for state in (S.DIALING, S.WRAP_UP, *POOL)),
        (5, [S.U_OPEN, E.ISSUED, S.U_ISSUED]),
        (6, [S.U_ISSUED, E.REPLIED, S.U_REPLIED, E.NUMBER_VERIFIED, S.U_VERIFIED, E.REDIAL, S.U_REDIAL]),
        (7, [S.U_ISSUED, E.CANNOT_CONTACT, S.ALT_CHANNEL, E.GIVEN_UP, S.CLOSED_UNREACHED]),
        (7, [S.ALT_CHANNEL, E.LETTER_SENT, S.LETTER_OUT, E.PAPER_CONFIRMED, S.CLOSED_SUCCESS]),
        (7, [S.ALT_CHANNEL, E.VISIT_SENT, S.VISIT_OUT, E.PAPER_FAILED, S.ALT_CHANNEL]),
        (9, [S.U_OPEN, E.ROUNDS_EXHAUSTED, S.ALT_CHANNEL]),
        (10, [S.L1_OPEN, E.ISSUED, S.L1_ISSUED]),
        (11, [S.L1_ISSUED, E.REPLIED, S.L1_REPLIED, E.REDIAL, S.L1_REDIAL]),
        (13, [S.DIALING, E.L1_FOUND, S.L1_OPEN]),
        (14, [S.WRAP_UP, E.CORRECTION_NEEDED, S.REPLY_CORRECTION, E.CORRECTED, S.SEALING]),
        (15, [S.L2_OPEN, E.ISSUED, S.L2_ISSUED]),
        (16, [S.L2_ISSUED, E.REPLIED, S.L2_REPLIED, E.ARCHIVED, S.CLOSED_PROBLEM_HANDLED]),
        (16, [S.L2_REPLIED, E.REDIAL, S.L2_RECONFIRM]),
        *((17, [state, E.WAIVER_REPORTED, S.WAIVER_PENDING]) for state in POOL),
        (17, [S.WAIVER_PENDING, E.WAIVER_APPROVED, S.CLOSED_WAIVED]),
        (17, [S.WAIVER_PENDING, E.WAIVER_REJECTED, S.READY]),
        *((18, [s, E.CANCELLED, S.CLOSED_CANCELLED]) for s in OPEN if s not in (S.DIALING, S.IN_CALL)),
        *((19, [state, E.REOPENED, S.READY]) for state in S if state.closed),
    ],
)
def test_a_move_of_the_rules_table_is_possible(number: int, path: list[StrEnum]):
    state = path[0]
    for event, target in zip(path[1::2], path[2::2], strict=True):
        state = CASE.after(CaseState(state), CaseEvent(event))
        assert state is target, f"rules §5.3 no. {number}"


@pytest.mark.parametrize("state", S)
def test_what_the_table_does_not_list_is_impossible(state: CaseState):
    for event in set(E) - CASE.allowed(state):
        with pytest.raises(ImpossibleMove):
            a_case(state=state).moved(event)


@pytest.mark.parametrize("state", OPEN)
def test_no_state_is_a_trap(state: CaseState):
    assert any(CaseState(each).closed for each in reachable(CASE.table, state))


@pytest.mark.parametrize("state", OPEN)
def test_no_state_is_a_trap_even_if_the_policy_is_never_cancelled_nor_the_case_frozen(state: CaseState):
    table = {
        each: {event: target for event, target in moves.items() if event not in (E.CANCELLED, E.FROZEN)}
        for each, moves in CASE.table.items()
    }
    assert any(CaseState(each).closed for each in reachable(table, state))


@pytest.mark.parametrize("state", S)
def test_every_state_is_reached_from_the_beginning(state: CaseState):
    assert state in reachable(CASE.table, S.PENDING_RECEIPT)


def test_a_closed_case_moves_only_by_being_reopened():
    for state in (each for each in S if each.closed):
        assert CASE.allowed(state) == {E.REOPENED, E.POLICY_CHANGED}
        assert CASE.after(state, E.POLICY_CHANGED) is state


def test_only_a_case_of_the_pool_is_dialled():
    placed = {state for state in S if E.PLACED in CASE.allowed(state)}
    assert placed == {*POOL, S.QUEUED}
    assert not set(POOL) & set(ON_THE_PHONE)


def test_a_case_on_the_phone_leaves_it_only_by_what_the_call_came_to():
    for state in ON_THE_PHONE:
        for event in CASE.allowed(state) - {E.ANSWERED, E.HUNG_UP, E.POLICY_CHANGED, E.CALENDAR_CHANGED}:
            assert CASE.after(state, event) not in ON_THE_PHONE
    assert not {E.WAIVER_REPORTED, E.REPLIED, E.ISSUED, E.PLACED} & CASE.allowed(S.DIALING)
    assert E.CANCELLED not in CASE.allowed(S.DIALING) | CASE.allowed(S.IN_CALL)


def test_success_needs_a_proof_a_paper_or_an_erevisit():
    into = {event for _, event, target in CASE.moves() if target is S.CLOSED_SUCCESS and event is not E.POLICY_CHANGED}
    assert into == {E.SEALED, E.PAPER_CONFIRMED, E.EREVISIT_DONE}
    assert [s for s, e, _ in CASE.moves() if e is E.SEALED] == [S.SEALING]


def test_nobody_closes_a_case_with_an_open_ticket_but_by_cancelling_it():
    for state in (S.U_OPEN, S.U_ISSUED, S.L1_OPEN, S.L1_ISSUED, S.L2_OPEN, S.L2_ISSUED):
        closing = {event for event in CASE.allowed(state) if CASE.after(state, event).closed}
        assert closing == {E.CANCELLED}


def _waiting(state: CaseState):
    return a_case(
        state=state, next_at=at(15), next_why=Why((Reason.APPOINTMENT_PENDING,)), appointment=Appointment(at(15))
    )


@pytest.mark.parametrize(("state", "event", "target"), list(CASE.moves()), ids=str)
def test_a_move_out_of_the_pool_forgets_what_it_waited_for(state: CaseState, event: CaseEvent, target: CaseState):
    moved = _waiting(state).moved(event)
    assert moved.state is target
    kept = (moved.next_at, moved.next_why, moved.appointment)
    if target in POOL or target is state:
        assert kept == (at(15), Why((Reason.APPOINTMENT_PENDING,)), Appointment(at(15)))
    else:
        assert kept == (None, UNSAID, None)


def test_an_early_answer_changes_nothing_of_where_a_waiting_case_stands():
    for state in POOL:
        assert _waiting(state).moved(E.REPLIED) == _waiting(state)


def test_flags_add_up():
    assert a_case().flagged("A").flagged("B", "A").flags == {"A", "B"}
