"""A parent for the test that kills it: seats an agent, dials, says when they talk, and waits for its end.

Arguments: the carrier's address, the phone's address, the spool.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from dialer.domain.call import CallId, Connected, SeatId, SeatUp
from dialer.domain.phone import PhoneNumber
from dialer.ports import DialOrder
from dialer.telephony.pjsua import PjsuaTelephony
from tests.telephony.rigs import ANSWERS
from trials.clock import RunningClock


async def main() -> None:
    carrier, phone, spool = sys.argv[1:]
    telephony = PjsuaTelephony(RunningClock(), Path(spool), carrier)
    await telephony.start()
    await telephony.seat_agent(SeatId("s1"), phone)
    async for event in telephony.events():
        if isinstance(event, SeatUp):
            await telephony.originate(DialOrder(CallId("c"), event.seat, PhoneNumber.parse(ANSWERS), "95500", 5))
        if isinstance(event, Connected):
            sys.stdout.write(f"{telephony.worker_pid(SeatId('s1'))}\n")
            sys.stdout.flush()


asyncio.run(main())
