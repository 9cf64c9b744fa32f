"""The administrator's page of accounts."""

from __future__ import annotations

import re
from typing import Any

import pytest

from dialer.domain.user import Role
from tests.console.desk import Console, Visitor

LIHUA: dict[str, Any] = {
    "login": "LiHua",
    "name": "李华",
    "role": "CC_AGENT",
    "org": "44/4401",
    "phone_address": "sip:lihua@192.0.2.7",
}


@pytest.fixture
async def boss(log_in) -> Visitor:
    visitor: Visitor = await log_in(Role.ADMIN, login="boss")
    return visitor


def _password(text: str) -> str:
    found = re.search(r'class="password">([^<]+)<', text)
    assert found
    return found[1]


async def test_a_new_account_is_opened_and_its_password_shown_once(boss: Visitor, visit) -> None:
    response = await boss.post("/users", **LIHUA)
    text = await response.text()
    assert response.status == 200
    assert response.headers["Cache-Control"] == "no-store"
    password = _password(text)
    assert (await visit().log_in("lihua", password)).status == 200
    for path in ("/users", "/users/lihua"):
        later = await (await boss.get(path)).text()
        assert "lihua" in later
        assert password not in later


async def test_what_is_wrong_with_an_account_is_said_and_what_was_typed_stays(boss: Visitor) -> None:
    response = await boss.post("/users", **LIHUA | {"phone_address": "8001"})
    text = await response.text()
    assert response.status == 422
    assert "账号信息有误" in text
    assert 'value="李华"' in text
    assert 'value="8001"' in text
    await boss.post("/users", **LIHUA)
    again = await boss.post("/users", **LIHUA)
    assert (again.status, "该账号已被占用" in await again.text()) == (422, True)
    assert (await boss.post("/users", **LIHUA | {"role": "KING"})).status == 400


@pytest.mark.parametrize(("language", "said"), [("zh_CN", "该岗位负责全公司"), ("en", "works for the whole company")])
async def test_an_hq_administrator_is_refused_a_place_in_the_readers_language(boss: Visitor, language, said) -> None:
    await boss.post("/language", language=language, back="/users")
    response = await boss.post("/users", **LIHUA | {"role": "HQ_ADMIN"})
    assert (response.status, said in await response.text()) == (422, True)
    assert (await boss.post("/users", **LIHUA | {"role": "HQ_ADMIN", "org": ""})).status == 200


async def test_every_button_does_its_work_and_the_history_says_so(boss: Visitor) -> None:
    await boss.post("/users", **LIHUA)
    for deed in ("disable", "enable", "unlock"):
        assert (await boss.post(f"/users/lihua/{deed}")).headers["Location"] == "/users/lihua"
    changed = await boss.post("/users/lihua", name="李华", role="QA", org="44", phone_address="")
    assert changed.status == 303
    assert _password(await (await boss.post("/users/lihua/reset-password")).text())
    text = await (await boss.get("/users/lihua")).text()
    for told in ("建立账号", "停用", "重新启用", "修改资料", "重置密码", "回访专员 → 质检", "广东 44/4401 → 广东 44"):
        assert told in text, told
    assert '<td class="dim">boss</td>' in text


async def test_administrators_do_not_disable_themselves(boss: Visitor) -> None:
    assert "停用</button>" not in await (await boss.get("/users/boss")).text()
    response = await boss.post("/users/boss/disable")
    assert (response.status, "boss" in await response.text()) == (403, True)
    assert (await boss.get("/users")).status == 200


async def test_accounts_are_searched(boss: Visitor) -> None:
    await boss.post("/users", **LIHUA)
    assert 'href="/users/boss"' not in await (await boss.get("/users?q=李华")).text()
    assert 'href="/users/lihua"' not in await (await boss.get("/users?role=ADMIN")).text()
    assert (await boss.get("/users/nobody")).status == 404


async def test_an_administrator_sees_no_customer(console: Console, boss: Visitor) -> None:
    await console.site.seat_is_ready()
    case = await console.site.a_case_is_due()
    for path in ("/cases", f"/cases/{case.id}", "/tickets", "/floor", "/desk"):
        assert (await boss.get(path)).status == 403
