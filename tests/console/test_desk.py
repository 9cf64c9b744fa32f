"""An agent's day through HTTP: sit down, talk a policyholder through the script, wrap up."""

from __future__ import annotations

from dialer.domain.call import Party, SeatId
from dialer.domain.case import CaseState
from dialer.domain.outcome import Outcome
from dialer.domain.seat import SeatState
from dialer.domain.user import Role
from dialer.ports.storage import DeskOrderKind
from dialer.usecases.follow_call import leg_is_up
from tests.builders import a_holder, a_number
from tests.console.desk import JSON, Console, Visitor


async def _orders(console: Console) -> list[DeskOrderKind]:
    async with console.site.storage.read() as work:
        return [order.kind for order in await work.floor.open_orders()]


async def test_an_agent_sits_down_gets_ready_pauses_and_goes(console: Console, log_in) -> None:
    agent = await log_in(Role.CC_AGENT, login="lihua")
    desk = await agent.desk()
    assert (desk["seat"], desk["actions"]) == (None, ["sit-down"])

    _, desk = await agent.act("sit-down")
    assert desk["seat"]["state"] == SeatState.SEATING
    assert await _orders(console) == [DeskOrderKind.SIT_DOWN]

    await leg_is_up(console.site.storage, console.signals, SeatId("lihua"), console.site.now)
    _, desk = await agent.act("ready")
    assert desk["seat"]["state"] == SeatState.READY

    _, desk = await agent.act("pause", reason="LUNCH")
    assert (desk["seat"]["state"], desk["seat"]["why"]) == (SeatState.PAUSED, "LUNCH")

    _, desk = await agent.act("stand-up")
    assert desk["seat"]["state"] == SeatState.AWAY
    assert await _orders(console) == [DeskOrderKind.SIT_DOWN, DeskOrderKind.STAND_UP]


async def test_a_whole_interview_by_http_closes_the_case_once_the_sound_is_sealed(
    console: Console, agent: Visitor
) -> None:
    case = await console.site.a_case_is_due()
    await console.site.connected()
    desk = await agent.desk()
    assert desk["customer"]["name"] == "王小明"
    assert desk["screen"]["node"] == "M010_GREET"
    while desk["screen"]["outcome"] is None:
        console.site.later(seconds=6)
        desk = await agent.answer(desk)
    assert desk["screen"]["outcome"] == Outcome.SUCCESS
    assert "hang-up" in desk["actions"]

    status, _ = await agent.act("hang-up", call=desk["call"]["id"])
    assert status == 200
    assert DeskOrderKind.HANG_UP in await _orders(console)
    await console.site.hung_up(desk["call"]["id"])
    desk = await agent.desk()
    assert desk["seat"]["state"] == SeatState.WRAP_UP
    assert desk["wrap_up"] == {"needs_appointment": False, "appointments": [], "note": ""}

    status, desk = await agent.act("wrap-up", note="客户态度很好")
    assert (status, desk["seat"]["state"]) == (200, SeatState.READY)
    await console.site.sealed()
    assert (await console.site.case(case)).state is CaseState.CLOSED_SUCCESS


async def test_an_answer_given_twice_counts_once_and_shows_the_screen_that_is_there(
    console: Console, agent: Visitor
) -> None:
    await console.site.a_case_is_due()
    await console.site.connected()
    first = await agent.desk()
    pressed = {
        "version": first["version"],
        "node": first["screen"]["node"],
        "option": first["screen"]["options"][0]["code"],
    }
    assert (await agent.act("answer", **pressed))[0] == 200
    status, shown = await agent.act("answer", **pressed)
    assert (status, shown["error"]) == (409, "STALE_VERSION")
    assert shown["screen"]["node"] != first["screen"]["node"]
    assert shown["version"] == (await agent.desk())["version"]


async def test_a_page_that_answers_a_screen_that_is_gone_gets_the_right_one(console: Console, agent: Visitor) -> None:
    await console.site.a_case_is_due()
    await console.site.connected()
    response = await agent.post("/desk/answer", {"HX-Request": "true"}, node="M999", option="SELF")
    assert response.status == 409
    text = await response.text()
    assert "画面已更新" in text
    assert 'name="node" value="M010_GREET"' in text
    assert "<html" not in text


async def test_a_browser_that_reloads_comes_back_to_the_same_node_of_the_same_call(
    console: Console, agent: Visitor, visit
) -> None:
    await console.site.a_case_is_due()
    call = await console.site.connected()
    desk = await agent.answer(await agent.desk())
    again = visit()
    await again.log_in("agent1")
    reloaded = await again.desk()
    assert (reloaded["call"]["id"], reloaded["screen"]["node"]) == (call, desk["screen"]["node"])
    page = await (await again.get("/desk")).text()
    assert f'name="node" value="{desk["screen"]["node"]}"' in page


