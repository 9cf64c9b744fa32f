"""Finding cases and sound by what one remembers of them; a name stands in no address, another branch finds nothing."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from dialer.domain.case import RevisitCase
from dialer.domain.recording import RecordingState
from dialer.domain.user import Role
from dialer.usecases.search import PAGE_LINES
from tests.builders import a_policy, a_seal
from tests.console.desk import Console, Visitor
from tests.console.stories import an_issued_l1, sealed_in_store


@pytest.fixture
async def talked(console: Console) -> tuple[RevisitCase, int]:
    """A case that was talked through on 18 September, and its sealed recording."""
    site = console.site
    case = await site.a_case_is_due()
    await site.seat_is_ready()
    call = await site.talked(case)
    async with site.storage.begin() as work:
        recording = (await work.recordings.of_call(call))[0]
        await work.recordings.save(replace(recording, state=RecordingState.SEALED, seal=a_seal(call)))
    return case, recording.id


async def _asked(visitor: Visitor, where: str, **fields: str) -> tuple[str, str]:
    """The address that a filled form leads to, and what stands there."""
    answer = await visitor.post(where, None, **fields)
    assert answer.status == 303
    address = answer.headers["Location"]
    page = await visitor.get(address)
    assert page.status == 200
    return address, await page.text()


FOUND = (
    {"agent": "agent1"},
    {"outcome": "SUCCESS"},
    {"from": "2026-09-18", "to": "2026-09-18"},
    {"state": "SEALING"},
    {"state": "OPEN"},
    {"name": "王小明"},
    {"agent": "agent1", "outcome": "SUCCESS", "name": " 王小明 ", "from": "2026-09-01"},
)
NOT_FOUND = (
    {"agent": "agent2"},
    {"outcome": "REFUSED"},
    {"from": "2026-09-19"},
    {"to": "2026-09-17"},
    {"state": "CLOSED_SUCCESS"},
    {"name": "王小"},
    {"problem": "NOT_AWARE"},
    {"flag": "LATE_REVISIT"},
    {"policy_no": "P0"},
)


@pytest.mark.parametrize("fields", FOUND, ids="-".join)
async def test_a_case_and_its_sound_are_found_by_any_of_it(log_in, talked, fields: dict[str, str]) -> None:
    case, recording_id = talked
    leader = await log_in(Role.CC_LEADER)
    _, cases = await _asked(leader, "/cases", **fields)
    assert f'href="/cases/{case.id}"' in cases
    assert f"/cases/{case.id}#player-{recording_id}" in cases
    _, sound = await _asked(leader, "/recordings", **fields)
    assert f"/recordings/{recording_id}/listen" in sound
    assert "王**" in sound


@pytest.mark.parametrize("fields", NOT_FOUND, ids="-".join)
async def test_what_is_not_so_is_not_found(log_in, talked, fields: dict[str, str]) -> None:
    leader = await log_in(Role.CC_LEADER)
    for where, nothing in (("/cases", "没有找到"), ("/recordings", "没有找到录音")):
        _, page = await _asked(leader, where, **fields)
        assert nothing in page


async def test_a_name_stands_in_no_address_and_the_search_can_go_on_from_it(log_in, talked) -> None:
    case, _ = talked
    leader = await log_in(Role.CC_LEADER)
    address, page = await _asked(leader, "/cases", name="王小明")
    assert re.fullmatch(r"/cases\?holder=[0-9a-f]{64}", address)
    assert "王小明" not in page
    key = address.partition("=")[2]
    assert f'name="holder" value="{key}"' in page
    _, narrowed = await _asked(leader, "/cases", holder=key, agent="agent1")
    assert f"/cases/{case.id}" in narrowed


@pytest.mark.parametrize("fields", [{}, *FOUND], ids=lambda fields: "-".join(fields) or "all")
async def test_a_supervisor_of_another_branch_finds_nothing(log_in, talked, fields: dict[str, str]) -> None:
    case, recording_id = talked
    stranger = await log_in(Role.CC_LEADER, org="31")
    for where in ("/cases", "/recordings"):
        _, page = await _asked(stranger, where, **fields)
        assert "没有找到" in page
        assert case.policy_no not in page
    for path in (f"/recordings/{recording_id}/listen", f"/recordings/{recording_id}/waveform"):
        assert (await stranger.get(path)).status == 404


async def test_who_may_not_hear_finds_cases_without_their_sound(log_in, talked) -> None:
    case, recording_id = talked
    dispatch = await log_in(Role.CC_DISPATCH)
    page = await (await dispatch.get("/cases")).text()
    assert f"/cases/{case.id}" in page
    assert "player" not in page
    assert 'href="/recordings' not in page
    assert (await dispatch.get(f"/recordings/{recording_id}/listen")).status == 403


async def test_more_than_a_page_is_turned_over(console: Console, log_in) -> None:
    for _ in range(PAGE_LINES + 3):
        await console.site.a_case_is_due(a_policy(product_code="DEMO-PAR"))
    leader = await log_in(Role.CC_LEADER)
    first = await (await leader.get("/cases?state=READY")).text()
    assert first.count('href="/cases/') == PAGE_LINES
    older = re.search(r'rel="next" href="([^"]+)"', first)
    assert older is not None
    second = await (await leader.get(older[1].replace("&amp;", "&"))).text()
    assert second.count('href="/cases/') == 3
    assert 'rel="next"' not in second
    assert not set(re.findall(r"P2026\d+", first)) & set(re.findall(r"P2026\d+", second))


@pytest.mark.parametrize(
    "query", ["state=NOWHERE", "outcome=GOOD", "from=yesterday", "to=2026-13-01", "problem=X", "before=x"]
)
async def test_what_is_no_question_is_refused(log_in, query: str) -> None:
    leader = await log_in(Role.CC_LEADER)
    for where in ("/cases", "/recordings"):
        assert (await leader.get(f"{where}?{query}")).status == 400


async def test_the_recordings_page_of_one_call_has_its_answers(log_in, talked) -> None:
    case, recording_id = talked
    leader = await log_in(Role.CC_LEADER)
    page = await (await leader.get(f"/recordings/{recording_id}/listen")).text()
    for told in (case.policy_no, "王**", "agent1", "回访成功", f'id="player-{recording_id}"', "来意与录音告知", "方便"):
        assert told in page
    assert "download" not in page


async def test_who_hears_a_complaint_reads_what_was_pressed_and_the_customers_words(
    console: Console, log_in, tmp_path: Path
) -> None:
    """On the recording's page and on the case's, which shows the words among the problems."""
    site = console.site
    case = await site.a_case_is_due()
    await site.seat_is_ready()
    call = await site.connected()
    await site.says_misled(call, "说是存款，随时能取")
    recording = await sealed_in_store(console, tmp_path, call)

    leader = await log_in(Role.CC_LEADER)
    for address in (f"/recordings/{recording.id}/listen", f"/cases/{case.id}"):
        page = await (await leader.get(address)).text()
        row = next(each for each in page.split("<tr>") if "已记录，继续回访" in each)
        for told in ('data-title="保险责任"', "销售误导记录", "<q>说是存款，随时能取</q>", "未确认"):
            assert told in row
        assert "否认" not in page


@pytest.mark.parametrize(("role", "hears"), [(Role.CC_MANAGER, True), (Role.CC_DISPATCH, False)])
async def test_who_may_hear_hears_on_the_ticket_what_the_customer_said(
    console: Console, log_in, tmp_path: Path, role: Role, *, hears: bool
) -> None:
    ticket = await an_issued_l1(console)
    async with console.site.storage.read() as work:
        (attempt,) = await work.calls.attempts(ticket.case_id)
    recording = await sealed_in_store(console, tmp_path, attempt.call_id)
    reader = await log_in(role)
    address = f"/cases/{ticket.case_id}/sound"
    assert (f'hx-get="{address}"' in await (await reader.get(f"/tickets/{ticket.id}")).text()) is hears
    sound = await reader.get(address)
    assert (f'id="player-{recording.id}"' in await sound.text()) is hears
    assert sound.status == (200 if hears else 403)
