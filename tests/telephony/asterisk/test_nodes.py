"""Several Asterisks: who is seated where, what a full one takes, and what becomes of people when one dies."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from dialer.demo.carrier import AgentPhone
from dialer.domain.call import CallId, Connected, Ended, ListenMode, Party, RecordingStarted, SeatDown, SeatId, SeatUp
from dialer.ports import LeftCall, TelephonyRefused
from dialer.telephony.asterisk import AsteriskNodes, Node
from tests.builders import at
from tests.journeys.premises import Desk, until
from tests.journeys.sites import Floor, a_floor
from tests.telephony.asterisk.several import (
    SAYS_NOTHING,
    NodesRig,
    another_dialer,
    lose_contact,
    reborn,
    regain_contact,
    several,
)
from tests.telephony.rigs import ANSWERS, BUSY, HANGS_UP, RINGS_LONG, dial, ended, heard, seated, talk
from tests.telephony.sound import seconds_of
from trials.clock import FRIDAY, RunningClock

pytestmark = pytest.mark.asterisk

S1, S2, S3 = SeatId("s1"), SeatId("s2"), SeatId("s3")


def ups(rig: NodesRig, seat: str) -> int:
    return sum(isinstance(event, SeatUp) and event.seat == seat for event in rig.heard.all)


async def up_again(rig: NodesRig, seat: str, seconds: float = 8) -> None:
    await rig.let_pass(seconds, lambda: ups(rig, seat) == 2)


async def becomes(condition: Callable[[], bool], seconds: float = 8) -> None:
    """Wait for what no event tells."""
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.02)


MORNING = at(9, 30, day=FRIDAY)


# --- spreading ------------------------------------------------------------------------------------------------


async def test_seats_are_spread_by_capacity_and_their_calls_stay_with_them(tmp_path: Path):
    async with several(tmp_path, (40, 10)) as rig:
        await seated(rig, "s1", "s2", "s3", "s4", "s5")
        assert [len(rig.seats_on(name)) for name in ("north", "south")] == [4, 1]
        (south,) = rig.seats_on("south")
        await dial(rig, ANSWERS, call="in-south", seat=south)
        await heard(rig, Connected)
        assert [node.calls for node in rig.telephony.nodes] == [frozenset(), {"in-south"}]
        assert (await rig.telephony.alive()).calls == {"in-south"}


async def test_a_supervisor_and_a_hang_up_reach_a_call_wherever_it_is(tmp_path: Path):
    async with several(tmp_path) as rig:
        await seated(rig, "s1", "s2")
        await dial(rig, ANSWERS, call="call-2", seat="s2")
        await heard(rig, Connected)
        assert rig.home("s2") == "south"
        await rig.telephony.listen(CallId("call-2"), rig.phone("supervisor"), ListenMode.LISTEN)
        await becomes(lambda: rig.phones["supervisor"].is_on_the_line)
        await rig.telephony.stop_listening(CallId("call-2"))
        await rig.phones["supervisor"].hung_up()
        await rig.telephony.hang_up(CallId("call-2"))
        assert (await ended(rig, "call-2")).by is Party.DIALER


async def test_a_call_that_was_dialled_from_one_node_is_not_dialled_from_another(tmp_path: Path):
    async with several(tmp_path) as rig:
        await seated(rig, "s1", "s2")
        await ended(rig, await dial(rig, BUSY, call="once", seat="s1"))
        with pytest.raises(TelephonyRefused, match="dialled before"):
            await dial(rig, BUSY, call="once", seat="s2")


async def test_all_nodes_together_take_no_more_seats_than_allowed(tmp_path: Path):
    async with several(tmp_path) as rig:
        rig.telephony._max_seats = 2
        await seated(rig, "s1", "s2")
        with pytest.raises(TelephonyRefused, match="all 2 seats"):
            await rig.telephony.seat_agent(S3, rig.phone("s3"))


async def test_an_asterisk_on_another_host_that_calls_the_spool_otherwise_is_used_as_one_here(tmp_path: Path):
    mount = tmp_path / "mount"
    mount.symlink_to(tmp_path / "spool")
    async with several(tmp_path, (120,), bind="127.0.0.2", their_spool=mount) as rig:
        assert rig.nodes[0].url.startswith("http://127.0.0.2:")
        await seated(rig, "s1")
        recording = await talk(rig, seconds=0.5)
        await rig.telephony.hang_up(CallId("call-1"))
        assert (await ended(rig, "call-1")).failure is None
        assert seconds_of(recording.files.customer) > 0.4


# --- capacity -------------------------------------------------------------------------------------------------


async def test_a_full_node_takes_no_call_until_one_has_ended_and_says_so_before_it_is_asked(tmp_path: Path):
    async with several(tmp_path, (1,)) as rig:
        await seated(rig, "s1", "s2")
        await dial(rig, RINGS_LONG, call="first", seat="s1")
        assert "as many as it may" in rig.telephony.obstacle(S2)
        assert rig.telephony.notice == "Asterisk north 已满，坐席等待 · full, seats wait"
        with pytest.raises(TelephonyRefused, match="as many as it may"):
            await dial(rig, BUSY, call="second", seat="s2")
        await rig.telephony.hang_up(CallId("first"))
        await ended(rig, "first")
        assert rig.telephony.obstacle(S2) == rig.telephony.notice == ""
        await ended(rig, await dial(rig, BUSY, call="third", seat="s2"))
        assert [record.number for record in rig.carrier.log] == [RINGS_LONG, BUSY]


async def test_calls_that_go_on_from_before_our_restart_count(tmp_path: Path):
    async with several(tmp_path, (1,)) as rig:
        await seated(rig, "s1", "s2")
        await talk(rig, seconds=0.1)
        async with reborn(rig) as back:
            await seated(back, "s2")
            assert "as many as it may" in back.telephony.obstacle(S2)
            await back.telephony.hang_up(CallId("call-1"))
            await becomes(lambda: back.telephony.obstacle(S2) == "")


async def test_calls_of_other_dialers_on_the_node_count_from_their_first_moment(tmp_path: Path):
    async with several(tmp_path, (1,)) as rig, another_dialer(rig) as other:
        await seated(rig, "s1")
        await seated(other, "s2")
        await dial(rig, SAYS_NOTHING)
        await becomes(lambda: "as many as it may" in other.telephony.obstacle(S2), 1.0)
        await rig.telephony.hang_up(CallId("call-1"))
        await ended(rig, "call-1")
        await becomes(lambda: other.telephony.obstacle(S2) == "")


# --- a restart ------------------------------------------------------------------------------------------------


async def test_a_leg_that_a_killed_dialer_left_standing_is_found_on_its_node(tmp_path: Path):
    async with several(tmp_path) as rig:
        await seated(rig, "s1", "s2")
        leg = rig.phones["s2"].call
        assert rig.home("s2") == "south"
        async with reborn(rig) as back:
            await seated(back, "s2")
            assert back.home("s2") == "south"
            assert rig.phones["s2"].call is leg


async def test_a_node_that_is_not_there_at_the_start_is_used_when_it_comes(tmp_path: Path, monkeypatch):
    monkeypatch.setattr("dialer.telephony.asterisk.adapter._FIRST_CONTACT_SECONDS", 1.0)
    async with several(tmp_path, away=("south",)) as rig:
        assert rig.telephony.notice == "Asterisk south 失联 · out of contact"
        await seated(rig, "s1", "s2")
        assert rig.seats_on("north") == {"s1", "s2"}
        await rig.asterisk("south").start()
        await becomes(lambda: rig.telephony.notice == "")
        await seated(rig, "s3")
        assert rig.home("s3") == "south"


async def test_when_no_node_answers_the_start_is_refused_with_their_names(tmp_path: Path, monkeypatch):
    monkeypatch.setattr("dialer.telephony.asterisk.adapter._FIRST_CONTACT_SECONDS", 0.3)
    nodes = [Node("http://127.0.0.1:9", "secret", name=name) for name in ("north", "south")]
    with pytest.raises(TelephonyRefused, match="north, south"):
        await AsteriskNodes(RunningClock(), tmp_path, nodes).start()


# --- a node dies ----------------------------------------------------------------------------------------------


async def test_when_a_node_dies_its_calls_end_and_its_agents_are_seated_on_the_other(tmp_path: Path):
    async with several(tmp_path, patience_seconds=0.5) as rig:
        await seated(rig, "s1", "s2", "s3")
        assert rig.seats_on("north") == {"s1", "s3"}
        await talk(rig, seconds=0.1)
        await dial(rig, ANSWERS, call="call-2", seat="s2")
        await heard(rig, Connected, lambda event: event.call_id == "call-2")

        await rig.asterisk("north").kill()
        await becomes(lambda: rig.telephony.notice == "Asterisk north 失联 · out of contact")
        end = await ended(rig, "call-1")
        assert (end.by, end.failure) == (Party.DIALER, "WORKER_DIED")
        await up_again(rig, "s1")
        await up_again(rig, "s3")
        assert rig.seats_on("south") == {"s1", "s2", "s3"}
        of_s1 = [type(event) for event in rig.heard.all if getattr(event, "seat", "") == "s1" or event is end]
        assert of_s1 == [SeatUp, Ended, SeatDown, SeatUp]
        assert rig.heard.first(Ended, lambda event: event.call_id == "call-2") is None
        await talk(rig, call="call-3", seconds=0.1)

        await rig.asterisk("north").start()
        await becomes(lambda: rig.telephony.notice == "")
        await seated(rig, "s4")
        assert rig.home("s4") == "north"
        await ended(rig, await dial(rig, BUSY, call="call-4", seat="s4"))


async def test_a_call_that_a_dead_dialer_had_ordered_is_taken_up_on_its_own_node(tmp_path: Path):
    async with several(tmp_path) as rig:
        await seated(rig, "s1", "s2")
        await dial(rig, ANSWERS, call="call-2", seat="s2")
        await heard(rig, Connected)
        async with reborn(rig) as back:
            left = [("call-2", "s2"), ("never-begun", "s1")]
            asked = [LeftCall(CallId(call), SeatId(seat), rig.phone(seat)) for call, seat in left]
            assert await back.telephony.adopt(asked) == {"call-2"}
            assert back.home("s2") == "south"
            assert back.seats_on("north") == frozenset()
            await back.telephony.hang_up(CallId("call-2"))
            assert (await ended(back, "call-2")).failure is None


async def test_a_call_that_ended_before_its_node_died_keeps_its_true_outcome(tmp_path: Path):
    async with several(tmp_path, patience_seconds=0.5) as rig:
        await seated(rig, "s1", "s2")
        lose_contact(rig.telephony.nodes[0])
        rig.telephony.nodes[0]._contact.set()  # we don't know yet
        await dial(rig, BUSY)
        log = rig.asterisk("north").folders.cel
        await becomes(lambda: any("HANGUP" in line and "call.call-1" in line for line in log.read_text().splitlines()))
        await rig.asterisk("north").kill()
        rig.telephony.nodes[0]._lose_contact("killed")
        end = await ended(rig, "call-1")
        assert (end.by, end.sip_code, end.failure) == (Party.NETWORK, 486, None)


async def test_an_only_node_is_waited_for(tmp_path: Path):
    async with several(tmp_path, (120,), patience_seconds=0.1) as rig:
        await seated(rig, "s1")
        await talk(rig, seconds=0.1)
        await rig.asterisk("north").kill()
        await becomes(lambda: rig.telephony.nodes[0].away_seconds > 0.5)
        assert rig.heard.first(Ended, lambda _: True) is None
        assert "no connection" in rig.telephony.obstacle(S1)
        with pytest.raises(TelephonyRefused, match="no connection to Asterisk: north"):
            await rig.telephony.seat_agent(S2, rig.phone("s2"))
        await rig.asterisk("north").start()
        assert (await ended(rig, "call-1")).failure == "WORKER_DIED"
        await up_again(rig, "s1")


async def test_agents_of_the_last_node_to_die_are_seated_by_whichever_comes_back_first(tmp_path: Path):
    async with several(tmp_path, patience_seconds=0.3) as rig:
        await seated(rig, "s1", "s2")
        await asyncio.gather(*(each.kill() for each in rig.asterisks))
        await becomes(lambda: all(node.away_seconds > 0.5 for node in rig.telephony.nodes))
        assert rig.heard.first(SeatDown, lambda _: True) is None
        await rig.asterisk("south").start()
        await up_again(rig, "s1")
        await up_again(rig, "s2")
        assert rig.seats_on("south") == {"s1", "s2"}


async def test_an_agent_who_leaves_while_no_node_has_the_seat_is_not_called_back(tmp_path: Path):
    async with several(tmp_path, patience_seconds=0.3) as rig:
        rig.telephony._homeless[S1] = rig.phone("s1")
        await rig.telephony.unseat_agent(S1)
        await seated(rig, "s2")
        assert ups(rig, "s1") == 0
        assert rig.telephony._homeless == {}


async def test_an_agent_who_waits_on_a_full_node_is_called_from_one_that_has_come_back(tmp_path: Path, monkeypatch):
    monkeypatch.setattr("dialer.telephony.asterisk.adapter._FIRST_CONTACT_SECONDS", 1.0)
    async with several(tmp_path, (1, 1), away=("south",)) as rig:
        await seated(rig, "s1", "s2", "s3")
        await dial(rig, RINGS_LONG, ring_seconds=20)
        await rig.asterisk("south").start()
        await up_again(rig, "s2")
        assert (rig.home("s1"), rig.home("s2"), rig.home("s3")) == ("north", "south", "north")
        assert rig.telephony.obstacle(S2) == ""
        await dial(rig, RINGS_LONG, call="call-2", seat="s2")
        assert rig.telephony.obstacle(S3)
        assert ups(rig, "s1") == ups(rig, "s3") == 1


# --- a node only seems to die ---------------------------------------------------------------------------------


async def test_a_talk_that_goes_on_behind_a_cut_wire_is_not_given_up_and_is_told_when_the_wire_is_back(tmp_path: Path):
    async with several(tmp_path, patience_seconds=5.0) as rig:
        await seated(rig, "s1", "s2", "s3")
        recording: RecordingStarted = await talk(rig, seconds=0.1)
        north = rig.telephony.nodes[0]
        lose_contact(north)
        await up_again(rig, "s3", 8)  # the idle seat is called from the other
        assert rig.home("s3") == "south"
        await becomes(lambda: north.away_seconds > 11)
        assert rig.home("s1") == "north"
        assert rig.heard.first(Ended, lambda _: True) is None
        regain_contact(north)
        await becomes(lambda: north.in_contact)
        await rig.telephony.hang_up(CallId("call-1"))
        end = await ended(rig, "call-1")
        assert (end.by, end.failure) == (Party.DIALER, None)
        assert seconds_of(recording.files.customer) > 10


async def test_what_was_given_up_and_lives_is_hung_up_when_the_node_is_back(tmp_path: Path):
    async with several(tmp_path, patience_seconds=0.3) as rig:
        await seated(rig, "s1", "s2")
        await dial(rig, RINGS_LONG, ring_seconds=20)
        await heard(rig, SeatUp)
        north = rig.telephony.nodes[0]
        lose_contact(north)
        assert (await ended(rig, "call-1")).failure == "WORKER_DIED"
        await up_again(rig, "s1")
        regain_contact(north)
        await rig.carrier.idle(5)
        assert len(rig.carrier.calls_to(RINGS_LONG)) == 1
        assert rig.home("s1") == "south"
        assert (await rig.telephony.alive()).calls == frozenset()
        assert rig.phones["s1"].is_on_the_line


@pytest.mark.slow
async def test_an_asterisk_that_hangs_loses_its_people_and_finds_nothing_of_them_when_it_wakes(tmp_path: Path):
    async with several(tmp_path, patience_seconds=0.5) as rig:
        await seated(rig, "s1", "s2")
        await talk(rig, seconds=0.1)
        os.kill(rig.asterisk("north").pid, signal.SIGSTOP)
        assert (await ended(rig, "call-1", 20)).failure == "WORKER_DIED"
        await up_again(rig, "s1", 15)
        assert rig.home("s1") == "south"
        os.kill(rig.asterisk("north").pid, signal.SIGCONT)
        await becomes(lambda: rig.telephony.notice == "", 15)
        await rig.carrier.idle(10)
        assert rig.home("s1") == "south"
        assert rig.phones["s1"].is_on_the_line
        assert (await rig.telephony.nodes[0].standing()).seats == frozenset()


# --- the whole product ----------------------------------------------------------------------------------------


@asynccontextmanager
async def a_site_on(rig: NodesRig, folder: Path, numbers: Iterable[str] = (ANSWERS,)) -> AsyncIterator[Floor]:
    """A site whose settings name the rig's Asterisks, one section each."""
    sections = ['[asterisk]\napp = "journey"']
    for node, private in zip(rig.nodes, rig.asterisks, strict=True):
        sections.append(f"""
            [[asterisk.nodes]]
            name = "{node.name}"
            url = "{private.url}"
            ami = "{private.bind}:{private.ports.ami}"
            secrets = "{private.secrets_file}"
            cel = "{private.folders.cel}"
            capacity = {node.capacity}
        """)
    async with a_floor(folder, numbers) as floor:
        config = floor.premises.config
        on_asterisk = config.read_text().replace("[telephony]", '[telephony]\nengine = "asterisk"')
        config.write_text(on_asterisk + "\n".join(sections))
        yield floor


