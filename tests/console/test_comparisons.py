"""Where a script has the customer's words compared with what is on file: with what, when it is seen, who decides."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date

import pytest

from dialer.domain.script import CallScript, Node, gate
from dialer.domain.script.model import Comparison
from dialer.scripts_yaml import ScriptLibrary
from tests.builders import a_holder
from tests.console.desk import Console, Visitor

_TO_BE_SAID = re.compile("请您.*报一下")
_SAYS_ALIKE = re.compile("一致|比对")
_OWN_UNDERSTANDING = "与理解不一致"  # nothing is on file about what a customer understands
BORN = date(1980, 5, 3)
BIRTHDAY = "1980年5月3日"


def _demands_a_comparison(node: Node) -> bool:
    labels = [option.label for option in node.options if _OWN_UNDERSTANDING not in option.label]
    return bool(_TO_BE_SAID.search(node.text) or any(map(_SAYS_ALIKE.search, labels)))


def test_every_node_of_every_script_that_demands_a_comparison_says_with_what(scripts: ScriptLibrary) -> None:
    demanding = {
        (script.id, node.id): node.compare
        for script in scripts.scripts
        for node in script.nodes.values()
        if _demands_a_comparison(node)
    }
    assert set(demanding.values()) == set(Comparison)
    assert len({script for script, _ in demanding}) == len(scripts.scripts)


def test_a_comparison_by_the_system_without_both_its_answers_is_not_published(scripts: ScriptLibrary) -> None:
    script = scripts.latest("NB_PARTICIPATING")
    assert gate(script) == []
    assert [finding.node for finding in gate(_without(script, "M035_VERIFY_STRONG", "MISMATCH"))] == [
        "M035_VERIFY_STRONG"
    ]


def _without(script: CallScript, node_id: str, option: str) -> CallScript:
    node = script.node(node_id)
    kept = tuple(each for each in node.options if each.code != option)
    return replace(script, nodes={**script.nodes, node_id: replace(node, options=kept)})


async def _page(agent: Visitor) -> str:
    return await (await agent.get("/desk")).text()


async def test_the_birthday_is_on_the_screen_while_it_is_compared_and_on_no_other(
    console: Console, agent: Visitor
) -> None:
    site = console.site
    await site.a_case_is_due(holder=a_holder(birthday=BORN))
    await console.site.connected()
    desk, seen = await agent.desk(), {}
    while desk["screen"]["outcome"] is None:
        seen[desk["screen"]["node"]] = BIRTHDAY in await _page(agent)
        assert (desk["customer"]["birthday"] is not None) == seen[desk["screen"]["node"]]
        site.later(seconds=6)
        desk = await agent.answer(desk)
    assert [node for node, shown in seen.items() if shown] == ["M030_VERIFY"]
    assert BIRTHDAY not in await _page(agent)


async def test_the_birthday_is_compared_again_when_somebody_prompted_the_customer(
    console: Console, agent: Visitor
) -> None:
    await console.site.a_case_is_due(holder=a_holder(birthday=BORN))
    call = await console.site.connected()
    await console.site.answer_until(call, "M030_VERIFY")
    await console.site.answer(call, "PROMPTED")
    assert BIRTHDAY in await _page(agent)


async def test_a_birthday_that_is_not_on_file_is_said_to_be_missing(console: Console, agent: Visitor) -> None:
    await console.site.a_case_is_due(holder=a_holder(birthday=None))
    call = await console.site.connected()
    await console.site.answer_until(call, "M030_VERIFY")
    assert "未登记" in await _page(agent)


@pytest.mark.parametrize(
    ("said", "node"), [("431X", "M040_PURCHASE"), ("431", "T_VERIFY_FAILED"), ("4310", "T_VERIFY_FAILED")]
)
async def test_the_last_four_of_the_document_are_compared_by_the_system_and_shown_to_nobody(
    console: Console, agent: Visitor, said: str, node: str
) -> None:
    await console.site.a_case_is_due(holder=a_holder(id_no="44010119800101431X"))
    call = await console.site.connected()
    await console.site.answer_until(call, "M030_VERIFY")
    await console.site.answer(call, "MISMATCH")
    page = await _page(agent)
    assert "431X" not in page
    assert 'name="capture.id_tail"' in page
    desk = await agent.desk()
    status, refused = await agent.act("answer", version=desk["version"], node="S310_VERIFY_RETRY", option="MATCH")
    assert (status, refused["screen"]["node"]) == (422, "S310_VERIFY_RETRY")
    desk = await agent.answer(desk, "MATCH", id_tail=said)
    assert desk["screen"]["node"] == node
    current = await console.site.conversation(call)
    assert said not in repr(current.stored.state)


async def test_the_branchs_reply_is_compared_with_what_the_customer_tells_and_is_veiled_before_and_after(
    console: Console, agent: Visitor
) -> None:
    site = console.site
    case = await site.a_case_is_due()
    await site.talked(case, M060_SIGN_HOLDER="NO")
    await site.sealed()
    await site.sent_down_and_answered(case, account="王主任上门向客户逐条说明了合同，并当面补办了签名确认手续。")
    call = await site.connected_when_due(case)
    seen = {}
    current = await site.conversation(call)
    again = await agent.log_in("agent1")
    assert again.status == 200
    while not current.interview.is_over:
        seen[current.interview.node] = "当面补办了签名确认手续" in await _page(agent)
        current = await site.answer(call, current.script.node(current.interview.node).options[0].code)
    assert [node for node, shown in seen.items() if shown] == ["M042_HOW"]
