"""The desk of scripts: from a draft to the agents' screens, each step by who may (rules §8.4)."""

from __future__ import annotations

import html
import json
import re
from typing import Any

import pytest

from dialer.domain.user import Role
from tests.console.desk import Console, Visitor

SCRIPT = "NB_PARTICIPATING"
NEW_WORDS = (
    "您好，这里是{company_name}，我是回访专员，工号{agent_no}。请问您是{policyholder_name}{policyholder_title}吗？"
)

GREETING: dict[str, Any] = {
    "node": "M010_GREET",
    "seen": "0",
    "wording.text": NEW_WORDS,
    "wording.title": "开场白与找人",
}


@pytest.fixture
async def author(log_in) -> Visitor:
    visitor: Visitor = await log_in(Role.HQ_ADMIN, login="hq")
    return visitor


@pytest.fixture
async def compliance(log_in) -> Visitor:
    visitor: Visitor = await log_in(Role.COMPLIANCE, login="cmpl")
    return visitor


@pytest.fixture
async def draft(author: Visitor) -> str:
    """The path of the next version, its greeting in other words."""
    begun = await author.post("/scripts", script=SCRIPT)
    path = begun.headers["Location"].partition("?")[0]
    fields: dict[str, Any] = {
        "node": "M010_GREET",
        "seen": "0",
        "wording.text": NEW_WORDS,
        "wording.title": "开场白与找人",
    }
    saved = await author.post(f"{path}/wording", **fields)
    assert saved.headers["Location"] == f"{path}?view=wording#M010_GREET"
    return path


async def _text(visitor: Visitor, path: str) -> str:
    return await (await visitor.get(path)).text()


async def test_a_draft_shows_what_differs_and_what_may_be_done(author: Visitor, draft: str) -> None:
    text = await _text(author, draft)
    assert "<ins>" in text
    assert "<del>" in text
    assert "M010_GREET" in text
    assert "发布检查通过" in text
    assert ">提交审核</button>" in text
    assert ">发布</button>" not in text
    assert ">批准</button>" not in text


async def test_it_reaches_new_calls_only_through_compliance(
    console: Console, author: Visitor, compliance: Visitor, draft: str
) -> None:
    assert (await author.post(f"{draft}/approve")).status == 403
    assert (await compliance.post(f"{draft}/approve")).status == 422  # not submitted yet
    assert (await author.post(f"{draft}/submit")).status == 303
    assert (await compliance.post(f"{draft}/publish")).status == 403
    assert ">批准</button>" in await _text(compliance, draft)
    assert (await compliance.post(f"{draft}/approve")).status == 303
    assert (await author.post(f"{draft}/publish")).status == 303
    console.site.later(seconds=30)
    assert console.site.scripts.latest(SCRIPT).ref.version == "1.2.0"
    listed = await _text(author, "/scripts")
    assert re.search(r'class="strong">1\.1\.0', listed)
    assert (await author.post(f"{draft}/text", text="x", seen="4")).status == 422  # published: nobody edits it
    assert (await author.post(f"{draft}/retire", why="客户听不懂")).status == 303
    assert console.site.scripts.latest(SCRIPT).ref.version == "1.1.0"
    assert "客户听不懂" in await _text(author, f"{draft}?view=history")


async def test_compliance_sends_it_back_with_a_reason(author: Visitor, compliance: Visitor, draft: str) -> None:
    await author.post(f"{draft}/submit")
    assert (await compliance.post(f"{draft}/send-back", why=" ")).status == 422
    assert (await compliance.post(f"{draft}/send-back", why="称谓不妥")).status == 303
    assert "称谓不妥" in await _text(author, f"{draft}?view=history")
    assert ">提交审核</button>" in await _text(author, draft)


async def test_findings_of_the_gate_are_named_and_stop_the_way(author: Visitor, draft: str) -> None:
    fields: dict[str, Any] = {
        "node": "M010_GREET",
        "seen": "1",
        "wording.text": "您好，{customer}",
        "wording.title": "开场白",
    }
    await author.post(f"{draft}/wording", **fields)
    text = await _text(author, draft)
    assert "未声明的变量" in text
    assert ">提交审核</button>" not in text
    assert (await author.post(f"{draft}/submit")).status == 422


async def test_a_text_that_cannot_be_read_is_kept_and_said(author: Visitor, draft: str) -> None:
    assert (await author.post(f"{draft}/text", text="nodes: [", seen="1")).status == 303
    assert "YAML" in await _text(author, draft)
    assert "nodes: [" in await _text(author, f"{draft}?view=text")
    assert (await author.get(f"{draft}/try")).status == 422


async def test_a_second_editor_is_told_and_loses_nothing(author: Visitor, draft: str) -> None:
    refused = await author.post(f"{draft}/text?view=text", text="script_id: mine", seen="0")
    assert refused.status == 409
    assert "script_id: mine" in await refused.text()


def _walk(text: str) -> str:
    """The moves as the first option's form carries them."""
    found = re.findall(r'name="walk" value="([^"]*)"', text)
    return html.unescape(found[-1])


async def test_a_draft_is_walked_to_its_end_and_nothing_is_stored(
    console: Console, author: Visitor, draft: str
) -> None:
    text = await _text(author, f"{draft}/try")
    assert "这里是" in text
    for _ in range(60):
        code = re.search(r'name="kind" value="OPTION"><input type="hidden" name="name" value="(\w+)"', text)
        if code is None:
            break
        answer = await author.post(f"{draft}/try", walk=_walk(text), kind="OPTION", name=code[1])
        text = await answer.text()
    assert "回访成功" in text
    assert len(json.loads(_walk(text))) == 0  # what is left is to begin again
    async with console.site.storage.read() as work:
        assert await work.decisions.scripts()
        assert await work.cases.counts() == {}


async def test_a_trial_refuses_what_the_desk_would(author: Visitor, draft: str) -> None:
    refused = await author.post(f"{draft}/try", walk="[]", kind="OPTION", name="NO_SUCH")
    assert (refused.status, "这里是" in await refused.text()) == (422, True)
    for walk in ("{", '[["OPTION"]]', '[["X", "Y", {}]]', "5"):
        assert (await author.post(f"{draft}/try", walk=walk)).status == 400


async def test_every_installed_script_can_be_drafted_and_tried(console: Console, author: Visitor) -> None:
    for script in console.site.scripts.installed.scripts:  # type: ignore[attr-defined]
        begun = await author.post("/scripts", script=script.id)
        path = begun.headers["Location"].partition("?")[0]
        assert (await author.get(f"{path}/try")).status == 200, script.id
    assert (await author.post("/scripts", script="NB_NONE")).status == 404
