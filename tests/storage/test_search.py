from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event

from dialer.domain.attempt import Attempt
from dialer.domain.call import CallId, RecordingKind
from dialer.domain.case import CaseState, RevisitCase
from dialer.domain.errors import NotFound
from dialer.domain.holder import PersonName
from dialer.domain.outcome import Outcome
from dialer.domain.problem import Problem, ProblemType
from dialer.domain.recording import RecordingState
from dialer.ports.search import Criteria
from dialer.ports.storage import FoundProblem, Segment, Storage
from dialer.storage.database import Database
from tests.builders import a_call, a_holder, a_seal, a_stored_call, an_attempt, at, sound_files
from tests.storage.stories import given_case, given_phone


async def _talked(storage: Storage, case: RevisitCase, call_id: str, hour: int, **facts: Any) -> tuple[Attempt, int]:
    """A finished call of a case with its sealed sound; the attempt and the recording's id."""
    agent, outcome = facts.get("agent", "agent1"), facts.get("outcome", Outcome.SUCCESS)
    kind = facts.get("kind", RecordingKind.TALK)
    phone = await given_phone(storage, case.holder_id)
    call = a_call(call_id=CallId(call_id), intended_at=at(hour))
    async with storage.begin() as work:
        stored = a_stored_call(call, phone_id=phone.id, number_hash=phone.number_hash, agent=agent)
        attempt = an_attempt(case_id=case.id, call_id=call.call_id, started_at=at(hour))
        (attempt,) = await work.calls.intend(stored, [attempt])
        finished = replace(
            attempt, outcome=outcome, counted=True, contact=True, completed=True, finished_at=at(hour, 5)
        )
        await work.calls.finish(finished)
        recording = await work.recordings.started(call.call_id, sound_files(call.call_id, kind), at(hour))
        await work.recordings.put_segment(Segment(recording.id, attempt.id, 0))
        seal = a_seal(call.call_id, kind=kind)
        await work.recordings.save(replace(recording, state=RecordingState.SEALED, seal=seal))
    return finished, recording.id


async def _cases(storage: Storage, before: int | None = None, limit: int = 10, **asked: Any) -> list[int]:
    async with storage.read() as work:
        return [case.id for case in await work.search.cases(Criteria(**asked), limit, before)]


async def _sound(storage: Storage, before: int | None = None, limit: int = 10, **asked: Any) -> list[int]:
    async with storage.read() as work:
        return [each.recording_id for each in await work.search.sound(Criteria(**asked), limit, before)]


async def test_cases_are_found_by_what_is_known_of_them(database):
    ready = await given_case(database, flags=frozenset({"LATE_REVISIT"}))
    closed = await given_case(database, state=CaseState.CLOSED_SUCCESS, holder=a_holder(name=PersonName("欧阳慧敏")))

    assert await _cases(database) == [closed.id, ready.id]
    assert await _cases(database, policy_no=ready.policy_no) == [ready.id]
    assert await _cases(database, states=(CaseState.READY, CaseState.U_OPEN)) == [ready.id]
    assert await _cases(database, flag="LATE_REVISIT") == [ready.id]
    assert await _cases(database, flag="LATE") == []
    async with database.read() as work:
        key = work.search.holder_key("欧阳慧敏")
    assert "欧阳" not in key
    assert await _cases(database, holder=key) == [closed.id]
    assert await _cases(database, holder=key, states=(CaseState.READY,)) == []


async def test_nothing_outside_the_organisation_is_found(database):
    guangzhou = await given_case(database, org="44/4401", flags=frozenset({"LATE"}))
    shenzhen = await given_case(database, org="44/4403", flags=frozenset({"LATE"}))
    for number, case in enumerate((guangzhou, shenzhen)):
        await _talked(database, case, f"c-{number}", 9 + number)

    for asked in ({}, {"flag": "LATE"}, {"agent": "agent1"}, {"outcome": Outcome.SUCCESS}, {"called_from": at(8)}):
        assert await _cases(database, org="44/4401", **asked) == [guangzhou.id]
        assert len(await _sound(database, org="44/4401", **asked)) == 1
        assert len(await _sound(database, org="44", **asked)) == 2
        assert await _sound(database, org="4", **asked) == []
    assert await _cases(database, org="44/4401", policy_no=shenzhen.policy_no) == []


async def test_what_is_asked_of_a_call_is_asked_of_one_and_the_same(database):
    case = await given_case(database)
    await _talked(database, case, "c-1", 9, agent="agent1", outcome=Outcome.BUSY)
    _, second = await _talked(database, case, "c-2", 11, agent="agent2", outcome=Outcome.SUCCESS)

    assert await _cases(database, agent="agent1", outcome=Outcome.BUSY) == [case.id]
    assert await _cases(database, agent="agent1", outcome=Outcome.SUCCESS) == []
    assert await _cases(database, agent="agent2", called_from=at(10), called_before=at(12)) == [case.id]
    assert await _cases(database, agent="agent2", called_before=at(11)) == []
    assert await _sound(database, agent="agent2", outcome=Outcome.SUCCESS) == [second]
    assert await _sound(database, called_from=at(11), called_before=at(11, 0, 1)) == [second]


