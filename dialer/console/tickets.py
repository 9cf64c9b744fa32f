"""Transfer tickets: the list by due time, and the reply with its quality rules (rules §5.5)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields as fields_of

from aiohttp import web

from dialer.console.forms import fields, moment, number
from dialer.console.pages import page, see, wants_json
from dialer.console.routes import Route
from dialer.console.site import site_of, user_of
from dialer.domain.audit import AuditKind
from dialer.domain.reply import Objection, ReplyContent
from dialer.domain.ticket import TicketId
from dialer.domain.user import Permission
from dialer.usecases import look_at
from dialer.usecases.answer_ticket import reply_to_ticket
from dialer.usecases.close_case import accept_correction
from dialer.usecases.look_at import TicketFile, TicketLine

_REPLY_FIELDS = tuple(field.name for field in fields_of(ReplyContent))
_NOT_ACCEPTED = 422


async def list_tickets(request: web.Request) -> web.Response:
    """Tickets that wait for an answer, the first due first; `?every=1` shows all open ones."""
    site = site_of(request)
    every = bool(request.query.get("every"))
    lines = await look_at.tickets(site.storage, user_of(request), site.now, every=every)
    if wants_json(request):
        return web.json_response({"tickets": [_line(line) for line in lines]})
    return page(request, "tickets.html", lines=lines, now=site.now, every=every)


async def show_ticket(request: web.Request) -> web.Response:
    """One ticket."""
    return await _ticket(request, {}, ())


async def _ticket(
    request: web.Request, sent: Mapping[str, str], objections: Sequence[Objection], status: int = 200
) -> web.Response:
    site, user = site_of(request), user_of(request)
    file = await look_at.ticket_file(site.storage, user, _ticket_id(request), site.now)
    if wants_json(request):
        return web.json_response({**_file(file), "objections": list(objections)}, status=status)
    may_reply = user.may(Permission.REPLY_TICKETS) and (file.answerable or file.correctable)
    rules = site.rulebook.tickets
    return page(
        request, "ticket.html", status, file=file, now=site.now, sent=sent, objections=objections,
        may_reply=may_reply, min_chars=rules.reply_min_chars,
    )  # fmt: skip


async def reply(request: web.Request) -> web.StreamResponse:
    """Record an answer; one that does not hold up is shown again with every objection."""
    site, user = site_of(request), user_of(request)
    ticket_id, sent = _ticket_id(request), await fields(request)
    file = await look_at.ticket_file(site.storage, user, ticket_id, site.now)
    record = accept_correction if file.correctable else reply_to_ticket
    objections = await record(site.storage, site.rulebook, ticket_id, user.login, site.now, _content(sent))
    if objections:
        return await _ticket(request, sent, objections, _NOT_ACCEPTED)
    return await _ticket(request, {}, ()) if wants_json(request) else see(f"/tickets/{ticket_id}")


def _ticket_id(request: web.Request) -> TicketId:
    return TicketId(number(request.match_info["ticket_id"]))


def _content(sent: Mapping[str, str]) -> ReplyContent:
    at = moment(sent.get("contacted_at", ""))
    told = {name: sent[name] for name in _REPLY_FIELDS if name in sent}
    return ReplyContent.from_mapping({**told, "contacted_at": at.isoformat() if at else ""})


def _line(line: TicketLine) -> dict[str, object]:
    ticket = line.ticket
    return {
        "id": ticket.id,
        "ticket_no": ticket.ticket_no,
        "state": ticket.state,
        "level": ticket.level,
        "round": ticket.round,
        "urgent": ticket.urgent,
        "policy_no": line.case.policy_no,
        "holder": line.policy.holder.name.masked,
        "issued_at": ticket.issued_at.isoformat() if ticket.issued_at else None,
        "due_at": ticket.due_at.isoformat() if ticket.due_at else None,
        "overdue": line.overdue,
    }


def _file(file: TicketFile) -> dict[str, object]:
    items = [
        {"type": item.problem.type, "subtype": item.problem.subtype, "words": item.words}
        for item in file.line.ticket.items
    ]
    return {**_line(file.line), "answerable": file.answerable, "items": items}


ROUTES = (
    Route("GET", "/tickets", Permission.SEE_TICKETS, list_tickets),
    Route("GET", "/tickets/{ticket_id}", Permission.SEE_TICKETS, show_ticket, AuditKind.TICKET_SEEN),
    Route("POST", "/tickets/{ticket_id}/reply", Permission.REPLY_TICKETS, reply),
)
