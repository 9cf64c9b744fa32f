"""Chapter: due → claimed → dialled. The intention is stored before the phone system is told: nobody is called twice.

One call serves every case of the holder that may be dialled at this moment (rules §8.2, §11 no. 9). A difficult case
is shown to its agent first (`preview_case`), and dialled when they say so, if the rules still allow it then.
"""

from __future__ import annotations

import uuid
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from dialer.domain.attempt import Attempt, AttemptId
from dialer.domain.call import Call, CallId, SeatId
from dialer.domain.case import POOL, CaseEvent, CaseId, RevisitCase
from dialer.domain.case_plan import DialNumber, Held, WaitUntil, plan_case
from dialer.domain.contact import DialNow, may_dial
from dialer.domain.errors import CalendarMissing, NotFound
from dialer.domain.interview import InterviewFacts, missing_variables
from dialer.domain.number import Number
from dialer.domain.reason import Reason
from dialer.domain.retry import Exhausted
from dialer.domain.script import CallScript
from dialer.domain.seat import Seat, SeatEvent, SeatState
from dialer.domain.steering import Course, Steering, steered
from dialer.ports import DialOrder, Scripts
from dialer.ports.storage import HolderPhone, Moved, Storage, StoredCall, Work
from dialer.usecases.conduct_interview import prepare_interview
from dialer.usecases.fill_script import script_for
from dialer.usecases.gather_facts import Known, gather, ranked
from dialer.usecases.open_ticket import give_round_up
from dialer.usecases.preview_case import show_first
from dialer.usecases.rulebook import Rulebook
from dialer.usecases.steer_dialling import course_now

_LOOK_AT = (3, 20)
"""How many due cases are looked at for one call, the first of which can nearly always be dialled; if none of the first
three can, so many more. The rest are looked at for the next call."""

_LOOK_AGAIN = timedelta(hours=1)
"""When a case that waits for people (a calendar, a product text) is looked at again by itself."""

_LINE_BUSY = timedelta(minutes=1)
"""When a case whose number is in a call of another case is looked at again: a promised time may be near."""


@dataclass(frozen=True, slots=True)
class Dialable:
    """A case that may be dialled now, on this number."""

    known: Known
    number: Number
    how: DialNow


@dataclass(frozen=True, slots=True)
class Readable:
    """A case that may be dialled now, with the script that will be read, every slot filled."""

    dialable: Dialable
    script: CallScript
    facts: InterviewFacts

    @property
    def case(self) -> RevisitCase:
        """The case as it was read."""
        return self.dialable.known.case


async def place_next_call(
    storage: Storage, scripts: Scripts, rulebook: Rulebook, seat: Seat, owner: str, now: datetime
) -> DialOrder | Previewed | None:
    """Claim the most urgent case that may be dialled, for one seat, and store the call that will be made.

    What may not be dialled is put off to the instant the rules name; a round that is over becomes a ticket.
    Returns the order for the phone system, the case that its agent reads first, None when nothing is due.
    """
    async with storage.begin() as work:
        current = await work.floor.seat(seat.id)
        if current is None or current.state is not SeatState.READY or not current.leg_up:
            return None
        course = await course_now(work, rulebook, now)
        async with aclosing(_due(work, course)) as due:
            async for case in due:
                dialable = await _look_at(work, case, rulebook, course)
                if dialable is None:
                    continue
                if await show_first(work, dialable.known, rulebook, current, now):
                    return Previewed(current.id, case.id)
                order = await _intend(work, dialable, scripts, rulebook, current, owner, course)
                if order is not None:
                    return order
    return None


async def _due(work: Work, course: Course) -> AsyncGenerator[RevisitCase, None]:
    """Each once, the most urgent first; one that was put off meanwhile is due no more."""
    seen: set[CaseId] = set()
    for count in _LOOK_AT:
        due = await work.cases.due(course.now, count, course)
        for case in due:
            if case.id not in seen:
                seen.add(case.id)
                yield case
        if len(due) < count:
            return


async def place_previewed_call(
    storage: Storage,
    scripts: Scripts,
    rulebook: Rulebook,
    seat_id: SeatId,
    owner: str,
    now: datetime,
    *,
    shown_since: datetime | None,
) -> DialOrder | None:
    """Store the call to the case that the agent has read, if it may be dialled at this moment.

    `shown_since` is when the screen came up on which the key was pressed: a key that outlived its engine says nothing
    of the next case.

    If not, the rules put it off and the seat is ready for another; None then, and for a seat that previews nothing.
    """
    async with storage.begin() as work:
        seat = await work.floor.seat(seat_id)
        if seat is None or seat.preview_case is None or not seat.leg_up or seat.since != shown_since:
            return None
        course = await course_now(work, rulebook, now)
        case = await work.cases.get(seat.preview_case)
        dialable = await _look_at(work, case, rulebook, course) if case.state in POOL else None
        order = await _intend(work, dialable, scripts, rulebook, seat, owner, course) if dialable else None
        if order is None:
            put_off = replace(seat, why="PUT_OFF")  # told at the desk
            await work.floor.move_seat(put_off, SeatEvent.RELEASED, Moved("system:engine", now, {"case": case.id}))
        return order


