"""Chapter: answered, interviewed, ended: what the wire says becomes what the records say, one event at a time.

`Call.step` decides what an event means; here its commands are carried out in one transaction with the call's new
state, so that an event is either wholly in the records or not at all.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime

from dialer.domain.call import (
    UNSEATED,
    BeginInterview,
    Call,
    CallEvent,
    CallId,
    Command,
    Connected,
    Ended,
    FinishTalk,
    FinishUnanswered,
    KeepMilestone,
    KeepSound,
    Party,
    SeatId,
)
from dialer.domain.errors import NotFound
from dialer.domain.outcome import Outcome
from dialer.domain.seat import SEAT, Seat, SeatEvent, SeatState
from dialer.ports import Scripts, Signals
from dialer.ports.storage import Moved, Storage, StoredCall, Work
from dialer.ports.topics import DISPATCH, WALL, desk
from dialer.usecases.conduct_interview import begin_conversation
from dialer.usecases.finish_attempt import end_of_talk, finish_broken, finish_unanswered, free_seat, off_the_call
from dialer.usecases.keep_recording import note_sound, sound_is_complete
from dialer.usecases.listen_in import end_listening
from dialer.usecases.rulebook import Rulebook

_ENGINE = "system:engine"
_TAKING_CALLS = (SeatState.READY, SeatState.PREVIEW, SeatState.RESERVED, SeatState.TALKING, SeatState.WRAP_UP)


class UnknownCall(NotFound):
    """The event is of a call that is not in the records: nothing of ours."""


@dataclass(frozen=True, slots=True)
class Followed:
    """What an event led to: the call as it is now, and its outcome if it got one."""

    call: Call
    commands: tuple[Command, ...]
    outcome: Outcome | None = None


async def follow_call(
    storage: Storage, scripts: Scripts, rulebook: Rulebook, event: CallEvent, now: datetime
) -> Followed:
    """Carry one wire event into the records. Raises UnknownCall."""
    async with storage.begin() as work:
        stored = await _known(work, event.call_id)
        call, commands = stored.call.step(event)
        stored = replace(stored, call=call)
        outcome = None
        for command in commands:
            outcome = await _carry_out(work, stored, command, scripts, rulebook, now) or outcome
        if isinstance(event, Ended) and commands:
            await end_listening(work, call.call_id, event.at)
        return Followed(call, commands, outcome)


async def _known(work: Work, call_id: CallId) -> StoredCall:
    try:
        return await work.calls.get(call_id)
    except NotFound as error:
        raise UnknownCall(str(error)) from error


async def _carry_out(
    work: Work, stored: StoredCall, command: Command, scripts: Scripts, rulebook: Rulebook, now: datetime
) -> Outcome | None:
    call = stored.call
    match command:
        case KeepMilestone():
            await work.calls.save(call)
        case KeepSound(files, started_at):
            await note_sound(work, call.call_id, files, started_at)
        case BeginInterview():
            await work.calls.save(call)
            await begin_conversation(work, call.call_id, now)
            await _move_seat(work, call, SeatEvent.CONNECTED, now)
        case FinishUnanswered():
            await sound_is_complete(work, call)
            outcome = await finish_unanswered(work, stored, rulebook, now)
            await _call_ended(work, call, now)
            return outcome
        case FinishTalk():
            await sound_is_complete(work, call)
            return await _finish_talk(work, stored, scripts, rulebook, now)
    return None


async def _finish_talk(
    work: Work, stored: StoredCall, scripts: Scripts, rulebook: Rulebook, now: datetime
) -> Outcome | None:
    ended = stored.call.ended
    assert ended is not None  # FinishTalk follows Ended only
    await work.calls.save(stored.call)
    await _move_seat(work, stored.call, SeatEvent.CALL_ENDED, now)
    if ended.failure is None:
        await end_of_talk(work, scripts, stored, ended.by, now)
        return None
    await finish_broken(work, stored, scripts, rulebook, ended.failure, now)
    seat = await _seat_in(work, stored.call)
    if seat is not None:
        await free_seat(work, seat, Moved(_ENGINE, now, {"failure": ended.failure}))
    return Outcome.TECH


async def refused_to_dial(
    storage: Storage, scripts: Scripts, rulebook: Rulebook, call_id: CallId, why: str, now: datetime
) -> None:
    """The phone system would not take the order: nothing rang, the attempt ends as TECH, the seat is free."""
    await follow_call(storage, scripts, rulebook, Ended(call_id, now, Party.DIALER, failure=why), now)


async def leg_is_up(storage: Storage, signals: Signals, seat_id: SeatId, now: datetime) -> Seat | None:
    """The agent's phone has answered."""
    async with storage.begin() as work:
        seat = await work.floor.seat(seat_id)
        if seat is None:
            return None
        back_to_ready = seat.back_to_ready
        seat = replace(seat, leg_up=True, back_to_ready=False, why=_why_pausing(seat))
        moved = Moved(_ENGINE, now, {})
        if SeatEvent.LEG_UP not in SEAT.allowed(seat.state):
            seat = await work.floor.save_seat(seat)
        else:
            seat = await work.floor.move_seat(seat, SeatEvent.LEG_UP, moved)
            if back_to_ready:
                seat = await work.floor.move_seat(seat, SeatEvent.READY, moved)
    await signals.notify(DISPATCH, desk(seat_id), WALL)
    return seat


