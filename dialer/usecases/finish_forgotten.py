"""At the side: a wrap-up that nobody confirms. The interview's verdict stands by rule, so no outcome waits for ever."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, time, timedelta
from functools import partial

from dialer.domain.calendar import SHANGHAI, shanghai_day
from dialer.domain.errors import ImpossibleMove, StaleVersion
from dialer.domain.seat import Seat, SeatState
from dialer.ports import Scripts, Signals
from dialer.ports.storage import Storage
from dialer.usecases.finish_attempt import AppointmentNeeded, wrap_up
from dialer.usecases.rulebook import Rulebook

FORGOTTEN_AFTER = timedelta(minutes=15)
"""How long an agent may take; the target they see is under a minute."""

_NOTE = "坐席未确认，系统按问卷结果办结"
_DEFAULT_TIMES = (time(10), time(15), time(18, 30))


async def finish_forgotten(
    storage: Storage,
    signals: Signals,
    scripts: Scripts,
    rulebook: Rulebook,
    now: datetime,
    *,
    after: timedelta = FORGOTTEN_AFTER,
) -> int:
    """Confirm what agents left unconfirmed for as long as `after`; their seats are paused: nobody seems to be there.

    A promised call without a time gets the system's: the next decent one (rules §8, CALLBACK_APPOINTMENT
    SYSTEM_DEFAULT); where no time may be promised any more, the round goes on without. A wrap-up that fails is raised
    when all the others are done.
    """
    async with storage.read() as work:
        seats = [seat for seat in await work.floor.seats() if _forgotten(seat, now, after)]
    finished, faults = 0, list[Exception]()
    for seat in seats:
        try:
            await _finish(storage, signals, scripts, rulebook, seat, now)
        except (StaleVersion, ImpossibleMove):  # the agent was there after all
            continue
        except Exception as fault:  # noqa: BLE001 - raised below: the others' turn comes first
            faults.append(fault)
        else:
            finished += 1
    if faults:
        raise faults[0]
    return finished


def _forgotten(seat: Seat, now: datetime, after: timedelta) -> bool:
    return seat.state is SeatState.WRAP_UP and now - seat.since >= after


async def _finish(
    storage: Storage, signals: Signals, scripts: Scripts, rulebook: Rulebook, seat: Seat, now: datetime
) -> None:
    async with storage.begin() as work:
        await work.floor.save_seat(replace(seat, pause_after_call=True))
    by = "system:timetable"
    confirm = partial(wrap_up, storage, signals, scripts, rulebook, seat.login, now, by=by, note=_NOTE)
    for at in _default_times(now):
        try:
            await confirm(appointment_at=at)
        except AppointmentNeeded:
            continue
        return
    await confirm(unpromised=True)


def _default_times(now: datetime) -> Iterator[datetime | None]:
    """No time at all, if none is needed; then tomorrow's decent hours, and at last two hours from now."""
    yield None
    tomorrow = shanghai_day(now) + timedelta(days=1)
    yield from (datetime.combine(tomorrow, hour, SHANGHAI) for hour in _DEFAULT_TIMES)
    yield now + timedelta(hours=2)
