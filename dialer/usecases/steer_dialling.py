"""At the side: supervisors steer dialling: groups pause, keep shorter hours, take fewer seats, go first (rules §2.4).

What a decision would do is shown before it is made; each is kept with who, when and why, and can be ended. Engines read
the decisions before every choice (`place_call`), so they hold at once, and after a restart.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta

from dialer.domain.calendar import SHANGHAI, shanghai_day
from dialer.domain.case import Purpose
from dialer.domain.errors import NotFound, reason_given
from dialer.domain.seat import SeatState
from dialer.domain.steering import Course, Steering, SteeringKind, busy_for, check, course_of, lapsing
from dialer.domain.user import Permission, User
from dialer.ports import Signals
from dialer.ports.steering import PoolCount
from dialer.ports.storage import Storage, Work
from dialer.ports.topics import DISPATCH, WALL
from dialer.usecases.access import sees
from dialer.usecases.rulebook import Rulebook

_DEADLINE_DAYS = 7
_KEPT_ON_SCREEN = 200


async def course_now(work: Work, rulebook: Rulebook, now: datetime) -> Course:
    """What all decisions together mean now."""
    standing = await work.steerings.standing(now)
    if not standing:
        return Course(now)
    counted = any(each.kind is SteeringKind.SEATS for each in standing)
    at_work = await work.steerings.at_work() if counted else ()
    return course_of(standing, at_work, now, timedelta(minutes=rulebook.dial.appointment_grace_minutes))


@dataclass(frozen=True, slots=True)
class Effect:
    """What a decision would change, as things stand now.

    Attributes:
        pool: what of the group waits to be dialled.
        deadlines: how many of those have their last free-look day when, for a week.
        passing: how many of the deadlines pass while it stands: a pause makes them miss. Without an end: those of the
            days that count as expiring.
        seats: how many are on the floor, and how many of them work for the group now.
        replaces: the decision of this kind for the same group, which it takes the place of.
    """

    wish: Steering
    pool: PoolCount
    deadlines: Mapping[date, int]
    passing: int
    seats: int
    seats_busy: int
    replaces: Steering | None

    @property
    def endangers(self) -> bool:
        """Whether free-look deadlines pass undialled because of it."""
        return self.wish.kind is SteeringKind.PAUSE and self.passing > 0


async def preview(storage: Storage, rulebook: Rulebook, user: User, wish: Steering, now: datetime) -> Effect:
    """What a decision would change; ending one is previewed with the decision itself.

    Raises:
        SteeringInvalid: it makes no sense, or would widen the rules.
        NotFound: the group is outside the user's organisation.
        CalendarMissing: today's year is not loaded: nothing is dialled anyway.
    """
    _may_decide(rulebook, user, wish, now)
    async with storage.read() as work:
        return await _effect(work, rulebook, wish, now)


def _may_decide(rulebook: Rulebook, user: User, wish: Steering, now: datetime) -> None:
    if not sees(user, wish.org):
        raise NotFound(f"there is no organisation {wish.org or '/'} to steer")
    rulebook.calendar.is_working_day(shanghai_day(now))  # raises where the year is not loaded
    if not wish.id:
        check(wish, rulebook.dial)


async def _effect(work: Work, rulebook: Rulebook, wish: Steering, now: datetime) -> Effect:
    today = shanghai_day(now)
    midnight = datetime.combine(today + timedelta(days=1), time(), SHANGHAI)
    deadlines = await work.steerings.deadlines(wish.group, today, today + timedelta(days=_DEADLINE_DAYS - 1))
    seats = [seat for seat in await work.floor.seats() if seat.state is not SeatState.AWAY]
    return Effect(
        wish=wish,
        pool=await work.steerings.pool(wish.group, now, midnight),
        deadlines=deadlines,
        passing=_passing(deadlines, wish, rulebook, today),
        seats=len(seats),
        seats_busy=busy_for(wish.group, await work.steerings.at_work()),
        replaces=None if wish.id else await _same(work, wish, now),
    )


def _passing(deadlines: Mapping[date, int], wish: Steering, rulebook: Rulebook, today: date) -> int:
    if wish.until is not None:
        return lapsing(deadlines, wish.until, rulebook.dial)
    soon = today + timedelta(days=rulebook.priority.expiring_days)
    return sum(count for day, count in deadlines.items() if day <= soon)


async def _same(work: Work, wish: Steering, now: datetime) -> Steering | None:
    standing = await work.steerings.standing(now)
    return next((each for each in standing if each.kind is wish.kind and each.group == wish.group), None)


async def steer(
    storage: Storage, signals: Signals, rulebook: Rulebook, user: User, wish: Steering, now: datetime
) -> Steering:
    """Make a decision. One of its kind for the same group is replaced by it.

    Raises:
        SteeringInvalid, NotFound, CalendarMissing: as `preview`.
        ReasonMissing: no reason was given.
    """
    _may_decide(rulebook, user, wish, now)
    why = reason_given(wish.why)
    async with storage.begin() as work:
        before = await _same(work, wish, now)
        made = await work.steerings.add(replace(wish, id=0, by=user.login, at=now, why=why))
        if before is not None:
            await work.steerings.end(before.id, user.login, f"→ #{made.id}", now)
    await signals.notify(DISPATCH, WALL)
    return made


async def end_steering(
    storage: Storage, signals: Signals, rulebook: Rulebook, user: User, steering_id: int, why: str, now: datetime
) -> Steering:
    """Take a decision back; it as it stood.

    Raises:
        NotFound: it is not there, or is about more than the user's organisation.
        StaleVersion: it has ended already.
        ReasonMissing: no reason was given.
        CalendarMissing: today's year is not loaded.
    """
    async with storage.begin() as work:
        steering = await decision_in_scope(work, user, steering_id)
        _may_decide(rulebook, user, steering, now)
        await work.steerings.end(steering.id, user.login, reason_given(why), now)
    await signals.notify(DISPATCH, WALL)
    return steering


async def decision(storage: Storage, user: User, steering_id: int) -> Steering:
    """One decision. Raises NotFound for one that the user may not end."""
    async with storage.read() as work:
        return await decision_in_scope(work, user, steering_id)


async def decision_in_scope(work: Work, user: User, steering_id: int) -> Steering:
    """A decision the user may end. Raises NotFound for all others."""
    steering = await work.steerings.get(steering_id)
    if not sees(user, steering.org):
        raise NotFound(f"there is no decision {steering_id}")
    return steering


@dataclass(frozen=True, slots=True)
class Decisions:
    """Decisions that touch the user's organisation: in force, and over; and what may be steered."""

    standing: tuple[Steering, ...]
    over: tuple[Steering, ...]
    places: tuple[str, ...]
    may_steer: bool
    now: datetime


async def decisions(storage: Storage, user: User, now: datetime) -> Decisions:
    """The campaigns page."""
    async with storage.read() as work:
        known = [each for each in await work.steerings.latest(_KEPT_ON_SCREEN) if touches(user, each)]
        standing = [each for each in await work.steerings.standing(now) if touches(user, each)]
        return Decisions(
            standing=tuple(standing),
            over=tuple(each for each in known if not each.stands(now)),
            places=await places(work, user),
            may_steer=user.may(Permission.STEER_DIALLING),
            now=now,
        )


def touches(user: User, steering: Steering) -> bool:
    """Whether a decision is about cases that the user may see: their own part, or a greater one around it."""
    return sees(user, steering.org) or steering.group.has(user.org, steering.purpose or Purpose.FIRST)


async def places(work: Work, user: User) -> tuple[str, ...]:
    """The organisations under the user's, those between included: `44`, `44/4401`, `44/4401/440104`."""
    found: set[str] = set()
    for org in await work.steerings.places(user.org):
        parts = org.split("/")
        found.update("/".join(parts[: count + 1]) for count in range(len(parts)))
    return tuple(sorted(place for place in found if sees(user, place)))
