"""Logging in at the page."""

from __future__ import annotations

import pytest

from dialer.domain.user import Role
from tests.console.desk import PASSWORD, Console


async def test_each_role_lands_on_its_own_first_page(log_in) -> None:
    for role, path in {
        Role.CC_AGENT: "/desk",
        Role.L3_HANDLER: "/tickets",
        Role.QA: "/cases",
        Role.CC_LEADER: "/tickets",
        Role.ADMIN: "/users",
    }.items():
        person = await log_in(role)
        assert (await person.get("/")).headers["Location"] == path


async def test_five_wrong_passwords_lock_the_account_for_a_quarter_of_an_hour(console: Console, log_in, visit) -> None:
    await log_in(Role.QA, login="qa1")
    stranger = visit()
    answers = [(await stranger.log_in("qa1", "wrong")).status for _ in range(5)]
    assert answers == [401, 401, 401, 401, 429]
    assert (await stranger.log_in("qa1", PASSWORD)).status == 429
    console.site.later(minutes=14, seconds=59)
    assert (await stranger.log_in("qa1", PASSWORD)).status == 429
    console.site.later(seconds=1)
    assert (await stranger.log_in("qa1", PASSWORD)).status == 200


async def test_an_unknown_login_and_a_wrong_password_read_alike(log_in, visit) -> None:
    await log_in(Role.QA, login="qa1")
    stranger = visit()
    pages = []
    for login in ("qa1", "nobody"):
        response = await stranger.post("/login", login=login, password="wrong")
        pages.append((response.status, (await response.text()).replace(login, "")))
    assert pages[0] == pages[1]
    assert "账号或密码不正确" in pages[0][1]


async def test_the_page_is_chinese_until_somebody_wants_english(visit) -> None:
    person = visit()
    assert "登录" in await (await person.get("/login")).text()
    changed = await person.post("/language", language="en", back="/login")
    assert changed.headers["Location"] == "/login"
    assert "Log in" in await (await person.get("/login")).text()


@pytest.mark.parametrize("back", ["https://elsewhere.example/", "//elsewhere.example", "/\\elsewhere.example", ""])
async def test_changing_the_language_leads_to_no_other_site(visit, back: str) -> None:
    response = await visit().post("/language", language="en", back=back)
    assert response.headers["Location"] == "/"


async def test_a_login_is_written_into_the_page_as_text(visit) -> None:
    response = await visit().post("/login", login='"><script>alert(1)</script>', password="x")
    assert "<script>alert" not in await response.text()
