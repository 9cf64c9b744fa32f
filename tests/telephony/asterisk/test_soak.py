"""A sample of the soak: dialer and Asterisk are killed under calls, and the carrier counts for itself."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections import Counter
from pathlib import Path

import pytest

from dialer.domain.call import CallId, Ended, SeatId, SeatUp
from dialer.ports import TelephonyRefused
from dialer.telephony.behaviours import Conduct
from tests.telephony.asterisk.test_asterisk import dialer_dies, dialer_returns
from tests.telephony.rigs import AsteriskRig, asterisk, dial, seated

pytestmark = [pytest.mark.asterisk, pytest.mark.slow]

SEATS = ("s1", "s2", "s3", "s4", "s5")
CONDUCTS = (
    Conduct(wait_seconds=0.1, hangs_up_after_seconds=0.3),
    Conduct(wait_seconds=0.1, hangs_up_after_seconds=1.5),
    Conduct(486, rings=False),
    Conduct(480, wait_seconds=0.4, rings=False, announces=True),
    Conduct(404, wait_seconds=0.2),
)
NUMBERS = [f"139{index:08d}" for index in range(2000)]
KILLS = 3


async def test_no_outcome_is_lost_and_nobody_is_called_twice_whoever_is_killed(tmp_path: Path):
    draw = random.Random(20260921)
    directory = {number: (draw.choice(CONDUCTS),) for number in NUMBERS}
    async with asterisk(tmp_path, directory) as rig:
        await seated(rig, *SEATS)
        stop, placed = asyncio.Event(), list[str]()
        agents = [asyncio.create_task(_work(rig, seat, number, stop, placed)) for number, seat in enumerate(SEATS)]
        for kill in range(2 * KILLS):
            await asyncio.sleep(draw.uniform(0.3, 1.2))
            if kill % 2:
                await rig.crash_and_return()
            else:
                await dialer_dies(rig)
                await asyncio.sleep(draw.uniform(0.1, 0.8))
                await dialer_returns(rig)
        await asyncio.sleep(1)
        stop.set()
        await asyncio.gather(*agents)
        told = Counter(event.call_id for event in rig.heard.all if isinstance(event, Ended))
        invites = Counter(record.number for record in rig.carrier.log)
    assert len(placed) > 30
    assert told == Counter(placed)
    assert set(invites.values()) == {1}


async def _work(rig: AsteriskRig, seat: str, first: int, stop: asyncio.Event, placed: list[str]) -> None:
    """Dial number after number for one seat; a refusal is waited out, a lost leg comes back by itself."""
    numbers = iter(NUMBERS[first :: len(SEATS)])
    while not stop.is_set():
        number = next(numbers)
        with contextlib.suppress(TelephonyRefused):
            await dial(rig, number, call=f"call-{number}", seat=seat, ring_seconds=2.0)
            placed.append(f"call-{number}")
            await _ended(rig, CallId(f"call-{number}"))
        await _free(rig, SeatId(seat))


async def _ended(rig: AsteriskRig, call_id: CallId) -> None:
    await rig.let_pass(15, lambda: rig.heard.first(Ended, lambda event: event.call_id == call_id) is not None)


async def _free(rig: AsteriskRig, seat: SeatId) -> None:
    """Wait a moment, and for the seat's leg."""
    with contextlib.suppress(TimeoutError):
        await rig.let_pass(0.05, lambda: False)
    if (await rig.telephony.alive()).seats >= {seat}:
        return
    ups = sum(isinstance(event, SeatUp) and event.seat == seat for event in rig.heard.all)
    with contextlib.suppress(TimeoutError):
        await rig.let_pass(
            2, lambda: sum(isinstance(event, SeatUp) and event.seat == seat for event in rig.heard.all) > ups
        )
