"""At the side: what an agent's desk shows at one moment, and a version that says whether that has changed."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from dialer.domain import interview as talk
from dialer.domain.attempt import Attempt
from dialer.domain.case import RevisitCase
from dialer.domain.errors import NotFound
from dialer.domain.interview import Screen, Verdict
from dialer.domain.seat import Seat, SeatState
from dialer.domain.user import User
from dialer.ports import Scripts
from dialer.ports.storage import Storage, StoredCall, StoredPolicy, Work
from dialer.usecases.conduct_interview import Conversation, conversations

_ON_A_CALL = frozenset({SeatState.RESERVED, SeatState.TALKING, SeatState.WRAP_UP})


@dataclass(frozen=True, slots=True)
class PolicyInCall:
    """One policy of a call: its facts for the screen-pop, and its verdict by rule as it stands."""

    policy: StoredPolicy
    case: RevisitCase
    verdict: Verdict
    over: bool
    earlier: tuple[Attempt, ...]


@dataclass(frozen=True, slots=True)
class Desk:
    """An agent's desk at one moment. `version` changes whenever anything on it does."""

    user: User
    seat: Seat | None
    version: str
    now: datetime
    call: StoredCall | None = None
    phone_masked: str = ""
    screen: Screen | None = None
    current: PolicyInCall | None = None
    policies: tuple[PolicyInCall, ...] = ()

    @property
    def elapsed_seconds(self) -> int:
        """How long the customer has been on the line, or the seat in its state."""
        if self.seat is None:
            return 0
        since = self.seat.since
        if self.seat.state is SeatState.TALKING and self.call is not None:
            since = self.call.call.answered_at or since
        return max(0, int((self.now - since).total_seconds()))


async def look_at_desk(storage: Storage, scripts: Scripts, user: User, now: datetime) -> Desk:
    """Everything the agent's desk shows."""
    async with storage.read() as work:
        seat = await work.floor.seat_of(user.login)
        if seat is None or seat.call_id is None or seat.state not in _ON_A_CALL:
            return Desk(user, seat, _seat_version(seat), now)
        talks = await conversations(work, scripts, seat.call_id)
        call = await work.calls.get(seat.call_id)
        policies = tuple([await _policy_in_call(work, each) for each in talks])
        number, current = _current(talks)
        return Desk(
            user,
            seat,
            _version(seat, call, talks),
            now,
            call=call,
            phone_masked=await _phone_masked(work, call, policies),
            screen=talk.screen(current.script, current.facts, current.interview),
            current=policies[number],
            policies=policies,
        )


async def desk_version(work: Work, scripts: Scripts, user: User) -> str:
    """Only the desk's version: has anything changed since a screen was made?"""
    seat = await work.floor.seat_of(user.login)
    if seat is None or seat.call_id is None or seat.state not in _ON_A_CALL:
        return _seat_version(seat)
    call = await work.calls.get(seat.call_id)
    return _version(seat, call, await conversations(work, scripts, seat.call_id))


def _seat_version(seat: Seat | None) -> str:
    """Of what the desk shows of a seat, and no more: a row saved for other reasons must not disturb who is typing."""
    if seat is None:
        return "0"
    shown = (seat.state, seat.since.isoformat(), seat.why, seat.pause_after_call, seat.leg_up)
    return hashlib.sha256(repr(shown).encode()).hexdigest()[:12]


def _version(seat: Seat, call: StoredCall, talks: Sequence[Conversation]) -> str:
    steps = sum(each.stored.version for each in talks)
    return f"{_seat_version(seat)}-{call.call.call_id[-8:]}-{call.call.phase}-{steps}"


def _current(talks: Sequence[Conversation]) -> tuple[int, Conversation]:
    """The interview being held, with its place in the call; the last one when all are over."""
    if not talks:
        raise NotFound("the call serves no case")
    held = ((number, each) for number, each in enumerate(talks) if not each.interview.is_over)
    return next(held, (len(talks) - 1, talks[-1]))


async def _policy_in_call(work: Work, each: Conversation) -> PolicyInCall:
    case = await work.cases.get(each.attempt.case_id)
    earlier = [attempt for attempt in await work.calls.attempts(case.id) if attempt.id != each.attempt.id]
    return PolicyInCall(
        policy=await work.policies.get(case.policy_no),
        case=case,
        verdict=talk.verdict(each.script, each.facts, each.interview),
        over=each.interview.is_over,
        earlier=tuple(earlier),
    )


async def _phone_masked(work: Work, call: StoredCall, policies: Sequence[PolicyInCall]) -> str:
    phones = await work.policies.phones(policies[0].case.holder_id)
    return next((phone.number.masked for phone in phones if phone.id == call.phone_id), "")
