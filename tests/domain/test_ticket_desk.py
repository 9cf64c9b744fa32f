"""Who may do what with a ticket, and whose turn it is (rules §2.4, §5.5, §12 C-03)."""

from __future__ import annotations

import pytest

from dialer.domain.problem import ProblemLevel
from dialer.domain.ticket import TicketState
from dialer.domain.ticket_desk import TicketStep, steps, waits_for
from dialer.domain.user import Role, User
from tests.builders import a_ticket, a_user

S, T = TicketState, TicketStep
SELLER = "S0001"


def person(role: Role, code: str = "") -> User:
    return a_user(login=role.value.lower(), role=role, salesperson_code=code)


def may(role: Role, state: TicketState, level: ProblemLevel = ProblemLevel.U, **changes: object) -> set[TicketStep]:
    ticket = a_ticket(state=state, level=level, handed_to=SELLER, **changes)
    code = SELLER if role is Role.SALES else ""
    return set(steps(person(role, code), ticket, SELLER)) - {T.TAKE, T.ATTACH}


@pytest.mark.parametrize(
    ("role", "state", "wanted"),
    [
        (Role.L3_HANDLER, S.ISSUED_TO_L3, {T.FORWARD, T.ANSWER}),
        (Role.L3_HANDLER, S.REPLIED, {T.RETURN, T.SEND_BACK}),
        (Role.L3_HANDLER, S.RETURNED_TO_BRANCH, set()),
        (Role.L4_CLERK, S.ISSUED_TO_L3, set()),
        (Role.L4_CLERK, S.FORWARDED_TO_L4, {T.HAND_OVER, T.REPLY}),
        (Role.DEPT_CLERK, S.FORWARDED_TO_L4, {T.HAND_OVER, T.REPLY}),
        (Role.SALES, S.FORWARDED_TO_L4, set()),
        (Role.SALES, S.SIGNED_BY_SALES, {T.REPLY}),
        (Role.SALES, S.REPLIED, set()),
        (Role.CC_DISPATCH, S.RETURNED_TO_BRANCH, {T.ACCEPT, T.REJECT}),
        (Role.CC_DISPATCH, S.FORWARDED_TO_L4, {T.ANSWER}),
        (Role.INDEP_HANDLER, S.ISSUED_TO_L3, set()),
        (Role.AUDIT, S.ISSUED_TO_L3, set()),
        (Role.L3_HANDLER, S.CLOSED, set()),
    ],
)
def test_each_hand_is_offered_its_own_steps(role: Role, state: TicketState, wanted: set[TicketStep]):
    assert may(role, state) == wanted


@pytest.mark.parametrize("role", [Role.L4_CLERK, Role.DEPT_CLERK, Role.SALES])
def test_a_first_level_item_is_not_answered_by_the_sales_side(role: Role):
    assert T.REPLY not in may(role, S.SIGNED_BY_SALES, ProblemLevel.L1)


@pytest.mark.parametrize("state", [S.ISSUED_TO_L3, S.FORWARDED_TO_L4, S.SIGNED_BY_SALES])
def test_a_first_level_item_is_answered_by_the_independent_handler(state: TicketState):
    assert may(Role.INDEP_HANDLER, state, ProblemLevel.L1) == {T.REPLY}


def test_the_salesperson_may_add_a_statement_on_a_first_level_item_and_no_more():
    assert may(Role.SALES, S.SIGNED_BY_SALES, ProblemLevel.L1) == {T.STATE}
    assert T.STATE not in may(Role.SALES, S.SIGNED_BY_SALES, ProblemLevel.L2)


def test_whoever_sold_the_policy_does_not_handle_its_first_level_item_in_any_role():
    seller = person(Role.INDEP_HANDLER, SELLER)
    ticket = a_ticket(state=S.ISSUED_TO_L3, level=ProblemLevel.L1)
    assert T.REPLY not in steps(seller, ticket, SELLER)
    assert T.REPLY in steps(seller, ticket, "S0002")


def test_a_first_level_item_that_is_issued_again_does_not_go_to_the_salesperson():
    assert T.HAND_OVER in may(Role.L4_CLERK, S.FORWARDED_TO_L4, ProblemLevel.L1, round=0)
    assert T.HAND_OVER not in may(Role.L4_CLERK, S.FORWARDED_TO_L4, ProblemLevel.L1, round=1)


def test_a_ticket_can_be_taken_over_but_not_taken_twice_by_the_same_person():
    handler = person(Role.L3_HANDLER)
    assert T.TAKE in steps(handler, a_ticket(state=S.ISSUED_TO_L3, taken_by="another"), SELLER)
    assert T.TAKE not in steps(handler, a_ticket(state=S.ISSUED_TO_L3, taken_by=handler.login), SELLER)
    assert T.TAKE not in steps(person(Role.AUDIT), a_ticket(state=S.ISSUED_TO_L3), SELLER)


@pytest.mark.parametrize("state", S)
def test_every_state_below_the_branch_waits_for_exactly_one_level(state: TicketState):
    levels = [Role.L3_HANDLER, Role.L4_CLERK, Role.SALES, Role.CC_DISPATCH]
    waiting = [role for role in levels if waits_for(person(role, SELLER), a_ticket(state=state), SELLER)]
    passes_through = state in (S.CREATED, S.L3_CHECKED, S.ACCEPTED, S.CLOSED, S.RECALLED)
    assert len(waiting) == (0 if passes_through else 1)
