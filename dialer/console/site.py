"""What every handler may reach: the site's ports and decisions, and who is asking."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from aiohttp import web

from dialer.domain.user import PRIVILEGED, Role, User
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


@dataclass(frozen=True, slots=True)
class Site:
    """The console's world."""

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
    secure_cookies: bool = False
    wrap_up_seconds: float = 45.0
    proving: frozenset[Role] = PRIVILEGED
    phone_servers: Sequence[PhoneServer] = ()

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
