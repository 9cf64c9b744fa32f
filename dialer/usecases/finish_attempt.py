"""Chapter: attempt finished. Every attempt gets its one outcome, and the case goes where the rules say (rules §5.4).

Three ways lead here: nobody answered (the network's evidence), the agent wraps up (the interview's verdict), or the
call broke on our side (TECH, never held against the customer). All end in `_finish`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from dialer.domain import interview as talk
from dialer.domain.appointments import CUSTOMER_ASKED
from dialer.domain.attempt import Attempt
from dialer.domain.call import Party
from dialer.domain.case import CASE, POOL, Appointment, CaseEvent, CaseState, RevisitCase
from dialer.domain.classify import classify, evidence_of
from dialer.domain.errors import DialerError, ImpossibleMove
from dialer.domain.number import PastCall
from dialer.domain.outcome import Outcome
from dialer.domain.outcome_rules import Also
from dialer.domain.problem import Problem, ProblemLevel
from dialer.domain.reason import Reason
from dialer.domain.retry import Next, after_outcome
from dialer.domain.seat import SEAT, Seat, SeatEvent, SeatState
from dialer.ports import Scripts, Signals
from dialer.ports.storage import FoundProblem, Moved, Storage, StoredAnswer, StoredCall, Work
from dialer.ports.topics import DISPATCH, WALL, desk
from dialer.usecases.answer_ticket import take_up_answer
from dialer.usecases.close_case import cancel_case, close_if_proved
from dialer.usecases.conduct_interview import Conversation, conversations, end_with_the_call
from dialer.usecases.gather_facts import Known, gather, ranked
from dialer.usecases.keep_the_pool import erevisit_ends
from dialer.usecases.offer_appointment import refusal_of
from dialer.usecases.open_ticket import open_ticket, open_ticket_of_state, put_problems, routed
from dialer.usecases.rulebook import Rulebook

_ENGINE = "system:engine"
_OF_THE_WHOLE_CALL = frozenset(
    {
        Outcome.RESCHEDULE,
        Outcome.REFUSED,
        Outcome.REFUSED_UNVERIFIED,
        Outcome.NOT_SELF,
        Outcome.LONG_ABSENCE,
        Outcome.WRONG_NUMBER,
        Outcome.VERIFY_FAILED,
        Outcome.DECEASED,
        Outcome.CALL_ASSISTANT,
        Outcome.SILENT,
        Outcome.LINE_BAD,
        Outcome.HOSTILE_END,
        Outcome.EREVISIT,
        Outcome.LETTER_VISIT,
        Outcome.TRANSFER_DIALECT,
        Outcome.TRANSFER_LEADER,
        Outcome.TRANSFER_AGENT,
    }
)
"""Outcomes that say something of the person, and so hold for every policy the call was about."""


class AppointmentNeeded(DialerError):
    """The customer asked to be called at another time, and the time is missing or past."""

    code = "APPOINTMENT_NEEDED"


@dataclass(frozen=True, slots=True)
class Result:
    """What an attempt ended with, and what was heard in it."""

    outcome: Outcome
    conversation: Conversation | None = None
    note: str = ""
    appointment: Appointment | None = None


async def finish_unanswered(work: Work, stored: StoredCall, rulebook: Rulebook, now: datetime) -> Outcome:
    """Nobody was joined to the call: classify what the network showed, for every case of the call."""
    outcome = classify(evidence_of(stored.call))
    await work.calls.save(stored.call, outcome)
    for attempt in await work.calls.attempts_of(stored.call.call_id):
        if attempt.outcome is None:
            await _finish(work, attempt, stored, Result(outcome), rulebook, _ENGINE, now)
    return outcome


async def finish_broken(
    work: Work, stored: StoredCall, scripts: Scripts, rulebook: Rulebook, why: str, now: datetime
) -> None:
    """A fault of ours ended the call: TECH, not counted; what the customer had said is kept (rules §10.3 rule 4)."""
    talks = await conversations(work, scripts, stored.call.call_id)
    await work.calls.save(stored.call, Outcome.TECH)
    for each in talks:
        if each.attempt.outcome is None:
            heard = each if each.interview.steps else None
            await _finish(work, each.attempt, stored, Result(Outcome.TECH, heard, why), rulebook, _ENGINE, now)


async def end_of_talk(work: Work, scripts: Scripts, stored: StoredCall, by: Party, now: datetime) -> None:
    """The line is gone: the interview ends where it stands, the agent has the result to confirm."""
    moved = Moved(_ENGINE, now, {"call": stored.call.call_id})
    for each in await end_with_the_call(work, scripts, stored.call.call_id, by, now):
        case = await work.cases.get(each.attempt.case_id)
        if case.state is CaseState.IN_CALL:
            await work.cases.move(case, CaseEvent.HUNG_UP, moved)


async def wrap_up(
    storage: Storage,
    signals: Signals,
    scripts: Scripts,
    rulebook: Rulebook,
    login: str,
    now: datetime,
    *,
    by: str = "",
    note: str = "",
    appointment_at: datetime | None = None,
    customer_asked: bool = False,
    unpromised: bool = False,
) -> None:
    """The agent confirms what the interview came to; every case of the call is finished, the agent is free.

    Args:
        storage: the database.
        signals: tell the dispatcher that the seat may be free, and those who see it.
        scripts: the published scripts.
        rulebook: the site's decisions.
        login: the agent, whose seat is in WRAP_UP.
        now: the moment.
        by: who confirms it in the agent's place.
        note: the agent's own words, kept with the attempt.
        appointment_at: when the customer wants to be called, where the outcome is RESCHEDULE.
        customer_asked: the customer asked for this very time (客户要求), so it may be outside the usual hours.
        unpromised: nobody is there to promise a time: a RESCHEDULE without one counts as INCOMPLETE.

    Raises:
        ImpossibleMove: there is nothing to wrap up at this seat.
        AppointmentNeeded: the outcome is RESCHEDULE and the time is missing or past.
    """
    async with storage.begin() as work:
        current = await work.floor.seat_of(login)
        if current is None or current.state is not SeatState.WRAP_UP or current.call_id is None:
            raise ImpossibleMove("没有待处理的话后 · there is nothing to wrap up at this seat")
        stored = await work.calls.get(current.call_id)
        talks = await conversations(work, scripts, current.call_id)
        appointment = _appointment(appointment_at, now, customer_asked=customer_asked)
        results = _results(talks, note, appointment, unpromised=unpromised)
        await work.calls.save(stored.call, results[0].outcome)
        finished = []
        for each, result in zip(talks, results, strict=True):
            if each.attempt.outcome is None:
                finished.append(await _finish(work, each.attempt, stored, result, rulebook, by or login, now))
        for case in finished:
            await close_if_proved(work, case, rulebook, now)
        await free_seat(work, current, Moved(by or login, now, {"call": current.call_id}))
    await signals.notify(DISPATCH, desk(current.id), WALL)


def _appointment(at: datetime | None, now: datetime, *, customer_asked: bool) -> Appointment | None:
    if at is None:
        return None
    if at <= now:
        raise AppointmentNeeded("预约时间已过 · the appointment must lie in the future")
    return Appointment(at, by_customer=customer_asked, note=CUSTOMER_ASKED if customer_asked else "")


def _may_be_promised(
    known: Known, stored: StoredCall, promised: Appointment | None, rulebook: Rulebook, now: datetime
) -> None:
    """A time at which nobody may be dialled is not promised (rules §5.4 RESCHEDULE, §7.4)."""
    refusal = refusal_of(known, stored, promised, rulebook, now) if promised is not None else None
    if refusal is not None:
        raise AppointmentNeeded(f"{refusal.zh}，请另约时间 · {refusal.en}")


def _results(
    talks: Sequence[Conversation], note: str, appointment: Appointment | None, *, unpromised: bool
) -> list[Result]:
    """One result a policy; what is true of the person holds for the policies that were not reached."""
    results: list[Result] = []
    of_all: Outcome | None = None
    for each in talks:
        outcome = talk.verdict(each.script, each.facts, each.interview).outcome
        if of_all is not None and not each.interview.steps:
            outcome = of_all
        if outcome in _OF_THE_WHOLE_CALL:
            of_all = outcome
        if outcome is Outcome.RESCHEDULE and appointment is None and unpromised:
            outcome = Outcome.INCOMPLETE
        if outcome is Outcome.RESCHEDULE and appointment is None:
            raise AppointmentNeeded("请填写预约时间 · the time of the appointment is needed")
        promised = appointment if outcome is Outcome.RESCHEDULE else None
        results.append(Result(outcome, each if each.interview.steps else None, note, promised))
    return results


async def free_seat(work: Work, seat: Seat, moved: Moved) -> None:
    """The agent is done with the call: ready again, unless a pause was asked for or the phone is gone."""
    if seat.call_id is not None:
        await work.drafts.drop(seat.call_id, seat.login)
    await off_the_call(work, seat, SeatEvent.WRAPPED_UP, moved)


async def off_the_call(work: Work, seat: Seat, event: SeatEvent, moved: Moved) -> None:
    """The seat leaves its call by an event, and goes where the agent and the phone are by now."""
    pause = seat.pause_after_call
    freed = await work.floor.move_seat(replace(seat, call_id=None, pause_after_call=False), event, moved)
    if pause:
        freed = await work.floor.move_seat(freed, SeatEvent.PAUSE, moved)
    if not freed.leg_up and SeatEvent.LEG_DOWN in SEAT.allowed(freed.state):
        await work.floor.move_seat(freed, SeatEvent.LEG_DOWN, moved)


async def _finish(
    work: Work,
    attempt: Attempt,
    stored: StoredCall,
    result: Result,
    rulebook: Rulebook,
    by: str,
    now: datetime,
) -> RevisitCase:
    case = await work.cases.get(attempt.case_id)
    await _keep_what_was_said(work, case, attempt, result.conversation, now)
    follows, known = await _what_follows(work, case, stored, result, rulebook, now)
    await work.calls.finish(
        replace(
            attempt,
            outcome=result.outcome,
            counted=follows.counted,
            contact=follows.contact,
            completed=follows.completed,
            finished_at=now,
            why=result.note,
        )
    )
    await _mark_number(work, known, stored, follows, now)
    await _tell_others(work, known.case, attempt, follows, result, now)
    moved = Moved(by, now, {"call": stored.call.call_id, "outcome": result.outcome, "attempt": attempt.id})
    reached_at = known.case.reached_at or (stored.call.connected_at if follows.contact else None)
    known = replace(known, case=replace(known.case, reached_at=reached_at))
    return await _move_case(work, known, follows, result, rulebook, moved)


async def _what_follows(
    work: Work, case: RevisitCase, stored: StoredCall, result: Result, rulebook: Rulebook, now: datetime
) -> tuple[Next, Known]:
    promised = replace(case, appointment=result.appointment)
    known = await gather(work, promised, rulebook.calendar, now, dialled=stored.phone_id)
    _may_be_promised(known, stored, result.appointment, rulebook, now)
    before = _without_this_call(known, stored)
    call = PastCall(
        at=stored.call.intended_at,
        outcome=result.outcome,
        number_id=stored.phone_id,
        ended_at=stored.call.ended.at if stored.call.ended else now,
        rang=stored.call.ringing_at is not None or stored.call.answered_at is not None,
    )
    verdict = _verdict(result.conversation)
    asked = verdict is not None and verdict.completed
    follows = after_outcome(before.facts, before.numbers, call, rulebook.dial, rulebook.calendar, all_items_asked=asked)
    return follows, known


def _without_this_call(known: Known, stored: StoredCall) -> Known:
    """`after_outcome` wants the world before this call; it is the one placed at this very instant."""
    at = stored.call.intended_at
    numbers = tuple(replace(n, calls=tuple(call for call in n.calls if call.at != at)) for n in known.numbers)
    facts = replace(known.facts, attempts=tuple(call for call in known.facts.attempts if call.at != at))
    return replace(known, facts=facts, numbers=numbers)


def _verdict(conversation: Conversation | None) -> talk.Verdict | None:
    if conversation is None:
        return None
    return talk.verdict(conversation.script, conversation.facts, conversation.interview)


async def _keep_what_was_said(
    work: Work, case: RevisitCase, attempt: Attempt, conversation: Conversation | None, now: datetime
) -> None:
    if conversation is None:
        return
    interview = conversation.interview
    await work.interviews.put_answers(
        case.id,
        [
            StoredAnswer(attempt.id, each.item, each.value, each.node, each.option, each.offset_ms)
            for each in interview.answers
        ],
    )
    words = "；".join(captured.value for captured in interview.captures)
    await put_problems(
        work,
        case,
        [
            FoundProblem(heard.problem, now, case.round, attempt.id, words, heard.offset_ms)
            for heard in interview.problems
        ],
    )
    for created in interview.created:
        await work.interviews.put_referral(case.id, attempt.id, created.object, dict(created.details), now)


_TOLD = frozenset(
    {Also.IMPERSONATION_CHECK, Also.CLAIM_LEAD, Also.LEADER_RETRIES, Also.OFFER_EREVISIT, Also.NUMBER_CLUE}
)
"""What an outcome asks of others than the dispatcher (rules §5.4, §10.2)."""


async def _tell_others(
    work: Work, case: RevisitCase, attempt: Attempt, follows: Next, result: Result, now: datetime
) -> None:
    by_script = {each.object.value for each in result.conversation.interview.created} if result.conversation else set()
    for asked in sorted(follows.also & _TOLD):
        if asked.value not in by_script:
            await work.interviews.put_referral(case.id, attempt.id, asked, {"outcome": result.outcome}, now)


async def _mark_number(work: Work, known: Known, stored: StoredCall, follows: Next, now: datetime) -> None:
    phone = known.phone(stored.phone_id)
    status = follows.number_status or phone.status
    if (status, follows.number_proven) != (phone.status, phone.proven):
        since = now if status is not phone.status else phone.status_since
        await work.policies.save_phone(replace(phone, status=status, status_since=since, proven=follows.number_proven))


async def _move_case(
    work: Work, known: Known, follows: Next, result: Result, rulebook: Rulebook, moved: Moved
) -> RevisitCase:
    case = known.case.flagged(*(result.conversation.interview.flags if result.conversation else ()))
    if case.state is CaseState.IN_CALL:
        case = await work.cases.move(case, CaseEvent.HUNG_UP, moved)
    if known.policy.cancelled_at is not None:
        return await _cancelled_meanwhile(work, case, moved)
    if follows.problem is not None:
        await put_problems(work, case, [FoundProblem(Problem(follows.problem), moved.at, case.round)])
    event = await routed(work, case, follows.event)
    case = await work.cases.move(_queued(replace(known, case=case), event, follows, rulebook, moved.at), event, moved)
    if case.state is CaseState.EREVISIT_WAIT:
        waits_until = erevisit_ends(case.revisit_last_day, moved.at)
        case = await work.cases.save(case.due(waits_until, Reason.EREVISIT_OFFERED))
    verdict = _verdict(result.conversation)
    if verdict is not None and verdict.level is ProblemLevel.L1 and case.state in _WITHOUT_VERDICT:
        case = await open_ticket(work, case, ProblemLevel.L1, rulebook, moved.at)
    else:
        case = await open_ticket_of_state(work, case, rulebook, moved)
    return await take_up_answer(work, case, rulebook, moved)


def _queued(known: Known, event: CaseEvent, follows: Next, rulebook: Rulebook, now: datetime) -> RevisitCase:
    """The case about to be moved; with its place in the queue and its time, where it is to be dialled again."""
    if CASE.after(known.case.state, event) not in (CaseState.RETRY_WAIT, CaseState.APPOINTMENT):
        return known.case
    return ranked(known, rulebook, now).due(follows.not_before or now, follows.why)


_WITHOUT_VERDICT = (*POOL, CaseState.REFUSAL_QA, CaseState.EREVISIT_WAIT, CaseState.ALT_CHANNEL, CaseState.FROZEN)
"""Where a call leads that came to no result: an L1 heard in it gets its ticket at once (rules §5.4, §4.4)."""


async def _cancelled_meanwhile(work: Work, case: RevisitCase, moved: Moved) -> RevisitCase:
    """The contract ended while somebody was on the phone (rules §11 no. 30): whatever was said, nothing follows."""
    if CaseEvent.CANCELLED not in CASE.allowed(case.state):
        case = await work.cases.move(case, CaseEvent.RETRY, moved)
    return await cancel_case(work, case, moved)
