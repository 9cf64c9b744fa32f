"""What only a real Asterisk can show: who hears whom, and what becomes of calls when somebody dies."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import socket
import threading
import time
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from dialer.demo.carrier import AgentPhone, HowItEnded
from dialer.domain.call import (
    Call,
    CallId,
    Connected,
    Ended,
    ListenMode,
    Party,
    Ringing,
    SeatDown,
    SeatId,
    SeatUp,
)
from dialer.domain.classify import classify, evidence_of
from dialer.domain.outcome import Outcome
from dialer.ports import TelephonyRefused
from dialer.recording.raw import read_sides
from dialer.telephony.asterisk import AmiAddress, AsteriskTelephony, Node
from dialer.telephony.asterisk.instance import PrivateAsterisk, find_program
from dialer.telephony.asterisk.ledger import Death, Ledger
from tests.telephony.rigs import (
    ANSWERS,
    BUSY,
    HANGS_UP,
    PARTS,
    RINGS_OUT,
    TEMPLATES,
    AsteriskRig,
    asterisk,
    dial,
    ended,
    heard,
    heard_from,
    node_of,
    pause,
    seat_down,
    seated,
    talk,
)
from tests.telephony.sound import seconds_of
from trials.clock import MORNING, RunningClock

pytestmark = pytest.mark.asterisk

CALL = CallId("call-1")


async def dialer_dies(rig: AsteriskRig) -> None:
    """As if killed: it hears nothing any more and says goodbye to nobody."""
    telephony = rig.telephony
    assert telephony._reading
    telephony._reading.cancel()
    await asyncio.gather(telephony._reading, return_exceptions=True)


async def dialer_returns(rig: AsteriskRig) -> None:
    rig.telephony._reading = asyncio.create_task(rig.telephony._read())


# --- sound ----------------------------------------------------------------------------------------------------


async def test_an_answered_customer_whom_asterisk_does_not_join_is_hung_up_and_not_left_in_silence(tmp_path: Path):
    lame = tmp_path / "templates"
    shutil.copytree(TEMPLATES, lame)
    plan = lame / "extensions.conf"
    plan.write_text(plan.read_text().replace("Bridge(${DIALER_SEAT})", "Wait(60)"))
    async with asterisk(tmp_path, templates=lame) as rig:
        await seated(rig, "s1")
        await dial(rig, ANSWERS)
        end = await ended(rig, "call-1")
        assert (end.by, end.failure) == (Party.DIALER, "NOT_JOINED")
        await rig.carrier.idle()


# --- the dialer dies ------------------------------------------------------------------------------------------


async def test_no_customer_is_left_in_silence_when_the_agent_hangs_up_while_no_dialer_runs(pbx: AsteriskRig):
    await seated(pbx, "s1")
    await talk(pbx, seconds=0.3)
    await dialer_dies(pbx)
    pbx.drop_phone("s1")
    await pbx.carrier.idle(2)
    await dialer_returns(pbx)
    end = await ended(pbx, "call-1")
    assert (end.by, end.failure) == (Party.AGENT, "SEAT_LOST")


async def test_the_seat_stays_when_the_customer_hangs_up_while_no_dialer_runs(pbx: AsteriskRig):
    await seated(pbx, "s1")
    await dial(pbx, HANGS_UP)
    connected = await heard(pbx, Connected)
    await dialer_dies(pbx)
    await pbx.carrier.idle(4)
    await asyncio.sleep(0.5)
    await dialer_returns(pbx)
    end = await ended(pbx, "call-1")
    assert (end.by, end.failure) == (Party.CUSTOMER, None)
    assert (end.at - connected.at).total_seconds() == pytest.approx(1.5, abs=0.25)  # when it ended, not when we knew
    assert pbx.phones["s1"].is_on_the_line
    await talk(pbx, call="call-2", seconds=0.1)


async def test_a_customer_who_answers_while_no_dialer_runs_is_joined_and_recorded_all_the_same(pbx: AsteriskRig):
    await seated(pbx, "s1")
    await dial(pbx, ANSWERS)
    await heard(pbx, Ringing)
    await dialer_dies(pbx)
    await asyncio.sleep(1.0)
    assert pbx.phones["s1"].loud_packets > 5
    await dialer_returns(pbx)
    await heard(pbx, Connected)
    await pbx.telephony.hang_up(CALL)
    end = await ended(pbx, "call-1")
    assert (end.by, end.failure) == (Party.DIALER, None)
    assert seconds_of(pbx.telephony._spool / "call-1" / "talk-customer.wav") > 0.7


async def test_a_refusal_that_nobody_heard_is_read_in_the_event_log(pbx: AsteriskRig):
    await seated(pbx, "s1")
    await dialer_dies(pbx)
    await dial(pbx, BUSY)
    await pbx.carrier.idle(2)
    await asyncio.sleep(0.1)
    await dialer_returns(pbx)
    end = await ended(pbx, "call-1")
    assert (end.by, end.sip_code, end.failure) == (Party.NETWORK, 486, None)


async def test_nobody_is_joined_to_an_agent_who_left_while_it_rang_and_no_dialer_ran(pbx: AsteriskRig):
    await seated(pbx, "s1")
    await dial(pbx, ANSWERS)
    await heard(pbx, Ringing)
    await dialer_dies(pbx)
    pbx.drop_phone("s1")
    await pbx.carrier.idle(2)
    assert pbx.carrier.calls_to(ANSWERS)[0].how is HowItEnded.CALLER_HUNG_UP


async def test_asterisk_gives_up_ringing_by_itself_when_the_dialer_is_dead(pbx: AsteriskRig):
    await seated(pbx, "s1")
    await dial(pbx, RINGS_OUT, ring_seconds=1.0)
    await dialer_dies(pbx)
    for call in pbx.telephony._board.calls.values():
        assert call.ring_timer
        call.ring_timer.cancel()
    await pbx.carrier.idle(6)
    await asyncio.sleep(0.1)
    await dialer_returns(pbx)
    end = await ended(pbx, "call-1")
    assert (end.by, end.sip_code, end.ring_timeout) == (Party.DIALER, 487, True)


# --- Asterisk dies --------------------------------------------------------------------------------------------


async def test_a_killed_asterisk_costs_its_calls_as_our_fault_and_its_seats_come_back(pbx: AsteriskRig):
    await seated(pbx, "s1", "s2")
    recording = await talk(pbx, seconds=6.0)
    await pbx.crash_and_return()
    end = await ended(pbx, "call-1", 5)
    assert (end.by, end.failure) == (Party.DIALER, "WORKER_DIED")
    await pbx.let_pass(5, lambda: sum(isinstance(event, SeatUp) for event in pbx.heard.all) == 4)
    downs = [event for event in pbx.heard.all if isinstance(event, SeatDown)]
    assert {event.seat for event in downs} == {"s1", "s2"}
    assert read_sides(recording.files).duration_ms > 1500  # but for the last 64 KiB, 4 s


async def test_an_order_that_asterisk_never_answered_is_not_repeated_and_resolves(pbx: AsteriskRig):
    await seated(pbx, "s1")
    os.kill(pbx.asterisk.pid, 19)  # it hangs: SIGSTOP
    ordering = asyncio.create_task(dial(pbx, ANSWERS))
    await asyncio.sleep(0.2)
    await pbx.crash_and_return()
    await ordering
    end = await ended(pbx, "call-1", 5)
    assert end.failure == "WORKER_DIED"
    assert len(pbx.carrier.calls_to(ANSWERS)) <= 1


# --- who vanishes ---------------------------------------------------------------------------------------------


async def test_a_customer_who_vanishes_without_a_goodbye_is_missed(pbx: AsteriskRig):
    await seated(pbx, "s1")
    await talk(pbx, seconds=0.5)
    pbx.carrier.go_dead(ANSWERS)
    end = await ended(pbx, "call-1", seconds=8)
    assert (end.by, end.failure) == (Party.NETWORK, "SOUND_LOST")


async def test_a_phone_that_vanishes_frees_its_seat(pbx: AsteriskRig):
    await seated(pbx, "s1")
    phone = pbx.phones["s1"]
    assert phone.call
    phone._uas.pacer.drop(phone.call.stream)
    await pbx.let_pass(8, lambda: pbx.heard.first(SeatDown, lambda _: True) is not None)
    assert (await pbx.telephony.alive()).seats == frozenset()


# --- the witness ----------------------------------------------------------------------------------------------


async def test_a_witness_that_cannot_log_in_costs_an_alarm_and_no_call(tmp_path: Path):
    async with asterisk(tmp_path) as pbx, AsyncExitStack() as stack:
        await pbx.telephony.close()
        ami = AmiAddress(pbx.asterisk.bind, pbx.asterisk.ports.ami, "wrong")
        with capture_logs() as logs:
            deaf = AsteriskTelephony(RunningClock(), tmp_path / "spool", replace(node_of(pbx.asterisk), ami=ami))
            events = await stack.enter_async_context(heard_from(deaf))
            rig = replace(pbx, telephony=deaf, heard=events)
            await seated(rig, "s1")
            assert (await ended(rig, await dial(rig, BUSY, call="call-2"))).sip_code == 486
            await _alarmed(rig)
        assert "telephony.witness_lost" in {line["event"] for line in logs}


async def test_a_witness_that_tells_another_story_is_counted_and_the_event_log_decides(pbx: AsteriskRig):
    await seated(pbx, "s1")
    assert pbx.telephony.witness
    await _listening(pbx)
    pbx.telephony.witness.ledger = _Liar()
    with capture_logs() as logs:
        end = await ended(pbx, await dial(pbx, BUSY))
    assert (end.by, end.sip_code) == (Party.NETWORK, 486)
    assert pbx.telephony.judge.disagreements == 1
    assert "telephony.witness_disagrees" in {line["event"] for line in logs}


class _Liar(Ledger):
    def hear(self, name: str, keys: Mapping[str, Any]) -> str | None:
        channel = super().hear(name, keys)
        if channel:
            self.deaths[channel] = Death(1, 404)
        return channel


async def _alarmed(rig: AsteriskRig) -> None:
    assert rig.telephony.witness
    async with asyncio.timeout(5):
        while rig.telephony.witness.alarms == 0:
            await asyncio.sleep(0.01)


async def _listening(rig: AsteriskRig) -> None:
    assert rig.telephony.witness
    async with asyncio.timeout(3):
        while not rig.telephony.witness.listening:
            await asyncio.sleep(0.01)


async def test_the_witness_sees_the_ends_of_calls(pbx: AsteriskRig):
    await _listening(pbx)
    await seated(pbx, "s1")
    await ended(pbx, await dial(pbx, BUSY))
    assert pbx.telephony.witness
    assert pbx.telephony.witness.ledger.deaths["dialer.call.call-1"] == Death(17, 486)
    assert pbx.telephony.judge.disagreements == 0


async def test_the_witness_comes_back_after_asterisk_did(pbx: AsteriskRig):
    await _listening(pbx)
    await pbx.crash_and_return()
    await _alarmed(pbx)
    await _listening(pbx)


# --- refusals and leaks ---------------------------------------------------------------------------------------


async def test_an_asterisk_that_is_not_there_refuses_the_start(tmp_path: Path, monkeypatch):
    monkeypatch.setattr("dialer.telephony.asterisk.adapter._FIRST_CONTACT_SECONDS", 0.3)
    telephony = AsteriskTelephony(RunningClock(), tmp_path, Node("http://127.0.0.1:9", "secret"))
    with pytest.raises(TelephonyRefused):
        await telephony.start()


@pytest.mark.parametrize("address", ["sip:a@127.0.0.1>\r\nEvil: yes", "http://x", "sip:a b@c", "", "sip:a@b/c,d"])
async def test_nothing_that_is_no_sip_address_is_called(pbx: AsteriskRig, address):
    with pytest.raises(TelephonyRefused):
        await pbx.telephony.seat_agent(SeatId("s1"), address)


async def test_a_call_id_that_is_no_plain_name_is_refused_before_anything_rings(pbx: AsteriskRig):
    await seated(pbx, "s1")
    for call in ("../../elsewhere", "a,b", "${SHELL(id)}"):
        with pytest.raises(TelephonyRefused):
            await dial(pbx, ANSWERS, call=call)
    assert pbx.carrier.log == []


async def test_a_spool_whose_name_means_something_to_a_dialplan_refuses_the_start(tmp_path: Path):
    telephony = AsteriskTelephony(RunningClock(), tmp_path / "a,b", Node("http://127.0.0.1:9", "secret"))
    with pytest.raises(TelephonyRefused):
        await telephony.start()


async def test_closing_leaks_no_process_thread_socket_or_file(tmp_path: Path):
    before = _open_things()
    async with asterisk(tmp_path) as pbx:
        await seated(pbx, "s1", "s2")
        await talk(pbx, seconds=0.2)
        await pbx.telephony.listen(CALL, pbx.phone("supervisor"), ListenMode.LISTEN)
        await pause(pbx, 0.3)
        pid = pbx.asterisk.pid
    assert str(pid) not in os.listdir("/proc")  # noqa: PTH208  # names are all it needs
    assert _open_things() == before


def _open_things() -> tuple[list[str], list[str]]:
    held = [str(link.readlink()).split(":[")[0] for link in Path("/proc/self/fd").iterdir() if link.is_symlink()]
    threads = [thread.name for thread in threading.enumerate() if not re.match(r".*waitpid-|asyncio_", thread.name)]
    return sorted(held), sorted(threads)


async def test_nothing_of_ours_stays_on_asterisk_when_we_close(pbx: AsteriskRig):
    await seated(pbx, "s1")
    await talk(pbx, seconds=0.1)
    await pbx.telephony.listen(CALL, pbx.phone("supervisor"), ListenMode.BARGE)
    await pause(pbx, 0.3)
    began = time.monotonic()
    await pbx.telephony.close()
    assert time.monotonic() - began < 2
    async with asyncio.timeout(2):
        await pbx.phones["supervisor"].hung_up()
        await pbx.phones["s1"].hung_up()


async def test_no_log_line_carries_the_customers_number_or_a_secret(tmp_path: Path, capfd):
    with capture_logs() as logs:
        async with asterisk(tmp_path) as pbx:
            await seated(pbx, "s1")
            await ended(pbx, await dial(pbx, RINGS_OUT, ring_seconds=0.3))
            await pbx.crash_and_return()
            await seat_down(pbx)
            secrets = (pbx.asterisk.secrets.ari, pbx.asterisk.secrets.ami)
            log = pbx.asterisk.folders.log
    assert {line["event"] for line in logs} >= {"telephony.dialled", "telephony.ari_lost"}
    printed = capfd.readouterr()
    said = repr(logs) + printed.out + printed.err + repr(pbx.asterisk.secrets) + repr(node_of(pbx.asterisk))
    said += "".join(path.read_text(errors="replace") for path in log.rglob("*") if path.is_file())
    assert RINGS_OUT not in said
    assert not any(secret in said for secret in secrets)


async def test_ten_calls_in_a_row_end_once_each_and_agree(pbx: AsteriskRig):
    await _listening(pbx)
    await seated(pbx, "s1")
    for index in range(10):
        await dial(pbx, ANSWERS, call=f"call-{index}", ring_seconds=0.19 + index * 0.005)  # it answers after 0.2 s
        await pause(pbx, 0.3)
        await pbx.telephony.hang_up(CallId(f"call-{index}"))
        await ended(pbx, f"call-{index}")
    await pbx.carrier.idle(3)
    assert sum(isinstance(event, Ended) for event in pbx.heard.all) == 10
    assert pbx.telephony.judge.disagreements == 0


async def test_a_trunk_that_is_silent_or_not_there_is_never_the_customers_doing(tmp_path: Path):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as deaf:
        deaf.bind(("127.0.0.1", 0))
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as gone:
            gone.bind(("127.0.0.1", 0))
            trunks = [f"127.0.0.1:{each.getsockname()[1]}" for each in (deaf, gone)]
        for index, trunk in enumerate(trunks):
            assert await _outcome_over(trunk, tmp_path / str(index)) in {Outcome.NETWORK, Outcome.TECH}


async def _outcome_over(trunk: str, home: Path) -> Outcome:
    program = find_program(PARTS)
    assert program
    async with AsyncExitStack() as stack:
        phone = await stack.enter_async_context(AgentPhone("s1"))
        private = PrivateAsterisk(program, TEMPLATES, home / "asterisk", trunk)
        await private.start()
        stack.push_async_callback(private.kill)
        telephony = AsteriskTelephony(RunningClock(), home / "spool", node_of(private))
        events = await stack.enter_async_context(heard_from(telephony))
        rig = AsteriskRig(telephony, events, None, {"s1": phone}, private)  # type: ignore[arg-type]  # no carrier
        await seated(rig, "s1")
        await ended(rig, await dial(rig, ANSWERS, ring_seconds=1.0), seconds=10)
        call = Call(CALL, SeatId("s1"), MORNING)
        for event in events.of_call(CALL):
            call, _ = call.step(event)  # type: ignore[arg-type]  # a call's events are call events
        return classify(evidence_of(call))
