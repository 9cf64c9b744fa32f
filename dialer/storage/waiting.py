"""Cases that wait although nothing is to come any more, as conditions on the cases."""

from __future__ import annotations

from sqlalchemy import ColumnElement, Select, exists, select, union

from dialer.domain.call import RecordingKind
from dialer.domain.case import AWAITING_ANSWER, AWAITING_SEAL, POOL
from dialer.domain.recording import RecordingState
from dialer.domain.ticket import TicketState
from dialer.storage.tables import attempts, cases, recordings, segments, tickets

_TO_COME = (RecordingState.WRITING, RecordingState.RAW, RecordingState.FAILED)


def waits_for_no_recording() -> ColumnElement[bool]:
    """The case waits for a recording, and every talk of it is sealed, lost or was never recorded."""
    joined = attempts.join(segments, segments.c.attempt_id == attempts.c.id).join(
        recordings, recordings.c.id == segments.c.recording_id
    )
    talk = (recordings.c.kind == RecordingKind.TALK) & recordings.c.state.in_(_TO_COME)
    coming = exists().select_from(joined).where(attempts.c.case_id == cases.c.id, talk)
    return cases.c.state.in_(AWAITING_SEAL) & ~coming


def _answered() -> Select[tuple[int]]:
    """Cases that nobody holds, whose round's ticket has its answer accepted."""
    of_round = (cases.c.id == tickets.c.case_id) & (cases.c.round == tickets.c.round)
    free = cases.c.state.in_((*AWAITING_ANSWER, *POOL))
    joined = tickets.join(cases, of_round)
    return select(cases.c.id).select_from(joined).where(tickets.c.state == TicketState.ACCEPTED, free)


def waits_for_an_answer_that_is_there() -> ColumnElement[bool]:
    """The answer to the case's ticket was accepted, and the case has not gone on."""
    return cases.c.id.in_(_answered())


def waits_for_nothing() -> ColumnElement[bool]:
    """Either of both; begins with the few in question, never with all cases."""
    return cases.c.id.in_(union(select(cases.c.id).where(waits_for_no_recording()), _answered()))
