"""A dialer killed while a difficult case is read, or right after its agent's key: nothing is stuck or called twice.

The network's own log is the witness of what was dialled.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.journeys.findings import LATER, all_sealed, attempts, case_states, nothing_is_wrong
from tests.journeys.premises import Desk, Premises, until
from tests.journeys.sites import POLICY_NO, Floor, a_floor
from tests.journeys.test_kills import MORNING, phone_is_called_again, stand_still
from tests.journeys.worlds import World, in_worlds

pytestmark = [pytest.mark.sip, pytest.mark.slow]

EVERYBODY = "1"


async def _is_read(desk: Desk) -> None:
    """The case is on the desk, and why."""
    shown = (await desk.until("PREVIEW"))["preview"]
    assert (shown["policy_no"], shown["why"]) == (POLICY_NO, "ELDERLY")


async def _dialled_and_talked_through(floor: Floor, desk: Desk) -> None:
    await desk.do("/desk/dial")
    await desk.interview()
    await all_sealed(floor.premises, 1)
    await nothing_is_wrong(floor.premises)
    assert attempts(floor.premises) == [("SUCCESS", True)]
    assert case_states(floor.premises) == ["CLOSED_SUCCESS"]
    assert floor.calls_to() == 1


@in_worlds("sqlite-pjsua", "postgres-pjsua", "sqlite-asterisk")
async def test_killed_while_a_case_is_read(tmp_path: Path, world: World):
    async with a_floor(tmp_path, world=world, preview_elderly_from=EVERYBODY) as floor:
        async with floor.premises.started(MORNING) as serving, Desk.of(serving.url, "agent1") as desk:
            await desk.take_calls()
            await _is_read(desk)
            await serving.kill()
        assert floor.calls_to() == 0
        async with floor.premises.started(LATER) as serving, Desk.of(serving.url, "agent1") as desk:
            await serving.says("engine.taken_over")
            await phone_is_called_again(floor.phone)
            await _is_read(desk)
            await _dialled_and_talked_through(floor, desk)


def _open_orders(premises: Premises) -> list[str]:
    return [row["kind"] for row in premises.rows("SELECT kind FROM desk_orders WHERE done_at IS NULL")]


@in_worlds("sqlite-pjsua", "postgres-pjsua")
async def test_killed_between_the_agents_key_and_the_call(tmp_path: Path, world: World):
    async with a_floor(tmp_path, world=world, preview_elderly_from=EVERYBODY) as floor:
        async with (
            floor.premises.started(MORNING, "--only", "console", log="console.log") as console,
            Desk.of(console.url, "agent1") as desk,
            floor.premises.started(MORNING, "--only", "engine", log="engine.log") as engine,
        ):
            await desk.take_calls()
            await _is_read(desk)
            await stand_still(engine.process, floor.premises.records)
            await desk.do("/desk/dial")
            assert _open_orders(floor.premises) == ["DIAL"]
            await engine.kill()
        assert floor.calls_to() == 0
        async with floor.premises.started(LATER) as serving, Desk.of(serving.url, "agent1") as desk:
            await serving.says("engine.taken_over")
            await until(lambda: not _open_orders(floor.premises))
            await phone_is_called_again(floor.phone)
            await _is_read(desk)
            assert floor.calls_to() == 0, "the key was for a screen that is gone"
            await _dialled_and_talked_through(floor, desk)
