"""What an agent types in a call is kept while they type, comes back with the page, and goes when it is used."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Engine, event

from dialer.domain.call import CallId, Party
from dialer.domain.seat import SeatState
from dialer.domain.user import Role
from tests.console.desk import Console, Visitor


def _words_option(desk: dict[str, Any]) -> dict[str, Any]:
    option: dict[str, Any] = next(option for option in desk["screen"]["options"] if option["captures"])
    return option


def _typed(desk: dict[str, Any]) -> str:
    text: str = _words_option(desk)["captures"][0]["typed"]
    return text


async def _misled(console: Console, agent: Visitor) -> dict[str, Any]:
    """The customer says they were misled: what they say is to be written down."""
    await console.site.a_case_is_due()
    await console.site.connected()
    desk = await agent.desk()
    while desk["screen"]["node"] != "M050_RECEIPT":
        desk = await agent.answer(desk)
    return await _report(agent, desk, "MISLED")


async def _report(agent: Visitor, desk: dict[str, Any], what: str) -> dict[str, Any]:
    status, after = await agent.act("event", node=desk["screen"]["node"], version=desk["version"], event=what)
    assert status == 200
    return after


async def _type(agent: Visitor, desk: dict[str, Any], text: str) -> None:
    option = _words_option(desk)
    sent = {"call": desk["call"]["id"], "node": desk["screen"]["node"], "option": option["code"]}
    response = await agent.post("/desk/typed", None, **sent, **{f"capture.{option['captures'][0]['field']}": text})
    assert response.status == 204


async def _note(agent: Visitor, desk: dict[str, Any], text: str) -> None:
    assert (await agent.post("/desk/typed", call=desk["call"]["id"], note=text)).status == 204


async def test_words_of_an_answer_that_is_taken_back_stand_in_their_field_again(
    console: Console, agent: Visitor
) -> None:
    desk = await _misled(console, agent)
    option = _words_option(desk)
    after = await agent.answer(desk, option["code"], **{option["captures"][0]["field"]: "业务员说保本"})
    status, again = await agent.act("take-back", version=after["version"], node=after["screen"]["node"])
    assert (status, again["screen"]["node"]) == (200, desk["screen"]["node"])
    assert _typed(again) == "业务员说保本"


async def test_words_half_typed_are_there_again_in_a_browser_that_comes_back(
    console: Console, agent: Visitor, visit
) -> None:
    desk = await _misled(console, agent)
    assert _typed(desk) == ""
    await _type(agent, desk, "业务员说")
    await _type(agent, desk, "业务员说保本")
    again = visit()
    await again.log_in("agent1")
    assert _typed(await again.desk()) == "业务员说保本"
    page = await (await again.get("/desk")).text()
    assert "data-goes-on>业务员说保本</textarea>" in page
    assert '<details class="option" open>' in page


async def test_the_answer_takes_the_words_with_it(console: Console, agent: Visitor) -> None:
    desk = await _misled(console, agent)
    await _type(agent, desk, "业务员说保本")
    after = await agent.answer(
        desk, _words_option(desk)["code"], **{_words_option(desk)["captures"][0]["field"]: "保本"}
    )
    async with console.site.storage.read() as work:
        assert await work.drafts.of(CallId(desk["call"]["id"]), "agent1") is None
    assert after["screen"]["node"] != desk["screen"]["node"]


async def test_words_wait_while_something_else_is_talked_about(console: Console, agent: Visitor) -> None:
    desk = await _misled(console, agent)
    await _type(agent, desk, "业务员说保本")
    aside = await _report(agent, desk, "HEARING")
    assert aside["screen"]["node"] != desk["screen"]["node"]
    back = await _report(agent, aside, "MISLED")
    assert _typed(back) == "业务员说保本"


async def test_a_mark_set_while_words_are_written_leaves_them_on_the_screen(console: Console, agent: Visitor) -> None:
    desk = await _misled(console, agent)
    await _type(agent, desk, "业务员说保本")
    status, marked = await agent.act("mark", flag=desk["screen"]["marks"][0]["code"])
    assert (status, _typed(marked)) == (200, "业务员说保本")


async def test_words_that_arrive_after_the_answer_are_kept_for_nothing(console: Console, agent: Visitor) -> None:
    desk = await _misled(console, agent)
    await agent.answer(desk, _words_option(desk)["code"], **{_words_option(desk)["captures"][0]["field"]: "保本"})
    await _type(agent, desk, "业务员说保")
    async with console.site.storage.read() as work:
        assert await work.drafts.of(CallId(desk["call"]["id"]), "agent1") is None


async def test_nobody_writes_into_anothers_call(console: Console, agent: Visitor, log_in) -> None:
    desk = await _misled(console, agent)
    other = await log_in(Role.CC_AGENT, login="agent2")
    await _type(other, desk, "不该有")
    async with console.site.storage.read() as work:
        assert await work.drafts.of(CallId(desk["call"]["id"]), "agent2") is None
    assert _typed(await agent.desk()) == ""


async def test_a_note_is_kept_until_the_call_is_wrapped_up(console: Console, agent: Visitor) -> None:
    await console.site.a_case_is_due()
    call = await console.site.connected()
    desk = await agent.desk()
    await _note(agent, desk, "太早")
    await console.site.hung_up(call, Party.CUSTOMER)
    assert (await agent.desk())["wrap_up"]["note"] == ""
    await _note(agent, desk, "客户要开会")
    assert (await agent.desk())["wrap_up"]["note"] == "客户要开会"
    assert ">客户要开会</textarea>" in await (await agent.get("/desk")).text()
    status, desk = await agent.act("wrap-up", note="客户要开会")
    assert (status, desk["seat"]["state"]) == (200, SeatState.READY)
    async with console.site.storage.read() as work:
        assert await work.drafts.of(call, "agent1") is None


async def test_what_the_customer_was_saying_when_the_line_went_is_in_the_note(console: Console, agent: Visitor) -> None:
    desk = await _misled(console, agent)
    await _type(agent, desk, "业务员说保本")
    await console.site.hung_up(CallId(desk["call"]["id"]), Party.CUSTOMER)
    desk = await agent.desk()
    assert desk["wrap_up"]["note"] == "业务员说保本"
    await _note(agent, desk, "")
    assert (await agent.desk())["wrap_up"]["note"] == ""


@pytest.fixture
def asked() -> Iterator[list[str]]:
    """Every statement that goes to a database."""
    statements: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_more: object) -> None:
        statements.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    yield statements
    event.remove(Engine, "before_cursor_execute", note)


async def test_a_step_without_words_asks_nothing_about_words(
    console: Console, agent: Visitor, asked: list[str]
) -> None:
    await console.site.a_case_is_due()
    await console.site.connected()
    desk = await agent.desk()
    while desk["screen"]["outcome"] is None:
        plain = not any(option["captures"] for option in desk["screen"]["options"])
        asked.clear()
        desk = await agent.answer(desk)
        assert asked
        assert plain is not any("drafts" in statement for statement in asked)
