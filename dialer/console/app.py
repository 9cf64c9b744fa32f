"""The console's application, put together."""

from __future__ import annotations

from pathlib import Path

from aiohttp import web

from dialer.console import (
    account,
    administration,
    audit,
    campaigns,
    cases,
    desk,
    events,
    figures,
    floor,
    login,
    recordings,
    reveal,
    search,
    softphone,
    ticket_papers,
    ticket_replies,
    tickets,
)
from dialer.console.api import API, ApiParts, api_routes, explain_api_errors
from dialer.console.guard import add_security_headers, guard
from dialer.console.problems import explain_errors
from dialer.console.routes import ACCESS, SEEN, Door, add_routes
from dialer.console.site import SITE, Site
from dialer.console.trace import remember_traces

STATIC = Path(__file__).parent / "static"
ROUTES = (
    *login.ROUTES,
    *account.ROUTES,
    *desk.ROUTES,
    *softphone.ROUTES,
    *events.ROUTES,
    *tickets.ROUTES,
    *search.ROUTES,
    *ticket_replies.ROUTES,
    *ticket_papers.ROUTES,
    *cases.ROUTES,
    *recordings.ROUTES,
    *reveal.ROUTES,
    *floor.ROUTES,
    *campaigns.ROUTES,
    *figures.ROUTES,
    *administration.ROUTES,
    *audit.ROUTES,
)


def make_console(site: Site, api: ApiParts) -> web.Application:
    """The console of a site, and what other systems' programs need of it; whoever calls runs it."""
    app = web.Application(middlewares=[ticket_papers.let_papers_in, explain_errors, explain_api_errors, guard])
    app[SITE] = site
    app[ACCESS], app[SEEN] = {}, {}
    app[floor.PULSE] = floor.Pulse()
    app[API] = api
    add_routes(app, (*ROUTES, *api_routes()))
    _add_static(app)
    remember_traces(app)
    events.end_streams_at_shutdown(app)
    desk.remember_calls(app)
    app.on_response_prepare.append(add_security_headers)
    return app


def _add_static(app: web.Application) -> None:
    resource = app.router.add_static("/static", STATIC)
    for method in ("GET", "HEAD"):
        app[ACCESS][method, resource.canonical] = Door.PUBLIC