async def test_sound_is_found_by_the_problem_that_was_heard_in_it(database):
    case = await given_case(database)
    first, first_sound = await _talked(database, case, "c-1", 9, outcome=Outcome.PROBLEM_L1)
    await _talked(database, case, "c-2", 11)
    async with database.begin() as work:
        problem = FoundProblem(Problem(ProblemType.NOT_OWN_SIGNATURE), at(9, 4), 0, first.id)
        await work.interviews.put_problems(case.id, [problem])

    assert await _sound(database, problem=ProblemType.NOT_OWN_SIGNATURE) == [first_sound]
    assert await _sound(database, problem=ProblemType.NOT_AWARE) == []
    assert await _cases(database, problem=ProblemType.NOT_OWN_SIGNATURE) == [case.id]
    assert await _cases(database, problem=ProblemType.NOT_AWARE) == []


async def test_early_media_is_found_only_when_asked_for_and_sound_that_is_not_sealed_never(database):
    case = await given_case(database)
    _, talk = await _talked(database, case, "c-1", 9)
    _, early = await _talked(database, case, "c-2", 10, kind=RecordingKind.EARLY, outcome=Outcome.VACANT)
    _, lost = await _talked(database, case, "c-3", 11)
    async with database.begin() as work:
        await work.recordings.save(replace(await work.recordings.get(lost), state=RecordingState.LOST))

    assert await _sound(database) == [talk]
    assert await _sound(database, early_media=True) == [early, talk]
    async with database.read() as work:
        assert await work.search.last_talks([case.id]) == {case.id: talk}
        assert await work.search.last_talks([]) == {}


async def test_the_pages_of_both_lists_follow_each_other_without_a_gap_or_a_repeat(database):
    made = [await given_case(database) for _ in range(5)]
    sounds = [(await _talked(database, case, f"c-{n}", 9 + n // 2))[1] for n, case in enumerate(made)]

    seen: list[int] = []
    while page := await _cases(database, seen[-1] if seen else None, 2):
        seen += page
    assert seen == [case.id for case in reversed(made)]
    heard, last = [], None
    while True:
        async with database.read() as work:
            lines = await work.search.sound(Criteria(), 2, last)
        if not lines:
            break
        heard += [line.recording_id for line in lines]
        last = lines[-1].id
    assert heard == [*reversed(sounds)]
    with pytest.raises(NotFound):
        await _sound(database, 99_999)


async def test_a_line_of_sound_tells_whose_it_is(database):
    case = await given_case(database)
    attempt, recording_id = await _talked(database, case, "c-1", 9, agent="agent7")

    async with database.read() as work:
        (line,) = await work.search.sound(Criteria(), 10)
    assert (line.recording_id, line.case_id, line.policy_no) == (recording_id, case.id, case.policy_no)
    assert (line.agent, line.outcome, line.started_at) == ("agent7", Outcome.SUCCESS, attempt.started_at)
    assert (line.kind, line.duration_ms, line.state) == (RecordingKind.TALK, 120_000, CaseState.READY)


ASKED: tuple[dict[str, Any], ...] = (
    {"policy_no": "P1"},
    {"holder": "h"},
    {"flag": "LATE"},
    {"problem": ProblemType.NOT_AWARE},
    {"agent": "agent1"},
    {"agent": "agent1", "called_from": at(9), "called_before": at(9) + timedelta(days=1)},
    {"outcome": Outcome.REFUSED},
    {"outcome": Outcome.REFUSED, "agent": "agent1"},
    {"called_from": at(9)},
)


async def _plan(database: Database, criteria: Criteria) -> list[str]:
    """What SQLite says of how it finds."""
    said: list[tuple[str, Any]] = []

    def note(_connection, _cursor, statement, parameters, _context, _many) -> None:
        said.append((statement, parameters))

    reader = database._reader
    event.listen(reader.sync_engine, "before_cursor_execute", note)
    async with database.read() as work:
        await work.search.cases(criteria, 50)
        await work.search.sound(criteria, 50)
    event.remove(reader.sync_engine, "before_cursor_execute", note)
    async with reader.connect() as connection:
        explained = [await connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", values) for sql, values in said]
        return [row.detail for rows in explained for row in rows]


@pytest.mark.parametrize("asked", ASKED, ids="-".join)
async def test_nothing_is_found_by_reading_a_table_from_end_to_end(sqlite_database, asked):
    plan = await _plan(sqlite_database, Criteria(org="44/4401", **asked))

    assert any(step.startswith("SEARCH") for step in plan)
    assert [step for step in plan if re.fullmatch(r"SCAN \w+", step)] == []
