from __future__ import annotations

from dataclasses import replace

import pytest

from dialer.domain.call import CallId, ListenMode, SeatId
from dialer.domain.errors import NotFound, StaleVersion
from dialer.domain.listening import Listening, ListeningEnd
from tests.builders import at
from tests.storage.stories import given_attempt, given_case

SEAT = SeatId("seat-1")


def _listening(call: CallId, mode: ListenMode = ListenMode.LISTEN, **changes) -> Listening:
    return replace(Listening(call, SEAT, "zhangwei", mode, at(10)), **changes)


async def test_what_a_supervisor_did_on_a_call_is_kept(database):
    case = await given_case(database)
    attempt = await given_attempt(database, case)
    async with database.begin() as work:
        asked = await work.listenings.add(_listening(attempt.call_id))
        assert [*await work.listenings.open()] == [asked]
        over = replace(asked, joined_at=at(10, 1), ended_at=at(10, 3), ending=ListeningEnd.LEFT, why="hung up")
        await work.listenings.save(over)
        again = await work.listenings.add(_listening(attempt.call_id, ListenMode.BARGE, asked_at=at(10, 4)))
        with pytest.raises(NotFound):
            await work.listenings.save(replace(over, id=99))

    async with database.read() as work:
        assert [*await work.listenings.of_call(attempt.call_id)] == [over, again]
        assert [*await work.listenings.of_case(case.id)] == [over, again]
        assert [*await work.listenings.of_call(CallId("another"))] == []
        assert [*await work.listenings.open()] == [again]


async def test_two_supervisors_are_never_on_one_call(database):
    attempt = await given_attempt(database, await given_case(database))
    async with database.begin() as work:
        await work.listenings.add(_listening(attempt.call_id))
    with pytest.raises(StaleVersion):
        async with database.begin() as work:
            await work.listenings.add(_listening(attempt.call_id, login="lina"))


async def test_only_the_latest_wish_counts_as_a_failure(database):
    attempt = await given_attempt(database, await given_case(database))
    refused = _listening(attempt.call_id, ended_at=at(10), ending=ListeningEnd.REFUSED, why="no line")
    async with database.begin() as work:
        refused = await work.listenings.add(refused)
        assert await work.listenings.last_failure("zhangwei", at(10)) == refused
        assert await work.listenings.last_failure("zhangwei", at(10, 1)) is None
        assert await work.listenings.last_failure("lina", at(10)) is None
        await work.listenings.add(_listening(attempt.call_id))
        assert await work.listenings.last_failure("zhangwei", at(10)) is None
