from __future__ import annotations

from dialer.domain.call import CallId
from dialer.domain.ticket import TicketId
from dialer.ports.storage import Draft
from tests.builders import at

TICKET, CALL = TicketId(12), CallId("12")


async def test_a_draft_is_kept_for_each_person_and_the_last_one_counts(database):
    async with database.begin() as work:
        await work.drafts.put(Draft(TICKET, "l4", {"account": "到客户"}, at(10)))
        await work.drafts.put(Draft(TICKET, "sales", {"account": "电话"}, at(10)))
        await work.drafts.put(Draft(TICKET, "l4", {"account": "到客户家中"}, at(10, 1)))
    async with database.begin() as work:
        assert await work.drafts.of(TICKET, "l4") == Draft(TICKET, "l4", {"account": "到客户家中"}, at(10, 1))
        await work.drafts.drop(TICKET, "l4")
        await work.drafts.drop(TICKET, "l4")
    async with database.read() as work:
        assert await work.drafts.of(TICKET, "l4") is None
        kept = await work.drafts.of(TICKET, "sales")
        assert kept is not None
        assert kept.fields == {"account": "电话"}


async def test_a_call_and_a_ticket_of_the_same_number_have_each_their_own_draft(database):
    async with database.begin() as work:
        await work.drafts.put(Draft(TICKET, "agent1", {"account": "到客户家中"}, at(10)))
        await work.drafts.put(Draft(CALL, "agent1", {"note": "客户要开会"}, at(10)))
        await work.drafts.drop(TICKET, "agent1")
        assert await work.drafts.of(CALL, "agent1") == Draft(CALL, "agent1", {"note": "客户要开会"}, at(10))


async def test_what_was_typed_does_not_show_in_a_log():
    assert "开会" not in repr(Draft(CALL, "agent1", {"note": "客户要开会"}, at(10)))
