"""What must be true of the whole database, as questions to it: every answer is a fault (rules §5.9, §9.1).

Nothing is changed. `dialer verify` prints the faults, and compares the sealed recordings with their store.
"""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator, Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import groupby

from sqlalchemy import ColumnElement, RowMapping, Select, and_, exists, func, or_, select

from dialer.domain.attachment import Attachment
from dialer.domain.calendar import shanghai_day
from dialer.domain.call import RecordingKind
from dialer.domain.case import ON_THE_PHONE, CaseState
from dialer.domain.dialing_hours import DialRules
from dialer.domain.number import PastCall
from dialer.domain.recording import RecordingState
from dialer.domain.seat import SeatState
from dialer.domain.ticket import TicketState
from dialer.ports.storage import Recording
from dialer.storage.audit_chain import breaks_of_the_audit_log
from dialer.storage.calls import PAST_CALL
from dialer.storage.database import Database
from dialer.storage.papers import attachment_of
from dialer.storage.plain import from_row
from dialer.storage.recordings import recording_of
from dialer.storage.tables import (
    attempts,
    calls,
    cases,
    interviews,
    recordings,
    seats,
    segments,
    ticket_attachments,
    tickets,
)
from dialer.storage.verify_answers import answers_without_sound, closed_by_a_call, closes
from dialer.storage.waiting import waits_for_an_answer_that_is_there, waits_for_no_recording

_PAGE = 500


