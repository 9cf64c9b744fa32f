"""What the desk shows around the words: as much of the customer as the question needs, and what happened before."""

from __future__ import annotations

import re

import pytest

from dialer.console.words import LANGUAGES, words
from dialer.domain.call import Party
from dialer.domain.interview.reading_aloud import agent_note
from dialer.domain.outcome import Outcome
from dialer.domain.policy import PayMode
from dialer.domain.seat import SeatState
from dialer.scripts_yaml import ScriptLibrary
from tests.builders import a_holder, a_number, a_policy
from tests.console.desk import Console, Visitor

PRODUCT = "福满人生两全保险（分红型）"
PREMIUM = "¥12,345"


async def _until(agent: Visitor, node: str) -> dict:
    desk = await agent.desk()
    while desk["screen"]["node"] != node:
        desk = await agent.answer(desk)
    return desk


def _facts(page: str) -> str:
    return page[page.index('class="customer"') : page.index('class="talk')]


async def test_nothing_of_the_policy_is_shown_before_the_holder_has_proved_who_they_are(
    console: Console, agent: Visitor
) -> None:
    await console.site.a_case_is_due(a_policy(product_code="DEMO-PAR", premium_fen=1_234_500))
    await console.site.connected()
    desk = await _until(agent, "M030_VERIFY")
    facts = _facts(await (await agent.get("/desk")).text())
    assert "王小明" in facts
    assert PRODUCT not in facts
    assert PREMIUM not in facts
    assert desk["customer"]["product"] is None


async def test_what_a_question_is_about_is_shown_with_it_and_veiled_again_after_it(
    console: Console, agent: Visitor
) -> None:
    await console.site.a_case_is_due(a_policy(product_code="DEMO-PAR", premium_fen=1_234_500))
    await console.site.connected()
    await _until(agent, "M040_PURCHASE")
    facts = _facts(await (await agent.get("/desk")).text())
    assert PRODUCT in facts
    assert PREMIUM not in facts
    desk = await _until(agent, "M110_FREELOOK")
    facts = _facts(await (await agent.get("/desk")).text())
    assert PREMIUM in facts
    assert desk["customer"]["surrender_last_day"] == "2026-10-08"
    await _until(agent, "M170_CONTACT")
    assert PREMIUM not in _facts(await (await agent.get("/desk")).text())


async def test_an_earlier_call_is_told_with_its_agent_its_outcome_and_what_stays_to_be_asked(
    console: Console, agent: Visitor
) -> None:
    site = console.site
    case = await site.a_case_is_due()
    call = await site.connected()
    await site.answer_until(call, "M110_FREELOOK")
    await site.hung_up(call, Party.CUSTOMER)
    await agent.act("wrap-up", note="孩子哭了，晚上再打")
    await site.connected_when_due(case)
    desk = await agent.desk()
    facts = _facts(await (await agent.get("/desk")).text())
    for told in ("09-18 09:30", "未完成", "agent1 姓名", "孩子哭了，晚上再打"):
        assert told in facts
    still_open = sum(not item["final"] for item in desk["screen"]["progress"])
    assert 0 < still_open < len(desk["screen"]["progress"])
    assert f"尚待询问 {still_open} 项" in facts
    assert "此前已确认" in facts


async def test_several_policies_tell_which_is_asked_which_is_done_and_what_differs(
    console: Console, agent: Visitor
) -> None:
    holder, number = a_holder(), a_number()
    for premium, product in ((1_000_000, "福满人生"), (50_000, "康宁一生")):
        policy = a_policy(product_code="DEMO-PAR", premium_fen=premium, product_name=product, pay_mode=PayMode.YEARLY)
        await console.site.a_case_is_due(policy, holder=holder, number=number)
    call = await console.site.connected()
    assert "福满人生" not in _facts(await (await agent.get("/desk")).text())
    await _until(agent, "M040_PURCHASE")
    listed = re.findall(r"<li class=\"(\w*)\".*?</li>", _policies(await _page(agent)), re.DOTALL)
    assert listed == ["now", ""]
    await console.site.answer_this_policy(call)
    policies = _policies(await _page(agent))
    assert re.findall(r"<li class=\"(\w*)\"", policies) == ["done", "now"]
    for told in ("福满人生", "康宁一生", "¥10,000", "¥500", "回访成功", "正在询问"):
        assert told in policies


async def _page(agent: Visitor) -> str:
    return await (await agent.get("/desk")).text()


def _policies(page: str) -> str:
    start = page.index('<ol class="policies">')
    return page[start : page.index("</ol>", start)]


async def test_a_holder_of_two_policies_who_has_no_time_is_not_greeted_again(console: Console, agent: Visitor) -> None:
    holder, number = a_holder(), a_number()
    for _ in range(2):
        await console.site.a_case_is_due(holder=holder, number=number)
    call = await console.site.connected()
    await console.site.report(call, "BUSY")
    await console.site.answer(call, "TIME")
    desk = await agent.desk()
    assert desk["screen"]["outcome"] == Outcome.RESCHEDULE


async def test_the_next_call_never_comes_while_the_last_is_wrapped_up(console: Console, agent: Visitor) -> None:
    for _ in range(2):
        await console.site.a_case_is_due()
    call = await console.site.connected()
    assert await console.site.dial() is None
    await console.site.hung_up(call, Party.CUSTOMER)
    assert (await agent.desk())["seat"]["state"] == SeatState.WRAP_UP
    assert await console.site.dial() is None
    await agent.act("wrap-up")
    assert await console.site.dial() is not None


async def test_only_times_at_which_the_number_may_ring_are_offered_and_a_day_without_says_why(
    console: Console, agent: Visitor
) -> None:
    site = console.site
    await site.a_case_is_due(a_policy(product_code="DEMO-PAR", freelook_days=4))
    call = await site.connected()
    await site.report(call, "BUSY")
    page = await _page(agent)
    assert "可约时间" in page
    assert "预约晚于犹豫期末日" in page
    await site.answer(call, "TIME")
    await site.hung_up(call)
    desk = await agent.desk()
    offered = desk["wrap_up"]["appointments"]
    assert offered[0] == "2026-09-18T10:00:00+08:00"
    assert offered[-1] == "2026-09-21T20:30:00+08:00"
    status, refused = await agent.act("wrap-up", appointment_at="2026-09-22T10:00")
    assert (status, refused["error"]) == (422, "APPOINTMENT_NEEDED")
    status, _ = await agent.act("wrap-up", appointment_at=offered[3])
    assert status == 200


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_instruction_to_the_agent_holds_a_code_of_the_script(language: str, scripts: ScriptLibrary) -> None:
    told = {
        words(language).plainly(agent_note(script, node))
        for script in scripts.scripts
        for node in script.nodes.values()
    }
    assert len(told) > 20
    assert not [note for note in told if re.search(r"[A-Z]{2,}_|\$|[{}]", note)]


def test_an_instruction_names_the_flag_that_its_author_wrote_as_a_code() -> None:
    chinese = words("zh_CN")
    assert chinese.plainly("自动打 LATE_REVISIT 标记。") == "自动打“犹豫期已过”标记。"
    assert chinese.plainly("点选“声纹疑点”标记 VOICE_MISMATCH（系统转入）") == "点选“声纹疑点”标记（系统转入）"
    assert chinese.plainly("金额按“一万二千元”读，不读 ABC。") == "金额按“一万二千元”读，不读 ABC。"
