from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from dialer.domain.api_token import ApiToken, Scope
from dialer.domain.case import CaseEvent
from dialer.domain.errors import NotFound, StaleVersion
from dialer.ports.storage import KeptAnswer
from dialer.storage.database import Database
from tests.builders import at, moved
from tests.storage.stories import given_case


def _token(**changes: Any) -> ApiToken:
    facts: dict[str, Any] = {
        "name": "core",
        "token_hash": "a" * 64,
        "scopes": frozenset({Scope.CASES_READ, Scope.POLICIES_WRITE}),
        "org": "44",
        "created_at": at(9),
        "created_by": "cli",
        "expires_at": at(9) + timedelta(days=30),
    }
    return ApiToken(**facts | changes)


async def test_a_token_comes_back_as_it_was_stored(database: Database):
    async with database.begin() as work:
        token = await work.tokens.add(_token())
        await work.tokens.touch(token.id, at(10))
    async with database.read() as work:
        assert await work.tokens.of_hash("a" * 64) == replace(token, last_used_at=at(10))
        assert await work.tokens.of_hash("b" * 64) is None
        assert [each.name for each in await work.tokens.all()] == ["core"]


async def test_two_tokens_share_no_name(database: Database):
    async with database.begin() as work:
        await work.tokens.add(_token())
    with pytest.raises(StaleVersion):
        async with database.begin() as work:
            await work.tokens.add(_token(token_hash="b" * 64))


async def test_a_token_that_was_never_added_can_not_be_saved(database: Database):
    with pytest.raises(NotFound):
        async with database.begin() as work:
            await work.tokens.save(_token(id=99))


async def test_the_first_to_claim_a_key_has_it_and_the_next_sees_what_stands(database: Database):
    async with database.begin() as work:
        token = await work.tokens.add(_token())
        assert await work.tokens.claim_answer(token.id, "k", KeptAnswer("1" * 64, at(9))) is None
        assert await work.tokens.claim_answer(token.id, "k", KeptAnswer("2" * 64, at(10))) == KeptAnswer(
            "1" * 64, at(9)
        )
        await work.tokens.keep_answer(token.id, "k", 200, "{}")
    async with database.begin() as work:
        stood = await work.tokens.claim_answer(token.id, "k", KeptAnswer("2" * 64, at(10)))
        assert stood == KeptAnswer("1" * 64, at(9), 200, "{}")
        await work.tokens.forget_answers(at(9, 30))
        assert await work.tokens.claim_answer(token.id, "k", KeptAnswer("2" * 64, at(10))) is None


async def test_moves_are_one_sequence_read_from_a_place_to_a_place(database: Database):
    case = await given_case(database)
    other = await given_case(database)
    async with database.begin() as work:
        await work.cases.move(case, CaseEvent.POLICY_CHANGED, moved())
        latest = await work.changes.latest()
    async with database.read() as work:
        moves = await work.changes.moved(0, latest, 10)
        assert [case_id for _, case_id in moves] == [case.id, other.id, case.id]
        assert moves[-1][0] == latest
        assert await work.changes.moved(moves[0][0], latest, 1) == [moves[1]]
        assert await work.changes.moved(0, moves[1][0], 10) == moves[:2]


@pytest.mark.postgres
async def test_the_end_of_the_sequence_is_not_told_before_every_move_below_it_is_in_sight(postgres_database: Database):
    """The slower of two writers has the lower number: who reads on from the higher one would never see it."""
    slow, quick = await given_case(postgres_database), await given_case(postgres_database)

    async def latest() -> int:
        async with postgres_database.begin() as work:
            return await work.changes.latest()

    async with postgres_database.begin() as work:
        await work.cases.move(slow, CaseEvent.POLICY_CHANGED, moved())
        async with postgres_database.begin() as other:
            await other.cases.move(quick, CaseEvent.POLICY_CHANGED, moved())
        asking = asyncio.create_task(latest())
        await asyncio.wait({asking}, timeout=0.3)
        assert not asking.done()
    async with postgres_database.read() as work:
        moves = await work.changes.moved(0, await asking, 10)
    assert [case_id for _, case_id in moves][-2:] == [slow.id, quick.id]