async def test_a_page_that_shows_the_desk_as_it_is_fetches_nothing(console: Console, agent: Visitor) -> None:
    desk = await agent.desk()
    assert (await agent.get(f"/desk?seen={desk['version']}", **{"HX-Request": "true"})).status == 204
    await console.site.a_case_is_due()
    await console.site.dialled()
    assert (await agent.get(f"/desk?seen={desk['version']}", **{"HX-Request": "true"})).status == 200


async def test_an_option_that_needs_the_customers_words_is_refused_without_them(
    console: Console, agent: Visitor
) -> None:
    await console.site.a_case_is_due()
    await console.site.connected()
    desk = await agent.desk()
    while desk["screen"]["node"] != "M050_RECEIPT":
        desk = await agent.answer(desk)
    status, desk = await agent.act("event", node=desk["screen"]["node"], version=desk["version"], event="MISLED")
    assert status == 200
    option = next(option for option in desk["screen"]["options"] if option["captures"])
    sent = {"node": desk["screen"]["node"], "option": option["code"]}
    status, refused = await agent.act("answer", **sent)
    assert (status, refused["error"]) == (422, "IMPOSSIBLE_MOVE")
    captures = {capture["field"]: "他说保本" for capture in option["captures"]}
    status, _ = await agent.act("answer", **sent, captures=captures)
    assert status == 200


async def test_nothing_can_be_answered_before_the_customer_is_on_the_line(console: Console, agent: Visitor) -> None:
    await console.site.a_case_is_due()
    await console.site.dialled()
    desk = await agent.desk()
    assert desk["seat"]["state"] == SeatState.RESERVED
    assert desk["screen"]["text"]  # it can be read already
    assert "answer" not in desk["actions"]
    status, refused = await agent.act("answer", node=desk["screen"]["node"], option="SELF")
    assert (status, refused["error"]) == (422, "IMPOSSIBLE_MOVE")


async def test_a_pause_asked_for_in_a_call_comes_after_it(console: Console, agent: Visitor) -> None:
    await console.site.a_case_is_due()
    call = await console.site.connected()
    _, desk = await agent.act("pause", reason="LUNCH")
    assert (desk["seat"]["state"], desk["seat"]["pause_after_call"]) == (SeatState.TALKING, True)
    await console.site.hung_up(call, Party.CUSTOMER)
    _, desk = await agent.act("wrap-up")
    assert (desk["seat"]["state"], desk["seat"]["why"]) == (SeatState.PAUSED, "LUNCH")


async def test_an_appointment_is_asked_for_and_must_lie_ahead(console: Console, agent: Visitor) -> None:
    case = await console.site.a_case_is_due()
    call = await console.site.connected()
    await _to_reschedule(agent)
    await console.site.hung_up(call)
    page = await (await agent.get("/desk")).text()
    assert 'name="appointment_at"' in page
    for missing in ("", "2026-09-18T09:00"):
        status, refused = await agent.act("wrap-up", appointment_at=missing)
        assert (status, refused["error"]) == (422, "APPOINTMENT_NEEDED")
    status, _ = await agent.act("wrap-up", appointment_at="2026-09-18T19:30")
    assert status == 200
    assert (await console.site.case(case)).state is CaseState.APPOINTMENT


async def _to_reschedule(agent: Visitor) -> None:
    desk = await agent.desk()
    _, desk = await agent.act("event", node=desk["screen"]["node"], event="BUSY")
    wanted = ("LATER", "APPOINT", "RESCHEDULE", "TIME")
    while desk["screen"]["outcome"] is None:
        codes = [option["code"] for option in desk["screen"]["options"]]
        desk = await agent.answer(desk, next((c for c in codes if any(w in c for w in wanted)), codes[0]))
    assert desk["screen"]["outcome"] == Outcome.RESCHEDULE


async def test_a_mark_is_set_and_its_button_goes(console: Console, agent: Visitor) -> None:
    await console.site.a_case_is_due()
    await console.site.connected()
    status, desk = await agent.act("mark", flag="VOICE_MISMATCH")
    assert status == 200
    assert "VOICE_MISMATCH" not in [mark["code"] for mark in desk["screen"]["marks"]]


async def test_a_wrong_key_is_taken_back_while_the_customer_is_on_the_line(console: Console, agent: Visitor) -> None:
    await console.site.a_case_is_due()
    call = await console.site.connected()
    greeting = await agent.desk()
    assert "take-back" not in greeting["actions"]
    wrong = await agent.answer(greeting, "WRONG_NUMBER")
    assert wrong["screen"]["takes_back"] in await (await agent.get("/desk")).text()
    sent = {"version": wrong["version"], "node": wrong["screen"]["node"]}
    status, again = await agent.act("take-back", **sent)
    assert (status, again["screen"]["node"]) == (200, greeting["screen"]["node"])
    assert "take-back" not in again["actions"]
    status, _ = await agent.act("take-back", **sent)
    assert status == 409
    await agent.answer(again)
    await console.site.hung_up(call, Party.CUSTOMER)
    desk = await agent.desk()
    assert "take-back" not in desk["actions"]
    assert desk["screen"]["takes_back"] == ""


