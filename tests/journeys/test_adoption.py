"""On Asterisk a killed dialer costs no call: talk and recording go on, and the next dialer takes everything up.

`dialer serve` is killed without a warning; the network's own log says what was dialled and how it ended.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from dialer.demo.carrier import HowItEnded
from dialer.telephony.behaviours import Conduct
from tests.builders import at
from tests.journeys.findings import all_sealed, attempts, case_states, nothing_is_wrong
from tests.journeys.premises import Desk, Premises, Serving, until
from tests.journeys.sites import NUMBER, Floor, a_floor
from tests.journeys.worlds import World, in_worlds
from trials.clock import FRIDAY

pytestmark = [pytest.mark.sip, pytest.mark.slow]

MORNING = at(9, 30, day=FRIDAY)
ON_ASTERISK = in_worlds("sqlite-asterisk", "postgres-asterisk")


class ThisMorning:
    """Time that goes on while nothing runs: both dialers of a test read it."""

    def __init__(self) -> None:
        self._began = time.monotonic()

    def now(self) -> datetime:
        return MORNING + timedelta(seconds=time.monotonic() - self._began)


@pytest.fixture
def clock() -> ThisMorning:
    return ThisMorning()


@asynccontextmanager
async def next_dialer(floor: Floor, now: datetime) -> AsyncIterator[tuple[Serving, Desk]]:
    """Another `dialer serve`, which has taken over what the killed one left."""
    async with floor.premises.started(now, log="again.log") as serving:
        await serving.says("engine.taken_over")
        async with Desk.of(serving.url, "agent1") as desk:
            yield serving, desk


def on_another_machine(premises: Premises) -> Premises:
    """The same site for a second engine: its own name on the same Asterisk."""
    config = premises.folder / "other.toml"
    config.write_text(premises.config.read_text().replace("[asterisk]", '[asterisk]\napp = "other"'))
    return replace(premises, config=config)


async def the_call_is_over(floor: Floor) -> None:
    await floor.carrier.idle(20)
    await asyncio.sleep(0.2)  # what Asterisk still writes into its log


@ON_ASTERISK
async def test_a_talk_goes_on_over_the_death_of_its_dialer(tmp_path: Path, world: World, clock: ThisMorning):
    async with a_floor(tmp_path, world=world) as floor:
        async with floor.premises.started(clock.now()) as serving, Desk.of(serving.url, "agent1") as desk:
            await desk.take_calls()
            screen = await desk.until("TALKING")
            for _ in range(4):
                screen = await desk.answer(screen, {}, seconds=0.3)
            await serving.kill()
        leg, heard = floor.phone.call, floor.phone.loud_packets
        async with next_dialer(floor, clock.now()) as (_, desk):
            again = await desk.see()
            assert again["seat"]["state"] == "TALKING"
            assert again["call"]["id"] == screen["call"]["id"]
            assert again["screen"]["node"] == screen["screen"]["node"]
            assert floor.carrier.open_calls == 1
            assert floor.phone.call is leg
            assert floor.phone.loud_packets > heard + 20, "they went on talking"
            await until(lambda: floor.premises.rows("SELECT leg_up FROM seats")[0]["leg_up"])
            await nothing_is_wrong(floor.premises)
            done = await desk.answer_everything({})
            assert done["screen"]["outcome"] == "SUCCESS"
            await desk.do("/desk/pause", reason="BREAK")
            await desk.hang_up(await desk.see())
            await desk.until("WRAP_UP")
            await desk.do("/desk/wrap-up", note="")
            await all_sealed(floor.premises, 1)
            await until(lambda: case_states(floor.premises) == ["CLOSED_SUCCESS"])
            await nothing_is_wrong(floor.premises)
        (record,) = floor.carrier.calls_to(NUMBER)
        assert record.how is HowItEnded.CALLER_HUNG_UP
        assert record.ended_at
        assert record.answered_at
        (sealed,) = floor.premises.rows("SELECT duration_ms FROM recordings WHERE kind = 'TALK'")
        assert sealed["duration_ms"] / 1000 == pytest.approx(record.ended_at - record.answered_at, abs=2.0)
        assert attempts(floor.premises) == [("SUCCESS", True)]


@ON_ASTERISK
async def test_who_answers_while_no_dialer_runs_is_on_the_agents_screen_when_it_is_back(
    tmp_path: Path, world: World, clock: ThisMorning
):
    async with a_floor(tmp_path, conduct=Conduct(wait_seconds=1.0), world=world) as floor:
        async with floor.premises.started(clock.now()) as serving, Desk.of(serving.url, "agent1") as desk:
            await desk.take_calls()
            await until(lambda: floor.calls_to() == 1)
            await serving.kill()
        async with next_dialer(floor, clock.now()) as (_, desk):
            await desk.until("TALKING")
            await desk.interview()
            await all_sealed(floor.premises, 1)
            await nothing_is_wrong(floor.premises)
        assert attempts(floor.premises) == [("SUCCESS", True)]
        assert floor.calls_to() == 1


@ON_ASTERISK
@pytest.mark.parametrize(
    ("conduct", "outcome"),
    [(Conduct(486, wait_seconds=1.5), "BUSY"), (Conduct(404, wait_seconds=1.5), "NO_SERVICE")],
)
async def test_what_ended_while_no_dialer_ran_has_its_true_outcome(
    tmp_path: Path, world: World, clock: ThisMorning, conduct: Conduct, outcome: str
):
    async with a_floor(tmp_path, conduct=conduct, world=world) as floor:
        async with floor.premises.started(clock.now()) as serving, Desk.of(serving.url, "agent1") as desk:
            await desk.take_calls()
            await until(lambda: floor.calls_to() == 1)
            await serving.kill()
        await the_call_is_over(floor)
        async with next_dialer(floor, clock.now()) as (_, desk):
            await until(lambda: attempts(floor.premises)[0][0] is not None)
            assert attempts(floor.premises) == [(outcome, True)]
            await desk.until("READY")
            assert floor.calls_to() == 1
            await nothing_is_wrong(floor.premises)


@ON_ASTERISK
async def test_a_customer_who_hung_up_while_no_dialer_ran_leaves_the_agent_with_the_result(
    tmp_path: Path, world: World, clock: ThisMorning
):
    async with a_floor(tmp_path, conduct=Conduct(hangs_up_after_seconds=3.0), world=world) as floor:
        async with floor.premises.started(clock.now()) as serving, Desk.of(serving.url, "agent1") as desk:
            await desk.take_calls()
            screen = await desk.until("TALKING")
            await desk.answer(screen, {})
            await serving.kill()
        await the_call_is_over(floor)
        async with next_dialer(floor, clock.now()) as (_, desk):
            await desk.until("WRAP_UP")
            (call,) = floor.premises.rows("SELECT ended_by, failure, answered_at, ended_at FROM calls")
            assert (call["ended_by"], call["failure"]) == ("CUSTOMER", None)
            await desk.do("/desk/wrap-up", note="")
            await desk.until("READY")
            assert attempts(floor.premises)[0][0] not in (None, "TECH")
            await all_sealed(floor.premises, 1)
            await nothing_is_wrong(floor.premises)
        assert floor.calls_to() == 1


@ON_ASTERISK
async def test_another_engine_beside_it_takes_up_the_talk_of_the_killed_one(
    tmp_path: Path, world: World, clock: ThisMorning
):
    async with (
        a_floor(tmp_path, world=world) as floor,
        floor.premises.started(clock.now(), "--only", "console", log="console.log") as console,
        Desk.of(console.url, "agent1") as desk,
        floor.premises.started(clock.now(), "--only", "engine", log="engine.log") as engine,
    ):
        await desk.take_calls()
        screen = await desk.until("TALKING")
        other = on_another_machine(floor.premises)
        async with other.started(clock.now(), "--only", "engine", log="other.log") as heir:
            await engine.kill()
            await heir.says("engine.taken_over")
            assert (await desk.see())["call"]["id"] == screen["call"]["id"]
            assert floor.carrier.open_calls == 1
            await desk.interview()
            await all_sealed(floor.premises, 1)
            await until(lambda: case_states(floor.premises) == ["CLOSED_SUCCESS"])
            await nothing_is_wrong(floor.premises)
        assert attempts(floor.premises) == [("SUCCESS", True)]
        assert floor.calls_to() == 1


@ON_ASTERISK
async def test_a_killed_asterisk_costs_its_call_as_our_fault_and_the_agent_sits_again(
    tmp_path: Path, world: World, clock: ThisMorning
):
    async with a_floor(tmp_path, world=world) as floor:
        async with floor.premises.started(clock.now()) as serving, Desk.of(serving.url, "agent1") as desk:
            await desk.take_calls()
            await desk.until("TALKING")
            await floor.asterisk.kill()
            await floor.asterisk.start()
            async with asyncio.timeout(10):
                await until(lambda: attempts(floor.premises)[0] == ("TECH", False))
                await until(lambda: [each["event"] for each in serving.events].count("seat.up") == 2)
            await desk.until("TALKING")
            await desk.interview()
            await until(lambda: case_states(floor.premises) == ["CLOSED_SUCCESS"])
            await nothing_is_wrong(floor.premises)
        assert [how for how, _ in attempts(floor.premises)] == ["TECH", "SUCCESS"]
        assert floor.calls_to() == 2
