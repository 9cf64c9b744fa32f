"""A difficult case is read before it is dialled; nobody is called twice for it, and nothing is lost with a browser."""

from __future__ import annotations

from dataclasses import replace

import pytest

from dialer.domain.call import SeatId
from dialer.domain.case import CaseState, Purpose
from dialer.domain.errors import ImpossibleMove
from dialer.domain.preview import PreviewReason, PreviewRules
from dialer.domain.seat import SeatState
from dialer.ports import DialOrder
from dialer.ports.storage import DeskOrderKind
from dialer.usecases.follow_call import leg_is_down, leg_is_up
from dialer.usecases.place_call import Previewed
from dialer.usecases.preview_case import GiveBackReason, dial_previewed, end_forgotten_previews, give_back
from tests.builders import a_user, at
from tests.usecases.site import SEAT, HeardSignals, Site

AGENT = a_user()


@pytest.fixture
async def careful(site: Site) -> Site:
    """A site that reads every difficult case first."""
    rules = PreviewRules(frozenset(PreviewReason), seconds=60)
    site.rulebook = replace(site.rulebook, preview=rules)
    return site


async def test_a_difficult_case_is_on_the_desk_and_its_phone_does_not_ring(careful: Site) -> None:
    case = await careful.a_case_is_due(flags=frozenset({"VULNERABLE"}))
    assert await careful.offered() == Previewed(SEAT, case.id)
    seat = await careful.seat()
    assert (seat.state, seat.preview_case, seat.call_id) == (SeatState.PREVIEW, case.id, None)
    assert await careful.outcomes(case) == []


async def test_an_ordinary_case_is_dialled_at_once(careful: Site) -> None:
    await careful.a_case_is_due()
    assert isinstance(await careful.offered(), DialOrder)


async def test_the_agents_key_dials_it_once_however_often_it_is_pressed(careful: Site) -> None:
    case = await careful.a_case_is_due(flags=frozenset({"VULNERABLE"}))
    await careful.offered()
    signals = HeardSignals()
    for _ in range(2):
        await dial_previewed(careful.storage, signals, AGENT, careful.now)
    async with careful.storage.read() as work:
        assert [order.kind for order in await work.floor.open_orders()] == [DeskOrderKind.DIAL] * 2
    assert await careful.dial_key() is not None
    assert await careful.dial_key() is None
    assert len(await careful.outcomes(case)) == 1
    assert (await careful.seat()).state is SeatState.RESERVED


async def test_the_rules_are_asked_at_the_moment_of_the_key(careful: Site) -> None:
    careful.now = at(11, 59, 30)
    case = await careful.a_case_is_due(flags=frozenset({"VULNERABLE"}))
    await careful.offered()
    careful.later(seconds=40)  # it is noon
    assert await careful.dial_key() is None
    assert (await careful.seat()).state is SeatState.READY
    assert (await careful.case(case)).next_at == at(14)
    assert await careful.outcomes(case) == []


async def test_while_it_is_read_nobody_else_is_given_it(careful: Site) -> None:
    await careful.a_case_is_due(flags=frozenset({"VULNERABLE"}))
    await careful.seat_is_ready(SeatId("seat-2"), "agent2")
    await careful.offered()
    assert await careful.offered(SeatId("seat-2")) is None


async def test_a_browser_that_died_loses_the_case_to_the_next_agent_and_is_paused(careful: Site) -> None:
    case = await careful.a_case_is_due(flags=frozenset({"VULNERABLE"}))
    await careful.seat_is_ready(SeatId("seat-2"), "agent2")
    await careful.offered()
    careful.later(seconds=60)
    assert [
        seat.id for seat in await end_forgotten_previews(careful.storage, careful.rulebook, "engine-1", careful.now)
    ]
    seat = await careful.seat()
    assert (seat.state, seat.preview_case) == (SeatState.PAUSED, None)
    assert await careful.offered(SeatId("seat-2")) == Previewed(SeatId("seat-2"), case.id)
    assert await careful.dial_key() is None, "a key that comes late dials nothing"


async def test_a_key_after_another_agent_has_called_the_customer_calls_nobody(careful: Site) -> None:
    case = await careful.a_case_is_due(flags=frozenset({"VULNERABLE"}))
    await careful.seat_is_ready(SeatId("seat-2"), "agent2")
    await careful.offered()
    careful.later(seconds=61)  # the engine that would have ended the preview was killed
    await careful.offered(SeatId("seat-2"))
    assert await careful.dial_key(SeatId("seat-2"))
    assert await careful.dial_key() is None
    assert len(await careful.outcomes(case)) == 1


async def test_a_key_that_was_for_another_screen_dials_nobody(careful: Site) -> None:
    case = await careful.a_case_is_due(flags=frozenset({"VULNERABLE"}))
    await careful.offered()
    pressed_at_screen_of = (await careful.seat()).since
    await leg_is_down(careful.storage, careful.signals, SEAT, "ENGINE_DIED", careful.now)
    careful.later(minutes=2)
    await leg_is_up(careful.storage, careful.signals, SEAT, careful.now)
    assert await careful.offered() == Previewed(SEAT, case.id)
    assert await careful.dial_key(shown_since=pressed_at_screen_of) is None
    assert (await careful.seat()).state is SeatState.PREVIEW, "it is still being read"


async def test_a_case_that_is_given_back_keeps_its_reason_and_waits_a_little(careful: Site) -> None:
    case = await careful.a_case_is_due(purpose=Purpose.U_REDIAL, state=CaseState.U_REDIAL)
    await careful.offered()
    await give_back(careful.storage, HeardSignals(), AGENT, GiveBackReason.LANGUAGE, careful.now)
    assert (await careful.seat()).state is SeatState.READY
    assert await careful.offered() is None
    careful.later(minutes=10)
    assert await careful.offered() == Previewed(SEAT, case.id)


async def test_a_phone_that_falls_while_a_case_is_read_takes_the_case_off_the_desk(careful: Site) -> None:
    await careful.a_case_is_due(flags=frozenset({"VULNERABLE"}))
    await careful.offered()
    await leg_is_down(careful.storage, careful.signals, SEAT, "gone", careful.now)
    seat = await careful.seat()
    assert (seat.state, seat.preview_case) == (SeatState.SEATING, None)
    assert await careful.dial_key() is None


async def test_there_is_nothing_to_dial_or_give_back_at_a_desk_without_a_preview(careful: Site) -> None:
    with pytest.raises(ImpossibleMove):
        await dial_previewed(careful.storage, HeardSignals(), AGENT, careful.now)
    with pytest.raises(ImpossibleMove):
        await give_back(careful.storage, HeardSignals(), AGENT, GiveBackReason.OTHER, careful.now)


async def test_the_elderly_are_read_first_where_the_site_wants_it(site: Site) -> None:
    site.rulebook = replace(site.rulebook, preview=PreviewRules(frozenset({PreviewReason.ELDERLY}), elderly_from=46))
    case = await site.a_case_is_due()  # born in 1980
    assert await site.offered() == Previewed(SEAT, case.id)
