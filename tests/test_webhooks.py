"""The core system is told over HTTP: signed, at least once, a case's messages in their order."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import os
import shutil
import stat
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from structlog.testing import capture_logs

from dialer.bootstrap import _ticking, opened
from dialer.domain.case import CaseEvent, RevisitCase
from dialer.domain.webhook import ALARM_AFTER, Announcement
from dialer.settings import Paths, StorageSettings, WebhookSettings, load_settings
from dialer.storage.database import Database
from dialer.storage.schema import upgrade
from dialer.storage.vault import Vault
from dialer.timers import delivering
from dialer.usecases.tell_core import core_notices, deliver_messages, send_again
from dialer.webhooks import SecretUnusable, SignedPost, load_or_make_secret, posting, signature
from tests.builders import at, moved
from tests.storage.stories import given_case

KEY = b"k" * 32


@dataclass
class Core:
    """The core system: what came in, and how it answers: 200, or what `answers` says of a message's id."""

    came: list[tuple[str, dict[str, str], str]] = field(default_factory=list)
    status: int = 200
    answers: dict[str, int] = field(default_factory=dict)
    on_message: Callable[[], object] = lambda: None

    async def take(self, request: web.Request) -> web.Response:
        message_id = request.headers["webhook-id"]
        self.came.append((message_id, dict(request.headers), await request.text()))
        self.on_message()
        await asyncio.sleep(0)  # let who was told to stop do so before it is answered
        return web.Response(status=self.answers.get(message_id, self.status), headers={"Location": "/elsewhere"})

    @property
    def ids(self) -> list[str]:
        return [message_id for message_id, _, _ in self.came]


@dataclass
class Office:
    """Our side: the database, the courier, the time."""

    storage: Database
    courier: SignedPost
    now: datetime = field(default_factory=lambda: at(12))

    async def deliver(self) -> int:
        return await deliver_messages(self.storage, self.courier, lambda: self.now)

    async def two_moves(self) -> RevisitCase:
        case = await given_case(self.storage)
        async with self.storage.begin() as work:
            case = await work.cases.move(case, CaseEvent.UNREACHED, moved(when=at(10)))
            return await work.cases.move(case, CaseEvent.CANCELLED, moved(when=at(11)))

    async def notices(self) -> list[str]:
        async with self.storage.read() as work:
            return list(await core_notices(work))

    async def waiting(self) -> list[str]:
        async with self.storage.read() as work:
            return [each.message_id for each in await work.webhooks.undelivered(10)]


@pytest.fixture
def core() -> Core:
    return Core()


@pytest.fixture
async def server(core: Core) -> AsyncIterator[TestServer]:
    app = web.Application()
    app.router.add_post("/hook", core.take)
    server = TestServer(app)
    await server.start_server()
    yield server
    await server.close()


@pytest.fixture
async def office(server: TestServer, tmp_path: Path) -> AsyncIterator[Office]:
    url = f"sqlite+aiosqlite:///{tmp_path / 'dialer.db'}"
    await upgrade(url)
    storage = await Database.open(url, Vault(os.urandom(32)), announced=frozenset(Announcement))
    async with posting(str(server.make_url("/hook")), KEY, 5) as courier:
        yield Office(storage, courier)
    await storage.close()


async def test_what_happened_is_told_in_order_and_signed(core: Core, office: Office):
    case = await office.two_moves()
    assert await office.deliver() == 2
    assert core.ids == [f"case_{case.id}_1", f"case_{case.id}_2"]
    message_id, headers, body = core.came[1]
    timestamp = headers["webhook-timestamp"]
    expected = hmac.digest(KEY, f"{message_id}.{timestamp}.{body}".encode(), hashlib.sha256)
    assert headers["webhook-signature"] == "v1," + base64.b64encode(expected).decode()
    assert int(timestamp) == int(office.now.timestamp())
    assert json.loads(body)["data"]["state"] == "CLOSED_CANCELLED"
    assert await office.deliver() == 0


def test_the_signature_is_that_of_standard_webhooks():
    """The example of the specification's reference libraries."""
    key = base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    signed = signature(key, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, '{"test": 2432232314}')
    assert signed == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


async def test_who_is_killed_between_the_send_and_the_mark_sends_the_same_again(core: Core, office: Office):
    await office.two_moves()
    sending = asyncio.create_task(office.deliver())
    core.on_message = sending.cancel
    with pytest.raises(asyncio.CancelledError):
        await sending
    core.on_message = lambda: None
    assert await office.deliver() == 0  # the dead one's claim holds for a minute
    office.now += timedelta(minutes=1)
    assert await office.deliver() == 2
    assert core.ids[0] == core.ids[1]
    assert (core.came[0][2], len(core.ids)) == (core.came[1][2], 3)


async def test_while_the_core_system_is_down_one_message_probes_and_all_follow_when_it_is_back(
    core: Core, office: Office
):
    core.status = 503
    await office.two_moves()
    await office.two_moves()
    for _ in range(3):
        assert await office.deliver() == 0
    assert len(core.ids) == 1
    office.now += timedelta(seconds=5)
    await office.deliver()
    assert len(core.ids) == 2
    core.status = 200
    office.now += timedelta(seconds=10)
    assert await office.deliver() == 4
    assert await office.waiting() == []


