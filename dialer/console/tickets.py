"""Transfer tickets: the desks of branch, city, county and salesperson (rules §5.5). One handler a step of the paper."""

from __future__ import annotations

from collections.abc import Mapping

from aiohttp import web

from dialer.console.forms import code_if_any, day, moment, number
from dialer.console.pages import page, wants_json
from dialer.console.routes import Route
from dialer.console.site import Site, site_of, user_of
from dialer.console.ticket_page import line_as_json, step, ticket_id_of, ticket_page
from dialer.domain.audit import AuditKind
from dialer.domain.calendar import shanghai_day
from dialer.domain.ticket import TicketId
from dialer.domain.user import Permission, User
from dialer.usecases.check_ticket import accept_answer, reject_answer, return_to_branch, send_back
from dialer.usecases.hand_down_ticket import forward_ticket, hand_to_salesperson, take_ticket
from dialer.usecases.look_at_tickets import TicketView, ledger, ticket_file, tickets


async def list_tickets(request: web.Request) -> web.Response:
    """Open tickets, the first due first: what waits for the reader, or another `?view=`."""
    site, user, view = site_of(request), user_of(request), code_if_any(TicketView, request.query.get("view", ""))
    found = await tickets(site.storage, user, site.rulebook.calendar, site.now, view)
    if wants_json(request):
        return web.json_response({"tickets": [line_as_json(line) for line in found.lines], "counts": found.counts})
    return page(request, "tickets.html", found=found, now=site.now, views=tuple(TicketView))


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
    asked = day(request.query.get("day", "")) or shanghai_day(site.now)
    lines = await ledger(site.storage, user, site.rulebook.calendar, asked, site.now)
    return page(request, "ticket_ledger.html", lines=lines, day=asked, now=site.now, company=site.rulebook.company_name)


async def _take(site: Site, user: User, ticket: TicketId, _sent: Mapping[str, str]) -> None:
    """Say that one works on it."""
    await take_ticket(site.storage, user, ticket, site.now)


async def _forward(site: Site, user: User, ticket: TicketId, sent: Mapping[str, str]) -> None:
    """To a county or a department."""
    await forward_ticket(site.storage, user, ticket, sent.get("unit", ""), site.now, _version(sent))


async def _hand_over(site: Site, user: User, ticket: TicketId, sent: Mapping[str, str]) -> None:
    """To the salesperson, with the signature on the 明细簿."""
    await hand_to_salesperson(
        site.storage,
        user,
        ticket,
        site.now,
        salesperson_code=sent.get("salesperson_code", "").strip(),
        signed_by=sent.get("signed_by", "").strip(),
        signed_at=moment(sent.get("signed_at", "")),
        version=_version(sent),
    )


async def _return(site: Site, user: User, ticket: TicketId, sent: Mapping[str, str]) -> None:
    """The answer is complete; the branch has it."""
    await return_to_branch(site.storage, user, ticket, site.now, sent.get("opinion", "").strip(), _version(sent))


async def _send_back(site: Site, user: User, ticket: TicketId, sent: Mapping[str, str]) -> None:
    """The third level does not let the answer pass, and says why."""
    await send_back(site.storage, user, ticket, sent.get("reason", "").strip(), site.now, _version(sent))


async def _accept(site: Site, user: User, ticket: TicketId, sent: Mapping[str, str]) -> None:
    """The branch takes the answer; the case goes on."""
    await accept_answer(site.storage, site.signals, site.rulebook, user, ticket, site.now, _version(sent))


async def _reject(site: Site, user: User, ticket: TicketId, sent: Mapping[str, str]) -> None:
    """The branch does not take the answer, and says why."""
    await reject_answer(site.storage, user, ticket, sent.get("reason", "").strip(), site.now, _version(sent))


def _version(sent: Mapping[str, str]) -> int | None:
    """What the person had on screen; a program may not say."""
    return number(sent["version"]) if sent.get("version") else None


_P = Permission
ROUTES = (
    Route("GET", "/tickets", _P.SEE_TICKETS, list_tickets),
    Route("GET", "/tickets/ledger", _P.SEE_TICKETS, print_ledger, AuditKind.EXPORTED),
    Route("GET", "/tickets/{ticket_id}", _P.SEE_TICKETS, show_ticket, AuditKind.TICKET_SEEN),
    Route("GET", "/tickets/{ticket_id}/paper", _P.SEE_TICKETS, print_ticket, AuditKind.EXPORTED),
    Route("POST", "/tickets/{ticket_id}/take", _P.REPLY_TICKETS, step(_take)),
    Route("POST", "/tickets/{ticket_id}/forward", _P.FORWARD_TICKETS, step(_forward)),
    Route("POST", "/tickets/{ticket_id}/hand-over", _P.HAND_OVER_TICKETS, step(_hand_over)),
    Route("POST", "/tickets/{ticket_id}/return", _P.CHECK_TICKETS, step(_return)),
    Route("POST", "/tickets/{ticket_id}/send-back", _P.CHECK_TICKETS, step(_send_back)),
    Route("POST", "/tickets/{ticket_id}/accept", _P.ACCEPT_TICKETS, step(_accept)),
    Route("POST", "/tickets/{ticket_id}/reject", _P.ACCEPT_TICKETS, step(_reject)),
)
