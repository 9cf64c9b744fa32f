"""Results go out over HTTP: cases, what moved since, and sealed sound."""

from __future__ import annotations

from pathlib import Path

import pytest

from dialer.domain.api_token import Scope
from tests.builders import a_policy, at
from tests.console.desk import Console
from tests.console.stories import a_refusal, an_issued_l1
from trials.extracts import a_row


async def _all(core, after: int = 0, limit: int = 100) -> tuple[list[str], int]:
    found: list[str] = []
    while True:
        status, told = await core.ask("GET", f"/cases?after={after}&limit={limit}")
        assert status == 200
        found += [case["policy_no"] for case in told["cases"]]
        after = told["next"]
        if not told["more"]:
            return found, after


async def test_a_case_tells_what_became_of_it_and_nothing_of_whom_it_is_about(console: Console, core) -> None:
    ticket = await an_issued_l1(console)
    async with console.site.storage.read() as work:
        case = await work.cases.get(ticket.case_id)
    status, told = await core.ask("GET", f"/cases/{case.policy_no}")
    assert (status, told["state"], told["outcome"], told["closed"]) == (200, "L1_ISSUED", "PROBLEM_L1", False)
    assert [(each["type"], each["level"]) for each in told["problems"]] == [("NOT_OWN_SIGNATURE", "L1")]
    assert [(each["ticket_no"], each["state"]) for each in told["tickets"]] == [(ticket.ticket_no, "ISSUED_TO_L3")]
    assert (told["holder_name"], told["attempts"], told["recordings"]) == ("王**", 1, [])
    assert [phone["number"][3:7] for phone in told["phones"]] == ["****"]
    assert "王小明" not in str(told)


async def test_the_sealed_recordings_are_named_with_their_sum(console: Console, core) -> None:
    case, call = await a_refusal(console)
    await console.site.sealed()
    _, told = await core.ask("GET", f"/cases/{case.policy_no}")
    async with console.site.storage.read() as work:
        [recording] = await work.recordings.of_call(call)
    assert recording.seal is not None
    assert [(each["id"], each["sha256"]) for each in told["recordings"]] == [(recording.id, recording.seal.sha256)]


async def test_the_sequence_of_changes_is_read_in_pages_and_read_on_from_where_one_was(console: Console, core) -> None:
    console.site.now = at(19)
    rows = [a_row(number) for number in range(1, 6)]
    await core.ask("POST", "/policies/batch", {"policies": rows})
    found, after = await _all(core, limit=2)
    assert found == [row["policy_no"] for row in rows]
    assert await _all(core, after) == ([], after)
    await core.ask("PUT", "/policies/P000000002/cancellation", {"cancelled_on": "2026-09-18"})
    found, later = await _all(core, after)
    assert found == ["P000000002"]
    assert later > after


async def test_a_case_that_moved_twice_comes_once_a_page_as_it_stands(console: Console, core) -> None:
    await an_issued_l1(console)
    _, told = await core.ask("GET", "/cases")
    assert [case["state"] for case in told["cases"]] == ["L1_ISSUED"]


async def test_a_provinces_program_is_told_of_its_own_cases_only(console: Console, core, hire) -> None:
    await console.site.a_case_is_due(a_policy(policy_no="P4400"), org="44/4401")
    await console.site.a_case_is_due(a_policy(policy_no="P3500"), org="35/3501")
    fujian = await hire(name="fujian", org="35")
    assert (await _all(fujian))[0] == ["P3500"]
    assert (await _all(fujian, limit=1))[0] == ["P3500"]
    assert (await fujian.ask("GET", "/cases/P4400"))[0] == 404
    assert (await fujian.ask("GET", "/cases/P3500"))[0] == 200


@pytest.mark.parametrize("query", ["after=-1", "limit=0", "limit=501", "after=x", "since=1", "after=1&after=2"])
async def test_a_query_that_is_none_is_refused(core, query: str) -> None:
    status, told = await core.ask("GET", f"/cases?{query}")
    assert (status, told["code"]) == (400, "REQUEST_INVALID")


@pytest.fixture
async def sound(console: Console, tmp_path: Path) -> tuple[int, bytes]:
    """A sealed recording that is really in the store, its id and its bytes."""
    _, call = await a_refusal(console)
    await console.site.sealed()
    async with console.site.storage.read() as work:
        [recording] = await work.recordings.of_call(call)
    assert recording.seal is not None
    content = bytes(range(256)) * (recording.seal.size_bytes // 256 + 1)
    file = tmp_path / "sound"
    file.write_bytes(content[: recording.seal.size_bytes])
    await console.store.put(recording.seal.key, file)
    return recording.id, file.read_bytes()


async def test_a_recording_is_handed_out_whole_and_in_parts(core, sound: tuple[int, bytes]) -> None:
    recording_id, content = sound
    whole = await core.send("GET", f"/recordings/{recording_id}")
    assert (whole.status, whole.content_type, await whole.read()) == (200, "audio/ogg", content)
    part = await core.send("GET", f"/recordings/{recording_id}", Range="bytes=10-19")
    assert (part.status, await part.read()) == (206, content[10:20])
    beyond = await core.send("GET", f"/recordings/{recording_id}", Range=f"bytes={len(content)}-")
    assert (beyond.status, beyond.content_type) == (416, "application/problem+json")
    assert beyond.headers["Content-Range"] == f"bytes */{len(content)}"


@pytest.mark.parametrize("wanted", ["0", "999", "x", "-1", "9" * 30, "٣"])
async def test_a_recording_that_is_not_there_is_not_found(core, wanted: str) -> None:
    assert (await core.ask("GET", f"/recordings/{wanted}"))[0] == 404


async def test_anothers_recording_is_not_there_and_results_alone_open_no_sound(sound, hire) -> None:
    recording_id, _ = sound
    fujian = await hire(name="fujian", org="35")
    assert (await fujian.ask("GET", f"/recordings/{recording_id}"))[0] == 404
    reader = await hire(Scope.CASES_READ, name="reader")
    assert (await reader.ask("GET", f"/recordings/{recording_id}"))[0] == 403