class FaultKind(StrEnum):
    """What can be wrong."""

    CLOSED_WITHOUT_PROOF = "CLOSED_WITHOUT_PROOF"
    SEALING_NOTHING = "SEALING_NOTHING"
    ANSWER_NOT_TAKEN_UP = "ANSWER_NOT_TAKEN_UP"
    CALL_OF_THE_DEAD = "CALL_OF_THE_DEAD"
    CALL_WITHOUT_OUTCOME = "CALL_WITHOUT_OUTCOME"
    ATTEMPT_OF_THE_DEAD = "ATTEMPT_OF_THE_DEAD"
    ATTEMPT_LEFT_OPEN = "ATTEMPT_LEFT_OPEN"
    SEAT_OF_THE_DEAD = "SEAT_OF_THE_DEAD"
    CASE_WITHOUT_ATTEMPT = "CASE_WITHOUT_ATTEMPT"
    TICKET_WITHOUT_DUE = "TICKET_WITHOUT_DUE"
    NUMBER_OVER_DAY_LIMIT = "NUMBER_OVER_DAY_LIMIT"
    NUMBER_OVER_HARD_LIMIT = "NUMBER_OVER_HARD_LIMIT"
    AUDIT_LOG_BROKEN = "AUDIT_LOG_BROKEN"


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong: which kind, of which record (`case 12`), and in what way."""

    kind: FaultKind
    record: str
    what: str


async def find_faults(
    database: Database, rules: DialRules, min_recording_seconds: float, living: Collection[str] = ()
) -> AsyncIterator[Fault]:
    """Every fault of the database. `living` are the owners of calls that are known to be at work."""
    for question in (
        _closed_without_proof(min_recording_seconds),
        _sealing_nothing(),
        _answers_not_taken_up(),
        _calls_of_the_dead(living),
        _calls_without_outcome(),
        _attempts_of_the_dead(living),
        _attempts_left_open(living),
        _seats_of_the_dead(living),
        _cases_without_attempt(),
        _tickets_without_due(),
    ):
        async for fault in _answers(database, question):
            yield fault
    async for case_id in answers_without_sound(database):
        what = "is closed on answers of an earlier call, and no sealed recording of that call holds them"
        yield Fault(FaultKind.CLOSED_WITHOUT_PROOF, f"case {case_id}", what)
    async for fault in _numbers_over_limits(database, rules):
        yield fault
    async for record, what in breaks_of_the_audit_log(database):
        yield Fault(FaultKind.AUDIT_LOG_BROKEN, record, what)


async def sealed_recordings(database: Database) -> AsyncIterator[Recording]:
    """Every sealed recording by its id, to be compared with its store; reads a page at a time."""
    last = 0
    while True:
        sealed = (recordings.c.state == RecordingState.SEALED) & (recordings.c.id > last)
        async with database.statements(writes=False) as statements:
            page = await statements.all(select(recordings).where(sealed).order_by(recordings.c.id).limit(_PAGE))
        for row in page:
            yield recording_of(row)
        if len(page) < _PAGE:
            return
        last = page[-1]["id"]


async def all_attachments(database: Database) -> AsyncIterator[Attachment]:
    """Every paper of every ticket by its id, to be compared with its store; reads a page at a time."""
    last = 0
    while True:
        later = select(ticket_attachments).where(ticket_attachments.c.id > last)
        async with database.statements(writes=False) as statements:
            rows = await statements.all(later.order_by(ticket_attachments.c.id).limit(_PAGE))
            page = [attachment_of(row, statements.vault) for row in rows]
        for attachment in page:
            yield attachment
        if len(page) < _PAGE:
            return
        last = page[-1].id


@dataclass(frozen=True, slots=True)
class _Question:
    """A query for the ids of faulty records, and the sentence that is then true of each."""

    kind: FaultKind
    noun: str
    faulty: Select[tuple[object]]
    sentence: str


async def _answers(database: Database, question: _Question) -> AsyncIterator[Fault]:
    async with database.statements(writes=False) as statements:
        rows = await statements.all(question.faulty)
    for row in rows:
        yield Fault(question.kind, f"{question.noun} {row['id']}", question.sentence)


def _closed_without_proof(min_recording_seconds: float) -> _Question:
    """Cases closed by a telephone call without all that rules §5.9 asks for, in one and the same attempt."""
    sound = and_(
        recordings.c.state == RecordingState.SEALED,
        recordings.c.kind == RecordingKind.TALK,
        recordings.c.sha256.is_not(None),
        recordings.c.duration_ms >= min_recording_seconds * 1000,
        recordings.c.call_id == attempts.c.call_id,
    )
    script = and_(interviews.c.finished_at.is_not(None), interviews.c.script_sha256 != "")
    joined = (
        attempts.join(segments, segments.c.attempt_id == attempts.c.id)
        .join(recordings, recordings.c.id == segments.c.recording_id)
        .join(interviews, interviews.c.attempt_id == attempts.c.id)
    )
    proof = exists().select_from(joined).where(attempts.c.case_id == cases.c.id, closes(), sound, script)
    return _Question(
        FaultKind.CLOSED_WITHOUT_PROOF,
        "case",
        select(cases.c.id).where(closed_by_a_call(), ~proof).order_by(cases.c.id),
        "is closed, and no successful attempt of it has a sealed recording of its talk and a finished interview",
    )


def _sealing_nothing() -> _Question:
    return _Question(
        FaultKind.SEALING_NOTHING,
        "case",
        select(cases.c.id).where(waits_for_no_recording()).order_by(cases.c.id),
        "waits for a recording, and none is to come",
    )


def _answers_not_taken_up() -> _Question:
    return _Question(
        FaultKind.ANSWER_NOT_TAKEN_UP,
        "case",
        select(cases.c.id).where(waits_for_an_answer_that_is_there()).order_by(cases.c.id),
        "has an accepted answer to its ticket, and has not gone on",
    )


def _calls_of_the_dead(living: Collection[str]) -> _Question:
    return _Question(
        FaultKind.CALL_OF_THE_DEAD,
        "call",
        select(calls.c.id)
        .where(calls.c.ended_at.is_(None), calls.c.owner.not_in(living))
        .order_by(calls.c.intended_at),
        "has no end, and the process that dialled it is gone",
    )


def _calls_without_outcome() -> _Question:
    going_on = exists().where(attempts.c.call_id == calls.c.id, attempts.c.finished_at.is_(None))
    ended = calls.c.ended_at.is_not(None) & calls.c.outcome.is_(None)
    return _Question(
        FaultKind.CALL_WITHOUT_OUTCOME,
        "call",
        select(calls.c.id).where(ended, ~going_on).order_by(calls.c.intended_at),
        "has ended without an outcome",
    )


def _attempts_of_the_dead(living: Collection[str]) -> _Question:
    return _Question(
        FaultKind.ATTEMPT_OF_THE_DEAD,
        "attempt",
        _unfinished().where(calls.c.owner.not_in(living), ~_being_wrapped_up()),
        "is unfinished, and the process that dialled it is gone",
    )


def _attempts_left_open(living: Collection[str]) -> _Question:
    """While an agent wraps up, an unfinished attempt of an ended call is as it should be."""
    left = calls.c.ended_at.is_not(None) & (cases.c.state != CaseState.WRAP_UP)
    return _Question(
        FaultKind.ATTEMPT_LEFT_OPEN,
        "attempt",
        _unfinished().where(left, calls.c.owner.in_(living)),
        "is unfinished though its call has ended and nobody wraps it up",
    )


def _being_wrapped_up() -> ColumnElement[bool]:
    """The agent whose call it was still has its result to enter, whatever became of the process that dialled it."""
    return exists().where(seats.c.call_id == calls.c.id, seats.c.state == SeatState.WRAP_UP)


def _unfinished() -> Select[tuple[object]]:
    joined = attempts.join(calls, calls.c.id == attempts.c.call_id).join(cases, cases.c.id == attempts.c.case_id)
    unfinished = select(attempts.c.id).select_from(joined).where(attempts.c.finished_at.is_(None))
    return unfinished.order_by(attempts.c.id)


def _seats_of_the_dead(living: Collection[str]) -> _Question:
    return _Question(
        FaultKind.SEAT_OF_THE_DEAD,
        "seat",
        select(seats.c.id)
        .where(seats.c.call_id.is_not(None), seats.c.state != SeatState.WRAP_UP, seats.c.owner.not_in(living))
        .order_by(seats.c.id),
        "is held for a call, and the process that serves it is gone",
    )


def _cases_without_attempt() -> _Question:
    attempted = exists().where(attempts.c.case_id == cases.c.id, attempts.c.finished_at.is_(None))
    return _Question(
        FaultKind.CASE_WITHOUT_ATTEMPT,
        "case",
        select(cases.c.id).where(cases.c.state.in_(ON_THE_PHONE), ~attempted).order_by(cases.c.id),
        "is on the phone without an unfinished attempt: nothing will ever move it",
    )


def _tickets_without_due() -> _Question:
    unissued = (TicketState.CREATED, TicketState.RECALLED)
    issued = or_(tickets.c.issued_at.is_not(None), tickets.c.state.not_in(unissued))
    return _Question(
        FaultKind.TICKET_WITHOUT_DUE,
        "ticket",
        select(tickets.c.ticket_no.label("id")).where(issued, tickets.c.due_at.is_(None)).order_by(tickets.c.id),
        "was issued without a due time",
    )


async def _numbers_over_limits(database: Database, rules: DialRules) -> AsyncIterator[Fault]:
    """Reads a page of numbers at a time, each with all its calls; most numbers have too few to be over anything."""
    fewest = min(rules.per_number_day, rules.per_number_24h_hard, rules.per_number_5min_hard)
    last = ""
    while True:
        often = select(calls.c.number_hash).where(calls.c.number_hash > last).group_by(calls.c.number_hash)
        page = often.having(func.count() > fewest).order_by(calls.c.number_hash).limit(_PAGE)
        appointed = exists().where(attempts.c.call_id == calls.c.id, attempts.c.by_appointment).label("appointed")
        columns = (*PAST_CALL, calls.c.outcome, calls.c.number_hash, appointed)
        wanted = select(*columns).where(calls.c.number_hash.in_(page))
        async with database.statements(writes=False) as statements:
            rows = await statements.all(wanted.order_by(calls.c.number_hash, calls.c.intended_at))
        for number_hash, of_number in groupby(rows, key=lambda row: str(row["number_hash"])):
            for fault in _over_limits(f"number {number_hash[:12]}", [*of_number], rules):
                yield fault
        if not rows:
            return
        last = rows[-1]["number_hash"]


def _over_limits(record: str, rows: Sequence[RowMapping], rules: DialRules) -> Iterator[Fault]:
    disturbing = [row for row in rows if from_row(PastCall, row).disturbed]
    for day, of_day in groupby(disturbing, key=lambda row: shanghai_day(row["at"])):
        todays = [*of_day]
        appointed = any(row["appointed"] for row in todays)
        limit = rules.per_number_day_with_appointment if appointed else rules.per_number_day
        if len(todays) > limit:
            yield Fault(FaultKind.NUMBER_OVER_DAY_LIMIT, record, f"was called {len(todays)} times on {day} (≤ {limit})")
    instants = [row["at"] for row in rows]  # the platform counts our own faults too (rules §7.4)
    for limit, span in (
        (rules.per_number_24h_hard, timedelta(hours=24)),
        (rules.per_number_5min_hard, timedelta(minutes=5)),
    ):
        for instant in _too_many_within(span, limit, instants):
            what = f"was called more than {limit} times within {span} up to {instant:%Y-%m-%d %H:%M}"
            yield Fault(FaultKind.NUMBER_OVER_HARD_LIMIT, record, what)


def _too_many_within(span: timedelta, limit: int, instants: Sequence[datetime]) -> Iterator[datetime]:
    """The instants at which more than `limit` lie within the span that ends there."""
    within: deque[datetime] = deque()
    for instant in instants:
        within.append(instant)
        while within[0] <= instant - span:
            within.popleft()
        if len(within) > limit:
            yield instant
