"""A difficult case at its agent's desk before it is dialled: what is told, what keys do, what rules still say."""

from __future__ import annotations

from dataclasses import replace

import pytest

from dialer.domain.call import Party
from dialer.domain.case import Appointment, RevisitCase
from dialer.domain.preview import PreviewReason, PreviewRules
from dialer.domain.seat import SeatState
from dialer.ports.storage import DeskOrderKind
from dialer.usecases.close_case import cancel_case
from dialer.usecases.place_call import Previewed
from dialer.usecases.rulebook import Rulebook
from tests.builders import a_number, at, moved
from tests.console.desk import Console, Visitor
from tests.usecases.site import SEAT

NUMBER = "13800009876"


@pytest.fixture(scope="session")
def rulebook(rulebook: Rulebook) -> Rulebook:
    """A site whose agents read every difficult case first."""
    return replace(rulebook, preview=PreviewRules(frozenset(PreviewReason), seconds=60))


async def _is_read(console: Console) -> RevisitCase:
    """A case of somebody who is easily confused, on the agent's desk."""
    case = await console.site.a_case_is_due(number=a_number(9876), flags=frozenset({"VULNERABLE"}))
    assert await console.site.offered() == Previewed(SEAT, case.id)
    return case


async def _page(agent: Visitor) -> str:
    page = await (await agent.get("/desk")).text()
    return page[page.index('id="desk"') :]


async def test_it_tells_who_why_and_what_happened_before_and_no_number(console: Console, agent: Visitor) -> None:
    site = console.site
    case = await _is_read(console)
    assert "尚未拨打" in await _page(agent)
    order = await site.dial_key()
    assert order is not None
    await site.answered(order.call_id)
    await site.hung_up(order.call_id, Party.CUSTOMER)
    await agent.act("wrap-up", note="听不清，请慢慢说")
    next_at = (await site.case(case)).next_at
    assert next_at is not None
    site.now = next_at.astimezone(site.now.tzinfo)
    assert await site.offered() == Previewed(SEAT, case.id)
    page = await _page(agent)
    for told in ("王小明", "138****9876", "09-18 09:30", "未完成", "agent1 姓名", "听不清，请慢慢说"):
        assert told in page
    assert NUMBER not in page
    assert case.policy_no not in page
    desk = await agent.desk()
    assert (desk["call"], desk["customer"], desk["screen"]) == (None, None, None)
    assert desk["preview"]["why"] == PreviewReason.FRAGILE
    assert [each["outcome"] for each in desk["preview"]["earlier"]] == ["INCOMPLETE"]
    assert NUMBER not in str(desk)


async def test_the_key_dials_it_once_however_often_it_is_pressed(console: Console, agent: Visitor) -> None:
    case = await _is_read(console)
    assert {"dial", "give-back"} <= set((await agent.desk())["actions"])
    for _ in range(2):
        status, desk = await agent.act("dial")
        assert (status, desk["seat"]["state"]) == (200, SeatState.PREVIEW)
    async with console.site.storage.read() as work:
        assert {order.kind for order in await work.floor.open_orders()} == {DeskOrderKind.DIAL}
    assert await console.site.dial_key() is not None
    assert await console.site.dial_key() is None
    assert (await agent.desk())["seat"]["state"] == SeatState.RESERVED
    assert len(await console.site.outcomes(case)) == 1
    status, refused = await agent.act("dial")
    assert (status, refused["error"]) == (422, "IMPOSSIBLE_MOVE")


async def test_at_noon_the_key_calls_nobody(console: Console, agent: Visitor) -> None:
    console.site.now = at(11, 59, 30)
    case = await _is_read(console)
    console.site.later(seconds=40)
    await agent.act("dial")
    assert await console.site.dial_key() is None
    assert (await agent.desk())["seat"]["state"] == SeatState.READY
    assert (await console.site.case(case)).next_at == at(14)
    assert await console.site.outcomes(case) == []
    assert "刚才的个案此刻不能拨打" in await _page(agent)
    console.site.now = at(14)
    assert await console.site.offered() == Previewed(SEAT, case.id)
    assert "刚才的个案此刻不能拨打" not in await _page(agent)


async def test_a_time_promised_meanwhile_is_kept(console: Console, agent: Visitor) -> None:
    case = await _is_read(console)
    async with console.site.storage.begin() as work:
        await work.cases.save(replace(await work.cases.get(case.id), appointment=Appointment(at(15))))
    await agent.act("dial")
    assert await console.site.dial_key() is None
    assert await console.site.outcomes(case) == []
    promised = (await console.site.case(case)).next_at
    assert promised is not None
    assert promised > console.site.now


async def test_a_holder_whose_contract_ended_meanwhile_is_not_called(console: Console, agent: Visitor) -> None:
    case = await _is_read(console)
    async with console.site.storage.begin() as work:
        await cancel_case(work, await work.cases.get(case.id), moved(when=console.site.now))
    await agent.act("dial")
    assert await console.site.dial_key() is None
    assert (await agent.desk())["seat"]["state"] == SeatState.READY
    assert await console.site.outcomes(case) == []


async def test_it_is_given_back_for_a_reason_that_must_be_one(console: Console, agent: Visitor) -> None:
    case = await _is_read(console)
    status, refused = await agent.act("give-back", reason="NO_WISH")
    assert (status, refused["seat"]["state"]) == (400, SeatState.PREVIEW)
    _, desk = await agent.act("give-back", reason="KNOWN_PERSON")
    assert (desk["seat"]["state"], desk["preview"]) == (SeatState.READY, None)
    next_at = (await console.site.case(case)).next_at
    assert next_at is not None
    assert next_at > console.site.now