@pytest.mark.slow
async def test_an_agent_whose_asterisk_is_killed_takes_calls_from_the_other_and_the_floor_says_why(tmp_path: Path):
    async with several(tmp_path) as rig, a_site_on(rig, tmp_path / "site") as floor:
        premises = floor.premises
        await premises.create(MORNING, "leader", "CC_LEADER")
        async with (
            premises.started(MORNING) as serving,
            Desk.of(serving.url, "agent1") as desk,
            Desk.of(serving.url, "leader") as leader,
        ):
            await desk.take_calls()
            await desk.until("TALKING")
            leg = floor.phone.call
            await rig.asterisk("north").kill()
            assert await leader.notices() == ["Asterisk north 失联 · out of contact"]
            await until(lambda: floor.phone.call is not leg and floor.phone.is_on_the_line)
            await desk.until("TALKING")  # the customer who was cut off is called again
            attempts = premises.rows("SELECT outcome FROM attempts ORDER BY id")
            assert [row["outcome"] for row in attempts] == ["TECH", None]
            await rig.asterisk("north").start()
            await until(lambda: [row for row in premises.rows("SELECT notice FROM leases") if not row["notice"]])


@pytest.mark.slow
async def test_an_agent_waits_while_their_asterisk_is_full_and_no_case_pays_for_it(tmp_path: Path):
    numbers = (ANSWERS, HANGS_UP)
    async with (
        several(tmp_path, (1,)) as rig,
        a_site_on(rig, tmp_path / "site", numbers) as floor,
        AgentPhone("agent2") as phone,
    ):
        premises = floor.premises
        await premises.create(MORNING, "agent2", "CC_AGENT", "--phone", phone.uri)
        async with (
            premises.started(MORNING) as serving,
            Desk.of(serving.url, "agent1") as one,
            Desk.of(serving.url, "agent2") as other,
        ):
            await asyncio.gather(one.take_calls(), other.take_calls())
            await until(lambda: rig.carrier.log)
            busy, free = await _by_state(one, other)
            talking = await busy.until("TALKING")
            assert (await free.see())["seat"]["state"] == "READY"
            await busy.hang_up(talking)
            await free.until("TALKING")
        first, second = rig.carrier.log
        assert first.ended_at
        assert first.ended_at < second.invited_at
        assert {first.number, second.number} == set(numbers)
        assert "TECH" not in [row["outcome"] for row in premises.rows("SELECT outcome FROM attempts")]


async def _by_state(one: Desk, other: Desk) -> tuple[Desk, Desk]:
    """Who has the call, and who has none."""
    state = (await one.see())["seat"]["state"]
    return (other, one) if state == "READY" else (one, other)
