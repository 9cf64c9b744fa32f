"""A demonstration that is stopped while a person is at a desk loses nothing, and says what it waits for."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

import pytest

from dialer.demo.curtain import calls_over, wrapped_up
from dialer.domain.call import SeatId
from dialer.domain.outcome import Outcome
from dialer.domain.seat import SeatState
from dialer.usecases.staff_the_floor import PauseReason, pause
from tests.builders import a_user
from tests.usecases.site import HeardSignals, Site, SiteClock


@pytest.fixture(autouse=True)
async def _somebody_is_there(site: Site):
    async with site.storage.begin() as work:
        await work.floor.add_user(a_user(login="agent1"))


async def ended(site: Site, said: list[str]) -> None:
    await calls_over(site.storage, site.signals, SiteClock(site), said.append)
    await wrapped_up(site.storage, site.signals, site.scripts, site.rulebook, SiteClock(site))


async def test_a_call_not_wrapped_up_is_confirmed_in_the_agents_place_without_a_word(site: Site):
    case, said = await site.a_case_is_due(), list[str]()
    call = await site.connected()
    await site.answer_everything(call)
    await site.hung_up(call)
    await ended(site, said)
    assert await site.outcomes(case) == [Outcome.SUCCESS]
    assert (await site.seat()).state is SeatState.PAUSED
    assert said == []


async def test_who_talks_is_waited_for_which_is_said_once_in_both_languages(site: Site):
    case, said, waits = await site.a_case_is_due(), list[str](), asyncio.Event()
    call = await site.connected()
    await site.answer_everything(call)

    def say(line: str) -> None:
        said.append(line)
        waits.set()

    end = asyncio.create_task(calls_over(site.storage, site.signals, SiteClock(site), say))
    await waits.wait()
    assert (await site.seat()).state is SeatState.TALKING
    await site.hung_up(call)
    await end
    await wrapped_up(site.storage, site.signals, site.scripts, site.rulebook, SiteClock(site))
    assert said == ["等待 1 通通话结束 · waiting for 1 call to end"]
    assert await site.outcomes(case) == [Outcome.SUCCESS]


@dataclass
class OneFollowsTheOther(HeardSignals):
    """The second agent pauses when the first has."""

    site: Site | None = None

    async def notify(self, *topics: str) -> None:
        await super().notify(*topics)
        if self.site is not None:
            site, self.site = self.site, None
            await pause(site.storage, self, a_user(login="agent2"), PauseReason.LUNCH, site.now)


async def test_who_pauses_by_themselves_meanwhile_is_left_to_their_pause(site: Site):
    await site.seat_is_ready(SeatId("seat-2"), "agent2")
    async with site.storage.begin() as work:
        await work.floor.add_user(a_user(login="agent2"))
    await calls_over(site.storage, OneFollowsTheOther(site=site), SiteClock(site), list[str]().append)
    async with site.storage.read() as work:
        paused = {seat.login: (seat.state, seat.why) for seat in await work.floor.seats()}
    assert paused == {
        "agent1": (SeatState.PAUSED, PauseReason.BREAK),
        "agent2": (SeatState.PAUSED, PauseReason.LUNCH),
    }


async def test_who_waits_for_a_call_gets_none_any_more(site: Site):
    await site.a_case_is_due()
    await ended(site, [])
    assert (await site.seat()).state is SeatState.PAUSED
