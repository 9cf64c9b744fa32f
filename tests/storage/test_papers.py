from __future__ import annotations

from dataclasses import replace

import pytest

from dialer.domain.attachment import Attachment, AttachmentKind
from dialer.domain.ticket import TicketEvent, TicketId, TicketState
from dialer.ports.storage import Storage
from tests.builders import a_ticket, at, moved
from tests.storage.stories import given_case


async def _ticket_id(storage: Storage) -> TicketId:
    case = await given_case(storage)
    async with storage.begin() as work:
        return (await work.tickets.add(a_ticket(case_id=case.id), moved())).id


def _scan(ticket_id: TicketId, sha256: str = "ab" * 32) -> Attachment:
    return Attachment(
        0, ticket_id, "签字页.jpg", AttachmentKind.JPEG, 1234, sha256, f"tickets/{sha256}.jpg", "l4", at(11)
    )


async def test_the_same_paper_stays_one_on_a_ticket(database):
    ticket_id, other = await _ticket_id(database), await _ticket_id(database)
    async with database.begin() as work:
        first = await work.papers.put_attachment(_scan(ticket_id))
        again = await work.papers.put_attachment(_scan(ticket_id))
        second = await work.papers.put_attachment(_scan(ticket_id, "cd" * 32))
        await work.papers.put_attachment(_scan(other))
    assert again == first == replace(_scan(ticket_id), id=first.id)
    async with database.read() as work:
        assert list(await work.papers.attachments(ticket_id)) == [first, second]
    async with database.begin() as work:
        await work.papers.drop_attachment(first.id)
        assert list(await work.papers.attachments(ticket_id)) == [second]
        assert len(await work.papers.attachments(other)) == 1


async def test_a_ticket_is_in_the_hands_of_the_place_it_was_forwarded_to(database):
    ticket_id = await _ticket_id(database)
    async with database.begin() as work:
        ticket = await work.tickets.move(await work.tickets.get(ticket_id), TicketEvent.ISSUED, moved())
        ticket = await work.tickets.move(replace(ticket, unit="44/4401/BANK"), TicketEvent.FORWARDED, moved())
        signed = replace(
            ticket, handed_to="S0001", signed_by="李业务", signed_at=at(11), taken_by="l4", taken_at=at(11)
        )
        signed = await work.tickets.move(signed, TicketEvent.SIGNED, moved())

    async def found(**where: str) -> list[TicketId]:
        async with database.read() as work:
            return [each.id for each in await work.tickets.in_state(TicketState.SIGNED_BY_SALES, **where)]

    async with database.read() as work:
        assert await work.tickets.get(ticket_id) == signed
    for org in ("", "44", "44/4401", "44/4401/BANK"):
        assert await found(org=org) == [ticket_id], org
    for org in ("44/4401/440103", "44/4402", "44/4401/BAN"):
        assert await found(org=org) == [], org
    assert await found(handed_to="S0001") == [ticket_id]
    assert await found(handed_to="S0002") == []


@pytest.mark.parametrize(("hour", "listed"), [(9, True), (8, False), (10, False)])
async def test_a_days_ledger_is_what_was_issued_from_one_instant_to_before_another(database, hour, listed):
    ticket_id = await _ticket_id(database)
    async with database.begin() as work:
        ticket = replace(await work.tickets.get(ticket_id), issued_at=at(hour), due_at=at(17))
        await work.tickets.move(ticket, TicketEvent.ISSUED, moved())
    async with database.read() as work:
        found = await work.tickets.issued_between(at(9), at(10), "44")
        assert [each.id for each in found] == ([ticket_id] if listed else [])
        assert not await work.tickets.issued_between(at(9), at(10), "45")
