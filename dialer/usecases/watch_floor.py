"""At the side: the floor wall: who does what for how long, what waits, and what is wrong, in one picture (rules §9)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from dialer.domain.call import CallId
from dialer.domain.case import CaseState
from dialer.domain.listening import Listening
from dialer.domain.seat import Seat, SeatState
from dialer.domain.steering import Steering
from dialer.domain.ticket import AWAITED
from dialer.domain.user import User
from dialer.ports.figures import CallCount, CaseSet, Slice, SoundCount
from dialer.ports.storage import Storage, Work
from dialer.usecases.access import sees
from dialer.usecases.count_cases import moment_of
from dialer.usecases.rulebook import Rulebook
from dialer.usecases.staff_the_floor import PauseReason
from dialer.usecases.steer_dialling import touches
from dialer.usecases.tell_core import core_notices

PAUSE_MINUTES = {
    PauseReason.BREAK: 15,
    PauseReason.LUNCH: 60,
    PauseReason.MEETING: 60,
    PauseReason.TRAINING: 120,
    PauseReason.PAPERWORK: 30,
}
"""How long a pause may be before the wall marks it; nothing is cut off."""

FAULT_SHARE = 0.03
"""Calls that fail by the network or by us: more is an alarm (rules §10.2) …"""

_FAULTS_AMONG = 20  # … once there are enough calls to speak of a share
_SEALING_BEHIND = 20
"""More recordings than this do not just wait for their turn to be sealed."""

_QUEUE = (CaseSet.DUE_NOW, CaseSet.WAITING_HOUR, CaseSet.LATER_TODAY, CaseSet.HELD)
_FAILURE_IS_TOLD_FOR = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class SeatOnFloor:
    """A seat, whose it is, for how long it is as it is, and the supervisor on its call: the reader when `mine`."""

    seat: Seat
    person: User
    listening: Listening | None
    seconds: float
    over_target: bool
    mine: bool = False

    @property
    def call_id(self) -> CallId | None:
        """The call on which the agent talks now."""
        return self.seat.call_id if self.seat.state is SeatState.TALKING else None


@dataclass(frozen=True, slots=True)
class FloorPicture:
    """The wall.

    Attributes:
        seats: by the agents' names, so that nobody's place moves.
        queue: how many cases wait in which way.
        today, last_hour: the calls of the organisation's agents.
        notices: what keeps engines from placing calls, or is wrong with the phone system.
        beats: the engines' signs of life; one that counts no further is dead.
        mine, failed: the reader's own place on somebody's call, and what has just come to nothing.
    """

    reader: User
    now: datetime
    seats: tuple[SeatOnFloor, ...]
    by_state: Mapping[CaseState, int]
    queue: Mapping[CaseSet, int]
    today: CallCount
    last_hour: CallCount
    sound: SoundCount
    overdue_tickets: int
    steerings: tuple[Steering, ...]
    notices: tuple[str, ...]
    beats: Mapping[str, int]
    mine: Listening | None = None
    failed: Listening | None = None

    def only(self, state: SeatState | None) -> Sequence[SeatOnFloor]:
        """The seats in a state; all that are at work for None."""
        if state is None:
            return [each for each in self.seats if each.seat.state is not SeatState.AWAY]
        return [each for each in self.seats if each.seat.state == state]

    def longest(self, state: SeatState) -> float:
        """How long the longest has been in a state, in seconds; nothing when nobody is."""
        return max((each.seconds for each in self.only(state)), default=0.0)

    def may_join(self, each: SeatOnFloor) -> bool:
        """Whether the reader's telephone may go into the call, or change there; a call has one listener at a time."""
        free = each.listening is None and self.mine is None
        return each.call_id is not None and bool(self.reader.phone_address) and (each.mine or free)

    @property
    def over_target(self) -> Sequence[SeatOnFloor]:
        """Wrap-ups and pauses that are too long, the longest first."""
        return sorted((each for each in self.seats if each.over_target), key=lambda each: -each.seconds)

    @property
    def sealing_behind(self) -> bool:
        """Whether sealing does not keep up."""
        return self.sound.waiting > _SEALING_BEHIND

    @property
    def trunk_suspect(self) -> bool:
        """Whether too many of the last hour's calls failed by the network or by us."""
        placed, faults = self.last_hour.placed, self.last_hour.faults
        return placed >= _FAULTS_AMONG and faults > FAULT_SHARE * placed


async def watch_floor(
    storage: Storage, rulebook: Rulebook, user: User, now: datetime, wrap_up_seconds: float
) -> FloorPicture:
    """The floor under the user's organisation."""
    async with storage.read() as work:
        at = await moment_of(work, rulebook, now)
        listening = await work.listenings.open()
        below = await work.tickets.in_state(*AWAITED, org=user.org)
        return FloorPicture(
            reader=user,
            now=now,
            seats=await _seats(work, user, listening, now, wrap_up_seconds),
            by_state=await work.cases.counts(org=user.org),
            queue=await work.figures.count(_QUEUE, Slice(user.org), at),
            today=await work.figures.calls(user.org, at.today[0]),
            last_hour=await work.figures.calls(user.org, now - timedelta(hours=1)),
            sound=await work.figures.sound(user.org, at),
            overdue_tickets=sum(ticket.overdue(now) for ticket in below),
            steerings=tuple(each for each in await work.steerings.standing(now) if touches(user, each)),
            notices=(*await work.ledger.notices(), *await core_notices(work)),
            beats=await work.ledger.beats(),
            mine=next((each for each in listening if each.login == user.login), None),
            failed=await work.listenings.last_failure(user.login, now - _FAILURE_IS_TOLD_FOR),
        )


async def _seats(
    work: Work, user: User, listening: Sequence[Listening], now: datetime, wrap_up_seconds: float
) -> tuple[SeatOnFloor, ...]:
    people = {each.login: each for each in await work.floor.users()}
    on_call = {each.call_id: each for each in listening}
    seats = []
    for seat in await work.floor.seats():
        person = people.get(seat.login)
        if person is None or not sees(user, person.org):
            continue
        seconds = max(0.0, (now - seat.since).total_seconds())
        heard_by = on_call.get(seat.call_id) if seat.call_id else None
        mine = heard_by is not None and heard_by.login == user.login
        seats.append(SeatOnFloor(seat, person, heard_by, seconds, seconds > _target(seat, wrap_up_seconds), mine))
    return tuple(sorted(seats, key=lambda each: (each.person.name, each.seat.id)))


def _target(seat: Seat, wrap_up_seconds: float) -> float:
    """The seconds a seat may be in its state; infinite where nobody minds."""
    if seat.state is SeatState.WRAP_UP:
        return wrap_up_seconds
    if seat.state is SeatState.PAUSED and seat.why in list(PauseReason):
        return 60 * PAUSE_MINUTES[PauseReason(seat.why)]
    return float("inf")
