# ruff: noqa: T201  # it prints what it measured
"""How long an agent waits for the customer's voice: answer (200 OK) to the first loud packet on the agent's leg.

Real SIP and RTP on loopback, against the carrier simulator; both ends are timed by the same monotonic clock, outside
the engine. `python -m bench.answer_to_seat --calls 50 --seats 2` prints every measurement, then p50 and p99.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import resource
import signal
import tempfile
import time
from contextlib import AsyncExitStack
from pathlib import Path

from dialer.demo.carrier import AgentPhone, CarrierSimulator
from dialer.demo.tally import percentile
from dialer.domain.call import CallId, Ended, SeatDown, SeatId, SeatUp, WireEvent
from dialer.domain.phone import PhoneNumber
from dialer.ports import DialOrder
from dialer.telephony.behaviours import Conduct, Voice
from dialer.telephony.pjsua import PjsuaTelephony
from trials.clock import RunningClock

TALK_SECONDS = 1.0
LIMIT_MS = 250.0


class Waiting:
    """Waits for events by what they are and whom they are of."""

    def __init__(self, telephony: PjsuaTelephony) -> None:
        self._telephony = telephony
        self._heard: list[WireEvent] = []
        self._stirred = asyncio.Condition()

    async def listen(self) -> None:
        """Read every event until the phone system closes."""
        async for event in self._telephony.events():
            async with self._stirred:
                self._heard.append(event)
                self._stirred.notify_all()

    async def nth(self, kind: type[WireEvent], owner: str, count: int = 1) -> None:
        """Until so many events of the kind came for this call or seat."""

        def enough() -> bool:
            ours = (e for e in self._heard if owner in (getattr(e, "call_id", None), getattr(e, "seat", None)))
            return sum(isinstance(event, kind) for event in ours) >= count

        async with asyncio.timeout(20), self._stirred:
            await self._stirred.wait_for(enough)


async def measure(calls: int, seats: int) -> tuple[list[float], float]:
    """Milliseconds of every call, and the seconds a killed seat was away."""
    numbers = [f"138001380{seat:02d}" for seat in range(seats)]
    conduct = Conduct(voice=Voice.MONOLOGUE, hangs_up_after_seconds=TALK_SECONDS)
    async with AsyncExitStack() as stack:
        spool = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        carrier = await stack.enter_async_context(CarrierSimulator(directory=dict.fromkeys(numbers, (conduct,))))
        phones = [await stack.enter_async_context(AgentPhone(f"agent{seat}")) for seat in range(seats)]
        telephony = PjsuaTelephony(RunningClock(), spool, carrier.address, max_seats=seats)
        waiting = Waiting(telephony)
        await telephony.start()
        listening = asyncio.create_task(waiting.listen())
        for seat, phone in enumerate(phones):
            await telephony.seat_agent(SeatId(f"seat{seat}"), phone.uri)
            await waiting.nth(SeatUp, f"seat{seat}")
        share = [range(seat, calls, seats) for seat in range(seats)]
        lanes = (
            _lane(telephony, waiting, carrier, phone, numbers[seat], f"seat{seat}", share[seat])
            for seat, phone in enumerate(phones)
        )
        waits = [wait for lane in await asyncio.gather(*lanes) for wait in lane]
        away = await _restart(telephony, waiting)
        await telephony.close()
        await listening
    return waits, away


async def _lane(
    telephony: PjsuaTelephony,
    waiting: Waiting,
    carrier: CarrierSimulator,
    phone: AgentPhone,
    number: str,
    seat: str,
    share: range,
) -> list[float]:
    """One seat's calls, one after the other."""
    waits = []
    for index in share:
        call = CallId(f"call-{index}")
        await telephony.originate(DialOrder(call, SeatId(seat), PhoneNumber.parse(number), "95500", 10.0))
        await waiting.nth(Ended, call)
        answered_at = carrier.calls_to(number)[-1].answered_at
        assert answered_at is not None
        waits.append(1000 * (await phone.sound_after(answered_at) - answered_at))
    return waits


async def _restart(telephony: PjsuaTelephony, waiting: Waiting) -> float:
    """Kill a seat's worker and time its return."""
    seat = SeatId("seat0")
    pid = telephony.worker_pid(seat)
    assert pid is not None
    began = time.monotonic()
    os.kill(pid, signal.SIGKILL)
    await waiting.nth(SeatDown, seat)
    await waiting.nth(SeatUp, seat, 2)
    return time.monotonic() - began


def main() -> int:
    """Measure, print, and fail when the limit is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=50)
    parser.add_argument("--seats", type=int, default=2)
    asked = parser.parse_args()
    waits, away = asyncio.run(measure(asked.calls, asked.seats))
    p99 = percentile(waits, 0.99)
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    print("raw ms:", " ".join(f"{wait:.1f}" for wait in waits))
    print(
        f"answer to seat: n={len(waits)} p50={percentile(waits, 0.5):.1f} ms p99={p99:.1f} ms "
        f"max={max(waits):.1f} ms (limit p99 {LIMIT_MS:.0f} ms); killed seat back in {away:.2f} s; "
        f"workers' CPU {used.ru_utime + used.ru_stime:.1f} s"
    )
    return 0 if p99 <= LIMIT_MS else 1


if __name__ == "__main__":
    raise SystemExit(main())
