"""At the side: a supervisor on a live call: asked for, let in, gone; each in the log, with who, when and in which mode.

The console states the wish, the engine that serves the seat has the supervisor's own phone called (rules §2.4).
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from dialer.domain.call import CallId, ListenerDown, ListenerEvent, ListenerUp, ListenMode
from dialer.domain.errors import DialerError, NotFound
from dialer.domain.listening import Listening, ListeningEnd
from dialer.domain.seat import Seat, SeatState
from dialer.domain.user import User
from dialer.ports import Signals
from dialer.ports.storage import DeskOrder, DeskOrderKind, Storage, Work
from dialer.ports.topics import DESK_ORDERS, WALL
from dialer.usecases.access import case_in_scope, sees
from dialer.usecases.staff_the_floor import NoPhone


class CallGone(DialerError):
    """Nobody talks on this call any more; the seat may have another one by now."""

    code = "CALL_GONE"


class ListenedTo(DialerError):
    """Another supervisor is on this call."""

    code = "LISTENED_TO"


class ListeningElsewhere(DialerError):
    """The supervisor is on another call; a person has one phone."""

    code = "LISTENING_ELSEWHERE"


async def listen_in(
    storage: Storage, signals: Signals, user: User, call_id: CallId, mode: ListenMode, now: datetime
) -> Listening:
    """Have the supervisor's phone called into a talk, or change the mode there.

    Raises:
        NoPhone: the supervisor has no telephone address.
        NotFound: the agent or the customer is outside the supervisor's organisation.
        CallGone: nobody talks on the call.
        ListenedTo: another supervisor is on it.
        ListeningElsewhere: this one is on another call.
    """
    if not user.phone_address:
        raise NoPhone(f"{user.login} has no telephone address: an administrator must enter it")
    async with storage.begin() as work:
        seat = await _talking_seat(work, user, call_id)
        for each in await work.listenings.open():
            if each.call_id == call_id and each.login == user.login and each.mode is mode:
                return each
            await _make_way(work, each, user, call_id, now)
        listening = await work.listenings.add(Listening(call_id, seat.id, user.login, mode, now))
        detail = {"listening": listening.id, "address": user.phone_address, "mode": mode.value}
        await work.floor.order(DeskOrder(0, DeskOrderKind.LISTEN, seat.id, user.login, now, call_id, detail))
    await signals.notify(DESK_ORDERS, WALL)
    return listening


async def _talking_seat(work: Work, user: User, call_id: CallId) -> Seat:
    """The seat on which the call is talking, if the user may know of both."""
    stored = await work.calls.get(call_id)
    agent = await work.floor.user(stored.agent)
    if agent is None or not sees(user, agent.org):
        raise NotFound(f"there is no call {call_id}")
    for attempt in await work.calls.attempts_of(call_id):
        await case_in_scope(work, user, attempt.case_id)
    seat = await work.floor.seat(stored.call.seat)
    if seat is None or seat.call_id != call_id or seat.state is not SeatState.TALKING:
        raise CallGone(f"call {call_id} is not talking any more")
    return seat


async def _make_way(work: Work, other: Listening, user: User, call_id: CallId, now: datetime) -> None:
    """One supervisor a call, one call a supervisor; another mode of the same ends here."""
    if other.call_id == call_id and other.login == user.login:
        await work.listenings.save(replace(other, ended_at=now, ending=ListeningEnd.CHANGED))
    elif other.call_id == call_id:
        raise ListenedTo(f"{other.login} is on call {call_id}")
    elif other.login == user.login:
        raise ListeningElsewhere(f"{user.login} is on call {other.call_id}: leave it first")


async def stop_listening(storage: Storage, signals: Signals, user: User, now: datetime) -> None:
    """Take the supervisor out of whatever call they are on; who is on none has what they wanted."""
    async with storage.begin() as work:
        for each in await work.listenings.open():
            if each.login == user.login:
                await work.listenings.save(replace(each, ended_at=now, ending=ListeningEnd.LEFT))
                stop = DeskOrder(0, DeskOrderKind.STOP_LISTENING, each.seat, user.login, now, each.call_id)
                await work.floor.order(stop)
    await signals.notify(DESK_ORDERS, WALL)


async def follow_listening(storage: Storage, event: ListenerEvent) -> Listening | None:
    """What the phone system says of a supervisor; None when it says nothing new."""
    async with storage.begin() as work:
        listening = await _open_on(work, event.call_id)
        if listening is None:
            return None
        match event:
            case ListenerUp(_, at, mode) if listening.mode is mode and listening.joined_at is None:
                after = replace(listening, joined_at=at)
            case ListenerDown(_, at, why):
                ending = ListeningEnd.UNANSWERED if listening.joined_at is None else ListeningEnd.LEFT
                after = replace(listening, ended_at=at, ending=ending, why=why)
            case _:  # the last word of a mode that another has taken the place of
                return None
        await work.listenings.save(after)
        return after


async def listening_is_refused(storage: Storage, call_id: CallId, why: str, now: datetime) -> Listening | None:
    """The phone system would not; None when the call has nobody on it any more."""
    async with storage.begin() as work:
        listening = await _open_on(work, call_id)
        if listening is None:
            return None
        refused = replace(listening, ended_at=now, ending=ListeningEnd.REFUSED, why=why)
        await work.listenings.save(refused)
        return refused


async def end_listening(work: Work, call_id: CallId, at: datetime) -> None:
    """The call is over, for whoever was on it."""
    listening = await _open_on(work, call_id)
    if listening is not None:
        await work.listenings.save(replace(listening, ended_at=at, ending=ListeningEnd.CALL_OVER))


async def _open_on(work: Work, call_id: CallId) -> Listening | None:
    """Storage keeps it to one."""
    return next((each for each in await work.listenings.of_call(call_id) if each.ended_at is None), None)
