"""The transfer ticket's table of moves (rules §5.5), lateness and urgency (rules §5.6)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from dialer.domain.case import Purpose
from dialer.domain.errors import ImpossibleMove
from dialer.domain.problem import Problem, ProblemLevel, ProblemType
from dialer.domain.ticket import (
    OPEN_TICKETS,
    REDIAL_PURPOSE,
    TICKET,
    TicketEvent,
    TicketItem,
    TicketState,
    urgent,
)
from tests.builders import a_ticket, at
from tests.domain.test_case import reachable

S, E = TicketState, TicketEvent
ENDS = {S.CLOSED, S.RECALLED}


def test_the_whole_way_of_the_paper():
    state = S.CREATED
    way = (E.ISSUED, E.FORWARDED, E.SIGNED, E.REPLIED, E.CHECKED, E.RETURNED, E.ACCEPTED, E.CLOSED)
    for event in way:
        state = TICKET.after(state, event)
    assert state is S.CLOSED


@pytest.mark.parametrize("below", [S.ISSUED_TO_L3, S.FORWARDED_TO_L4, S.SIGNED_BY_SALES])
def test_an_answer_may_be_recorded_from_any_hand_below(below: TicketState):
    assert TICKET.after(below, E.REPLIED) is S.REPLIED


@pytest.mark.parametrize("checking", [S.L3_CHECKED, S.RETURNED_TO_BRANCH])
def test_an_answer_that_does_not_hold_up_goes_back_to_the_third_level(checking: TicketState):
    assert TICKET.after(checking, E.REJECTED) is S.ISSUED_TO_L3


@pytest.mark.parametrize(("state", "event"), [(s, e) for s in S for e in E if e not in TICKET.allowed(s)], ids=str)
def test_what_the_table_does_not_list_is_impossible(state: TicketState, event: TicketEvent):
    with pytest.raises(ImpossibleMove):
        TICKET.after(state, event)


@pytest.mark.parametrize("state", S)
def test_no_state_is_a_trap_and_every_open_ticket_can_be_recalled(state: TicketState):
    assert reachable(TICKET.table, state) & ENDS
    assert (E.RECALLED in TICKET.allowed(state)) is (state in OPEN_TICKETS)
    assert (state in OPEN_TICKETS) is (state not in ENDS)


def test_only_an_accepted_ticket_closes():
    assert [state for state, event, _ in TICKET.moves() if event is E.CLOSED] == [S.ACCEPTED]


def test_every_level_has_its_own_redial():
    assert REDIAL_PURPOSE == {
        ProblemLevel.U: Purpose.U_REDIAL,
        ProblemLevel.L1: Purpose.L1_CONFIRM,
        ProblemLevel.L2: Purpose.L2_RECONFIRM,
    }


DUE = at(17, 30)


@pytest.mark.parametrize(
    ("replied_at", "now", "late"),
    [
        (None, DUE, False),
        (None, DUE + timedelta(minutes=1), True),
        (DUE, DUE + timedelta(days=3), False),
        (DUE + timedelta(minutes=1), DUE + timedelta(days=3), True),
    ],
)
def test_scenario_01_a_reply_at_the_due_minute_is_in_time_and_a_minute_later_overdue(replied_at, now, late):
    ticket = a_ticket(state=S.ISSUED_TO_L3, due_at=DUE, replied_at=replied_at)
    assert ticket.overdue(now) is late


def test_a_ticket_that_is_not_out_is_never_overdue():
    assert not a_ticket().overdue(DUE + timedelta(days=9))
    assert not a_ticket(state=S.RECALLED, due_at=DUE).overdue(DUE + timedelta(days=9))


@pytest.mark.parametrize(
    ("level", "kind", "expected"),
    [
        (ProblemLevel.L1, ProblemType.NOT_AWARE, True),
        (ProblemLevel.L1, ProblemType.OTHER, True),
        (ProblemLevel.L2, ProblemType.SURRENDER_REQUEST, True),
        (ProblemLevel.L2, ProblemType.CONTRACT_NOT_RECEIVED, True),
        (ProblemLevel.L2, ProblemType.LIABILITY_UNCLEAR, False),
        (ProblemLevel.U, ProblemType.VACANT_NUMBER, False),
    ],
)
def test_l1_surrender_and_a_missing_contract_carry_the_priority_flag(level, kind, expected):
    assert urgent(level, (TicketItem(Problem(kind)),)) is expected
