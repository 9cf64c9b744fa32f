"""The ticket's page, also as it stands after the rules said no: nothing that was typed is lost."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import fields as fields_of
from datetime import datetime

from aiohttp import web

from dialer.console.acting import acting
from dialer.console.forms import FormInvalid, fields, moment, number
from dialer.console.pages import page, see, wants_json
from dialer.console.routes import Handler
from dialer.console.site import Site, site_of, user_of
from dialer.domain.attachment import AttachmentKind
from dialer.domain.calendar import shanghai_time
from dialer.domain.errors import DialerError
from dialer.domain.reply import Objection, ReplyContent
from dialer.domain.ticket import TicketId
from dialer.domain.user import User
from dialer.usecases.look_at_tickets import TicketFile, TicketLine, ticket_file
from dialer.usecases.reply_from_below import look_over_draft

NOT_ACCEPTED = 422

Act = Callable[[Site, User, TicketId, Mapping[str, str]], Awaitable[object]]
"""What a step does, with what was sent."""

_REPLY_FIELDS = tuple(field.name for field in fields_of(ReplyContent))


def ticket_id_of(request: web.Request) -> TicketId:
    """The ticket that the path names."""
    return TicketId(number(request.match_info["ticket_id"]))


async def ticket_page(
    request: web.Request, refused: DialerError | None = None, objections: Sequence[Objection] = ()
) -> web.Response:
    """One ticket with the draft of its reply, and what was sent in vain."""
    site, user = site_of(request), user_of(request)
    file = await ticket_file(site.storage, user, ticket_id_of(request), site.rulebook.calendar, site.now)
    status = NOT_ACCEPTED if objections else 200
    if wants_json(request):
        return web.json_response({**_file(file), "objections": list(objections)}, status=status)
    sent = await fields(request) if refused or objections else {}
    typed = {**(file.draft.fields if file.draft else {}), **sent}
    over = await look_over_draft(site.storage, site.rulebook, user, file.line.ticket.id, content_of_draft(typed))
    return page(
        request, "ticket.html", status, file=file, now=site.now, sent=typed, objections=objections, refused=refused,
        rules=site.rulebook.tickets, over=over, saved_at=file.draft.at if file.draft else None,
        takes=",".join(AttachmentKind), local=_local,
    )  # fmt: skip


def reply_fields(sent: Mapping[str, str]) -> dict[str, str]:
    """What of a form belongs to the reply, as typed."""
    return {name: sent[name] for name in _REPLY_FIELDS if name in sent}


def content_of(sent: Mapping[str, str]) -> ReplyContent:
    """The reply a form tells. Raises FormInvalid for a contact time that is none."""
    at = moment(sent.get("contacted_at", ""))
    return ReplyContent.from_mapping(
        {**reply_fields(sent), "contacted_at": shanghai_time(at).isoformat() if at else ""}
    )


def content_of_draft(typed: Mapping[str, str]) -> ReplyContent:
    """The same while it is being typed: half a time is none yet."""
    try:
        return content_of(typed)
    except FormInvalid:
        return content_of({**typed, "contacted_at": ""})


def _local(at: datetime | None) -> str:
    """As a date picker reads it."""
    return f"{shanghai_time(at):%Y-%m-%dT%H:%M}" if at else ""


def step(act: Act) -> Handler:
    """A handler of one step: it shows the ticket as it stands then, or again with the reason and what was typed."""

    async def do(request: web.Request) -> web.Response:
        await act(site_of(request), user_of(request), ticket_id_of(request), await fields(request))
        return await moved_on(request)

    return acting(do, ticket_page)


async def moved_on(request: web.Request) -> web.Response:
    """After a step: the ticket as it stands then."""
    return await ticket_page(request) if wants_json(request) else see(f"/tickets/{ticket_id_of(request)}")


def line_as_json(line: TicketLine) -> dict[str, object]:
    """A line of the list for programs."""
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
        "steps": sorted(line.steps),
    }


def _file(file: TicketFile) -> dict[str, object]:
    items = [
        {"type": item.problem.type, "subtype": item.problem.subtype, "words": item.words}
        for item in file.line.ticket.items
    ]
    return {**line_as_json(file.line), "answerable": file.may_reply, "items": items}
