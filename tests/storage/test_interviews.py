from __future__ import annotations

from dataclasses import replace

import pytest

from dialer.domain.errors import StaleVersion
from dialer.domain.problem import Problem, ProblemType
from dialer.ports.storage import FoundProblem, StoredAnswer, StoredInterview
from tests.builders import at
from tests.storage.stories import given_attempt, given_case


@pytest.fixture
async def interview(database):
    case = await given_case(database)
    attempt = await given_attempt(database, case)
    begun = StoredInterview(
        attempt_id=attempt.id,
        case_id=case.id,
        script_id="participating",
        script_version="1.0",
        script_sha256="cd" * 32,
        state={"node": "M010", "answers": []},
        facts={"holder": "王小明", "premium": "10,000"},
        started_at=at(10, 1),
    )
    async with database.begin() as work:
        await work.interviews.begin(begun)
    return begun


async def test_an_interview_comes_back_as_it_stands(database, interview):
    async with database.read() as work:
        assert await work.interviews.get(interview.attempt_id) == interview
        assert list(await work.interviews.of_case(interview.case_id)) == [interview]
        assert await work.interviews.get(interview.attempt_id + 1) is None
        attempt = await work.calls.attempt(interview.attempt_id)
        assert list(await work.interviews.of_call(attempt.call_id)) == [interview]
        assert list(await work.calls.attempts_with_agents(interview.case_id)) == [(attempt, "agent1")]


async def test_an_attempt_has_one_interview(database, interview):
    with pytest.raises(StaleVersion):
        async with database.begin() as work:
            await work.interviews.begin(interview)


async def test_each_step_is_stored_over_the_one_that_was_read(database, interview):
    step = replace(interview, state={"node": "M020", "answers": [["identity", "YES", 1200]]})

    async with database.begin() as work:
        after = await work.interviews.save(step)
        done = await work.interviews.save(replace(after, finished_at=at(10, 4)))

    async with database.read() as work:
        assert await work.interviews.get(interview.attempt_id) == done
    assert (done.version, done.state, done.finished_at) == (2, step.state, at(10, 4))


async def test_a_second_desk_can_not_step_from_the_same_screen(database, interview):
    async with database.begin() as work:
        await work.interviews.save(replace(interview, state={"node": "M020"}))

    with pytest.raises(StaleVersion, match="another desk"):
        async with database.begin() as work:
            await work.interviews.save(replace(interview, state={"node": "M030"}))


async def test_answers_are_kept_with_their_place_and_the_last_word_counts(database, interview):
    def answer(item: str, value: str, offset_ms: int) -> StoredAnswer:
        return StoredAnswer(interview.attempt_id, item, value, f"node of {item}", "OPTION", offset_ms)

    async with database.begin() as work:
        await work.interviews.put_answers(
            interview.case_id, [answer("SIGNATURE", "YES", 100), answer("RISK", "NO", 200)]
        )
        await work.interviews.put_answers(interview.case_id, [answer("RISK", "YES", 900), answer("FEES", "YES", 950)])

    async with database.read() as work:
        kept = await work.interviews.answers(interview.case_id)
    assert [(found.item, found.value, found.offset_ms) for found in kept] == [
        ("SIGNATURE", "YES", 100),
        ("RISK", "YES", 900),
        ("FEES", "YES", 950),
    ]


async def test_a_problem_of_a_round_is_one_however_often_it_is_heard(database, interview):
    unsigned = FoundProblem(
        Problem(ProblemType.NOT_OWN_SIGNATURE), at(10, 2), 0, interview.attempt_id, "不是我签的", 61_000
    )
    receipt = replace(unsigned, problem=Problem(ProblemType.NOT_OWN_SIGNATURE, "RECEIPT"))
    later = replace(unsigned, round=1, found_at=at(15))

    async with database.begin() as work:
        await work.interviews.put_problems(interview.case_id, [unsigned, receipt, unsigned])
        await work.interviews.put_problems(interview.case_id, [replace(unsigned, words="again"), later])

    async with database.read() as work:
        assert list(await work.interviews.problems(interview.case_id)) == [unsigned, receipt, later]


async def test_referrals_are_kept(database, interview):
    async with database.begin() as work:
        await work.interviews.put_referral(
            interview.case_id, interview.attempt_id, "SURRENDER_REFERRAL", {"at": at(10, 3)}, at(10, 4)
        )
        await work.interviews.put_referral(interview.case_id, None, "CLAIM_LEAD", {}, at(10, 5))

    async with database.read() as work:
        kept = await work.interviews.referrals(interview.case_id)
    assert list(kept) == [("SURRENDER_REFERRAL", {"at": at(10, 3).isoformat()}), ("CLAIM_LEAD", {})]
