"""A console over a real database, scripts and rules; what the phone system would do is told by the test."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from aiohttp.test_utils import TestClient, TestServer

from dialer.console import Argon2Hasher, make_console
from dialer.console.api import ApiParts, RateLimiter
from dialer.console.site import PhoneServer
from dialer.console.site import Site as ConsoleSite
from dialer.domain.user import PRIVILEGED, Role, User
from dialer.importing import SentRows
from dialer.in_force import SiteInForce
from dialer.recording.encode import OpusEncoder
from dialer.recording.local_store import LocalStore
from dialer.scripts_yaml import ScriptLibrary
from dialer.settings import Settings
from dialer.storage.database import Database
from dialer.storage.signals import open_signals
from dialer.usecases.manage_users import create_user
from dialer.usecases.rulebook import Rulebook
from tests.builders import at
from tests.console.desk import PASSWORD, Authenticator, Console, Visitor
from tests.usecases.site import Site, SiteClock


@pytest.fixture
def hasher() -> Argon2Hasher:
    """The real one, as cheap as it may be."""
    return Argon2Hasher(time_cost=1, memory_kib=64)


@pytest.fixture
def phone_servers() -> Sequence[PhoneServer]:
    """Where agents' browsers register; a module says otherwise."""
    return ()


@pytest.fixture
async def console(
    storage: Database,
    scripts: ScriptLibrary,
    rulebook: Rulebook,
    hasher: Argon2Hasher,
    phone_servers: Sequence[PhoneServer],
    tmp_path: Path,
) -> AsyncIterator[Console]:
    site = Site(storage, scripts, rulebook)
    in_force = SiteInForce(storage, scripts, rulebook.calendar, SiteClock(site))
    site.scripts, site.rulebook = in_force.scripts, replace(rulebook, calendar=in_force.calendar)
    signals = open_signals(storage)
    store, encoder = LocalStore(tmp_path / "sealed"), OpusEncoder()
    console_site = ConsoleSite(
        storage=storage,
        signals=signals,
        scripts=in_force.scripts,
        clock=SiteClock(site),
        rulebook=site.rulebook,
        store=store,
        waveforms=encoder,
        attachments=LocalStore(tmp_path / "attachments"),
        hasher=hasher,
        in_force=in_force,
        settings=Settings(),
        proving=PRIVILEGED,
        phone_servers=phone_servers,
    )
    app = make_console(console_site, ApiParts(SentRows, partial(asyncio.sleep, 0), RateLimiter(100_000)))
    server = TestServer(app)
    await server.start_server()
    yield Console(site, server, hasher, store, signals)
    await server.close()
    encoder.close()
    await signals.close()


@pytest.fixture
async def visit(console: Console) -> AsyncIterator[Callable[..., Visitor]]:
    """Browsers, each with its own cookies."""
    clients: list[TestClient] = []
    authenticators: dict[str, Authenticator] = {}

    def new() -> Visitor:
        clients.append(TestClient(console.server))
        return Visitor(clients[-1], console.site, authenticators)

    yield new
    for client in clients:
        await client.session.close()


@pytest.fixture
async def log_in(console: Console, visit: Callable[..., Visitor]) -> Callable[..., object]:
    """Open an account and log in with it."""

    async def as_role(role: Role, org: str = "", login: str = "") -> Visitor:
        site = console.site
        login = login or role.value.lower().replace("_", "-")
        await create_user(
            site.storage, console.hasher, site.now, login=login, name=f"{login} 姓名", password=PASSWORD, role=role,
            org=org, phone_address="sip:agent@127.0.0.1:5080",
            salesperson_code="S0001" if role is Role.SALES else "",
        )  # fmt: skip
        visitor = visit()
        await visitor.log_in(login)
        return visitor

    return as_role


@pytest.fixture
async def agent(console: Console, log_in) -> Visitor:
    """An agent at the seat whose phone is up, ready for calls."""
    visitor: Visitor = await log_in(Role.CC_AGENT, login="agent1")
    await console.site.seat_is_ready()
    return visitor


@pytest.fixture
def a_user() -> Callable[[Role], User]:
    """Somebody of a role, in no database."""
    return lambda role: User("someone", "某人", "", role, at(9))
