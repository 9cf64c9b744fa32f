"""A supervisor's wish, from the row in the database through the phone system and back into the log."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from dialer.domain.call import CallId, ListenMode
from dialer.domain.listening import Listening, ListeningEnd
from dialer.domain.phone import PhoneNumber
from dialer.domain.seat import SeatState
from dialer.domain.user import Role, User
from dialer.engine import EngineParts
from dialer.engine.desks import serve_desks
from dialer.engine.following import Follower
from dialer.storage.signals import open_signals
from dialer.telephony.simulated import SimulatedTelephony
from dialer.usecases.listen_in import listen_in, stop_listening
from tests.builders import a_user
from tests.engine.conftest import parts_of
from tests.usecases.site import SEAT, Site, SiteClock

LISTEN, WHISPER, BARGE = ListenMode
CUSTOMER = "13800138001"


@dataclass
class Floor:
    """An engine at work in virtual time, an agent who talks to a customer, and a supervisor."""

    site: Site
    parts: EngineParts
    phones: SimulatedTelephony
    supervisor: User
    call: CallId

    async def asks(self, mode: ListenMode) -> None:
        await listen_in(self.site.storage, self.parts.signals, self.supervisor, self.call, mode, self.site.now)
        await self.goes_on(1)

    async def goes_on(self, seconds: float) -> None:
        """The engine does what is wished, and so much time passes."""
        await serve_desks(self.parts)
        await self.phones.advance(seconds)

    async def log(self) -> list[Listening]:
        async with self.site.storage.read() as work:
            return [*await work.listenings.of_call(self.call)]

    async def log_shows(self, **facts: object) -> Listening:
        """Wait until the last line of the log is like this."""

        async def look() -> Listening | None:
            last = (await self.log())[-1]
            return last if all(getattr(last, name) == value for name, value in facts.items()) else None

        shown: Listening = await until(look)
        return shown


async def until(look: Callable[[], Awaitable[Any]]) -> Any:
    async with asyncio.timeout(5):
        while not (found := await look()):
            await asyncio.sleep(0)
    return found


@pytest.fixture
async def floor(site: Site, tmp_path: Path) -> AsyncIterator[Floor]:
    phones = SimulatedTelephony(SiteClock(site), tmp_path / "spool", absent={"sip:asleep@127.0.0.1"})
    signals = open_signals(site.storage)
    parts = parts_of(site, phones, signals, tmp_path / "spool")
    await phones.start()
    following = asyncio.create_task(Follower(parts).run())
    yield await _talking(site, parts, phones)
    await phones.close()
    await asyncio.wait_for(following, 5)
    await signals.close()


async def _talking(site: Site, parts: EngineParts, phones: SimulatedTelephony) -> Floor:
    async with site.storage.begin() as work:
        await work.floor.add_user(a_user(login="agent1"))
        leader = a_user(login="zhangwei", role=Role.CC_LEADER, phone_address="sip:zhangwei@127.0.0.1")
        supervisor = await work.floor.add_user(leader)
    await phones.seat_agent(SEAT, "sip:agent1@127.0.0.1")
    await phones.advance(1)
    await site.a_case_is_due(number=PhoneNumber.parse(CUSTOMER))
    order = await site.dial()
    assert order
    await phones.originate(order)
    await phones.advance(2)

    async def talks() -> bool:
        return (await site.seat()).state is SeatState.TALKING

    await until(talks)
    return Floor(site, parts, phones, supervisor, order.call_id)


async def test_a_supervisors_phone_is_called_into_the_call_and_the_log_says_so(floor: Floor):
    with capture_logs() as lines:
        await floor.asks(BARGE)
        listening = await floor.log_shows(is_live=True)
        floor.phones.supervisor_hangs_up(floor.call)
        await floor.log_shows(ending=ListeningEnd.LEFT)
    assert (listening.login, listening.mode) == ("zhangwei", BARGE)
    assert [(each.address, each.mode) for each in floor.phones.listening] == [("sip:zhangwei@127.0.0.1", BARGE)]
    told = {line["event"]: line for line in lines}
    assert (told["listening.live"]["by"], told["listening.live"]["mode"]) == ("zhangwei", BARGE)
    assert told["listening.live"]["call_id"] == floor.call
    assert told["listening.over"]["ending"] is ListeningEnd.LEFT
    assert CUSTOMER not in repr(lines)


async def test_another_mode_is_another_line(floor: Floor):
    for mode in (LISTEN, WHISPER, BARGE):
        await floor.asks(mode)
        await floor.log_shows(mode=mode, is_live=True)
    assert [each.ending for each in await floor.log()] == [ListeningEnd.CHANGED, ListeningEnd.CHANGED, None]
    assert len(floor.phones.listening) == 3


async def test_who_presses_leave_is_taken_out(floor: Floor):
    await floor.asks(WHISPER)
    await floor.log_shows(is_live=True)
    await stop_listening(floor.site.storage, floor.parts.signals, floor.supervisor, floor.site.now)
    await floor.goes_on(0)
    await floor.log_shows(ending=ListeningEnd.LEFT)
    floor.phones.supervisor_hangs_up(floor.call)  # nobody is there to do it
    assert (await floor.site.seat()).state is SeatState.TALKING


async def test_the_end_of_the_call_is_the_end_of_listening(floor: Floor):
    await floor.asks(LISTEN)
    await floor.log_shows(is_live=True)
    floor.phones.customer_hangs_up(floor.call)
    await floor.log_shows(ending=ListeningEnd.CALL_OVER)


async def test_a_phone_that_does_not_answer_is_in_the_log(floor: Floor):
    floor.supervisor = replace(floor.supervisor, phone_address="sip:asleep@127.0.0.1")
    await floor.asks(LISTEN)
    told = await floor.log_shows(ending=ListeningEnd.UNANSWERED)
    assert "does not answer" in told.why


async def test_what_the_phone_system_refuses_is_in_the_log_with_its_words(floor: Floor):
    now = floor.site.now
    await listen_in(floor.site.storage, floor.parts.signals, floor.supervisor, floor.call, LISTEN, now)
    floor.phones._calls[floor.call].answered = False  # it has ended there, and we have not heard of it yet
    with capture_logs() as lines:
        await floor.goes_on(0)
    told = await floor.log_shows(ending=ListeningEnd.REFUSED)
    assert "is not talking" in told.why
    (refused,) = [line for line in lines if line["event"] == "desk.refused"]
    assert refused["by"] == "zhangwei"
    floor.phones._calls[floor.call].answered = True
