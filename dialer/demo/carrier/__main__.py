"""`python -m dialer.demo.carrier host:port`: a simulated telephone network to practise with, until told to stop."""

from __future__ import annotations

import asyncio
import signal
import sys

from dialer.demo.carrier.simulator import CarrierSimulator


async def _serve(bind: str, port: int) -> None:
    stop = asyncio.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(name, stop.set)
    async with CarrierSimulator(bind, port):
        await stop.wait()


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    host, _, number = sys.argv[1].rpartition(":")
    asyncio.run(_serve(host, int(number)))
