"""Who may do what with a transfer ticket, and whose turn it is (rules §2.4, §5.5, §12 C-03).

A step is offered when the ticket's machine allows it in its state, the role may do it, and the rule about first-level
items lets it: whoever sold the policy does not write their result, but may add a statement.
"""

from __future__ import annotations

from enum import StrEnum

from dialer.domain.problem import ProblemLevel
from dialer.domain.ticket import TICKET, TicketEvent, TicketState, TransferTicket
from dialer.domain.user import Permission, Role, User


class TicketStep(StrEnum):
    """What somebody can do at a ticket's page."""

    TAKE = "TAKE"
    FORWARD = "FORWARD"
    HAND_OVER = "HAND_OVER"
    ANSWER = "ANSWER"  # the short way: whoever may check an answer records one, and it counts at once
    REPLY = "REPLY"  # from below: it goes to the third level to be checked
    STATE = "STATE"
    ATTACH = "ATTACH"
    RETURN = "RETURN"
    SEND_BACK = "SEND_BACK"
    ACCEPT = "ACCEPT"
    REJECT = "REJECT"


_P, _E, _S = Permission, TicketEvent, TicketState

_NEEDS: dict[TicketStep, tuple[TicketEvent, frozenset[Permission]]] = {
    TicketStep.TAKE: (_E.TAKEN, frozenset({_P.REPLY_TICKETS})),
    TicketStep.FORWARD: (_E.FORWARDED, frozenset({_P.FORWARD_TICKETS})),
    TicketStep.HAND_OVER: (_E.SIGNED, frozenset({_P.HAND_OVER_TICKETS})),
    TicketStep.ANSWER: (_E.REPLIED, frozenset({_P.CHECK_TICKETS, _P.ACCEPT_TICKETS})),
    TicketStep.REPLY: (_E.REPLIED, frozenset({_P.REPLY_TICKETS})),
    TicketStep.STATE: (_E.STATED, frozenset({_P.REPLY_TICKETS})),
    TicketStep.ATTACH: (_E.ATTACHED, frozenset({_P.REPLY_TICKETS})),
    TicketStep.RETURN: (_E.CHECKED, frozenset({_P.CHECK_TICKETS})),
    TicketStep.SEND_BACK: (_E.CHECKED, frozenset({_P.CHECK_TICKETS})),
    TicketStep.ACCEPT: (_E.ACCEPTED, frozenset({_P.ACCEPT_TICKETS})),
    TicketStep.REJECT: (_E.REJECTED, frozenset({_P.ACCEPT_TICKETS})),
}
"""The move a step begins with, and the permissions of which one is enough."""

_TURN: dict[TicketState, frozenset[Role]] = {
    _S.ISSUED_TO_L3: frozenset({Role.L3_HANDLER}),
    _S.FORWARDED_TO_L4: frozenset({Role.L4_CLERK, Role.DEPT_CLERK}),
    _S.SIGNED_BY_SALES: frozenset({Role.SALES}),
    _S.REPLIED: frozenset({Role.L3_HANDLER}),
    _S.RETURNED_TO_BRANCH: frozenset({Role.CC_DISPATCH}),
}
_BELOW = frozenset({_S.ISSUED_TO_L3, _S.FORWARDED_TO_L4, _S.SIGNED_BY_SALES})
_COLLECTS = frozenset({Role.L4_CLERK, Role.DEPT_CLERK})
_WORK = frozenset(TicketStep) - {TicketStep.TAKE, TicketStep.ATTACH, TicketStep.STATE}


def event_of(step: TicketStep) -> TicketEvent:
    """The move a step begins with."""
    return _NEEDS[step][0]


def answers_at_once(user: User) -> bool:
    """Whether the user's own answer needs no check by another: who checks or accepts answers (the short way)."""
    return user.may(Permission.CHECK_TICKETS) or user.may(Permission.ACCEPT_TICKETS)


def steps(user: User, ticket: TransferTicket, sold_by: str) -> frozenset[TicketStep]:
    """What the user, who sees the ticket, may do with it now. `sold_by` is the code of the policy's salesperson."""
    possible = TICKET.allowed(ticket.state)
    may = {
        step
        for step, (event, needed) in _NEEDS.items()
        if event in possible and any(user.may(permission) for permission in needed) and _fits(step, user, ticket)
    }
    if _is_the_seller(user, sold_by) and ticket.level is ProblemLevel.L1:
        may -= _WORK
    if not may & _WORK or ticket.taken_by == user.login:
        may.discard(TicketStep.TAKE)
    return frozenset(may)


def _fits(step: TicketStep, user: User, ticket: TransferTicket) -> bool:
    """What depends on the role together with the ticket's class, hand or round."""
    first_level = ticket.level is ProblemLevel.L1
    match step:
        case TicketStep.REPLY if user.role is Role.SALES:
            return not first_level and ticket.state is TicketState.SIGNED_BY_SALES
        case TicketStep.REPLY if user.role in _COLLECTS:
            return not first_level and ticket.state is not TicketState.ISSUED_TO_L3
        case TicketStep.REPLY:
            return first_level and user.role is Role.INDEP_HANDLER
        case TicketStep.STATE:
            return first_level and user.role is Role.SALES
        case TicketStep.HAND_OVER:
            return not (first_level and ticket.round)  # an L1 issued again goes no further than the third level
    return True


def _is_the_seller(user: User, sold_by: str) -> bool:
    return bool(user.salesperson_code) and user.salesperson_code == sold_by


def waits_for(user: User, ticket: TransferTicket, sold_by: str) -> bool:
    """Whether it is the user's turn: the ticket is in their hands, and there is something for them to do."""
    handler = ticket.level is ProblemLevel.L1 and user.role is Role.INDEP_HANDLER and ticket.state in _BELOW
    theirs = handler or user.role in _TURN.get(ticket.state, frozenset())
    return theirs and bool(steps(user, ticket, sold_by) & _WORK)
