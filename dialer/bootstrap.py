"""Settings in, a running dialer out; the only module that knows every adapter."""

from __future__ import annotations

import asyncio
import gc
import os
import socket
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, closing, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import structlog

from dialer.calendars import load_calendar
from dialer.console.api import ApiParts, RateLimiter
from dialer.console.app import make_console
from dialer.console.passwords import Argon2Hasher
from dialer.console.serving import serving
from dialer.console.site import PhoneServer
from dialer.console.site import Site as ConsoleSite
from dialer.domain.calendar import SHANGHAI
from dialer.domain.call import CallId, SoundFiles
from dialer.domain.dialing_hours import DialRules, Hours
from dialer.domain.errors import DialerError
from dialer.domain.preview import PreviewRules
from dialer.domain.problem import ProblemType
from dialer.domain.recording import Seal
from dialer.domain.sampling import ProvinceRules
from dialer.domain.user import Role
from dialer.domain.webhook import Announcement
from dialer.engine import Engine, EngineParts
from dialer.importing import SentRows, give_way
from dialer.in_force import PublishedScripts, SiteInForce
from dialer.ports import Clock, Telephony, Waveforms
from dialer.products import load_products
from dialer.recording.encode import OpusEncoder
from dialer.recording.local_store import LocalStore
from dialer.recording.seal import seal_recording
from dialer.recording.spool import Spool, discard
from dialer.scripts_yaml import load_scripts
from dialer.settings import AsteriskNodeSettings, AsteriskSettings, PhoneSystem, Settings, WebhookSettings
from dialer.storage.database import Database
from dialer.storage.schema import upgrade
from dialer.storage.signals import ListenedSignals, PolledSignals, open_signals
from dialer.storage.vault import Vault, load_or_make_key
from dialer.telephony.asterisk import AmiAddress, AsteriskNodes, Node
from dialer.telephony.asterisk.browsers import read_passwords
from dialer.telephony.asterisk.configuration import read_secrets
from dialer.telephony.pjsua.adapter import PjsuaTelephony
from dialer.timers import Timetable, delivering, ticking
from dialer.usecases.keep_recording import SealSound
from dialer.usecases.rulebook import ProofRules, Rulebook, TicketRules
from dialer.webhooks import SignedPost, load_or_make_secret, posting

log = structlog.get_logger()


class PathUnusable(DialerError):
    """A file or folder of the settings can't be made, read or written."""

    code = "PATH_UNUSABLE"


class SystemClock:
    """The real time."""

    def now(self) -> datetime:
        """The present instant in Asia/Shanghai."""
        return datetime.now(SHANGHAI)  # noqa: TID251 - this is the Clock that everybody else asks


@dataclass(frozen=True, slots=True)
class Site:
    """A dialer's parts, opened but not yet at work: what commands of the command line need."""

    settings: Settings
    clock: Clock
    storage: Database
    signals: PolledSignals | ListenedSignals
    scripts: PublishedScripts
    in_force: SiteInForce
    rulebook: Rulebook
    store: LocalStore
    attachments: LocalStore
    hasher: Argon2Hasher


@dataclass(frozen=True, slots=True)
class Running:
    """A dialer at work."""

    site: Site
    engine: Engine | None
    timetable: Timetable | None
    console_url: str | None


def rulebook_of(settings: Settings) -> Rulebook:
    """The site's decisions. Raises CalendarInvalid and others, naming file and key."""
    dial, tickets, recording = settings.dial, settings.tickets, settings.recording
    return Rulebook(
        calendar=load_calendar(settings.paths.calendars),
        dial=DialRules(
            dial=Hours(dial.start, dial.end),
            lunch=Hours(dial.lunch_start, dial.lunch_end),
            per_number_day=dial.per_number_day,
        ),
        tickets=TicketRules(
            working_days=tickets.working_days,
            extraction_at=tickets.extraction_at,
            max_rounds=tickets.max_rounds,
            l2_redial_types=frozenset(map(ProblemType, tickets.l2_redial_types)),
            reply_min_chars=tickets.reply_min_chars,
            reply_banned=tickets.reply_banned,
            attachment_max_bytes=tickets.attachment_max_mb * 1024 * 1024,
            attachments_max=tickets.attachments_max,
        ),
        proof=ProofRules(recording.min_seconds, recording.length_tolerance_seconds),
        preview=PreviewRules(frozenset(dial.preview_for), dial.preview_seconds, dial.preview_elderly_from),
        products=load_products(settings.paths.products),
        provinces={
            code: ProvinceRules(given.short_term_sample_rate, given.minimum_rate)
            for code, given in settings.provinces.items()
        },
        company_name=settings.company.name,
        company_hotline=settings.company.hotline,
        caller_id=settings.telephony.caller_id,
        ring_seconds=settings.dial.ring_seconds,
    )


