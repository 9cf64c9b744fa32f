"""Campaign control: what a decision would do is shown, then asked why; then it stands, for the own branch only."""

from __future__ import annotations

from datetime import timedelta

import pytest

from dialer.domain.case import RevisitCase
from dialer.domain.user import Role
from dialer.ports.topics import DISPATCH
from tests.builders import a_policy
from tests.console.desk import Console, Visitor

PAUSE = {"kind": "PAUSE", "org": "44", "purpose": "FIRST", "why": "台风停电"}


@pytest.fixture
async def manager(log_in) -> Visitor:
    visitor: Visitor = await log_in(Role.CC_MANAGER, login="lina")
    return visitor


@pytest.fixture
async def case(console: Console) -> RevisitCase:
    tomorrow = console.site.now.date() + timedelta(days=1)
    return await console.site.a_case_is_due(a_policy(product_code="DEMO-PAR"), revisit_last_day=tomorrow)


async def _page(visitor: Visitor, path: str = "/campaigns") -> str:
    response = await visitor.get(path)
    assert response.status == 200, path
    return await response.text()


async def test_a_pause_is_previewed_decided_shown_and_taken_back(console: Console, manager: Visitor, case) -> None:
    effect = await _page(manager, "/campaigns/effect?kind=PAUSE&org=44&purpose=FIRST")
    assert "有 1 件的犹豫期将在此期间届满" in effect
    assert "必须有人及时解除" in effect
    response = await manager.post("/campaigns", None, **PAUSE)
    assert (response.status, response.headers["Location"]) == (303, "/campaigns")
    assert await console.signals.wait(DISPATCH, 1)
    assert "台风停电" in await _page(manager)
    assert "台风停电" in await _page(manager, "/floor")
    assert "外呼已暂停（lina：台风停电）" in await _page(manager, f"/cases/{case.id}")
    ending = await _page(manager, "/campaigns/1/end")
    assert "台风停电" in ending
    assert (await manager.post("/campaigns/1/end", None, why="来电了")).status == 303
    after = await _page(manager)
    assert "没有人工安排" in after
    assert "来电了" in after
    assert "台风停电" not in await _page(manager, "/floor")


async def test_what_can_not_be_is_said_above_the_form_that_asked(manager: Visitor, case) -> None:
    response = await manager.get("/campaigns/effect?kind=HOURS&org=44&start=08:00&end=12:00")
    shown = await response.text()
    assert response.status == 422
    assert "only be narrowed" in shown
    assert 'value="08:00"' in shown
    for wrong in ("kind=STOP", "kind=SEATS&seats=many", "kind=HOURS&start=soon&end=12:00", "kind=PAUSE&purpose=X"):
        assert (await manager.get(f"/campaigns/effect?{wrong}")).status == 400


async def test_without_a_reason_the_effect_is_shown_again(manager: Visitor, case) -> None:
    response = await manager.post("/campaigns", None, **PAUSE | {"why": " "})
    assert response.status == 422
    assert "请写明原因" in await response.text()
    await manager.post("/campaigns", None, **PAUSE)
    response = await manager.post("/campaigns/1/end", None, why="")
    assert response.status == 422
    assert "台风停电" in await _page(manager)


async def test_a_decision_taken_back_twice_is_told_so(manager: Visitor, case) -> None:
    await manager.post("/campaigns", None, **PAUSE)
    assert (await manager.post("/campaigns/1/end", None, why="好了")).status == 303
    assert (await manager.post("/campaigns/1/end", None, why="好了")).status == 409


@pytest.mark.parametrize("role", [Role.CC_LEADER, Role.HQ_ADMIN, Role.AUDIT])
async def test_who_may_look_may_not_steer(manager: Visitor, log_in, case, role: Role) -> None:
    await manager.post("/campaigns", None, **PAUSE)
    visitor = await log_in(role, login="looker")
    shown = await _page(visitor)
    assert "台风停电" in shown
    assert "/campaigns/effect" not in shown
    assert "/campaigns/1/end" not in shown
    assert (await visitor.post("/campaigns", None, **PAUSE)).status == 403


async def test_a_branch_steers_itself_and_does_not_see_its_neighbour(
    console: Console, log_in, manager: Visitor, case
) -> None:
    site, jiangsu = console.site, await log_in(Role.CC_MANAGER, org="32", login="js")
    await site.a_case_is_due(a_policy(product_code="DEMO-PAR"), org="32/3201")
    await manager.post("/campaigns", None, **PAUSE)
    shown = await _page(jiangsu)
    assert "台风停电" not in shown
    assert "32/3201" in shown
    assert "4401" not in shown
    assert (await jiangsu.get("/campaigns/effect?kind=PAUSE&org=44")).status == 404
    assert (await jiangsu.post("/campaigns", None, **PAUSE)).status == 404
    assert (await jiangsu.get("/campaigns/1/end")).status == 404
    assert (await jiangsu.post("/campaigns/1/end", None, why="x")).status == 404
    await jiangsu.post("/campaigns", None, **PAUSE | {"org": "", "why": "自己的"})
    assert "江苏 32</strong>" in await _page(jiangsu)  # no organisation named: the own one
