"""The floor, and a supervisor's way from it into a live call."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from dialer.domain.call import CallId, ListenerDown, ListenerUp, ListenMode
from dialer.domain.listening import Listening, ListeningEnd
from dialer.domain.user import Role
from dialer.ports import topics
from dialer.ports.storage import DeskOrderKind
from dialer.usecases.listen_in import follow_listening, listening_is_refused
from tests.console.desk import JSON, Console, Visitor


@pytest.fixture
async def call(console: Console, agent: Visitor) -> CallId:  # who sits there
    """An agent's talk with a customer."""
    await console.site.a_case_is_due()
    return await console.site.connected()


@pytest.fixture
async def leader(log_in) -> Visitor:
    visitor: Visitor = await log_in(Role.CC_LEADER, login="zhangwei")
    return visitor


async def _log(console: Console) -> Sequence[Listening]:
    async with console.site.storage.read() as work:
        return await work.listenings.open()


async def _floor(visitor: Visitor) -> str:
    return await (await visitor.get("/floor")).text()


async def test_the_wall_hears_of_a_seat_of_a_listener_and_of_a_decision(
    console: Console, agent: Visitor, leader: Visitor, log_in, call: CallId
) -> None:
    async def rung() -> bool:
        return await console.signals.wait(topics.WALL, 0)

    manager = await log_in(Role.CC_MANAGER, login="lina")
    await rung()
    await agent.act("pause", reason="LUNCH")
    assert await rung()
    await leader.post("/floor/listen", call=call, mode="LISTEN")
    assert await rung()
    await manager.post("/campaigns", None, kind="PAUSE", why="台风停电")
    assert await rung()
    assert not await rung()


async def test_a_leader_presses_listen_and_the_engine_is_asked(console: Console, leader: Visitor, call: CallId) -> None:
    for button in ("监听", "耳语", "强插"):
        assert f">{button}</button>" in await _floor(leader)
    response = await leader.post("/floor/listen", call=call, mode="WHISPER")
    assert (response.status, response.headers["Location"]) == (303, "/floor")
    assert await console.signals.wait(topics.DESK_ORDERS, 1)
    async with console.site.storage.read() as work:
        (order,) = await work.floor.open_orders()
    assert (order.kind, order.call_id, order.asked_by) == (DeskOrderKind.LISTEN, call, "zhangwei")
    assert "正在呼叫您的话机" in await _floor(leader)


async def test_the_floor_says_who_is_in_the_call_and_lets_them_out(
    console: Console, leader: Visitor, log_in, call: CallId
) -> None:
    await leader.post("/floor/listen", call=call, mode="LISTEN")
    await follow_listening(console.site.storage, ListenerUp(call, console.site.now, ListenMode.LISTEN))
    assert 'aria-pressed="true">监听' in await _floor(leader)
    auditor = await log_in(Role.AUDIT)
    assert "zhangwei · 监听" in await _floor(auditor)
    seat = (await (await leader.get("/floor", **JSON)).json())["seats"][0]
    assert seat["listening"] == {"by": "zhangwei", "mode": "LISTEN", "live": True}
    await leader.post("/floor/stop-listening")
    assert await _log(console) == []
    assert "aria-pressed" not in (await _floor(auditor))


@pytest.mark.parametrize("role", [Role.CC_AGENT, Role.QA, Role.AUDIT, Role.HQ_ADMIN, Role.ADMIN, Role.L3_HANDLER])
async def test_nobody_but_supervisors_gets_into_a_call(console: Console, log_in, call: CallId, role: Role) -> None:
    visitor = await log_in(role, login="nosy")
    for path in ("/floor/listen", "/floor/stop-listening"):
        assert (await visitor.post(path, call=call, mode="BARGE")).status == 403
    assert await _log(console) == []
    page = await visitor.get("/floor")
    assert page.status == 403 or "/floor/listen" not in await page.text()


async def test_the_talking_agent_can_not_listen_in(agent: Visitor, call: CallId) -> None:
    assert (await agent.post("/floor/listen", call=call, mode="LISTEN")).status == 403


@pytest.mark.parametrize(("wanted", "mode", "status"), [("", "SPY", 400), ("gone", "LISTEN", 404), ("", "", 400)])
async def test_a_wish_that_makes_no_sense_is_refused(
    console: Console, leader: Visitor, call: CallId, wanted: str, mode: str, status: int
) -> None:
    response = await leader.post("/floor/listen", call=wanted or call, mode=mode)
    assert response.status == status
    assert await _log(console) == []


async def test_a_refusal_is_said_in_words_where_the_button_was(
    console: Console, leader: Visitor, log_in, call: CallId
) -> None:
    other = await log_in(Role.CC_MANAGER, login="lina")
    await other.post("/floor/listen", call=call, mode="LISTEN")
    assert "/floor/listen" not in await _floor(leader)  # the buttons have gone, but a page may be older
    response = await leader.post("/floor/listen", {"HX-Request": "true"}, call=call, mode="BARGE")
    assert response.status == 422
    assert "已有其他主管在这通电话上" in await response.text()
    told = await leader.post("/floor/listen", JSON, call=call, mode="BARGE")
    assert (await told.json())["refused"]["code"] == "LISTENED_TO"
    await console.site.hung_up(call)
    response = await other.post("/floor/listen", {"HX-Request": "true"}, call=call, mode="BARGE")
    assert "该通话已经结束" in await response.text()


async def test_what_the_phone_system_refuses_comes_to_the_screen(
    console: Console, leader: Visitor, call: CallId
) -> None:
    site = console.site
    await leader.post("/floor/listen", call=call, mode="LISTEN")
    await follow_listening(site.storage, ListenerDown(call, site.now, "the supervisor's phone does not answer (480)"))
    shown = await _floor(leader)
    assert "监听 · 您的话机没有接听" in shown
    assert "does not answer (480)" in shown
    await leader.post("/floor/listen", call=call, mode="BARGE")
    await listening_is_refused(site.storage, call, "call 1 is not talking", site.now)
    assert "强插 · 话务系统拒绝" in await _floor(leader)


async def test_a_supervisor_without_a_telephone_is_told_so_and_has_no_buttons(
    console: Console, leader: Visitor, call: CallId
) -> None:
    async with console.site.storage.begin() as work:
        user = await work.floor.user("zhangwei")
        assert user is not None
        await work.floor.save_user(replace(user, phone_address=""))
    shown = await _floor(leader)
    assert "您的账号没有登记话机" in shown
    assert "/floor/listen" not in shown
    refused = await leader.post("/floor/listen", JSON, call=call, mode="LISTEN")
    assert (await refused.json())["refused"]["code"] == "NO_PHONE_ADDRESS"


async def test_the_case_shows_who_was_on_its_call(console: Console, leader: Visitor, call: CallId) -> None:
    site = console.site
    await leader.post("/floor/listen", call=call, mode="BARGE")
    site.later(seconds=10)
    await follow_listening(site.storage, ListenerUp(call, site.now, ListenMode.BARGE))
    site.later(seconds=20)
    await site.hung_up(call)
    async with site.storage.read() as work:
        (attempt,) = await work.calls.attempts_of(call)
        (listening,) = await work.listenings.of_call(call)
    assert listening.ending is ListeningEnd.CALL_OVER
    shown = await (await leader.get(f"/cases/{attempt.case_id}")).text()
    assert "zhangwei" in shown
    assert "强插" in shown