async def test_the_desk_works_by_plain_forms_too(console: Console, agent: Visitor) -> None:
    response = await agent.post("/desk/pause", reason="BREAK", csrf=agent.csrf)
    assert (response.status, response.headers["Location"]) == (303, "/desk")
    assert (await agent.desk())["seat"]["state"] == SeatState.PAUSED


async def test_the_stream_says_look_again_when_a_call_arrives(console: Console, agent: Visitor) -> None:
    await console.site.a_case_is_due()
    async with agent.client.get("/desk/events") as stream:
        assert stream.content_type == "text/event-stream"
        assert await stream.content.readline() == b"event: look\n"
        first = await stream.content.readline()
        await stream.content.readline()
        await console.site.dialled()
        await agent.act("pause", reason="LUNCH")
        assert await stream.content.readline() == b"event: look\n"
        assert await stream.content.readline() != first


async def test_programs_and_pages_see_the_same_screen(console: Console, agent: Visitor) -> None:
    await console.site.a_case_is_due()
    await console.site.connected()
    shown = (await (await agent.client.get("/desk", headers=JSON)).json())["screen"]
    page = await (await agent.get("/desk")).text()
    assert shown["text"] in page
    for option in shown["options"]:
        assert option["label"] in page
    for event in shown["events"]:
        assert event["label"] in page


async def test_scenario_09_two_policies_of_one_holder_are_talked_through_in_one_call(
    console: Console, agent: Visitor
) -> None:
    holder, number = a_holder(), a_number()
    cases = [await console.site.a_case_is_due(holder=holder, number=number) for _ in range(2)]
    await console.site.connected()
    desk = await agent.desk()
    assert [policy["over"] for policy in desk["policies"]] == [False, False]
    asked: list[str] = []
    while desk["screen"]["outcome"] is None:
        asked.append(f"{desk['customer']['policy_no']} {desk['screen']['node']}")
        console.site.later(seconds=6)
        desk = await agent.answer(desk)
    for node, times in (("M030_VERIFY", 1), ("M040_PURCHASE", 2)):
        assert [each.split()[1] for each in asked].count(node) == times
    assert [policy["outcome"] for policy in desk["policies"]] == [Outcome.SUCCESS, Outcome.SUCCESS]
    await console.site.hung_up(desk["call"]["id"])
    await agent.act("wrap-up")
    for case in cases:
        assert (await console.site.case(case)).state is CaseState.SEALING


async def test_hanging_up_when_the_customer_was_quicker_is_no_fault(console: Console, agent: Visitor) -> None:
    await console.site.a_case_is_due()
    call = await console.site.connected()
    await console.site.hung_up(call, Party.CUSTOMER)
    status, desk = await agent.act("hang-up", call=call)
    assert (status, desk["seat"]["state"]) == (200, SeatState.WRAP_UP)
    assert await _orders(console) == []


async def test_a_hang_up_that_comes_late_does_not_end_the_next_call(console: Console, agent: Visitor) -> None:
    await console.site.a_case_is_due()
    await console.site.connected()
    status, desk = await agent.act("hang-up", call="the-call-before")
    assert (status, desk["seat"]["state"]) == (200, SeatState.TALKING)
    assert await _orders(console) == []
    assert (await agent.act("hang-up"))[0] == 400


async def test_an_agent_acts_on_their_own_call_only(console: Console, agent: Visitor, log_in) -> None:
    await console.site.a_case_is_due()
    await console.site.connected()
    other = await log_in(Role.CC_AGENT, login="agent2")
    assert (await other.desk())["call"] is None
    status, refused = await other.act("answer", node="M010_GREET", option="SELF")
    assert (status, refused["error"]) == (422, "IMPOSSIBLE_MOVE")
    assert (await agent.desk())["screen"]["node"] == "M010_GREET"


async def test_two_tabs_of_one_agent_follow_each_other_and_a_stale_key_is_refused_politely(
    console: Console, agent: Visitor, visit
) -> None:
    await console.site.a_case_is_due()
    await console.site.connected()
    other = visit()
    await other.log_in("agent1")
    async with agent.client.get("/desk/events") as stream, other.client.get("/desk/events") as others_stream:
        for each in (stream, others_stream):
            for _ in range(3):
                await each.content.readline()
        seen = await other.desk()
        after = await agent.answer(await agent.desk())
        assert await others_stream.content.readline() == b"event: look\n"
        assert (await others_stream.content.readline()).decode().strip() == f"data: {after['version']}"
        screen = seen["screen"]
        status, shown = await other.act(
            "answer", version=seen["version"], node=screen["node"], option=screen["options"][0]["code"]
        )
    assert (status, shown["error"]) == (409, "STALE_VERSION")
    assert shown["screen"]["node"] == after["screen"]["node"]
