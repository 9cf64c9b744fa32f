from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime

import pytest

from dialer.domain.case import CaseEvent, RevisitCase
from dialer.domain.errors import NotFound, StaleVersion
from dialer.domain.webhook import Announcement, MessageState, WebhookMessage
from dialer.storage.database import Database
from dialer.storage.vault import Vault
from tests.builders import at, moved
from tests.storage.stories import given_case

NOON = at(12)


@pytest.fixture
async def telling(url: str, vault: Vault) -> AsyncIterator[Database]:
    """A database that writes a message for every kind of move."""
    database = await Database.open(url, vault, announced=frozenset(Announcement))
    yield database
    await database.close()


async def _refused(database: Database, **changes) -> RevisitCase:
    """A case on its way through two messages: a problem, a close."""
    case = await given_case(database, **changes)
    async with database.begin() as work:
        case = await work.cases.move(case, CaseEvent.UNREACHED, moved(when=at(10)))
        return await work.cases.move(case, CaseEvent.CANCELLED, moved(when=at(11)))


async def _due(database: Database, when: datetime = NOON) -> WebhookMessage:
    async with database.read() as work:
        message = await work.webhooks.due(when)
    assert message is not None
    return message


async def _nothing_is_due(database: Database) -> bool:
    async with database.read() as work:
        return await work.webhooks.due(NOON) is None


async def test_a_move_writes_its_message_with_what_stood_then(telling: Database):
    case = await _refused(telling, org="44/4401")
    async with telling.read() as work:
        problem, close = await work.webhooks.undelivered(10)
    assert (problem.type, close.type) == (Announcement.CASE_PROBLEM_FOUND, Announcement.CASE_CLOSED)
    assert (problem.message_id, close.message_id) == (f"case_{case.id}_1", f"case_{case.id}_2")
    told = json.loads(close.body)
    assert (told["type"], told["timestamp"]) == ("case.closed", at(11).isoformat())
    assert told["data"] == {
        "policy_no": case.policy_no, "case_id": case.id, "version": 2, "org": "44/4401", "state": "CLOSED_CANCELLED",
        "from_state": "U_OPEN", "round": 0, "closed_why": "", "in_free_look": None,
    }  # fmt: skip


async def test_a_move_that_is_undone_tells_nothing(telling: Database):
    case = await given_case(telling)

    async def moved_twice() -> None:
        async with telling.begin() as work:
            await work.cases.move(case, CaseEvent.UNREACHED, moved())
            await work.cases.move(case, CaseEvent.UNREACHED, moved())  # as it stood before

    with pytest.raises(StaleVersion):
        await moved_twice()
    assert await _nothing_is_due(telling)


async def test_only_what_is_wanted_is_written(url: str, vault: Vault):
    database = await Database.open(url, vault, announced=frozenset({Announcement.CASE_CLOSED}))
    await _refused(database)
    async with database.read() as work:
        assert [each.type for each in await work.webhooks.undelivered(10)] == [Announcement.CASE_CLOSED]
    await database.close()


async def test_without_anybody_to_tell_nothing_is_written(database: Database):
    await _refused(database)
    assert await _nothing_is_due(database)


async def test_the_oldest_comes_first_and_a_cases_next_only_when_that_is_delivered(telling: Database):
    first, second = await _refused(telling), await _refused(telling)
    message = await _due(telling)
    assert message.message_id == f"case_{first.id}_1"
    async with telling.begin() as work:
        await work.webhooks.save(replace(message, next_try_at=at(13)))  # claimed
    assert (await _due(telling)).message_id == f"case_{second.id}_1"
    async with telling.begin() as work:
        await work.webhooks.delivered(message.id)
    assert (await _due(telling)).message_id == f"case_{first.id}_2"


async def test_while_the_core_system_is_out_of_reach_nothing_is_due(telling: Database):
    await _refused(telling)
    await _refused(telling)
    message = await _due(telling)
    async with telling.begin() as work:
        await work.webhooks.save(replace(message, state=MessageState.UNREACHED, tries=1, next_try_at=at(13)))
    assert await _nothing_is_due(telling)
    assert (await _due(telling, at(13))).message_id == message.message_id


async def test_what_is_held_waits_for_a_person_and_others_do_not_wait_for_it(telling: Database):
    first, second = await _refused(telling), await _refused(telling)
    message = await _due(telling)
    async with telling.begin() as work:
        await work.webhooks.save(replace(message, state=MessageState.HELD, tries=10, error="CORE_REFUSED: 400"))
    assert (await _due(telling)).case_id == second.id
    async with telling.read() as work:
        standing = await work.webhooks.standing()
    assert (standing.waiting, standing.held, standing.most_tries, standing.error) == (4, 1, 10, "CORE_REFUSED: 400")
    async with telling.begin() as work:
        assert await work.webhooks.all_due() == 4
    assert (await _due(telling)).case_id == first.id


async def test_a_message_that_is_gone_is_not_saved_back(telling: Database):
    await _refused(telling)
    message = await _due(telling)
    async with telling.begin() as work:
        await work.webhooks.delivered(message.id)
        with pytest.raises(NotFound):
            await work.webhooks.save(message)


async def test_nothing_waiting_stands_well(database: Database):
    async with database.read() as work:
        standing = await work.webhooks.standing()
    assert (standing.waiting, standing.held, standing.most_tries, standing.error) == (0, 0, 0, "")
