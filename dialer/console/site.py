"""What every handler may reach: the site's ports and decisions, and who is asking."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from aiohttp import web

from dialer.domain.user import Role, User
from dialer.ports import Clock, PasswordHasher, RecordingStore, Scripts, Signals, Waveforms
from dialer.ports.administration import InForce
from dialer.ports.storage import Storage
from dialer.settings import Settings
from dialer.usecases.log_in import Session
from dialer.usecases.rulebook import Rulebook


@dataclass(frozen=True, slots=True)
class PhoneServer:
    """One phone system that agents' browsers register at: its WebSocket, and everybody's password as it stands now."""

    name: str
    websocket: str
    passwords: Callable[[], Mapping[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """The console's world.

    Attributes:
        storage: the database.
        signals: tells desks to look again, and the engine that a desk wants something.
        scripts: the published call scripts.
        clock: the product's clock.
        rulebook: the site's decisions.
        store: where sealed recordings are.
        waveforms: draws them.
        attachments: where papers of transfer tickets are.
        hasher: how passwords are hashed.
        in_force: what the site itself decided: scripts, calendar years, organisation.
        settings: every setting in force.
        proving: the roles that log in with a second factor; none in the demonstration alone.
        phone_servers: where agents' browsers register as phones.
    """

    storage: Storage
    signals: Signals
    scripts: Scripts
    clock: Clock
    rulebook: Rulebook
    store: RecordingStore
    waveforms: Waveforms
    attachments: RecordingStore
    hasher: PasswordHasher
    in_force: InForce
    settings: Settings
    proving: frozenset[Role]
    phone_servers: Sequence[PhoneServer]

    @property
    def now(self) -> datetime:
        """The present instant by the product's clock."""
        return self.clock.now()


SITE = web.AppKey("site", Site)
SESSION = web.RequestKey("session", Session)


def site_of(request: web.Request) -> Site:
    """The site that serves this request."""
    return request.app[SITE]


def user_of(request: web.Request) -> User:
    """Who is asking; only behind a door that asked for a login."""
    return request[SESSION].user
