from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from dialer.domain.case import RevisitCase
from dialer.domain.errors import ImpossibleMove, NotFound, StaleVersion
from dialer.domain.problem import Problem, ProblemLevel, ProblemType
from dialer.domain.ticket import TicketEvent, TicketId, TicketItem, TicketState, TransferTicket
from dialer.ports.storage import FoundProblem, Storage, TicketReply
from tests.builders import a_ticket, at, moved
from tests.storage.stories import given_attempt, given_case


async def _ticket(storage: Storage, case: RevisitCase, **changes: Any) -> TransferTicket:
    async with storage.begin() as work:
        return await work.tickets.add(a_ticket(case_id=case.id, **changes), moved())


async def test_a_ticket_carries_all_problems_of_its_round(database):
    case = await given_case(database)
    attempt = await given_attempt(database, case)
    unsigned = FoundProblem(
        Problem(ProblemType.NOT_OWN_SIGNATURE, "RECEIPT"), at(10), 1, attempt.id, "不是我签的", 61_000
    )
    unaware = replace(unsigned, problem=Problem(ProblemType.NOT_AWARE), words="不知道有费用")
    old = replace(unsigned, round=0)
    async with database.begin() as work:
        await work.interviews.put_problems(case.id, [old, unsigned, unaware])

    items = (TicketItem(unsigned.problem, unsigned.words, attempt.id, 61_000),)
    ticket = await _ticket(database, case, round=1, level=ProblemLevel.L1, items=items, urgent=True)

    assert [(item.problem, item.words, item.attempt_id, item.offset_ms) for item in ticket.items] == [
        (unsigned.problem, "不是我签的", attempt.id, 61_000),
        (unaware.problem, "不知道有费用", attempt.id, 61_000),
    ]
    async with database.read() as work:
        assert await work.tickets.get(ticket.id) == ticket
        tied = [problem.ticket_id for problem in await work.interviews.problems(case.id)]
    assert tied == [None, ticket.id, ticket.id]


async def test_a_ticket_for_a_silent_number_keeps_its_own_item(database):
    ticket = await _ticket(database, await given_case(database))

    assert ticket.items == (TicketItem(Problem(ProblemType.UNREACHABLE)),)


async def test_tickets_are_numbered_by_the_day_in_shanghai(database):
    cases = [await given_case(database) for _ in range(4)]
    late = at(23, 59)
    numbers = [
        (await _ticket(database, cases[0], created_at=late)).ticket_no,
        (await _ticket(database, cases[1], created_at=late)).ticket_no,
        (await _ticket(database, cases[2], created_at=at(0, 0, day=date(2026, 9, 19)))).ticket_no,
        (await _ticket(database, cases[3], created_at=late)).ticket_no,
    ]

    assert numbers == ["260918-0001", "260918-0002", "260919-0001", "260918-0003"]


async def test_tickets_made_at_the_same_time_have_different_numbers(database):
    cases = [await given_case(database) for _ in range(12)]

    tickets = await asyncio.gather(*(_ticket(database, case) for case in cases))

    assert sorted(ticket.ticket_no for ticket in tickets) == [f"260918-{serial:04d}" for serial in range(1, 13)]


async def test_a_round_has_one_ticket(database):
    case = await given_case(database)
    await _ticket(database, case)

    with pytest.raises(StaleVersion):
        await _ticket(database, case)


async def test_a_ticket_moves_with_its_history_and_against_its_version(database):
    case = await given_case(database)
    created = await _ticket(database, case)
    ready = replace(created, issued_at=at(16, 45), due_at=at(17, 30), calendar_version="2026-1")

    async with database.begin() as work:
        issued = await work.tickets.move(ready, TicketEvent.ISSUED, moved("clerk", at(16, 45)))

    async with database.read() as work:
        assert await work.tickets.get(created.id) == issued
        assert await work.tickets.find(created.ticket_no) == issued
        assert [row.event for row in await work.tickets.history(created.id)] == ["CREATED", "ISSUED"]
    assert (issued.state, issued.version, issued.due_at) == (TicketState.ISSUED_TO_L3, 1, at(17, 30))
    with pytest.raises(StaleVersion):
        async with database.begin() as work:
            await work.tickets.move(created, TicketEvent.RECALLED, moved())
    with pytest.raises(ImpossibleMove):
        async with database.begin() as work:
            await work.tickets.move(issued, TicketEvent.CLOSED, moved())


async def test_unknown_tickets_are_not_found(database):
    async with database.read() as work:
        assert await work.tickets.find("260918-0404") is None
        with pytest.raises(NotFound):
            await work.tickets.get(TicketId(404))


async def test_of_tickets_due_at_the_same_time_the_urgent_is_first(database):
    calm, urgent = [
        await _ticket(database, await given_case(database), due_at=at(17), urgent=urgent) for urgent in (False, True)
    ]
    async with database.read() as work:
        assert list(await work.tickets.in_state(TicketState.CREATED)) == [urgent, calm]


async def test_the_list_of_a_place_shows_what_is_under_it_the_first_due_first(database):
    dues = {"44/4401": at(17), "44": at(16), "44/4402": None, "441": at(15), "44%": at(14)}
    tickets = {
        org: await _ticket(database, await given_case(database), org=org, due_at=due) for org, due in dues.items()
    }

    async with database.read() as work:
        listed = await work.tickets.in_state(TicketState.CREATED, TicketState.ACCEPTED, org="44")
        everything = await work.tickets.in_state(TicketState.CREATED)
        assert not await work.tickets.in_state(TicketState.ACCEPTED)
        assert len(await work.tickets.in_state(TicketState.CREATED, limit=2)) == 2
    assert list(listed) == [tickets["44"], tickets["44/4401"], tickets["44/4402"]]
    assert [ticket.org for ticket in everything] == ["44%", "441", "44", "44/4401", "44/4402"]


async def test_a_cases_tickets_come_by_round(database):
    case = await given_case(database)
    second, first = await _ticket(database, case, round=1), await _ticket(database, case, round=0)

    async with database.read() as work:
        assert list(await work.tickets.of_case(case.id)) == [first, second]


async def test_replies_are_kept_accepted_or_not(database):
    ticket = await _ticket(database, await given_case(database))
    short = TicketReply(ticket.id, at(11), "clerk", {"account": "已处理"}, accepted=False, objections=("TOO_SHORT",))
    good = TicketReply(
        ticket.id, at(12), "clerk", {"account": "9月18日致电客户…", "phone": "13800000001"}, accepted=True
    )

    async with database.begin() as work:
        await work.tickets.put_reply(short)
        await work.tickets.put_reply(good)

    async with database.read() as work:
        kept = await work.tickets.replies(ticket.id)
    assert [(reply.content, reply.accepted, tuple(reply.objections)) for reply in kept] == [
        (short.content, False, ("TOO_SHORT",)),
        (good.content, True, ()),
    ]
