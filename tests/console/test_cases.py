"""Finding a case, seeing all that happened to it, hearing the answer that is doubted."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from dialer.console.words import LANGUAGE_COOKIE
from dialer.domain.call import CallId, Ended, Party
from dialer.domain.case import CaseState, RevisitCase
from dialer.domain.reason import Reason
from dialer.domain.recording import RecordingState
from dialer.domain.user import Role
from tests.builders import a_seal
from tests.console.desk import Console
from tests.console.stories import a_refusal

SOUND = bytes(range(256)) * 2000


@pytest.fixture
async def called(console: Console, tmp_path: Path) -> tuple[RevisitCase, int]:
    """A case that was talked through, and its sealed recording in the store."""
    site = console.site
    case = await site.a_case_is_due()
    await site.seat_is_ready()
    call = await site.connected()
    await site.answer_everything(call)
    await site.hung_up(call)
    await site.wrapped_up()
    (tmp_path / "sound").write_bytes(SOUND)
    await console.store.put("talk.ogg", tmp_path / "sound")
    async with site.storage.begin() as work:
        recording = (await work.recordings.of_call(call))[0]
        seal = a_seal(call, key="talk.ogg", size_bytes=len(SOUND))
        await work.recordings.save(replace(recording, state=RecordingState.SEALED, seal=seal))
    return case, recording.id


async def test_a_case_is_found_by_policy_number_and_names_are_masked(console: Console, log_in, called) -> None:
    case, _ = called
    quality = await log_in(Role.QA)
    page = await (await quality.get(f"/cases?policy_no={case.policy_no}")).text()
    assert f"/cases/{case.id}" in page
    assert "王**" in page
    assert "没有找到" in await (await quality.get("/cases?policy_no=P0")).text()


async def test_the_case_page_says_what_the_case_waits_for_in_the_readers_language(
    console: Console, log_in, called
) -> None:
    case, _ = called
    quality = await log_in(Role.QA)
    page = await (await quality.get(f"/cases/{case.id}")).text()
    assert "等待录音封存后结案" in page
    assert "closes when its recording is sealed" not in page
    english = {"Cookie": f"{LANGUAGE_COOKIE}=en"}
    page = await (await quality.get(f"/cases/{case.id}", **english)).text()
    assert "closes when its recording is sealed" in page
    assert "等待录音封存后结案" not in page


async def test_the_case_page_tells_the_whole_story_and_hides_the_person(console: Console, log_in, called) -> None:
    case, recording_id = called
    quality = await log_in(Role.QA)
    page = await (await quality.get(f"/cases/{case.id}")).text()
    for told in ("录音封存中", "回访成功", "已确认", "接通", f'src="/recordings/{recording_id}"'):
        assert told in page
    for hidden in ("王小明", "13800000"):
        assert hidden not in page


@pytest.mark.parametrize(("org", "status"), [("44", 200), ("31", 404)])
async def test_cases_and_recordings_outside_ones_organisation_do_not_exist(log_in, called, org, status) -> None:
    case, recording_id = called
    quality = await log_in(Role.QA, org=org)
    assert (await quality.get(f"/cases/{case.id}")).status == status
    assert (await quality.get(f"/recordings/{recording_id}")).status == status
    found = await (await quality.get(f"/cases?policy_no={case.policy_no}")).text()
    assert (f"/cases/{case.id}" in found) is (status == 200)
    listed = await (await quality.get("/cases")).text()
    assert (f"/cases/{case.id}" in listed) is (status == 200)


async def test_a_recording_is_heard_whole_or_in_parts(log_in, called) -> None:
    _, recording_id = called
    quality = await log_in(Role.QA)
    whole = await quality.get(f"/recordings/{recording_id}")
    assert (whole.status, whole.content_type, await whole.read()) == (200, "audio/ogg", SOUND)
    for asked, start, stop in (
        ("bytes=0-99", 0, 100),
        ("bytes=1000-", 1000, len(SOUND)),
        ("bytes=-10", len(SOUND) - 10, len(SOUND)),
        ("bytes=300000-999999999", 300000, len(SOUND)),
    ):
        part = await quality.get(f"/recordings/{recording_id}", Range=asked)
        assert part.status == 206
        assert part.headers["Content-Range"] == f"bytes {start}-{stop - 1}/{len(SOUND)}"
        assert await part.read() == SOUND[start:stop]


@pytest.mark.parametrize("asked", ["bytes=999999999-", "bytes=x-y", "bytes=10-5"])
async def test_a_part_that_is_not_there_is_refused_with_the_length(log_in, called, asked: str) -> None:
    _, recording_id = called
    quality = await log_in(Role.QA)
    refused = await quality.get(f"/recordings/{recording_id}", Range=asked)
    assert (refused.status, refused.headers["Content-Range"]) == (416, f"bytes */{len(SOUND)}")


async def test_sound_that_the_store_has_lost_is_an_error_and_no_half_answer(console: Console, log_in, called) -> None:
    _, recording_id = called
    await console.store.delete("talk.ogg")
    quality = await log_in(Role.QA)
    assert (await quality.get(f"/recordings/{recording_id}")).status == 404


async def test_a_fault_of_ours_and_who_moved_a_case_are_named_in_words(console: Console, log_in) -> None:
    site = console.site
    case = await site.a_case_is_due()
    await site.seat_is_ready()
    await site.hear(Ended(await site.dialled(), site.now, Party.DIALER, failure="TRUNK_SILENT"))
    quality = await log_in(Role.QA)
    page = await (await quality.get(f"/cases/{case.id}")).text()
    assert "中继无应答" in page
    assert "拨号系统" in page
    assert "TRUNK_SILENT" not in page
    assert "system:engine" not in page


async def test_the_floor_shows_who_does_what_and_where_cases_stand(console: Console, log_in, called) -> None:
    leader = await log_in(Role.CC_LEADER)
    await log_in(Role.CC_AGENT, login="agent1")
    page = await (await leader.get("/floor")).text()
    assert "agent1 姓名" in page
    assert "录音封存中" in page
    data = await (await leader.get("/floor", Accept="application/json")).json()
    assert data["cases"] == {"SEALING": 1}
    assert data["seats"][0]["state"] == "READY"


async def test_a_case_that_is_not_there_is_a_page_that_says_so(log_in) -> None:
    quality = await log_in(Role.QA)
    for path, status in (("/cases/99", 404), ("/cases/abc", 400), ("/nowhere", 404)):
        response = await quality.get(path)
        assert response.status == status
        assert "返回首页" in await response.text()


@pytest.fixture
async def refused(console: Console) -> tuple[RevisitCase, CallId]:
    return await a_refusal(console)


async def test_a_refusal_closes_when_quality_has_heard_it_and_not_before_it_is_sealed(console, log_in, refused) -> None:
    case, _ = refused
    assert case.state is CaseState.REFUSAL_QA
    quality, agent = await log_in(Role.QA), await log_in(Role.CC_AGENT)
    path = f"/cases/{case.id}/refusal"
    assert (await agent.post(path, verdict="refused", why="听过")).status == 403
    assert (await quality.post(path, verdict="refused", why="听过")).status == 403
    assert (await quality.post(path, verdict="perhaps", why="听过")).status == 400
    await console.site.sealed()
    assert "不是拒访" in await (await quality.get(f"/cases/{case.id}")).text()
    assert (await quality.post(path, verdict="refused", why="客户明确表示不接受回访")).status == 303
    assert (await console.site.case(case)).state is CaseState.CLOSED_REFUSED


async def test_what_was_no_refusal_is_dialled_again(console: Console, log_in, refused) -> None:
    case, _ = refused
    quality = await log_in(Role.QA)
    answer = await quality.post(f"/cases/{case.id}/refusal", verdict="not_refused", why="客户只是要求改天再打")
    assert answer.status == 303
    assert (await console.site.case(case)).state is CaseState.READY


@pytest.mark.parametrize(("language", "told"), [("zh_CN", "坐席预览后退回"), ("en", "given back by the agent")])
async def test_what_a_case_waits_for_is_told_in_the_readers_language(console: Console, log_in, language, told) -> None:
    site = console.site
    case = await site.a_case_is_due()
    async with site.storage.begin() as work:
        await work.cases.save(case.due(site.now, Reason.GIVEN_BACK))
    quality = await log_in(Role.QA)
    page = await (await quality.get(f"/cases/{case.id}", Cookie=f"{LANGUAGE_COOKIE}={language}")).text()
    assert f'<span class="dim">{told}' in page
