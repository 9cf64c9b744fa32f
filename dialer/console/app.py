"""The console's application, put together."""

from __future__ import annotations

from collections.abc import Sequence
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
from dialer.console.site import SITE, PhoneServer, Site
from dialer.console.trace import remember_traces
from dialer.domain.user import PRIVILEGED, Role
from dialer.ports import Clock, PasswordHasher, RecordingStore, Scripts, Signals, Waveforms
from dialer.ports.administration import InForce
from dialer.ports.storage import Storage
from dialer.settings import Settings
from dialer.usecases.rulebook import Rulebook

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


def make_console(
    *,
    storage: Storage,
    signals: Signals,
    scripts: Scripts,
    clock: Clock,
    rulebook: Rulebook,
    store: RecordingStore,
    waveforms: Waveforms,
    attachments: RecordingStore,
    hasher: PasswordHasher,
    api: ApiParts,
    in_force: InForce,
    settings: Settings,
    secure_cookies: bool = False,
    wrap_up_seconds: float = 45.0,
    proving: frozenset[Role] = PRIVILEGED,
    phone_servers: Sequence[PhoneServer] = (),
) -> web.Application:
    """The console over a site's ports; whoever calls runs it.

    Args:
        storage: the database.
        signals: tells desks to look again, and the engine that a desk wants something.
        scripts: the published call scripts.
        clock: the product's clock.
        rulebook: the site's decisions.
        store: where sealed recordings are.
        waveforms: draws them.
        attachments: where papers of transfer tickets are.
        hasher: how passwords are hashed.
        api: what other systems' programs need beside these.
        in_force: what the site itself decided: scripts, calendar years, organisation.
        settings: every setting in force, for who may see them.
        secure_cookies: cookies travel over HTTPS only.
        wrap_up_seconds: the target that agents see after a call; nothing is cut off.
        proving: the roles that log in with a second factor; none in the demonstration alone.
        phone_servers: where agents' browsers register as phones.
    """
    app = web.Application(middlewares=[ticket_papers.let_papers_in, explain_errors, explain_api_errors, guard])
    app[SITE] = Site(
        storage,
        signals,
        scripts,
        clock,
        rulebook,
        store,
        waveforms,
        attachments,
        hasher,
        in_force,
        settings,
        secure_cookies,
        wrap_up_seconds,
        proving,
        phone_servers,
    )
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
