"""Make the captured traffic anew: `python -m tests.telephony.asterisk.capture` (needs an Asterisk).

What `translate`, `ledger` and `cel` are tested on: one call of each kind, as ARI, AMI and CEL told of it.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dialer.domain.call import CallId, Connected, RecordingStarted, Ringing, SeatId
from dialer.telephony.asterisk.ari import Ari
from dialer.telephony.asterisk.configuration import USER
from dialer.telephony.asterisk.translate import EVENTS
from dialer.telephony.asterisk.witness import AmiAddress, Witness
from tests.telephony.rigs import (
    ANSWERS,
    BUSY,
    HANGS_UP,
    POWER_OFF,
    RINGS_LONG,
    RINGS_OUT,
    AsteriskRig,
    asterisk,
    dial,
    ended,
    heard,
    seated,
    talk,
)

CAPTURED = Path(__file__).with_name("captured")


class _Recorder(Witness):
    def __init__(self, address: AmiAddress) -> None:
        super().__init__(address)
        self.told: list[dict[str, Any]] = []

    def _hear(self, name: str, keys: Mapping[str, Any]) -> None:
        self.told.append({"Event": name, **keys})
        super()._hear(name, keys)


async def _calls(rig: AsteriskRig) -> None:
    await seated(rig, "s1")
    await ended(rig, await dial(rig, BUSY, call="busy"))
    await ended(rig, await dial(rig, POWER_OFF, call="power-off"))
    await ended(rig, await dial(rig, RINGS_OUT, call="rings-out", ring_seconds=0.5))
    await dial(rig, RINGS_LONG, call="cancelled")
    await heard(rig, Ringing, lambda event: event.call_id == "cancelled")
    await rig.telephony.hang_up(CallId("cancelled"))
    await ended(rig, "cancelled")
    await ended(rig, await dial(rig, HANGS_UP, call="hangs-up"))
    await talk(rig, call="we-hang-up", seconds=0.3)
    await rig.telephony.hang_up(CallId("we-hang-up"))
    await ended(rig, "we-hang-up")
    await dial(rig, ANSWERS, call="vanishes")
    await heard(rig, Connected, lambda event: event.call_id == "vanishes")
    await heard(rig, RecordingStarted, lambda event: event.call_id == "vanishes")
    await asyncio.sleep(0.5)
    rig.carrier.go_dead(ANSWERS)
    await ended(rig, "vanishes", 10)
    await talk(rig, call="seat-lost", seconds=0.3)
    rig.drop_phone("s1")
    await ended(rig, "seat-lost")
    await rig.telephony.unseat_agent(SeatId("s1"))


async def _capture() -> None:
    told: list[Mapping[str, Any]] = []
    with tempfile.TemporaryDirectory() as folder:
        async with asterisk(Path(folder)) as rig:
            private = rig.asterisk
            ari = await Ari(private.url, "capture", USER, private.secrets.ari).open()
            reading = asyncio.create_task(_read(ari, told))
            recorder = _Recorder(AmiAddress(private.bind, private.ports.ami, private.secrets.ami))
            recorder.start()
            while not recorder.listening:
                await asyncio.sleep(0.01)
            await _calls(rig)
            await asyncio.sleep(0.5)
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)
            await ari.close()
            await recorder.close()
            cel = private.folders.cel.read_text()
    CAPTURED.mkdir(exist_ok=True)
    _write("ari.jsonl", [event for event in told if event["type"] in EVENTS])
    _write("ami.jsonl", recorder.told)
    (CAPTURED / "cel.csv").write_text(cel)


async def _read(ari: Ari, told: list[Mapping[str, Any]]) -> None:
    with contextlib.suppress(asyncio.CancelledError):
        async for event in ari.events():
            if event is not None:
                told.append(event)  # noqa: PERF401  # an endless stream: what came before the end is wanted


def _write(name: str, lines: list[Any]) -> None:
    (CAPTURED / name).write_text("".join(json.dumps(line) + "\n" for line in lines))


if __name__ == "__main__":
    asyncio.run(_capture())
