"""An engine and a supervisor's decision: a paused group is not dialled, others are, and it holds within a second."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from dialer.domain.case import CaseState
from dialer.domain.seat import SeatState
from dialer.domain.steering import Steering, SteeringKind
from dialer.domain.user import Role
from dialer.engine import Engine
from dialer.engine.dispatching import Dispatcher
from dialer.ports import Signals
from dialer.storage.signals import open_signals
from dialer.telephony.simulated import SimulatedTelephony
from dialer.usecases.steer_dialling import end_steering, steer
from tests.builders import a_policy, a_user
from tests.engine.conftest import parts_of
from tests.engine.test_listening import until
from tests.usecases.site import SEAT, Site, SiteClock

MANAGER = a_user(login="lina", role=Role.CC_MANAGER)


async def _pause(site: Site, signals: Signals, org: str) -> Steering:
    wish = Steering(0, SteeringKind.PAUSE, org, None, "lina", site.now, why="台风")
    return await steer(site.storage, signals, site.rulebook, MANAGER, wish, site.now)


@asynccontextmanager
async def _signals(site: Site) -> AsyncIterator[Signals]:
    signals = open_signals(site.storage)
    try:
        yield signals
    finally:
        await signals.close()


async def test_a_paused_group_is_not_dialled_and_others_are(site: Site, tmp_path: Path):
    phones = SimulatedTelephony(SiteClock(site), tmp_path / "spool")
    await phones.start()
    paused = await site.a_case_is_due(a_policy(product_code="DEMO-PAR"), org="44/4401", rank=0)
    other = await site.a_case_is_due(a_policy(product_code="DEMO-PAR"), org="32/3201", rank=6)
    async with _signals(site) as signals:
        await _pause(site, signals, "44")
        await phones.seat_agent(SEAT, "sip:agent1@127.0.0.1")
        await phones.advance(1)
        dispatcher = Dispatcher(parts_of(site, phones, signals, tmp_path / "spool"))
        await dispatcher.place_calls()
    assert [(await site.case(each)).state for each in (paused, other)] == [CaseState.READY, CaseState.DIALING]
    await phones.close()


async def test_a_running_engine_holds_a_paused_group_and_goes_on_when_it_is_taken_back(site: Site, tmp_path: Path):
    phones = SimulatedTelephony(SiteClock(site), tmp_path / "spool")
    async with _signals(site) as signals:
        pause = await _pause(site, signals, "44")
        case = await site.a_case_is_due(a_policy(product_code="DEMO-PAR"), org="44/4401")
        engine = Engine(parts_of(site, phones, signals, tmp_path / "spool"))
        running = asyncio.create_task(engine.run())

        async def started() -> bool:
            return phones._open

        await until(started)
        await phones.seat_agent(SEAT, "sip:agent1@127.0.0.1")
        await phones.advance(1)

        async def ready() -> bool:
            return (await site.seat()).state is SeatState.READY

        async def dialled() -> bool:
            return (await site.case(case)).state is CaseState.DIALING

        await until(ready)
        assert not await dialled()
        await end_steering(site.storage, signals, site.rulebook, MANAGER, pause.id, "过去了", site.now)
        await until(dialled)
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running
