"""What only the real phone system can show: who hears whom, processes that die, and what they leave."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
import threading
import time
from collections import deque
from datetime import timedelta
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from dialer.demo.carrier import AgentPhone, HowItEnded
from dialer.demo.carrier.sip import sdp_for
from dialer.domain.call import CallId, Connected, Ended, ListenMode, Party, SeatId, SeatUp
from dialer.ports import TelephonyRefused
from dialer.recording.raw import read_sides
from dialer.telephony.pjsua import PjsuaTelephony
from dialer.telephony.pjsua.adapter import _pause_before_restart, _Seat, _Timeline
from dialer.telephony.pjsua.worker import HANG_SECONDS
from tests.demo.caller import Caller
from tests.telephony.rigs import (
    ANSWERS,
    RINGS_OUT,
    PjsuaRig,
    StillClock,
    dial,
    ended,
    heard,
    heard_from,
    pause,
    pjsua,
    seat_down,
    seated,
    talk,
)
from trials.clock import RunningClock

pytestmark = pytest.mark.sip

CALL = CallId("call-1")


async def test_a_killed_worker_leaves_its_sound_but_for_half_a_second(sip: PjsuaRig):
    await seated(sip, "s1")
    recording = await talk(sip, seconds=2.0)
    sip.kill_worker("s1")
    killed = time.monotonic()
    end = await ended(sip, "call-1", seconds=2)
    assert end.failure == "WORKER_DIED"
    await sip.let_pass(5, lambda: sum(isinstance(event, SeatUp) for event in sip.heard.all) == 2)
    assert time.monotonic() - killed < 5
    talked = (end.at - recording.at).total_seconds()
    assert talked - 0.7 < read_sides(recording.files).duration_ms / 1000 <= talked + 0.1


async def test_five_seats_talk_at_once(sip: PjsuaRig):
    seats = ("s1", "s2", "s3", "s4", "s5")
    await seated(sip, *seats)
    for seat in seats:
        await dial(sip, ANSWERS, call=f"call-{seat}", seat=seat)
    await sip.let_pass(5, lambda: sum(isinstance(event, Connected) for event in sip.heard.all) == 5)
    await pause(sip, 1.0)
    assert len({sip.telephony.worker_pid(SeatId(seat)) for seat in seats}) == 5
    for seat in seats:
        await sip.telephony.hang_up(CallId(f"call-{seat}"))
        await ended(sip, f"call-{seat}")
    await sip.carrier.idle()
    assert all(call.loud_packets_received > 10 for call in sip.carrier.calls_to(ANSWERS))
    assert all(sip.phones[seat].loud_packets > 10 for seat in seats)


async def test_a_killed_worker_costs_no_other_seat_its_call(sip: PjsuaRig):
    await seated(sip, "s1", "s2")
    await talk(sip, seconds=0.1)
    await dial(sip, ANSWERS, call="call-2", seat="s2")
    await heard(sip, Connected, lambda event: event.call_id == "call-2")
    sip.kill_worker("s1")
    await ended(sip, "call-1")
    await pause(sip, 0.5)
    assert (await sip.telephony.alive()).calls == {"call-2"}
    assert sip.carrier.open_calls == 2  # nobody said goodbye for the killed one; its silence will


async def test_workers_hang_up_and_die_when_their_parent_is_killed(sip: PjsuaRig, tmp_path: Path):
    child = [sys.executable, str(Path(__file__).with_name("kept_by_parent.py"))]
    arguments = [sip.carrier.address, sip.phone("s2"), str(tmp_path / "orphan")]
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    parent = await asyncio.create_subprocess_exec(*child, *arguments, stdout=asyncio.subprocess.PIPE, env=env)
    assert parent.stdout
    lines = parent.stdout
    async with asyncio.timeout(10):
        while not (line := (await lines.readline()).strip()).isdigit():
            pass
    worker = int(line)
    parent.kill()
    await parent.wait()
    await sip.carrier.idle(5)
    assert sip.carrier.calls_to(ANSWERS)[0].how is HowItEnded.CALLER_HUNG_UP
    await sip.phones["s2"].hung_up()
    await _exited(worker, within_seconds=6)


async def _exited(pid: int, within_seconds: float) -> None:
    """Wait until a process is no more, whoever its parent is."""
    try:
        watched = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    over = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_reader(watched, over.set)
    try:
        await asyncio.wait_for(over.wait(), within_seconds)
    finally:
        loop.remove_reader(watched)
        os.close(watched)


async def test_closing_leaks_no_process_thread_socket_or_file(tmp_path: Path):
    before = _open_things()
    async with pjsua(tmp_path / "spool") as sip:
        await seated(sip, "s1", "s2")
        await talk(sip, seconds=0.2)
        sip.kill_worker("s2")
        await sip.let_pass(5, lambda: sum(isinstance(event, SeatUp) for event in sip.heard.all) == 3)
        workers = [sip.telephony.worker_pid(SeatId(seat)) for seat in ("s1", "s2")]
        await sip.telephony.unseat_agent(SeatId("s2"))
        await seat_down(sip, "s2")
    assert all(workers)
    assert not set(map(str, workers)) & set(os.listdir("/proc"))  # noqa: PTH208  # names are all it needs
    assert _open_things() == before


def _open_things() -> tuple[list[str], list[str]]:
    """What this process holds open by kind (`socket`, `pipe`, files by name), and its threads."""
    held = [str(link.readlink()).split(":[")[0] for link in Path("/proc/self/fd").iterdir() if link.is_symlink()]
    threads = [thread.name for thread in threading.enumerate() if "waitpid-" not in thread.name]
    return sorted(held), sorted(threads)


async def test_a_customer_who_vanishes_without_a_goodbye_is_missed(sip: PjsuaRig):
    await seated(sip, "s1")
    await talk(sip, seconds=1.5)
    sip.carrier.go_dead(ANSWERS)
    end = await ended(sip, "call-1", seconds=8)
    assert (end.by, end.failure) == (Party.NETWORK, "SOUND_LOST")


async def test_a_trunk_that_is_silent_or_not_there_is_our_failure_and_no_ring_timeout(tmp_path: Path):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as deaf:
        deaf.bind(("127.0.0.1", 0))
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as gone:
            gone.bind(("127.0.0.1", 0))
            trunks = [f"127.0.0.1:{each.getsockname()[1]}" for each in (deaf, gone)]
        silent, absent = await asyncio.gather(*(_call_over(trunk, tmp_path) for trunk in trunks))
    assert (silent.ring_timeout, silent.failure, silent.sip_code) == (False, "TRUNK_SILENT", None)
    assert absent.failure in {"TRUNK_SILENT", "TRUNK_LOST"}
    assert absent.sip_code is None


async def test_a_stranger_who_calls_a_workers_port_is_refused_and_the_talk_goes_on(sip: PjsuaRig):
    await seated(sip, "s1")
    await talk(sip, seconds=0.1)
    leg = sip.phones["s1"].call
    assert leg
    host, port = leg._source
    async with Caller.on_loopback() as caller:
        for garbage in (
            b"",
            b"\x00" * 1500,
            b"INVITE\r\n\r\n",
            b"INVITE sip:a@b SIP/2.0\r\nVia: x\r\n\r\n",
            b"\xff" * 20,
        ):
            caller.transport.sendto(garbage, (host, port))
        for call in "abcde":
            caller.say("INVITE", f"{host}:{port}", "anybody", call=call, sdp=sdp_for(caller.host, caller.port))
        await caller.until(lambda: all(set(caller.codes(call)) & {403, 486} for call in "abcde"))
    await sip.telephony.hang_up(CALL)
    assert (await ended(sip, "call-1")).failure is None
    await dial(sip, ANSWERS, call="call-2")
    await heard(sip, Connected, lambda event: event.call_id == "call-2")


async def test_a_supervisors_phone_that_refuses_disturbs_nobody(sip: PjsuaRig):
    await seated(sip, "s1")
    await talk(sip, seconds=0.1)
    for _ in range(3):
        await sip.telephony.listen(CALL, sip.phone("absent"), ListenMode.BARGE)
        await pause(sip, 0.2)
    await sip.telephony.hang_up(CALL)
    assert (await ended(sip, "call-1")).failure is None


def test_workers_instants_keep_their_order_and_follow_a_clock_that_jumps():
    clock = StillClock()
    timeline = _Timeline(clock)
    at = time.monotonic()
    assert timeline.date(at) == timeline.date(at) < timeline.date(at + 0.001)
    clock.move_to(clock.instant + timedelta(hours=3))
    assert abs(timeline.date(time.monotonic()) - clock.instant) < timedelta(seconds=0.1)


async def test_a_trunk_address_that_is_none_places_nothing_and_says_so(tmp_path: Path):
    end = await _call_over("not an address", tmp_path)
    assert (end.by, end.failure) == (Party.DIALER, "NOT_PLACED")


@pytest.mark.slow
async def test_a_worker_that_hangs_is_killed_by_its_own_alarm(sip: PjsuaRig):
    await seated(sip, "s1")
    pid = sip.telephony.worker_pid(SeatId("s1"))
    assert pid
    os.kill(pid, signal.SIGSTOP)
    await pause(sip, HANG_SECONDS + 0.5)
    os.kill(pid, signal.SIGCONT)
    down = await seat_down(sip)
    assert str(-signal.SIGALRM) in down.why


def test_a_worker_that_dies_again_and_again_is_given_up_and_old_deaths_are_forgotten():
    seat = _Seat(SeatId("s1"), "sip:a@b")
    pauses = [_pause_before_restart(seat) for _ in range(6)]
    assert pauses == [0.0, 0.5, 1.0, 2.0, 4.0, None]
    seat.deaths = deque(death - 61 for death in seat.deaths)
    assert _pause_before_restart(seat) == 0.0


async def _call_over(trunk: str, spool: Path) -> Ended:
    async with AgentPhone("s1") as phone:
        telephony = PjsuaTelephony(RunningClock(), spool, trunk)
        async with heard_from(telephony) as events:
            rig = PjsuaRig(telephony, events, None, {"s1": phone})  # type: ignore[arg-type]  # no carrier is the point
            await seated(rig, "s1")
            return await ended(rig, await dial(rig, ANSWERS, ring_seconds=1.0), seconds=10)


async def test_the_answer_that_crosses_the_ring_timeout_ends_once_and_leaves_nobody_on_the_line(sip: PjsuaRig):
    await seated(sip, "s1")
    for index in range(5):
        await dial(sip, ANSWERS, call=f"call-{index}", ring_seconds=0.19 + index * 0.005)  # it answers after 0.2 s
        await pause(sip, 0.4)
        await sip.telephony.hang_up(CallId(f"call-{index}"))
        await ended(sip, f"call-{index}")
    await sip.carrier.idle(3)
    assert sum(isinstance(event, Ended) for event in sip.heard.all) == 5


@pytest.mark.parametrize("address", ["sip:a@127.0.0.1>\r\nEvil: yes", "http://x", "sip:a b@c", ""])
async def test_nothing_that_is_no_sip_address_is_called(sip: PjsuaRig, address):
    with pytest.raises(TelephonyRefused):
        await sip.telephony.seat_agent(SeatId("s1"), address)


async def test_a_call_id_that_is_no_plain_name_is_refused_before_anything_rings(sip: PjsuaRig):
    await seated(sip, "s1")
    with pytest.raises(TelephonyRefused):
        await dial(sip, ANSWERS, call="../../elsewhere")
    assert sip.carrier.log == []


async def test_seats_beyond_the_limit_are_refused(tmp_path: Path):
    telephony = PjsuaTelephony(RunningClock(), tmp_path, "127.0.0.1:9", max_seats=0)
    async with heard_from(telephony):
        with pytest.raises(TelephonyRefused):
            await telephony.seat_agent(SeatId("s1"), "sip:a@127.0.0.1:9")


async def test_a_spool_that_cannot_be_made_refuses_the_start(tmp_path: Path):
    (tmp_path / "file").write_text("")
    with pytest.raises(TelephonyRefused):
        await PjsuaTelephony(RunningClock(), tmp_path / "file" / "spool", "127.0.0.1:9").start()


async def test_no_log_line_carries_the_customers_number(sip: PjsuaRig, capfd):
    with capture_logs() as logs:
        await seated(sip, "s1")
        await ended(sip, await dial(sip, RINGS_OUT, ring_seconds=0.3))
        sip.kill_worker("s1")
        await seat_down(sip)
    assert {line["event"] for line in logs} >= {"telephony.dialled", "telephony.worker_died"}
    printed = capfd.readouterr()
    assert RINGS_OUT not in repr(logs) + printed.out + printed.err
