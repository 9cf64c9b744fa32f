from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from dialer.domain.case import Appointment, CaseEvent, CaseId, CaseState, Purpose
from dialer.domain.errors import ImpossibleMove, NotFound, StaleVersion
from dialer.domain.reason import Reason, Why
from tests.builders import a_case, a_holder, at, moved
from tests.storage.stories import given_case

FULL: dict[str, Any] = {
    "purpose": Purpose.L1_CONFIRM,
    "round": 2,
    "rank": 3,
    "revisit_last_day": date(2026, 10, 3),
    "surrender_last_day": date(2026, 10, 8),
    "next_at": at(14, 30),
    "next_why": Why((Reason.APPOINTMENT_PENDING, Reason.LUNCH), "客户要求：15 点后"),
    "appointment": Appointment(at(14, 30), by_customer=False, note="客户要求"),
    "phone_changed": True,
    "flags": frozenset({"LATE", "AGE_65"}),
    "first_attempt_at": at(9, 1, 2),
    "reached_at": at(9, 2, 3),
    "closed_why": "",
    "in_free_look": True,
}


async def test_a_case_comes_back_as_it_was_stored(database):
    stored = await given_case(database, state=CaseState.APPOINTMENT, **FULL)

    async with database.read() as work:
        found = await work.cases.get(stored.id)
        assert found == stored
        assert await work.cases.of_policy(stored.policy_no) == stored
        assert list(await work.cases.of_holder(stored.holder_id)) == [stored]
    assert str(found.next_at.tzinfo) == "Asia/Shanghai"


async def test_what_is_not_there_is_not_found(database):
    async with database.read() as work:
        with pytest.raises(NotFound, match="case 77"):
            await work.cases.get(CaseId(77))
        assert await work.cases.of_policy("P-unknown") is None


async def test_a_case_needs_its_policy(database):
    with pytest.raises(NotFound, match="P-unknown"):
        async with database.begin() as work:
            await work.cases.add_all([(a_case(policy_no="P-unknown"), moved())])


async def test_a_policy_has_one_case(database):
    case = await given_case(database)

    with pytest.raises(StaleVersion):
        async with database.begin() as work:
            await work.cases.add_all([(case, moved())])


async def test_a_move_saves_the_state_the_changes_and_the_history_together(database):
    case = await given_case(database)

    async with database.begin() as work:
        changed = replace(case, rank=5, first_attempt_at=at(10))
        after = await work.cases.move(changed, CaseEvent.PLACED, moved("agent1", at(10), call="call-1"))

    assert (after.state, after.rank, after.version) == (CaseState.DIALING, 5, 1)
    async with database.read() as work:
        assert await work.cases.get(case.id) == after
        first, second = await work.cases.history(case.id)
    assert (first.event, first.from_state, first.to_state) == ("CREATED", "", "READY")
    assert (second.event, second.from_state, second.to_state) == ("PLACED", "READY", "DIALING")
    assert (second.actor, second.at, second.detail) == ("agent1", at(10), {"call": "call-1"})
    assert (second.record, second.record_id) == ("case", str(case.id))


async def test_an_impossible_move_changes_nothing(database):
    case = await given_case(database)

    with pytest.raises(ImpossibleMove):
        async with database.begin() as work:
            await work.cases.move(case, CaseEvent.SEALED, moved())

    async with database.read() as work:
        assert await work.cases.get(case.id) == case
        assert len(await work.cases.history(case.id)) == 1


async def test_saving_counts_the_version_and_leaves_the_history(database):
    case = await given_case(database)

    async with database.begin() as work:
        after = await work.cases.save(case.due(at(15), Reason.SPACING).flagged("LATE"))

    async with database.read() as work:
        assert await work.cases.get(case.id) == after
        assert len(await work.cases.history(case.id)) == 1
    assert (after.version, after.next_at, after.flags) == (1, at(15), {"LATE"})


async def test_the_second_to_save_what_both_have_read_loses(database):
    case = await given_case(database)
    async with database.begin() as work:
        await work.cases.save(replace(case, rank=1))

    with pytest.raises(StaleVersion, match="read it again"):
        async with database.begin() as work:
            await work.cases.move(case, CaseEvent.PLACED, moved())

    async with database.read() as work:
        assert (await work.cases.get(case.id)).state is CaseState.READY


async def test_a_state_can_be_changed_by_a_move_only(database):
    case = await given_case(database)

    with pytest.raises(StaleVersion):
        async with database.begin() as work:
            await work.cases.save(replace(case, state=CaseState.CLOSED_SUCCESS))


async def test_what_is_due_comes_by_rank_then_last_day_then_age(database):
    day = date(2026, 9, 30)
    late = await given_case(database, rank=1, revisit_last_day=day, next_at=at(9))
    no_day = await given_case(database, rank=1, next_at=at(9))
    early = await given_case(database, rank=1, revisit_last_day=day - timedelta(days=1), next_at=at(10))
    also_late = await given_case(database, rank=1, revisit_last_day=day, next_at=at(8))
    first = await given_case(database, rank=0, revisit_last_day=day, next_at=at(10))
    await given_case(database, rank=0, next_at=at(10, 0, 1))
    await given_case(database, rank=0, next_at=at(9), state=CaseState.U_OPEN)

    async with database.read() as work:
        assert list(await work.cases.due(at(10), 10)) == [first, early, late, also_late, no_day]
        assert list(await work.cases.due(at(10), 2)) == [first, early]


async def test_a_case_of_the_pool_that_waits_for_nothing_is_due(database):
    case = await given_case(database)

    async with database.read() as work:
        assert list(await work.cases.due(at(9), 10)) == [case]


async def test_the_next_due_instant_is_the_pools_earliest(database):
    async with database.read() as work:
        assert await work.cases.next_due() is None
    await given_case(database, next_at=at(11))
    await given_case(database, next_at=at(10, 30), state=CaseState.RETRY_WAIT)
    await given_case(database, next_at=at(10), state=CaseState.EREVISIT_WAIT)

    async with database.read() as work:
        assert await work.cases.next_due() == at(10, 30)


async def test_cases_are_counted_and_listed_by_state(database):
    one, two = await given_case(database), await given_case(database)
    sealing = await given_case(database, state=CaseState.SEALING)

    async with database.read() as work:
        assert [*(await work.cases.counts()).items()] == [(CaseState.READY, 2), (CaseState.SEALING, 1)]
        assert list(await work.cases.in_state(CaseState.READY)) == [one, two]
        assert list(await work.cases.in_state(CaseState.READY, CaseState.SEALING, limit=3)) == [one, two, sealing]
        assert list(await work.cases.in_state(CaseState.READY, limit=1)) == [one]


async def test_a_holder_has_the_cases_of_all_policies(database):
    holder = a_holder()
    one, two = await given_case(database, holder=holder), await given_case(database, holder=holder)
    await given_case(database)

    async with database.read() as work:
        assert list(await work.cases.of_holder(one.holder_id)) == [one, two]


async def test_cases_are_counted_in_the_order_of_their_life(database):
    life = (CaseState.READY, CaseState.APPOINTMENT, CaseState.CLOSED_SUCCESS)
    for state in reversed(life):
        await given_case(database, state=state)
    async with database.read() as work:
        assert tuple(await work.cases.counts()) == life
