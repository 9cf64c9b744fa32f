"""A whole telephone number, on the case's and the ticket's page: for a reason, for half a minute, on record."""

from __future__ import annotations

from aiohttp import web

from dialer.console.acting import acting
from dialer.console.address import address
from dialer.console.forms import fields, number
from dialer.console.pages import page, wants_fragment
from dialer.console.routes import Route
from dialer.console.site import site_of, user_of
from dialer.domain.case import CaseId
from dialer.domain.errors import DialerError
from dialer.domain.ticket import TicketId
from dialer.domain.user import Permission
from dialer.ports.storage import HolderPhone
from dialer.usecases import reveal_number
from dialer.usecases.reveal_number import StatedReason

SHOWN_FOR_SECONDS = 30


async def hide_of_case(request: web.Request, refused: DialerError | None = None) -> web.Response:
    """The number of a case, masked again."""
    site, user = site_of(request), user_of(request)
    return _shown(request, await reveal_number.phone_of_case(site.storage, user, *_of_case(request)), refused)


async def hide_of_ticket(request: web.Request, refused: DialerError | None = None) -> web.Response:
    """The number of a ticket, masked again."""
    site, user = site_of(request), user_of(request)
    return _shown(request, await reveal_number.phone_of_ticket(site.storage, user, *_of_ticket(request)), refused)


async def show_of_case(request: web.Request) -> web.Response:
    """One whole number of a case."""
    site, user, named, reason = site_of(request), user_of(request), _of_case(request), await _reason(request)
    phone = await reveal_number.reveal_of_case(site.storage, user, *named, reason, site.now, address(request))
    return _shown(request, phone, whole=True)


async def show_of_ticket(request: web.Request) -> web.Response:
    """One whole number of a ticket."""
    site, user, named, reason = site_of(request), user_of(request), _of_ticket(request), await _reason(request)
    phone = await reveal_number.reveal_of_ticket(site.storage, user, *named, reason, site.now, address(request))
    return _shown(request, phone, whole=True)


def _of_case(request: web.Request) -> tuple[CaseId, int]:
    named = request.match_info
    return CaseId(number(named["case_id"])), number(named["phone_id"])


def _of_ticket(request: web.Request) -> tuple[TicketId, int]:
    named = request.match_info
    return TicketId(number(named["ticket_id"])), number(named["phone_id"])


async def _reason(request: web.Request) -> StatedReason:
    sent = await fields(request)
    return StatedReason(sent.get("reason", ""), sent.get("words", ""))


def _shown(
    request: web.Request, phone: HolderPhone, refused: DialerError | None = None, *, whole: bool = False
) -> web.Response:
    """As a part of the page, or without scripts as a page that goes back by itself."""
    record_path = request.path.partition("/phones/")[0]
    template = "phone.html" if wants_fragment(request) else "phone_page.html"
    shown = page(
        request, template, phone=phone, record_path=record_path, whole=whole, refused=refused, may_reveal=True,
        seconds=SHOWN_FOR_SECONDS,
    )  # fmt: skip
    if whole and not wants_fragment(request):
        shown.headers["Refresh"] = f"{SHOWN_FOR_SECONDS}; url={record_path}"
    return shown


ROUTES = (
    Route("GET", "/cases/{case_id}/phones/{phone_id}", Permission.REVEAL_NUMBERS, hide_of_case),
    Route("POST", "/cases/{case_id}/phones/{phone_id}", Permission.REVEAL_NUMBERS, acting(show_of_case, hide_of_case)),
    Route("GET", "/tickets/{ticket_id}/phones/{phone_id}", Permission.REVEAL_TICKET_NUMBERS, hide_of_ticket),
    Route(
        "POST",
        "/tickets/{ticket_id}/phones/{phone_id}",
        Permission.REVEAL_TICKET_NUMBERS,
        acting(show_of_ticket, hide_of_ticket),
    ),
)
