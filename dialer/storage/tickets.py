"""The shelf of transfer tickets. Their items are the case's problems of the round (rules §4.4, §5.5)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, RowMapping, select

from dialer.domain.attempt import AttemptId
from dialer.domain.calendar import SHANGHAI
from dialer.domain.case import CaseId
from dialer.domain.errors import NotFound
from dialer.domain.ticket import TICKET, TicketEvent, TicketId, TicketItem, TicketState, TransferTicket
from dialer.ports.storage import FoundProblem, HistoryRow, Moved, TicketReply
from dialer.storage.interviews import add_problems, found_problem
from dialer.storage.plain import from_row, row_of
from dialer.storage.statements import Statements, under
from dialer.storage.tables import problems, ticket_replies, tickets
from dialer.storage.versions import read_history, save_version, write_history

_RECORD = "ticket"


class TicketShelf:
    """`dialer.ports.storage.Tickets` in SQL."""

    def __init__(self, statements: Statements) -> None:
        self._statements = statements
        self._vault = statements.vault

    async def add(self, ticket: TransferTicket, moved: Moved) -> TransferTicket:
        numbered = replace(ticket, ticket_no=await self._next_number(ticket))
        ticket_id = TicketId(await self._statements.add(tickets, row_of(numbered, tickets)))
        await self._tie_problems(ticket, ticket_id)
        await write_history(self._statements, _RECORD, ticket_id, "CREATED", ("", ticket.state), moved)
        return await self.get(ticket_id)

    async def _next_number(self, ticket: TransferTicket) -> str:
        """`yymmdd-0001`, counted by the day in Shanghai."""
        day = f"{ticket.created_at.astimezone(SHANGHAI):%y%m%d}"
        return f"{day}-{await self._statements.count_up(f'ticket {day}'):04d}"

    async def _tie_problems(self, ticket: TransferTicket, ticket_id: TicketId) -> None:
        await add_problems(self._statements, ticket.case_id, [_as_found(item, ticket) for item in ticket.items])
        of_round = (problems.c.case_id == ticket.case_id) & (problems.c.round == ticket.round)
        untied = of_round & problems.c.ticket_id.is_(None)
        await self._statements.run(problems.update().where(untied).values(ticket_id=ticket_id))

    async def move(self, ticket: TransferTicket, event: TicketEvent, moved: Moved) -> TransferTicket:
        after = replace(ticket, state=TICKET.after(ticket.state, event), version=ticket.version + 1)
        await save_version(self._statements, tickets, row_of(after, tickets), ticket.state)
        await write_history(self._statements, _RECORD, ticket.id, event, (ticket.state, after.state), moved)
        return after

    async def get(self, ticket_id: TicketId) -> TransferTicket:
        found = await self._some(tickets.c.id == ticket_id)
        if not found:
            raise NotFound(f"there is no ticket with id {ticket_id}")
        return found[0]

    async def find(self, ticket_no: str) -> TransferTicket | None:
        found = await self._some(tickets.c.ticket_no == ticket_no)
        return found[0] if found else None

    async def of_case(self, case_id: CaseId) -> Sequence[TransferTicket]:
        return await self._some(tickets.c.case_id == case_id, tickets.c.round)

    async def in_state(
        self, *states: TicketState, org: str = "", handed_to: str | None = None, limit: int | None = None
    ) -> Sequence[TransferTicket]:
        first_due = (tickets.c.due_at.asc().nulls_last(), tickets.c.urgent.desc(), tickets.c.id)
        return await self._some(tickets.c.state.in_(states) & _in_hands(org, handed_to), *first_due, limit=limit)

    async def issued_between(
        self, start: datetime, end: datetime, org: str = "", handed_to: str | None = None
    ) -> Sequence[TransferTicket]:
        then = (tickets.c.issued_at >= start) & (tickets.c.issued_at < end)
        return await self._some(then & _in_hands(org, handed_to), tickets.c.issued_at, tickets.c.id)

    async def put_reply(self, reply: TicketReply) -> None:
        sealed = self._vault.seal_json(reply.content)
        await self._statements.run(ticket_replies.insert().values(row_of(reply, ticket_replies, reply_sealed=sealed)))

    async def replies(self, ticket_id: TicketId) -> Sequence[TicketReply]:
        wanted = select(ticket_replies).where(ticket_replies.c.ticket_id == ticket_id).order_by(ticket_replies.c.id)
        rows = await self._statements.all(wanted)
        return [from_row(TicketReply, row, content=self._vault.open_json(row["reply_sealed"])) for row in rows]

    async def history(self, ticket_id: TicketId) -> Sequence[HistoryRow]:
        return await read_history(self._statements, _RECORD, ticket_id)

    async def _some(
        self, wanted: ColumnElement[bool], *order: ColumnElement[Any], limit: int | None = None
    ) -> Sequence[TransferTicket]:
        rows = await self._statements.all(select(tickets).where(wanted).order_by(*order).limit(limit))
        its_problems = await self._problems_of([row["id"] for row in rows]) if rows else ()
        return [_ticket(row, its_problems) for row in rows]

    async def _problems_of(self, ticket_ids: Sequence[int]) -> Sequence[FoundProblem]:
        wanted = select(problems).where(problems.c.ticket_id.in_(ticket_ids)).order_by(problems.c.id)
        return [found_problem(row, self._vault) for row in await self._statements.all(wanted)]


def _in_hands(org: str, handed_to: str | None) -> ColumnElement[bool]:
    """`TransferTicket.place` under a part of the organisation; and signed for by one salesperson, if one is named."""
    forwarded = under(tickets.c.unit, org) & (tickets.c.unit != "")
    place = forwarded | (under(tickets.c.org, org) & (tickets.c.unit == ""))
    return place if handed_to is None else place & (tickets.c.handed_to == handed_to)


def _as_found(item: TicketItem, ticket: TransferTicket) -> FoundProblem:
    attempt_id = None if item.attempt_id is None else AttemptId(item.attempt_id)
    return FoundProblem(item.problem, ticket.created_at, ticket.round, attempt_id, item.words, item.offset_ms)


def _ticket(row: RowMapping, found: Sequence[FoundProblem]) -> TransferTicket:
    items = tuple(
        TicketItem(problem.problem, problem.words, problem.attempt_id, problem.offset_ms)
        for problem in found
        if problem.ticket_id == row["id"]
    )
    return from_row(TransferTicket, row, items=items)
