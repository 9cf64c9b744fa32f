"""Asterisk dies beside a dialer that lives, and comes back: nothing said is lost, nobody waits for a dead line.

What its death costs those who talk stands in `test_adoption`.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from dialer.telephony.behaviours import Behaviour
from tests.builders import at
from tests.journeys.findings import all_sealed, attempts, case_states, nothing_is_wrong
from tests.journeys.premises import Desk, Serving, until
from tests.journeys.sites import NUMBER, Floor, a_floor
from tests.journeys.worlds import World, in_worlds
from trials.clock import FRIDAY

pytestmark = [pytest.mark.sip, pytest.mark.slow]

MORNING = at(9, 30, day=FRIDAY)


async def asterisk_dies_and_returns(floor: Floor, serving: Serving) -> None:
    """As a crash, with a supervisor that starts it again; the agent's phone is called anew."""
    await floor.asterisk.kill()
    await serving.says("telephony.ari_lost")
    await floor.asterisk.start()
    await until(lambda: [each["event"] for each in serving.events].count("seat.up") == 2)


@in_worlds("sqlite-asterisk")
async def test_asterisk_killed_while_a_call_rings(tmp_path: Path, world: World):
    async with a_floor(tmp_path, conduct=Behaviour.RINGS_OUT, world=world) as floor:
        async with floor.premises.started(MORNING) as serving, Desk.of(serving.url, "agent1") as desk:
            await desk.take_calls()
            await until(lambda: floor.calls_to() == 1)
            await desk.until("RESERVED")
            floor.carrier.directory.scripts = {NUMBER: [Behaviour.ANSWERS]}
            await asterisk_dies_and_returns(floor, serving)
            await desk.interview()
            await all_sealed(floor.premises, 1)
            await until(lambda: case_states(floor.premises) == ["CLOSED_SUCCESS"])
            await nothing_is_wrong(floor.premises)
        assert attempts(floor.premises) == [("TECH", False), ("SUCCESS", True)]
        assert floor.calls_to() == 2


@in_worlds("sqlite-asterisk")
async def test_asterisk_killed_while_the_recording_is_sealed_and_the_agent_wraps_up(tmp_path: Path, world: World):
    async with a_floor(tmp_path, world=world) as floor:
        async with floor.premises.started(MORNING) as serving, Desk.of(serving.url, "agent1") as desk:
            await desk.take_calls()
            await desk.until("TALKING")
            await desk.answer_everything({})
            await desk.hang_up(await desk.see())
            await until(lambda: [*(tmp_path / "spool").glob("*/talk-customer.ogg.part")])
            await asterisk_dies_and_returns(floor, serving)
            await all_sealed(floor.premises, 1)
            assert (await desk.see())["seat"]["state"] == "WRAP_UP"
            await desk.do("/desk/wrap-up", note="")
            await until(lambda: case_states(floor.premises) == ["CLOSED_SUCCESS"])
            await desk.until("READY")
            await nothing_is_wrong(floor.premises)
        assert attempts(floor.premises) == [("SUCCESS", True)]
        assert floor.calls_to() == 1
