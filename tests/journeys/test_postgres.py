"""What only a database across a line can do to us: break off in the middle, and carry out what it never answers."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.builders import at
from tests.journeys.between import Line, a_line_to
from tests.journeys.findings import all_sealed, attempts, case_states, nothing_is_wrong
from tests.journeys.premises import Desk, Serving, until
from tests.journeys.sites import Floor, a_floor
from tests.journeys.worlds import World, in_worlds
from trials.clock import FRIDAY

pytestmark = [pytest.mark.sip, pytest.mark.slow]

MORNING = at(9, 30, day=FRIDAY)


@asynccontextmanager
async def on_a_bad_line(folder: Path, world: World) -> AsyncIterator[tuple[Floor, Line, Serving, Desk]]:
    """A floor whose dialer reaches its database over a line that can be cut; `agent1` waits for calls."""
    assert world.postgres is not None
    async with a_floor(folder, world=world) as floor, a_line_to(world.postgres.folder, folder) as line:
        config = floor.premises.config
        config.write_text(config.read_text().replace(f"host={world.postgres.folder}", f"host={folder}"))
        async with floor.premises.started(MORNING) as serving, Desk.of(serving.url, "agent1") as desk:
            yield floor, line, serving, desk


@in_worlds("postgres-pjsua")
async def test_a_call_whose_commit_was_never_answered_holds_up_its_agent_for_seconds_only(tmp_path: Path, world: World):
    async with on_a_bad_line(tmp_path, world) as (floor, line, serving, desk):
        line.loses_answer_to = b"INSERT INTO calls "
        await desk.take_calls()
        await serving.says("engine.storage_unavailable")
        assert attempts(floor.premises) == [(None, False)], "the database knows the call"
        assert floor.calls_to() == 0, "and nobody else does"
        await serving.says("call.stray")
        await desk.interview()
        await all_sealed(floor.premises, 1)
        await until(lambda: case_states(floor.premises) == ["CLOSED_SUCCESS"])
        assert attempts(floor.premises) == [("TECH", False), ("SUCCESS", True)]
        assert floor.calls_to() == 1
        await nothing_is_wrong(floor.premises)


@in_worlds("postgres-pjsua")
async def test_connections_that_break_while_people_talk_cost_nothing(tmp_path: Path, world: World):
    async with on_a_bad_line(tmp_path, world) as (floor, line, serving, desk):
        await desk.take_calls()
        screen = await desk.until("TALKING")
        for _ in range(3):
            assert line.cut()
            screen = await desk.answer(screen, {})
        await desk.interview()
        await all_sealed(floor.premises, 1)
        await until(lambda: case_states(floor.premises) == ["CLOSED_SUCCESS"])
        assert attempts(floor.premises) == [("SUCCESS", True)]
        assert floor.calls_to() == 1
        assert "console.failed" not in [each["event"] for each in serving.events]
        await nothing_is_wrong(floor.premises)
