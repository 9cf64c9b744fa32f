"""Routes and what each asks of the person. A route that names no permission can't be made (rules §2.4)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum

from aiohttp import web

from dialer.domain.api_token import Scope
from dialer.domain.audit import AuditKind
from dialer.domain.errors import NotAllowed
from dialer.domain.user import Permission, User

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Door(StrEnum):
    """What a route may ask for instead of a permission."""

    PUBLIC = "PUBLIC"
    SIGNED_IN = "SIGNED_IN"
    LOGGING_IN = "LOGGING_IN"  # the password was right, and more may be wanted


Needs = Permission | Door | Scope
"""What a route asks of a person, or of a program."""


@dataclass(frozen=True, slots=True)
class Route:
    """One method on one path, who may use it, and what it does. `seen`: the view that goes into the audit log."""

    method: str
    path: str
    needs: Needs
    handler: Handler
    seen: AuditKind | None = None


SEEN = web.AppKey("seen", dict[tuple[str, str], AuditKind])
ACCESS = web.AppKey("access", dict[tuple[str, str], Needs])


def add_routes(app: web.Application, routes: Iterable[Route]) -> None:
    """Mount routes and remember what each needs."""
    for route in routes:
        app.router.add_route(route.method, route.path, route.handler)
        app[ACCESS][route.method, route.path] = route.needs
        if route.seen is not None:
            app[SEEN][route.method, route.path] = route.seen


def needs_of(request: web.Request) -> Needs:
    """What the matched route asks for. Raises NotAllowed for a route nobody declared."""
    resource = request.match_info.route.resource
    path = resource.canonical if resource is not None else request.path
    needs = request.app[ACCESS].get((request.method, path))
    if needs is None:
        raise NotAllowed(f"{request.method} {path} names no permission")
    return needs


def admits(needs: Permission | Door, user: User) -> bool:
    """Whether somebody who has logged in may pass."""
    return isinstance(needs, Door) or user.may(needs)
