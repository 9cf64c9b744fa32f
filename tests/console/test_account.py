"""One's own account in the browser."""

from __future__ import annotations

from dialer.domain.user import Role
from tests.console.desk import PASSWORD, Console, Visitor

NEW = "seven boats at the pier"


async def test_people_see_where_they_are_logged_in_and_log_out_everywhere(console: Console, log_in, visit) -> None:
    first: Visitor = await log_in(Role.QA, login="sunli")
    second: Visitor = visit()
    await second.log_in("sunli")
    text = await (await second.get("/account")).text()
    assert text.count("127.0.0.1") == 2
    assert text.count("当前</span>") == 1
    assert "剩余恢复码 10 个" in text
    assert (await second.post("/account/log-out-everywhere")).headers["Location"] == "/login"
    for person in (first, second):
        assert (await person.get("/account")).headers["Location"] == "/login"


async def test_a_password_is_changed_and_this_browser_stays_logged_in(console: Console, agent: Visitor, visit) -> None:
    elsewhere: Visitor = visit()
    await elsewhere.log_in("agent1")
    answer = await agent.post("/account/password", old=PASSWORD, new=NEW, again=NEW)
    assert answer.headers["Location"] == "/account?changed=1"
    assert "密码已修改" in await (await agent.get("/account?changed=1")).text()
    assert (await elsewhere.get("/desk")).headers["Location"] == "/login"
    assert (await visit().log_in("agent1", PASSWORD)).status == 401
    assert (await visit().log_in("agent1", NEW)).status == 200


async def test_a_password_that_is_no_good_is_named(agent: Visitor) -> None:
    for sent, told in (
        ({"old": PASSWORD, "new": NEW, "again": "another one entirely"}, "不一致"),
        ({"old": PASSWORD, "new": PASSWORD, "again": PASSWORD}, "不得与当前密码相同"),
        ({"old": "a wrong guess", "new": NEW, "again": NEW}, "当前密码不正确"),
    ):
        answer = await agent.post("/account/password", None, **sent)
        assert answer.status in (401, 422)
        assert told in await answer.text()
    assert (await agent.get("/desk")).status == 200