@asynccontextmanager
async def opened(settings: Settings, clock: Clock | None = None, *, make: bool = True) -> AsyncIterator[Site]:
    """Open a site: key, database at head, scripts, calendars, products; close it at the end.

    `make` makes the database or brings it up to date; without it one that is not there is an error, since a question
    asked of a new, empty database would be answered with "nothing is wrong".
    """
    paths = settings.paths
    with _usable(paths.data_key):
        paths.data_key.parent.mkdir(parents=True, exist_ok=True)
        vault = Vault(load_or_make_key(paths.data_key))
    if make:
        await upgrade(settings.storage.url)
    told = frozenset(settings.webhooks.events) if settings.webhooks.url else frozenset[Announcement]()
    storage = await Database.open(settings.storage.url, vault, announced=told)
    async with AsyncExitStack() as stack:
        stack.push_async_callback(storage.close)
        signals = open_signals(storage)
        stack.push_async_callback(signals.close)
        asked = clock or SystemClock()
        installed = rulebook_of(settings)
        in_force = SiteInForce(storage, load_scripts(paths.scripts), installed.calendar, asked)
        await in_force.take_up()
        yield Site(
            settings=settings,
            clock=asked,
            storage=storage,
            signals=signals,
            scripts=in_force.scripts,
            in_force=in_force,
            rulebook=replace(installed, calendar=in_force.calendar),
            store=LocalStore(paths.sealed),
            attachments=LocalStore(paths.attachments),
            hasher=Argon2Hasher(),
        )


