"""Transfer tickets: the desks of branch, city, county and salesperson (rules §5.5). One handler a step of the paper."""

from __future__ import annotations

from aiohttp import web

from dialer.console.forms import code_if_any, day, fields, moment, number
from dialer.console.pages import page, wants_json
from dialer.console.routes import Route
from dialer.console.site import site_of, user_of
from dialer.console.ticket_page import after, line_as_json, ticket_id_of, ticket_page
from dialer.domain.audit import AuditKind
from dialer.domain.calendar import shanghai_time
from dialer.domain.user import Permission
from dialer.ports.topics import DISPATCH
from dialer.usecases.check_ticket import accept_answer, reject_answer, return_to_branch, send_back
from dialer.usecases.hand_down_ticket import forward_ticket, hand_to_salesperson, take_ticket
from dialer.usecases.look_at_tickets import LISTED, TicketView, ledger, ticket_file, tickets


async def list_tickets(request: web.Request) -> web.Response:
    """Open tickets, the first due first: what waits for the reader, or another `?view=`."""
    site, user, view = site_of(request), user_of(request), code_if_any(TicketView, request.query.get("view", ""))
    found = await tickets(site.storage, user, site.rulebook.calendar, site.now, view)
    if wants_json(request):
        return web.json_response({"tickets": [line_as_json(line) for line in found.lines], "counts": found.counts})
    return page(request, "tickets.html", found=found, now=site.now, views=tuple(TicketView), listed=LISTED)


async def show_ticket(request: web.Request) -> web.Response:
    """One ticket."""
    return await ticket_page(request)


async def print_ticket(request: web.Request) -> web.Response:
    """转办单 on A4 (rules §5.5, §5.11)."""
    site, user = site_of(request), user_of(request)
    file = await ticket_file(site.storage, user, ticket_id_of(request), site.rulebook.calendar, site.now)
    return page(request, "ticket_paper.html", file=file, now=site.now, company=site.rulebook.company_name)


async def print_ledger(request: web.Request) -> web.Response:
    """业务员转办单明细簿: what was issued to the reader's place on `?day=`, today's without one (rules §5.11)."""
    site, user = site_of(request), user_of(request)
    asked = day(request.query.get("day", "")) or shanghai_time(site.now).date()
    lines = await ledger(site.storage, user, site.rulebook.calendar, asked, site.now)
    return page(request, "ticket_ledger.html", lines=lines, day=asked, now=site.now, company=site.rulebook.company_name)


async def take(request: web.Request) -> web.Response:
    """Say that one works on it."""
    site, user = site_of(request), user_of(request)
    return await after(request, take_ticket(site.storage, user, ticket_id_of(request), site.now))


async def forward(request: web.Request) -> web.Response:
    """To a county or a department."""
    site, user, sent = site_of(request), user_of(request), await fields(request)
    unit, version = sent.get("unit", ""), _version(sent.get("version", ""))
    act = forward_ticket(site.storage, user, ticket_id_of(request), unit, site.now, version)
    return await after(request, act)


async def hand_over(request: web.Request) -> web.Response:
    """To the salesperson, with the signature on the 明细簿."""
    site, user, sent = site_of(request), user_of(request), await fields(request)
    act = hand_to_salesperson(
        site.storage,
        user,
        ticket_id_of(request),
        site.now,
        salesperson_code=sent.get("salesperson_code", "").strip(),
        signed_by=sent.get("signed_by", "").strip(),
        signed_at=moment(sent.get("signed_at", "")),
        version=_version(sent.get("version", "")),
    )
    return await after(request, act, sent)


async def return_it(request: web.Request) -> web.Response:
    """The answer is complete; the branch has it."""
    site, user, sent = site_of(request), user_of(request), await fields(request)
    opinion, version = sent.get("opinion", "").strip(), _version(sent.get("version", ""))
    act = return_to_branch(site.storage, user, ticket_id_of(request), site.now, opinion, version)
    return await after(request, act, sent)


async def send_it_back(request: web.Request) -> web.Response:
    """The third level does not let the answer pass, and says why."""
    site, user, sent = site_of(request), user_of(request), await fields(request)
    reason, version = sent.get("reason", "").strip(), _version(sent.get("version", ""))
    return await after(request, send_back(site.storage, user, ticket_id_of(request), reason, site.now, version), sent)


async def accept(request: web.Request) -> web.Response:
    """The branch takes the answer; the case goes on."""
    site, user, sent = site_of(request), user_of(request), await fields(request)
    version = _version(sent.get("version", ""))
    act = accept_answer(site.storage, site.rulebook, user, ticket_id_of(request), site.now, version)
    shown = await after(request, act)
    await site.signals.notify(DISPATCH)
    return shown


async def reject(request: web.Request) -> web.Response:
    """The branch does not take the answer, and says why."""
    site, user, sent = site_of(request), user_of(request), await fields(request)
    reason, version = sent.get("reason", "").strip(), _version(sent.get("version", ""))
    act = reject_answer(site.storage, user, ticket_id_of(request), reason, site.now, version)
    return await after(request, act, sent)


def _version(text: str) -> int | None:
    """What the person had on screen; a program may not say."""
    return number(text) if text else None


_P = Permission
ROUTES = (
    Route("GET", "/tickets", _P.SEE_TICKETS, list_tickets),
    Route("GET", "/tickets/ledger", _P.SEE_TICKETS, print_ledger, AuditKind.EXPORTED),
    Route("GET", "/tickets/{ticket_id}", _P.SEE_TICKETS, show_ticket, AuditKind.TICKET_SEEN),
    Route("GET", "/tickets/{ticket_id}/paper", _P.SEE_TICKETS, print_ticket, AuditKind.EXPORTED),
    Route("POST", "/tickets/{ticket_id}/take", _P.REPLY_TICKETS, take),
    Route("POST", "/tickets/{ticket_id}/forward", _P.FORWARD_TICKETS, forward),
    Route("POST", "/tickets/{ticket_id}/hand-over", _P.HAND_OVER_TICKETS, hand_over),
    Route("POST", "/tickets/{ticket_id}/return", _P.CHECK_TICKETS, return_it),
    Route("POST", "/tickets/{ticket_id}/send-back", _P.CHECK_TICKETS, send_it_back),
    Route("POST", "/tickets/{ticket_id}/accept", _P.ACCEPT_TICKETS, accept),
    Route("POST", "/tickets/{ticket_id}/reject", _P.ACCEPT_TICKETS, reject),
)
