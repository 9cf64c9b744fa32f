"""Logging in at the page."""

from __future__ import annotations

import re
from dataclasses import replace
from html import unescape

import pytest

from dialer.console.guard import UNASKED_HEADER
from dialer.console.site import SITE
from dialer.domain.seat import SeatState
from dialer.domain.user import Role
from dialer.usecases.manage_users import create_user
from tests.console.desk import JSON, PASSWORD, Authenticator, Console, Visitor


async def test_each_role_lands_on_its_own_first_page(log_in) -> None:
    for role, path in {
        Role.CC_AGENT: "/desk",
        Role.L3_HANDLER: "/tickets",
        Role.QA: "/cases",
        Role.CC_LEADER: "/floor",
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


async def test_another_language_shows_the_same_page_with_all_that_was_asked_of_it(log_in) -> None:
    person = await log_in(Role.CC_LEADER)
    asked = "/recordings?agent=%E6%9D%8E&outcome=SUCCESS"
    page = await (await person.get(asked)).text()
    [offered] = re.findall(r'name="back" value="([^"]*)"', page)
    back = unescape(offered)
    changed = await person.post("/language", language="en", back=back)
    assert changed.headers["Location"] == asked
    assert 'value="李"' in await (await person.get(back)).text()


@pytest.mark.parametrize("back", ["https://elsewhere.example/", "//elsewhere.example", "/\\elsewhere.example", ""])
async def test_changing_the_language_leads_to_no_other_site(visit, back: str) -> None:
    response = await visit().post("/language", language="en", back=back)
    assert response.headers["Location"] == "/"


async def test_a_login_is_written_into_the_page_as_text(visit) -> None:
    response = await visit().post("/login", login='"><script>alert(1)</script>', password="x")
    assert "<script>alert" not in await response.text()


async def _half_logged_in(console: Console, visit, role: Role = Role.QA, **changes) -> Visitor:
    """Somebody who has given the right password, and nothing more."""
    await create_user(
        console.site.storage, console.hasher, console.site.now, login="sunli", name="孙丽", password=PASSWORD,
        role=role, **changes,
    )  # fmt: skip
    person: Visitor = visit()
    response = await person.client.post("/login", data={"login": "sunli", "password": PASSWORD}, headers=JSON)
    person.csrf = (await response.json())["csrf"]
    return person


async def test_half_a_login_opens_no_page_but_its_next_step(console: Console, visit) -> None:
    person = await _half_logged_in(console, visit)
    for path in ("/", "/cases", "/account", "/login/code", "/login/password"):
        response = await person.get(path)
        assert response.status == 303, path
        assert response.headers["Location"] in ("/login/next", "/login/enrol")
    assert (await person.get("/login/next")).headers["Location"] == "/login/enrol"
    assert (await person.post("/cases/1/refusal")).headers["Location"] == "/login/next"
    told = await person.get("/cases", **JSON)
    assert (told.status, (await told.json())["error"]) == (403, "STEP_MISSING")
    fragment = await person.get("/cases", **{"HX-Request": "true"})
    assert fragment.headers["HX-Redirect"] == "/login/next"


async def test_the_enrolment_page_shows_a_picture_and_the_key_and_then_recovery_codes_once(console, visit) -> None:
    person = await _half_logged_in(console, visit)
    text = await (await person.get("/login/enrol")).text()
    assert "<svg " in text
    assert not re.search(r"<style|\sstyle=|<script(?![^>]*\ssrc=)", text)
    secret = (await (await person.get("/login/enrol", **JSON)).json())["secret"]
    assert secret[:4] in text
    assert (await person.post("/login/enrol", code="000000")).status == 401
    done = await person.post("/login/enrol", code=Authenticator(secret).code(console.site.now))
    codes = re.findall(r"<li><code>([a-z2-7-]{19})</code>", await done.text())
    assert len(codes) == 10
    assert (await person.get("/login/next")).headers["Location"] == "/"
    assert (await person.get("/cases")).status == 200
    assert (await person.get("/login/enrol")).headers["Location"] == "/"


async def test_five_wrong_codes_end_the_login_and_say_so(console: Console, log_in, visit) -> None:
    await log_in(Role.QA, login="qa1")
    person = visit()
    answer = await person.client.post("/login", data={"login": "qa1", "password": PASSWORD}, headers=JSON)
    person.csrf = (await answer.json())["csrf"]
    answers = [await person.post("/login/code", code="000000") for _ in range(5)]
    assert [answer.status for answer in answers] == [401, 401, 401, 401, 429]
    assert "锁定" in await answers[-1].text()
    assert (await person.get("/login/code")).headers["Location"] == "/login"


async def test_who_was_given_a_password_chooses_another_before_anything_else(console: Console, visit) -> None:
    person = await _half_logged_in(console, visit, Role.CC_LEADER, must_change_password=True)
    assert (await person.get("/floor")).headers["Location"] == "/login/next"
    path, new = "/login/password", "seven boats at the pier"
    for sent in ({"new": new, "again": "eight boats at the pier"}, {"new": "short", "again": "short"}):
        assert (await person.post(path, None, old=PASSWORD, **sent)).status == 422
    assert (await person.post(path, old="wrong", new=new, again=new)).status == 401
    assert (await person.post(path, old=PASSWORD, new=new, again=new)).headers["Location"] == "/"
    assert (await person.get("/floor")).status == 200


BY_ITSELF = (
    ("/tickets", {"HX-Request": "true", "Accept": "text/html"}),
    ("/tickets", JSON),
    ("/tickets", {"Accept": "*/*"}),
)


@pytest.mark.parametrize(("path", "headers"), BY_ITSELF)
async def test_a_page_that_renews_itself_does_not_keep_its_login_alive(console: Console, log_in, path, headers) -> None:
    person = await log_in(Role.CC_LEADER)
    for _ in range(2):
        console.site.later(hours=4)
        assert (await person.get(path, **headers)).status == 200
    console.site.later(seconds=1)
    assert (await person.get(path, **headers)).status in (303, 401)


async def test_a_stream_does_not_keep_a_login_alive_and_sends_its_desk_to_the_login_page(
    console: Console, agent: Visitor
) -> None:
    console.site.later(hours=8)
    stream = await agent.get("/desk/events", Accept="text/event-stream")
    assert (await stream.content.readline(), (await stream.content.readline())[:6]) == (b"event: look\n", b"data: ")
    console.site.later(seconds=1)
    await console.signals.notify("desk:agent1")
    assert (await stream.content.read()).endswith(b"event: look\ndata: over\n\n")
    looked = await agent.get("/desk?seen=0", **{"HX-Request": "true"})
    assert looked.headers["HX-Redirect"] == "/login"
    assert (await console.site.seat()).state is SeatState.PAUSED


@pytest.mark.parametrize(("sent_by_itself", "then"), [({}, 200), ({UNASKED_HEADER: "1"}, 401)])
async def test_keys_keep_a_login_alive_and_what_the_phone_sends_does_not(
    console: Console, agent: Visitor, sent_by_itself: dict[str, str], then: int
) -> None:
    console.site.later(hours=8)
    assert (await agent.post("/desk/pause", {**JSON, **sent_by_itself}, reason="BREAK")).status == 200
    console.site.later(minutes=1)
    assert (await agent.get("/desk", **JSON)).status == then


async def test_an_opened_page_keeps_a_login_alive(console: Console, log_in) -> None:
    person = await log_in(Role.CC_LEADER)
    console.site.later(hours=8)
    assert (await person.get("/tickets", Accept="text/html,application/xhtml+xml,*/*;q=0.8")).status == 200
    console.site.later(hours=1)
    assert (await person.get("/tickets")).status == 200


async def test_the_demonstration_alone_asks_for_no_code_and_says_so(console: Console, visit) -> None:
    app = console.server.app
    app._state[SITE] = replace(app[SITE], proving=frozenset())  # as `make demo` makes it
    site, boss = console.site, visit()
    await create_user(
        site.storage, console.hasher, site.now, login="boss", name="主管", password=PASSWORD, role=Role.CC_MANAGER
    )
    assert "不要求动态口令" in await (await boss.get("/login")).text()
    answer = await boss.client.post("/login", data={"login": "boss", "password": PASSWORD}, headers=JSON)
    assert (await answer.json())["step"] is None
    assert (await boss.get("/cases")).status == 200
