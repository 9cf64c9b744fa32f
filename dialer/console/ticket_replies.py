"""Writing a reply: looked over while it is typed, kept with every look, sent when it holds up (rules §5.5, §6.1.3)."""

from __future__ import annotations

from collections.abc import Mapping

from aiohttp import web

from dialer.console.acting import acting
from dialer.console.forms import fields
from dialer.console.pages import page, wants_json
from dialer.console.routes import Route
from dialer.console.site import Site, site_of, user_of
from dialer.console.ticket_page import (
    content_of,
    content_of_draft,
    moved_on,
    reply_fields,
    step,
    ticket_id_of,
    ticket_page,
)
from dialer.domain.ticket import TicketId
from dialer.domain.user import Permission, User
from dialer.usecases.reply_from_below import add_statement, keep_draft, look_over_draft, send_reply


async def preview(request: web.Request) -> web.Response:
    """Every rule, kept or not yet, for what is typed so far; which is kept."""
    site, user, sent = site_of(request), user_of(request), await fields(request)
    ticket_id = ticket_id_of(request)
    await keep_draft(site.storage, user, ticket_id, reply_fields(sent), site.now)
    over = await look_over_draft(site.storage, site.rulebook, user, ticket_id, content_of_draft(sent))
    if wants_json(request):
        return web.json_response({"rules": over.rules, "own_characters": over.own_characters})
    return page(request, "ticket_preview.html", over=over, saved_at=site.now, rules=site.rulebook.tickets)


async def reply(request: web.Request) -> web.StreamResponse:
    """Send an answer; one that does not hold up is shown again with every objection."""
    site, user, sent = site_of(request), user_of(request), await fields(request)
    ticket_id = ticket_id_of(request)
    await keep_draft(site.storage, user, ticket_id, reply_fields(sent), site.now)
    content = content_of(sent)
    objections = await send_reply(site.storage, site.signals, site.rulebook, user, ticket_id, site.now, content)
    if objections:
        return await ticket_page(request, objections=objections)
    return await moved_on(request)


async def _state(site: Site, user: User, ticket: TicketId, sent: Mapping[str, str]) -> None:
    """The salesperson's statement on a first-level item."""
    await add_statement(site.storage, user, ticket, sent.get("statement", "").strip(), site.now)


ROUTES = (
    Route("POST", "/tickets/{ticket_id}/reply", Permission.REPLY_TICKETS, acting(reply, ticket_page)),
    Route("POST", "/tickets/{ticket_id}/reply/preview", Permission.REPLY_TICKETS, preview),
    Route("POST", "/tickets/{ticket_id}/statement", Permission.REPLY_TICKETS, step(_state)),
)
