"""The wall follows by itself, figures lead to their cases, and an engine that counts no further is dead."""

from __future__ import annotations

import asyncio
import time
from datetime import timedelta

import pytest
from aiohttp import ClientResponse

from dialer.console.floor import Pulse
from dialer.domain.user import Role
from dialer.ports import topics
from tests.builders import a_policy
from tests.console.desk import JSON, Console, Visitor


@pytest.fixture
async def manager(log_in) -> Visitor:
    visitor: Visitor = await log_in(Role.CC_MANAGER, login="lina")
    return visitor


async def _text(visitor: Visitor, path: str) -> str:
    response = await visitor.get(path)
    assert response.status == 200, f"{path}: {response.status}"
    return await response.text()


def test_an_engine_is_alive_while_it_counts_on() -> None:
    pulse = Pulse()
    assert not pulse.beats({}, 0)
    assert pulse.beats({"one": 7}, 100)  # never seen before: it has its time to count on
    assert pulse.beats({"one": 7}, 109)
    assert not pulse.beats({"one": 7}, 110)
    assert pulse.beats({"one": 8}, 111)
    assert pulse.beats({"one": 8, "two": 1}, 121)  # another one is
    assert not pulse.beats({}, 122)


async def test_the_wall_says_when_no_engine_is_alive(console: Console, manager: Visitor) -> None:
    assert "外呼引擎没有运行" in await _text(manager, "/floor")
    async with console.site.storage.begin() as work:
        await work.ledger.beat("engine-1", "engine", console.site.now)
    assert "外呼引擎没有运行" not in await _text(manager, "/floor")
    told = await (await manager.get("/floor", **JSON)).json()
    assert told["engine_alive"] is True


async def _told_to_look(stream: ClientResponse) -> float:
    """When, on this process's monotonic clock."""
    while not (await stream.content.readline()).startswith(b"event: look"):
        pass
    return time.monotonic()


@pytest.mark.slow
async def test_the_wall_is_told_soon_of_a_change_but_not_of_every_one_in_a_storm(
    console: Console, manager: Visitor
) -> None:
    stream = await manager.client.get("/floor/events")
    async with asyncio.timeout(20):
        first = await _told_to_look(stream)
        await manager.post("/campaigns", None, kind="PAUSE", why="台风停电")
        for _ in range(50):
            await console.signals.notify(topics.WALL)
        second = await _told_to_look(stream)
        third = await _told_to_look(stream)
    stream.close()
    assert 0.9 < second - first < 4
    assert third - second > 4  # by itself, for the figures


async def test_agents_are_picked_by_what_they_do(console: Console, agent: Visitor, manager: Visitor) -> None:
    assert "agent1 姓名" in await _text(manager, "/floor?state=READY")
    assert "agent1 姓名" not in await _text(manager, "/floor?state=TALKING")


async def test_every_figure_of_the_wall_leads_to_its_cases(console: Console, manager: Visitor) -> None:
    case = await console.site.a_case_is_due()
    wall = await _text(manager, "/floor")
    for wanted in ("DUE_NOW", "WAITING_HOUR", "LATER_TODAY", "HELD", "ABANDONED", "SILENT", "UNSEALED"):
        assert f'href="/figures/cases?of={wanted}"' in wall
        listed = await _text(manager, f"/figures/cases?of={wanted}")
        assert (case.policy_no in listed) is (wanted == "DUE_NOW"), wanted


async def test_the_burn_down_counts_and_every_number_is_a_link_to_its_cases(console: Console, manager: Visitor) -> None:
    site = console.site
    day = site.now.date() + timedelta(days=2)
    case = await site.a_case_is_due(a_policy(product_code="DEMO-PAR"), revisit_last_day=day)
    page = await _text(manager, "/figures?org=44&channel=AGENCY&product=DEMO-PAR")
    link = f"/figures/cases?of=DUE&amp;last_day_from={day}&amp;last_day_to={day}&amp;org=44&amp;channel=AGENCY"
    assert link in page
    assert case.policy_no in await _text(manager, f"{link.replace('&amp;', '&')}&product=DEMO-PAR")
    assert "没有犹豫期届满的案件" in await _text(manager, "/figures?channel=BANK")
    received = await _text(manager, "/figures/main?from=2026-09-01&to=2026-09-30")
    assert "/figures/cases?of=DUE&amp;received_from=2026-09-01&amp;received_to=2026-09-30" in received
    rest = "/figures/cases?of=DUE&without=COMPLETED_INSIDE&received_from=2026-09-01&received_to=2026-09-30"
    assert case.policy_no in await _text(manager, rest)


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/figures?from=yesterday", 400),
        ("/figures?channel=STREET", 400),
        ("/figures?from=2026-09-30&to=2026-09-01", 422),
        ("/figures/main?from=2020-01-01", 422),
        ("/figures/cases", 400),
        ("/figures/cases?of=DUE&without=ALL", 400),
    ],
)
async def test_a_question_that_makes_no_sense_is_refused(manager: Visitor, path: str, status: int) -> None:
    assert (await manager.get(path)).status == status


async def test_a_branch_counts_itself_alone(console: Console, log_in) -> None:
    jiangsu = await log_in(Role.CC_MANAGER, org="32", login="js")
    case = await console.site.a_case_is_due(revisit_last_day=console.site.now.date())
    for path in ("/figures", "/figures/main", "/figures/cases?of=DUE", "/floor"):
        text = await _text(jiangsu, path)
        assert case.policy_no not in text
        assert "44/4401" not in text
    for path in ("/figures?org=44", "/figures/main?org=44", "/figures/cases?of=DUE&org=44"):
        assert (await jiangsu.get(path)).status == 404