async def leg_is_down(storage: Storage, signals: Signals, seat_id: SeatId, why: str, now: datetime) -> Seat | None:
    """The agent's phone is gone; a call that is still on keeps its place until it is accounted for.

    The last word of a leg that we ended when the agent stood up says nothing of one who sits down again meanwhile.
    """
    async with storage.begin() as work:
        seat = await work.floor.seat(seat_id)
        if seat is None or (why == UNSEATED and seat.state is SeatState.SEATING):
            return None
        taking_calls = seat.back_to_ready or seat.state in _TAKING_CALLS
        seat = replace(seat, leg_up=False, why=_why_pausing(seat) or why, back_to_ready=taking_calls)
        if SeatEvent.LEG_DOWN in SEAT.allowed(seat.state):
            seat = await work.floor.move_seat(seat, SeatEvent.LEG_DOWN, Moved(_ENGINE, now, {"why": why}))
        else:
            seat = await work.floor.save_seat(seat)
    await signals.notify(desk(seat_id), WALL)
    return seat


def _why_pausing(seat: Seat) -> str:
    """The reason of a pause, or of one that is asked for: it outlives the phone's fall and return."""
    return seat.why if seat.state is SeatState.PAUSED or seat.pause_after_call else ""


async def take_over(
    storage: Storage,
    scripts: Scripts,
    rulebook: Rulebook,
    dead_owner: str,
    adopted: Collection[CallId],
    now: datetime,
) -> int:
    """Account for what a dead engine left: every call of its that was not adopted ends now, with what is known of it.

    A call that may have rung is never dialled again for it: it stays a call to that number. The customer who was
    talking was cut off by us: TECH, not counted, what was said is kept.

    Returns:
        How many calls were resolved.
    """
    async with storage.read() as work:
        open_calls = await work.calls.open_calls(dead_owner)
    resolved = 0
    for stored in open_calls:
        if stored.call.call_id not in adopted:
            gone = Ended(stored.call.call_id, now, Party.DIALER, failure="ENGINE_DIED")
            await follow_call(storage, scripts, rulebook, gone, now)
            resolved += 1
    return resolved


async def _seat_in(work: Work, call: Call) -> Seat | None:
    """The call's seat, unless it is in another call by now."""
    seat = await work.floor.seat(call.seat)
    return seat if seat is not None and seat.call_id == call.call_id else None


async def _move_seat(work: Work, call: Call, event: SeatEvent, now: datetime) -> None:
    seat = await _seat_in(work, call)
    if seat is not None and event in SEAT.allowed(seat.state):
        await work.floor.move_seat(seat, event, Moved(_ENGINE, now, {}))


async def _call_ended(work: Work, call: Call, now: datetime) -> None:
    seat = await _seat_in(work, call)
    if seat is None or SeatEvent.CALL_ENDED not in SEAT.allowed(seat.state):
        return
    await off_the_call(work, seat, SeatEvent.CALL_ENDED, Moved(_ENGINE, now, {}))


def is_screen_pop(event: CallEvent) -> bool:
    """Whether the agent's screen changes at once."""
    return isinstance(event, Connected | Ended)