@dataclass(frozen=True, slots=True)
class Previewed:
    """A case is on its agent's desk, and not dialled yet."""

    seat: SeatId
    case: CaseId


async def _look_at(work: Work, case: RevisitCase, rulebook: Rulebook, course: Course) -> Dialable | None:
    try:
        return await _plan(work, case, rulebook, course)
    except CalendarMissing as error:
        await work.cases.save(case.due(course.now + _LOOK_AGAIN, Reason.CALENDAR_MISSING, about=str(error)))
        return None


async def _plan(work: Work, case: RevisitCase, rulebook: Rulebook, course: Course) -> Dialable | None:
    now = course.now
    known = await gather(work, case, rulebook.calendar, now)
    plan = plan_case(known.facts, known.numbers, rulebook.dial, rulebook.calendar, now)
    match steered(plan, course.hold(case)):
        case DialNumber(number, how):
            return Dialable(known, number, how)
        case WaitUntil(at, _, blocks):
            await work.cases.save(ranked(known, rulebook, now).due(at, *(block.reason for block in blocks)))
        case Held(reasons):
            pause = _LINE_BUSY if reasons == (Reason.CALL_UNFINISHED,) else _LOOK_AGAIN
            await work.cases.save(case.due(now + pause, *reasons))
        case Exhausted() as over:
            await give_round_up(work, known, over, rulebook, now)
        case Steering():
            pass  # it stays where it is in the queue, for the moment it is let go
    return None


async def _intend(
    work: Work, first: Dialable, scripts: Scripts, rulebook: Rulebook, seat: Seat, owner: str, course: Course
) -> DialOrder | None:
    now = course.now
    phone = first.known.phone(first.number.id)
    together = [first, *await _others_of_the_holder(work, first, rulebook, course)]
    looked_at = [await _readable(work, each, phone, scripts, rulebook, seat, now) for each in together]
    ready = [each for each in looked_at if each is not None]
    if not ready:
        return None
    call = Call(CallId(uuid.uuid4().hex), seat.id, now)
    attempts = await work.calls.intend(
        StoredCall(call, phone.id, phone.number_hash, seat.login, owner), [_attempt(each, call) for each in ready]
    )
    for left, each, attempt in zip(range(len(ready) - 1, -1, -1), ready, attempts, strict=True):
        await prepare_interview(work, attempt, each.script, each.facts, now, closing_later=left > 0)
    await _dialling(work, ready, call, seat, now)
    return DialOrder(call.call_id, seat.id, phone.number, rulebook.caller_id, rulebook.ring_seconds)


async def _others_of_the_holder(work: Work, first: Dialable, rulebook: Rulebook, course: Course) -> list[Dialable]:
    others, now = [], course.now
    for case in await work.cases.of_holder(first.known.case.holder_id):
        if case.id == first.known.case.id or case.state not in POOL or course.hold(case) is not None:
            continue
        try:
            known = await gather(work, case, rulebook.calendar, now)
        except CalendarMissing:
            continue  # it says so itself when its own turn comes
        number = next(number for number in known.numbers if number.id == first.number.id)
        how = may_dial(known.facts, number, rulebook.dial, rulebook.calendar, now)
        if isinstance(how, DialNow):
            others.append(Dialable(known, number, how))
    return others


async def _readable(
    work: Work, each: Dialable, phone: HolderPhone, scripts: Scripts, rulebook: Rulebook, seat: Seat, now: datetime
) -> Readable | None:
    """A script with an empty slot is not read to anybody: the case waits, and says what is missing."""
    try:
        script, facts = await script_for(work, each.known, phone, seat.login, scripts, rulebook, now)
    except NotFound as error:
        await work.cases.save(each.known.case.due(now + _LOOK_AGAIN, Reason.SCRIPT_MISSING, about=str(error)))
        return None
    if missing := missing_variables(script, facts):
        unfilled = f"{script.id} {', '.join(missing)}"
        await work.cases.save(each.known.case.due(now + _LOOK_AGAIN, Reason.SCRIPT_UNFILLED, about=unfilled))
        return None
    return Readable(each, script, facts)


def _attempt(each: Readable, call: Call) -> Attempt:
    return Attempt(
        id=AttemptId(0),
        case_id=each.case.id,
        call_id=call.call_id,
        round=each.case.round,
        purpose=each.case.purpose,
        started_at=call.intended_at,
        by_appointment=each.dialable.how.by_appointment,
    )


async def _dialling(work: Work, ready: Sequence[Readable], call: Call, seat: Seat, now: datetime) -> None:
    moved = Moved("system:engine", now, {"call": call.call_id, "seat": seat.id})
    for each in ready:
        first_attempt_at = each.case.first_attempt_at or now
        await work.cases.move(replace(each.case, first_attempt_at=first_attempt_at), CaseEvent.PLACED, moved)
    await work.floor.move_seat(replace(seat, call_id=call.call_id, why=""), SeatEvent.RESERVED, moved)