@contextmanager
def _usable(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise PathUnusable(f"{path}: 无法使用 · can't be used: {error.strerror}") from error


@asynccontextmanager
async def running(
    site: Site,
    *,
    engine: bool = True,
    console: bool = True,
    telephony: Telephony | None = None,
    proving: frozenset[Role],
) -> AsyncIterator[Running]:
    """Put a site to work. At the end the engine stops in an orderly way: talking calls finish, then all is closed.

    `proving` are the roles that log in with a second factor; nothing but the demonstration makes it fewer.

    Raises:
        PortTaken: the console's port is in use.
        TelephonyRefused: the phone system can't start.
    """
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(_kept_current(site))
        url = await stack.enter_async_context(_serving(site, proving)) if console else None
        dialling, timetable = None, None
        if engine:
            dialling = await stack.enter_async_context(_dialling(site, telephony))
            timetable = await stack.enter_async_context(_ticking(site))
        yield Running(site, dialling, timetable, url)


def collect_seldom() -> None:
    """What start-up made stays, and what lives long is seldom a ring: to walk through all of it holds every desk up."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 50)


@asynccontextmanager
async def _kept_current(site: Site) -> AsyncIterator[None]:
    """What others publish or correct holds here too, while the block lasts."""
    watch = asyncio.create_task(site.in_force.keep_current(site.signals), name="in force")
    try:
        yield
    finally:
        watch.cancel()
        await asyncio.wait({watch})


@asynccontextmanager
async def _dialling(site: Site, telephony: Telephony | None) -> AsyncIterator[Engine]:
    encoder = OpusEncoder()
    spool = await _own_spool(site)
    engine = Engine(_engine_parts(site, telephony or _phone_system(site), encoder, spool))
    work = asyncio.create_task(engine.run(), name="engine")
    owner = asyncio.current_task()
    assert owner is not None  # a context manager is entered by a task
    work.add_done_callback(lambda done: owner.cancel() if _failed(done) else None)
    try:
        yield engine
    except asyncio.CancelledError:
        if _failed(work):
            owner.uncancel()
            work.result()
        raise
    finally:
        engine.stop()
        await asyncio.wait({work})
        encoder.close()
    work.result()  # a fault while stopping is not lost


def _failed(work: asyncio.Task[None]) -> bool:
    return work.done() and not work.cancelled() and work.exception() is not None


def spool_of(settings: Settings) -> Spool:
    """The folder of the settings. Raises PathUnusable."""
    with _usable(settings.paths.spool):
        return Spool(settings.paths.spool, settings.recording.min_free_mb * 1024 * 1024)


async def _own_spool(site: Site) -> Spool:
    """The spool on which this database's sound waits. Raises SpoolForeign."""
    spool = spool_of(site.settings)
    with _usable(site.settings.paths.spool):
        found = spool.marked()
    async with site.storage.begin() as work:
        spool.belongs_to(await work.ledger.spool_mark(found))
    return spool


async def take_spool(site: Site) -> int:
    """Make the settings' spool the one on which sound waits from now on; how many recordings still wait."""
    spool = spool_of(site.settings)
    with _usable(site.settings.paths.spool):
        found = spool.marked()
    async with site.storage.begin() as work:
        await work.ledger.take_spool(found)
        return len(await work.recordings.to_seal(datetime(9999, 1, 1, tzinfo=UTC)))


def _engine_parts(site: Site, telephony: Telephony, encoder: OpusEncoder, spool: Spool) -> EngineParts:
    return EngineParts(
        storage=site.storage,
        telephony=telephony,
        signals=site.signals,
        scripts=site.scripts,
        rulebook=site.rulebook,
        clock=site.clock,
        seal_sound=once_here(telephony, spool, partial(seal_recording, store=site.store, encoder=encoder)),
        discard=partial(discard_on, spool),
        room=spool.room,
        owner=f"{socket.gethostname()}-{os.getpid()}-{uuid.uuid4().hex[:8]}",
        lease_seconds=site.settings.engine.lease_seconds,
    )


def once_here(telephony: Telephony, spool: Spool, seal_sound: SealSound) -> SealSound:
    """Seal sound that is here: what another machine has is fetched first, and with the spool away nothing is lost."""

    async def seal(
        call_id: CallId, started_at: datetime, raw: SoundFiles, talk_seconds: float | None, *, key: str
    ) -> Seal:
        spool.require()
        here = spool.here(call_id, raw)
        if isinstance(telephony, AsteriskNodes):
            await telephony.fetch_sound(here)
        return await seal_sound(call_id, started_at, here, talk_seconds, key=key)

    return seal


def discard_on(spool: Spool, files: SoundFiles) -> None:
    """Remove a sealed call's raw sound, wherever this machine has the spool."""
    discard(spool.here(CallId(files.customer.parent.name), files))


def _phone_system(site: Site) -> Telephony:
    telephony = site.settings.telephony
    if telephony.engine is PhoneSystem.ASTERISK:
        spool, nodes = site.settings.paths.spool, _asterisks(site.settings.asterisk)
        return AsteriskNodes(site.clock, spool, nodes, max_seats=telephony.max_seats)
    return PjsuaTelephony(
        site.clock,
        site.settings.paths.spool,
        telephony.carrier,
        bind=telephony.bind,
        max_seats=telephony.max_seats,
    )


def _asterisks(given: AsteriskSettings) -> list[Node]:
    return [_asterisk(node, given.app) for node in given.nodes]


def _asterisk(given: AsteriskNodeSettings, app: str) -> Node:
    secrets = read_secrets(given.secrets)
    host, _, port = given.ami.rpartition(":")
    return Node(
        given.url,
        secrets.ari,
        AmiAddress(host, int(port), secrets.ami),
        given.cel,
        Path(given.spool) if given.spool else None,
        app,
        given.name,
        given.capacity,
        given.fetch,
    )


def _phone_servers(settings: Settings) -> list[PhoneServer]:
    """Where agents' browsers register. An agent who is added later needs no restart."""
    if settings.telephony.engine is not PhoneSystem.ASTERISK:
        return []
    nodes = [node for node in settings.asterisk.nodes if node.websocket]
    return [PhoneServer(node.name, node.websocket, partial(_passwords_in, node.browsers)) for node in nodes]


def _passwords_in(file: Path) -> Mapping[str, str]:
    with _usable(file):
        return read_passwords(file)


@asynccontextmanager
async def _ticking(site: Site) -> AsyncIterator[Timetable]:
    timetable = Timetable(site.storage, site.signals, site.scripts, site.rulebook, site.in_force, site.clock)
    async with AsyncExitStack() as stack:
        jobs: list[Callable[[], Awaitable[None]]] = [timetable.tick]
        if site.settings.webhooks.url:
            courier = await stack.enter_async_context(_posting(site.settings.webhooks))
            jobs.append(delivering(site.storage, courier, site.clock))
        await stack.enter_async_context(ticking(*jobs))
        yield timetable


def _posting(settings: WebhookSettings) -> AbstractAsyncContextManager[SignedPost]:
    with _usable(settings.secret):
        key = load_or_make_secret(settings.secret)
    return posting(settings.url, key, settings.timeout_seconds)


@asynccontextmanager
async def _serving(site: Site, proving: frozenset[Role]) -> AsyncIterator[str]:
    settings = site.settings.console
    with closing(OpusEncoder()) as encoder:
        api = ApiParts(SentRows, give_way, RateLimiter(site.settings.api.requests_per_minute))
        app = make_console(_console_site(site, encoder, proving), api)
        async with serving(app, settings.host, settings.port) as url:
            yield url


def _console_site(site: Site, waveforms: Waveforms, proving: frozenset[Role]) -> ConsoleSite:
    return ConsoleSite(
        storage=site.storage,
        signals=site.signals,
        scripts=site.scripts,
        clock=site.clock,
        rulebook=site.rulebook,
        store=site.store,
        waveforms=waveforms,
        attachments=site.attachments,
        hasher=site.hasher,
        in_force=site.in_force,
        settings=site.settings,
        proving=proving,
        phone_servers=_phone_servers(site.settings),
    )