async def test_the_floor_sees_when_the_core_system_takes_nothing_and_when_it_does_again(core: Core, office: Office):
    core.status = 500
    await office.two_moves()
    for tries in range(ALARM_AFTER):
        assert await office.notices() == [], tries
        await office.deliver()
        office.now += timedelta(minutes=15)
    [notice] = await office.notices()
    assert "积压 2 条" in notice
    assert "127.0.0.1 answered 500" in notice
    core.status = 204
    assert await office.deliver() == 2
    assert await office.notices() == []


async def test_a_message_that_is_refused_keeps_its_own_case_waiting_and_no_other(core: Core, office: Office):
    refused, other = await office.two_moves(), await office.two_moves()
    core.answers = {f"case_{refused.id}_1": 400}
    assert await office.deliver() == 2
    assert core.ids == [f"case_{refused.id}_1", f"case_{other.id}_1", f"case_{other.id}_2"]
    assert await office.waiting() == [f"case_{refused.id}_1", f"case_{refused.id}_2"]


async def test_what_was_refused_ten_times_is_held_until_somebody_tries_again(core: Core, office: Office):
    core.status = 422
    case = await office.two_moves()
    for _ in range(12):
        await office.deliver()
        office.now += timedelta(minutes=15)
    assert core.ids == [f"case_{case.id}_1"] * 10
    assert "dialer webhooks retry" in (await office.notices())[0]
    core.status = 200
    assert await office.deliver() == 0
    assert await send_again(office.storage) == 2
    assert await office.deliver() == 2
    assert await office.notices() == []


@pytest.mark.parametrize(("status", "tried"), [(302, 2), (408, 1), (429, 1), (404, 2)])
async def test_what_an_answer_means(core: Core, office: Office, status: int, tried: int):
    """Not now: everything waits. Not this: the next case's message is tried. A redirect is never followed."""
    await office.two_moves()
    await office.two_moves()
    core.status = status
    await office.deliver()
    assert len(core.ids) == tried


async def test_a_core_system_that_is_not_there_costs_nothing_but_time(server: TestServer, office: Office):
    await office.two_moves()
    await server.close()
    assert await office.deliver() == 0
    async with office.storage.read() as work:
        [first, _] = await work.webhooks.undelivered(10)
    assert (first.tries, first.state) == (1, "UNREACHED")
    assert first.error.startswith("CORE_UNREACHED: 127.0.0.1: ")


async def test_one_that_does_not_answer_in_time_is_not_reached(office: Office):
    async def silent(_request: web.Request) -> web.Response:
        await asyncio.Event().wait()
        return web.Response()

    app = web.Application()
    app.router.add_post("/hook", silent)
    await office.two_moves()
    async with TestServer(app) as server, posting(str(server.make_url("/hook")), KEY, 0.05) as courier:
        assert await deliver_messages(office.storage, courier, lambda: office.now) == 0
    async with office.storage.read() as work:
        assert (await work.webhooks.undelivered(1))[0].state == "UNREACHED"


async def test_two_processes_that_deliver_at_once_send_nothing_twice(core: Core, office: Office):
    for _ in range(5):
        await office.two_moves()
    assert sum(await asyncio.gather(office.deliver(), office.deliver())) == 10
    assert sorted(core.ids) == sorted(set(core.ids))


async def test_the_timer_goes_on_when_the_database_is_away(office: Office, tmp_path: Path):
    class Clock:
        def now(self) -> datetime:
            return office.now

    await office.storage.close()
    shutil.rmtree(tmp_path)
    with capture_logs() as lines:
        await delivering(office.storage, office.courier, Clock())()
    assert [(line["event"], line["code"]) for line in lines] == [("webhooks.failed", "STORAGE_UNAVAILABLE")]


async def test_a_site_with_an_address_tells_it_by_itself(core: Core, server: TestServer, tmp_path: Path):
    settings = load_settings(Path("config/dialer.toml")).model_copy(
        update={
            "storage": StorageSettings(url=f"sqlite+aiosqlite:///{tmp_path / 'site.db'}"),
            "paths": Paths(data_key=tmp_path / "data.key", sealed=tmp_path / "sealed"),
            "webhooks": WebhookSettings(url=str(server.make_url("/hook")), secret=tmp_path / "secret"),
        }
    )
    told = asyncio.Event()
    core.on_message = told.set
    async with opened(settings) as site, _ticking(site):
        case = await given_case(site.storage)
        async with site.storage.begin() as work:
            await work.cases.move(case, CaseEvent.UNREACHED, moved())
        await asyncio.wait_for(told.wait(), 20)
    assert core.ids == [f"case_{case.id}_1"]
    assert (tmp_path / "secret").exists()


def test_the_secret_is_made_once_and_only_its_owner_reads_it(tmp_path: Path):
    path = tmp_path / "var" / "webhooks.secret"
    key = load_or_make_secret(path)
    assert (len(key), load_or_make_secret(path), stat.S_IMODE(path.stat().st_mode)) == (32, key, 0o600)
    assert path.read_text().startswith("whsec_")


def test_a_file_with_something_else_is_no_secret(tmp_path: Path):
    path = tmp_path / "secret"
    path.write_text("not base64!\n")
    with pytest.raises(SecretUnusable):
        load_or_make_secret(path)
