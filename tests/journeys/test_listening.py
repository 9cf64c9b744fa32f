"""A supervisor gets into a live call from the floor page: real phones, real dialer, and the log of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from dialer.demo.carrier import AgentPhone
from dialer.telephony.asterisk.ari import Ari
from dialer.telephony.asterisk.configuration import USER
from tests.builders import at
from tests.journeys.premises import Desk, Serving, until
from tests.journeys.sites import Floor, a_floor
from tests.journeys.worlds import World, in_worlds
from trials.clock import FRIDAY

pytestmark = [pytest.mark.sip, pytest.mark.slow]

MORNING = at(9, 30, day=FRIDAY)
BOTH = in_worlds("sqlite-pjsua", "postgres-asterisk")


@asynccontextmanager
async def supervised(folder: Path, world: World) -> AsyncIterator[tuple[Floor, AgentPhone]]:
    """A site with a team leader, who has a phone of their own."""
    async with a_floor(folder, world=world) as floor, AgentPhone("leader") as phone:
        await floor.premises.create(MORNING, "zhangwei", "CC_LEADER", "--phone", phone.uri)
        yield floor, phone


@asynccontextmanager
async def a_talk(serving: Serving) -> AsyncIterator[tuple[Desk, Desk, str]]:
    """The agent talks to a customer; the leader looks at the floor."""
    async with Desk.of(serving.url, "agent1") as desk, Desk.of(serving.url, "zhangwei") as leader:
        await desk.take_calls()
        yield desk, leader, (await desk.until("TALKING"))["call"]["id"]


def log_of(floor: Floor) -> list[dict[str, Any]]:
    return floor.premises.rows("SELECT call_id, login, mode, joined_at, ending FROM listenings ORDER BY id")


async def channels_of(floor: Floor) -> list[str]:
    """What Asterisk calls the channels it has."""
    ari = await Ari(floor.asterisk.url, "probe", USER, floor.asterisk.secrets.ari).open()
    try:
        return [channel["name"] for channel in await ari.get("/channels")]
    finally:
        await ari.close()


@BOTH
async def test_a_leader_listens_barges_in_and_leaves_and_all_of_it_is_in_the_log(tmp_path: Path, world: World):
    async with supervised(tmp_path, world) as (floor, phone), floor.premises.started(MORNING) as serving:
        async with a_talk(serving) as (desk, leader, call):
            for mode in ("LISTEN", "BARGE"):
                await leader.do("/floor/listen", call=call, mode=mode)
                await until(lambda: log_of(floor)[-1]["joined_at"])
            await phone.sound_after(0.0)
            assert (await leader.see("/floor"))["seats"][0]["listening"] == {
                "by": "zhangwei",
                "mode": "BARGE",
                "live": True,
            }
            await leader.do("/floor/stop-listening")
            await phone.hung_up()
            assert (await desk.see())["seat"]["state"] == "TALKING"
            assert [(each["login"], each["mode"], each["ending"]) for each in log_of(floor)] == [
                ("zhangwei", "LISTEN", "CHANGED"),
                ("zhangwei", "BARGE", "LEFT"),
            ]
            assert {each["call_id"] for each in log_of(floor)} == {call}
        said = [event for event in serving.events if event["event"].startswith("listening.")]
        assert {(event["by"], event.get("mode")) for event in said} >= {("zhangwei", "LISTEN"), ("zhangwei", "BARGE")}


@BOTH
async def test_a_leaders_phone_that_does_not_answer_is_told_on_the_floor(tmp_path: Path, world: World):
    async with supervised(tmp_path, world) as (floor, phone), floor.premises.started(MORNING) as serving:
        phone.answers = False
        async with a_talk(serving) as (_, leader, call):
            await leader.do("/floor/listen", call=call, mode="LISTEN")
            await until(lambda: log_of(floor)[-1]["ending"] == "UNANSWERED")
            assert "您的话机没有接听" in (await leader.fetch("/floor")).decode()


@in_worlds("sqlite-asterisk")
async def test_a_supervisor_who_barged_in_is_out_of_the_call_when_the_next_dialer_takes_it_up(
    tmp_path: Path, world: World
):
    async with supervised(tmp_path, world) as (floor, phone):
        async with floor.premises.started(MORNING) as serving, a_talk(serving) as (_, leader, call):
            await leader.do("/floor/listen", call=call, mode="BARGE")
            await until(lambda: log_of(floor)[-1]["joined_at"])
            await serving.kill()
        assert phone.is_on_the_line
        async with floor.premises.started(MORNING, log="again.log") as serving:
            await phone.hung_up(20)
            async with Desk.of(serving.url, "agent1") as desk:
                await desk.until("TALKING")
            await until(lambda: log_of(floor)[-1]["ending"] == "LEFT")
            assert not any(name.startswith("Snoop/") for name in await channels_of(floor))
