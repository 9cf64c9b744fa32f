"""Processes that die, at the worst moments: nothing said is lost, nobody is called twice, everything comes back.

The network's own log is the witness of what was dialled.
"""

from __future__ import annotations

import asyncio
import os
import signal
import time
from datetime import timedelta
from pathlib import Path

import pytest

from dialer.demo.carrier.phone import AgentPhone
from dialer.telephony.behaviours import Behaviour
from tests.builders import at
from tests.journeys.findings import LATER, all_sealed, attempts, case_states, nothing_is_wrong
from tests.journeys.premises import Desk, Premises, until
from tests.journeys.records import Records
from tests.journeys.sites import NUMBER, POLICY_NO, a_floor
from tests.journeys.worlds import World, in_worlds
from trials.clock import FRIDAY

pytestmark = [pytest.mark.sip, pytest.mark.slow]

MORNING = at(9, 30, day=FRIDAY)


async def phone_is_called_again(phone: AgentPhone) -> None:
    await until(lambda: phone.is_on_the_line)


@in_worlds("sqlite-pjsua", "postgres-pjsua")
async def test_killed_while_a_call_rings(tmp_path: Path, world: World):
    async with a_floor(tmp_path, conduct=Behaviour.RINGS_OUT, world=world) as floor:
        async with floor.premises.started(MORNING) as serving, Desk.of(serving.url, "agent1") as desk:
            await desk.take_calls()
            await until(lambda: floor.calls_to() == 1)
            await desk.until("RESERVED")
            await serving.kill()
        await floor.carrier.idle()
        floor.carrier.directory.scripts = {NUMBER: [Behaviour.ANSWERS]}
        async with floor.premises.started(LATER) as serving, Desk.of(serving.url, "agent1") as desk:
            await phone_is_called_again(floor.phone)
            await desk.interview()
            await all_sealed(floor.premises, 1)
            await nothing_is_wrong(floor.premises)
        assert attempts(floor.premises) == [("TECH", False), ("SUCCESS", True)]
        assert case_states(floor.premises) == ["CLOSED_SUCCESS"]
        assert floor.calls_to() == 2


@in_worlds("sqlite-pjsua", "postgres-pjsua")
async def test_killed_while_people_talk(tmp_path: Path, world: World):
    async with a_floor(tmp_path, world=world) as floor:
        async with floor.premises.started(MORNING) as serving, Desk.of(serving.url, "agent1") as desk:
            await desk.take_calls()
            screen = await desk.until("TALKING")
            for _ in range(6):
                screen = await desk.answer(screen, {}, seconds=0.6)
            asked = screen["screen"]["node"]
            await serving.kill()
        await floor.carrier.idle()
        assert floor.calls_to() == 1
        async with floor.premises.started(LATER) as serving, Desk.of(serving.url, "agent1") as desk:
            await phone_is_called_again(floor.phone)
            again = await desk.until("TALKING")
            assert attempts(floor.premises)[0] == ("TECH", False)
            assert floor.premises.rows("SELECT count(*) AS answers FROM answers")[0]["answers"] > 0
            assert again["screen"]["node"] != asked, "identity is asked again whatever was said"
            await desk.interview()
            await all_sealed(floor.premises, 2)
            await nothing_is_wrong(floor.premises)
        killed = floor.premises.rows("SELECT duration_ms FROM recordings ORDER BY id")[0]
        assert killed["duration_ms"] > 2500, "what was recorded until the kill is kept"
        assert attempts(floor.premises) == [("TECH", False), ("SUCCESS", True)]
        assert floor.calls_to() == 2


@in_worlds("sqlite-pjsua", "postgres-pjsua", "sqlite-asterisk")
async def test_killed_while_the_recording_is_sealed_and_the_agent_wraps_up(tmp_path: Path, world: World):
    async with a_floor(tmp_path, world=world) as floor:
        spool = tmp_path / "spool"
        async with floor.premises.started(MORNING) as serving, Desk.of(serving.url, "agent1") as desk:
            await desk.take_calls()
            await desk.until("TALKING")
            await desk.answer_everything({})
            await desk.hang_up(await desk.see())
            await until(lambda: [*spool.glob("*/talk-customer.ogg.part")])
            await serving.kill()
        assert floor.premises.rows("SELECT state FROM recordings")[0]["state"] != "SEALED"
        soon = MORNING + timedelta(minutes=5)  # later, the wrap-up would count as forgotten
        async with floor.premises.started(soon) as serving, Desk.of(serving.url, "agent1") as desk:
            await phone_is_called_again(floor.phone)
            await all_sealed(floor.premises, 1)
            assert (await desk.see())["seat"]["state"] == "WRAP_UP"
            await nothing_is_wrong(floor.premises)
            await desk.do("/desk/wrap-up", note="")
            await until(lambda: case_states(floor.premises) == ["CLOSED_SUCCESS"])
            await desk.until("READY")
            await nothing_is_wrong(floor.premises)
            assert not [*spool.rglob("*.wav")], "sealed sound is not kept twice"
        assert attempts(floor.premises) == [("SUCCESS", True)]
        assert floor.calls_to() == 1


