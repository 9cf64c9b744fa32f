"""At the side: a difficult case is read by its agent before it is dialled, and dialled or given back by a key.

The case stays in the pool: it is only not due while it is being read. So an agent whose browser has died holds nobody
up, and whoever dials it, the rules are asked at that moment.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from enum import StrEnum

from dialer.domain.calendar import shanghai_day
from dialer.domain.case import RevisitCase
from dialer.domain.errors import ImpossibleMove
from dialer.domain.holder import Policyholder
from dialer.domain.preview import PreviewReason, preview_reason
from dialer.domain.reason import Reason
from dialer.domain.seat import Seat, SeatEvent, SeatState
from dialer.domain.user import User
from dialer.ports import Signals
from dialer.ports.storage import DeskOrder, DeskOrderKind, Moved, Storage, Work
from dialer.ports.topics import DESK_ORDERS, DISPATCH, WALL, desk
from dialer.usecases.gather_facts import Known
from dialer.usecases.rulebook import Rulebook
from dialer.usecases.staff_the_floor import seat_of

_GIVEN_BACK_FOR = timedelta(minutes=10)
"""How long a case that an agent gave back stays away, so that it finds another."""


class GiveBackReason(StrEnum):
    """Why an agent does not call this customer."""

    KNOWN_PERSON = "KNOWN_PERSON"
    LANGUAGE = "LANGUAGE"
    LEADER = "LEADER"
    OTHER = "OTHER"


async def why_shown_first(
    work: Work, case: RevisitCase, holder: Policyholder, rulebook: Rulebook, now: datetime
) -> PreviewReason | None:
    """Whether an agent reads this case before it is dialled, and why."""
    if not rulebook.preview.reasons:
        return None
    referred = {kind for kind, _ in await work.interviews.referrals(case.id)}
    age = holder.age_on(shanghai_day(now))
    return preview_reason(case, age, referred, rulebook.preview)


async def show_first(work: Work, known: Known, rulebook: Rulebook, seat: Seat, now: datetime) -> bool:
    """Put a difficult case on the desk of a ready seat; False for one that is dialled at once."""
    why = await why_shown_first(work, known.case, known.policy.holder, rulebook, now)
    if why is None:
        return False
    until = now + timedelta(seconds=rulebook.preview.seconds)
    await work.cases.save(known.case.due(until, Reason.PREVIEWED))
    moved = Moved("system:engine", now, {"case": known.case.id, "why": why})
    await work.floor.move_seat(replace(seat, preview_case=known.case.id, why=""), SeatEvent.PREVIEWED, moved)
    return True


async def dial_previewed(storage: Storage, signals: Signals, user: User, now: datetime) -> None:
    """Have the engine dial the case on the desk. Raises ImpossibleMove when there is none."""
    async with storage.begin() as work:
        seat = await _previewing(work, user)
        shown = {"since": seat.since.isoformat()}
        await work.floor.order(DeskOrder(0, DeskOrderKind.DIAL, seat.id, user.login, now, detail=shown))
    await signals.notify(DESK_ORDERS)


async def give_back(storage: Storage, signals: Signals, user: User, reason: GiveBackReason, now: datetime) -> None:
    """Leave the case to another agent, for a reason that is kept. Raises ImpossibleMove when there is none."""
    async with storage.begin() as work:
        seat = await _previewing(work, user)
        assert seat.preview_case is not None  # a seat in PREVIEW has one
        case = await work.cases.get(seat.preview_case)
        await work.cases.save(case.due(now + _GIVEN_BACK_FOR, Reason.GIVEN_BACK))
        moved = Moved(user.login, now, {"case": case.id, "given_back": reason})
        await work.floor.move_seat(seat, SeatEvent.RELEASED, moved)
    await signals.notify(DISPATCH, desk(seat.id), WALL)


async def end_forgotten_previews(storage: Storage, rulebook: Rulebook, owner: str, now: datetime) -> Sequence[Seat]:
    """Agents who did not press a key in time are paused: nobody seems to be there. Their cases are due again."""
    async with storage.read() as work:
        seats = [seat for seat in await work.floor.seats(owner) if _forgotten(seat, rulebook, now)]
    paused = []
    for seat in seats:
        async with storage.begin() as work:
            current = await work.floor.seat(seat.id)
            if current is not None and _forgotten(current, rulebook, now):
                moved = Moved("system:engine", now, {"case": current.preview_case})
                paused.append(await work.floor.move_seat(replace(current, why="PREVIEW"), SeatEvent.PAUSE, moved))
    return paused


def _forgotten(seat: Seat, rulebook: Rulebook, now: datetime) -> bool:
    waited = now - seat.since
    return seat.state is SeatState.PREVIEW and waited >= timedelta(seconds=rulebook.preview.seconds)


async def _previewing(work: Work, user: User) -> Seat:
    seat = await seat_of(work, user)
    if seat.state is not SeatState.PREVIEW:
        raise ImpossibleMove(f"seat {seat.id} is {seat.state}: there is no case to read before dialling")
    return seat
