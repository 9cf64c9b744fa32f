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
from dialer.ports import SoundLost
from dialer.scripts_yaml import ScriptLibrary
from tests.builders import a_holder, a_number, a_policy
from tests.console.desk import Console, Visitor
from tests.usecases.site import on

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


async def test_who_asks_again_because_a_recording_is_no_proof_is_told_so(console: Console, agent: Visitor) -> None:
    site = console.site
    case = await site.a_case_is_due()
    call = await site.connected()
    await site.answer_everything(call)
    await site.hung_up(call)
    await agent.act("wrap-up")
    await site.sealed(SoundLost("the disk is gone"))
    assert await site.connected_when_due(case) != call
    assert "录音不能作为凭证" in _facts(await (await agent.get("/desk")).text())


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


async def test_a_wrap_up_names_no_product_to_an_agent_whose_customer_never_proved_who_they_are(
    console: Console, agent: Visitor
) -> None:
    await console.site.a_case_is_due(a_policy(product_code="DEMO-PAR"))
    call = await console.site.connected()
    page = await _page(agent)
    assert "分红不确定" not in page
    assert "身份核实" in page
    await console.site.hung_up(call, Party.CUSTOMER)
    page = await _page(agent)
    assert PRODUCT not in page
    assert "分红不确定" not in page
    assert "客户挂断" in page
    assert [each["product"] for each in (await agent.desk())["policies"]] == [None]


async def test_the_items_of_the_product_are_named_once_the_holder_is_known(console: Console, agent: Visitor) -> None:
    await console.site.a_case_is_due(a_policy(product_code="DEMO-PAR"))
    await console.site.connected()
    await _until(agent, "M040_PURCHASE")
    facts = _facts(await _page(agent))
    assert "分红不确定" in facts
    assert re.findall(r'aria-current="step" title="([^:]*)', facts) == ["确认本人购买"]


async def test_no_button_of_an_event_moves_when_the_identity_is_proved(console: Console, agent: Visitor) -> None:
    await console.site.a_case_is_due()
    await console.site.connected()
    before = [event["code"] for event in (await agent.desk())["screen"]["events"]]
    after = [event["code"] for event in (await _until(agent, "M040_PURCHASE"))["screen"]["events"]]
    assert len(before) < len(after)
    assert after[: len(before)] == before


async def test_a_side_branch_says_which_question_comes_back(console: Console, agent: Visitor) -> None:
    await console.site.a_case_is_due()
    call = await console.site.connected()
    await console.site.answer_until(call, "M040_PURCHASE")
    await console.site.report(call, "SUSPECT_FRAUD")
    assert "之后回到：确认本人购买" in await _page(agent)


async def test_an_appointment_ends_with_words_of_goodbye_and_no_internal_ones(console: Console, agent: Visitor) -> None:
    await console.site.a_case_is_due()
    call = await console.site.connected()
    await console.site.report(call, "BUSY")
    await console.site.answer(call, "TIME")
    read = re.sub("<[^>]*>", "", await _page(agent))
    assert "再见" in read
    for internal in ("T_RESCHEDULE", "进入预约队列", "通话中出现"):
        assert internal not in read


async def test_a_pause_that_is_booked_is_what_the_confirmation_leads_to(console: Console, agent: Visitor) -> None:
    await console.site.a_case_is_due()
    call = await console.site.connected()
    await agent.act("pause", reason="LUNCH")
    await console.site.hung_up(call, Party.CUSTOMER)
    page = await _page(agent)
    assert "确认，然后小休" in page
    assert "接下一件" not in page


def test_an_instruction_in_chinese_has_its_codes_named_in_chinese() -> None:
    assert words("en").plainly("自动打 LATE_REVISIT 标记。") == "自动打“犹豫期已过”标记。"


async def test_a_ready_agent_is_told_when_no_customer_is_due(console: Console, agent: Visitor) -> None:
    site = console.site
    assert "目前没有到时的客户。" in await _page(agent)
    case = await site.a_case_is_due()
    assert "目前没有到时的客户" not in await _page(agent)
    call = await site.connected()
    await site.report(call, "BUSY")
    await site.answer(call, "TIME")
    await site.over(call, appointment_at=on(9, 19, 10))
    assert (await site.case(case)).next_at is not None
    assert "下一位在 09-19 " in await _page(agent)