async def test_a_killed_worker_costs_one_call_and_five_seconds(tmp_path: Path):
    async with a_floor(tmp_path) as floor, floor.premises.started(MORNING) as serving:
        async with Desk.of(serving.url, "agent1") as desk:
            await desk.take_calls()
            screen = await desk.until("TALKING")
            for _ in range(4):
                screen = await desk.answer(screen, {}, seconds=0.4)
            (worker,) = serving.workers()
            killed_at = time.monotonic()
            os.kill(worker, signal.SIGKILL)
            await until(lambda: [e["event"] for e in serving.events].count("seat.up") == 2)
            assert time.monotonic() - killed_at < 5
            await desk.interview()
            await all_sealed(floor.premises, 2)
        assert attempts(floor.premises) == [("TECH", False), ("SUCCESS", True)]
        assert floor.calls_to() == 2
        await nothing_is_wrong(floor.premises)


async def test_told_to_stop_it_places_no_call_and_lets_people_finish(tmp_path: Path):
    numbers = (NUMBER, "13800138001")
    async with a_floor(tmp_path, numbers) as floor, floor.premises.started(MORNING) as serving:
        async with Desk.of(serving.url, "agent1") as desk:
            await desk.take_calls()
            await desk.until("TALKING")
            serving.process.terminate()
            await serving.says("engine.stopping")
            done = await desk.answer_everything({})
            assert done["screen"]["outcome"] == "SUCCESS"
            await desk.hang_up(await desk.see())
        await serving.stopped()
        assert len(floor.carrier.log) == 1
        assert not floor.phone.is_on_the_line
        assert floor.premises.rows("SELECT call_id FROM seats")[0]["call_id"], "the wrap-up waits for the agent"


@in_worlds("sqlite-pjsua", "postgres-pjsua")
async def test_engine_and_console_are_two_processes(tmp_path: Path, world: World):
    async with (
        a_floor(tmp_path, world=world) as floor,
        floor.premises.started(MORNING, "--only", "console", log="console.log") as console,
        Desk.of(console.url, "agent1") as desk,
    ):
        async with floor.premises.started(MORNING, "--only", "engine", log="engine.log") as engine:
            await desk.take_calls()
            await desk.until("TALKING")
            code, printed = await floor.premises.run(MORNING, "why", POLICY_NO)
            assert code == 0
            assert "IN_CALL" in printed
            await desk.interview()
            await until(lambda: case_states(floor.premises) == ["CLOSED_SUCCESS"])
            assert floor.calls_to() == 1
            engine.process.terminate()
            await engine.stopped()
        await desk.do("/desk/stand-up")  # nobody is there to hear it, and it must not be heard too late
        async with floor.premises.started(LATER, "--only", "engine", log="engine2.log") as engine:
            await until(lambda: not floor.premises.rows("SELECT * FROM desk_orders WHERE done_at IS NULL"))
            await desk.do("/desk/sit-down")
            await desk.until("SEATED")
            assert floor.phone.is_on_the_line
            assert "seat.down" not in [each["event"] for each in engine.events]


def owners(premises: Premises) -> list[str]:
    """Which engine serves each seat."""
    return [row["owner"] for row in premises.rows("SELECT owner FROM seats ORDER BY id")]


async def stand_still(process: asyncio.subprocess.Process, records: Records) -> None:
    """Stop a process between its transactions: inside one it would keep its locks, and everybody out."""
    process.send_signal(signal.SIGSTOP)
    while records.somebody_is_writing():
        process.send_signal(signal.SIGCONT)
        await asyncio.sleep(0.05)
        process.send_signal(signal.SIGSTOP)


@in_worlds("sqlite-pjsua", "postgres-pjsua")
async def test_two_engines_share_the_work_and_one_that_stood_still_has_lost_its_seats(tmp_path: Path, world: World):
    numbers = [f"138001380{count:02}" for count in range(6)]
    async with (
        a_floor(tmp_path, numbers, world=world, lease_seconds="3") as floor,
        AgentPhone("agent2") as phone2,
        floor.premises.started(MORNING, log="one.log") as one,
    ):
        await floor.premises.create(MORNING, "agent2", "CC_AGENT", "--phone", phone2.uri)
        async with Desk.of(one.url, "agent1") as first:
            await first.take_calls()
            await first.until("TALKING")
            async with (
                floor.premises.started(MORNING, log="two.log") as two,
                Desk.of(two.url, "agent2") as second,
            ):
                await stand_still(one.process, floor.premises.records)  # or it might be the first to see the wish
                await second.take_calls()
                one.process.send_signal(signal.SIGCONT)
                await asyncio.gather(first.interview(), second.interview())
                await all_sealed(floor.premises, 2)
                assert len(set(owners(floor.premises))) == 2
                await stand_still(one.process, floor.premises.records)
                await two.says("engine.taken_over")
                one.process.send_signal(signal.SIGCONT)
                await until(lambda: len(set(owners(floor.premises))) == 1)
                await one.says("seat.lost")
                await until(lambda: floor.phone.is_on_the_line and phone2.is_on_the_line)
                await first.until("PAUSED")
        assert all(floor.calls_to(number) <= 1 for number in numbers)
        assert attempts(floor.premises) == [("SUCCESS", True)] * 2
