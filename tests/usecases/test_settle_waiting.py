"""Units of work side by side each see the other's record as it was: what they leave behind goes on by itself."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace

import pytest

from dialer.domain.case import CaseState, Purpose, RevisitCase
from dialer.domain.dialing_hours import DialRules
from dialer.domain.recording import RecordingEvent, RecordingState
from dialer.domain.ticket import TicketState
from dialer.ports.storage import Storage, Work
from dialer.scripts_yaml import ScriptLibrary
from dialer.storage.database import Database
from dialer.storage.verify import FaultKind, find_faults
from dialer.usecases.rulebook import Rulebook
from dialer.usecases.settle_waiting import settle_waiting
from tests.builders import a_seal
from tests.usecases.site import Site


@pytest.fixture
def storage(database: Database) -> Database:
    """SQLite and PostgreSQL alike."""
    return database


@pytest.fixture
async def postgres_site(postgres_database: Database, scripts: ScriptLibrary, rulebook: Rulebook) -> Site:
    """Where units of work run side by side."""
    site = Site(postgres_database, scripts, rulebook)
    await site.seat_is_ready()
    return site


class BeforeCommit:
    """A database on which somebody else's whole unit of work comes just before the commit of one's own."""

    def __init__(self, storage: Storage, somebody_else: Callable[[], Awaitable[object]]) -> None:
        self._storage, self._somebody_else = storage, somebody_else

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[Work]:
        async with self._storage.begin() as work:
            yield work
            await self._somebody_else()

    def read(self) -> AbstractAsyncContextManager[Work]:
        return self._storage.read()


@asynccontextmanager
async def _meanwhile(site: Site, somebody_else: Callable[[], Awaitable[object]]) -> AsyncIterator[None]:
    """What the site does in the block is overtaken by somebody else before it is committed."""
    storage = site.storage

    async def on_the_database_itself() -> None:
        site.storage = storage
        await somebody_else()

    site.storage = BeforeCommit(storage, on_the_database_itself)  # type: ignore[assignment]
    try:
        yield
    finally:
        site.storage = storage


async def _faults(site: Site) -> list[FaultKind]:
    found = find_faults(site.storage, DialRules(), 60.0, ("engine-1",))
    return [fault.kind async for fault in found]


async def _swept(site: Site, case: RevisitCase) -> RevisitCase:
    """One sweep, after which nothing is at fault and a second one finds nothing."""
    assert await settle_waiting(site.storage, site.rulebook, site.now) == 1
    assert await _faults(site) == []
    after = await site.case(case)
    assert await settle_waiting(site.storage, site.rulebook, site.now) == 0
    return after


async def _a_talk_that_is_wrapped_up_while_it_is_sealed(site: Site) -> None:
    call = await site.connected()
    await site.answer_everything(call)
    site.later(seconds=60)
    await site.hung_up(call)
    async with _meanwhile(site, site.sealed):
        await site.wrapped_up()


@pytest.mark.postgres
async def test_a_case_wrapped_up_while_its_recording_was_sealed_is_closed(postgres_site: Site):
    site = postgres_site
    case = await site.a_case_is_due()
    await _a_talk_that_is_wrapped_up_while_it_is_sealed(site)
    assert (await site.case(case)).state is CaseState.SEALING
    assert await _faults(site) == [FaultKind.SEALING_NOTHING]

    assert (await _swept(site, case)).state is CaseState.CLOSED_SUCCESS


@pytest.mark.postgres
async def test_an_l2_answered_while_its_recording_was_sealed_is_archived(postgres_site: Site):
    site = postgres_site
    case = await site.a_case_is_due()
    await site.talked(case, M175_ANY="CONSULT", S1710_CONSULT="TRANSFER")
    site.now = site.now.replace(hour=16, minute=0, second=0)
    await site.extraction()
    assert (await site.case(case)).state is CaseState.L2_ISSUED
    (ticket,) = await site.tickets(case)
    site.later(hours=18)
    async with _meanwhile(site, site.sealed):
        assert not await site.reply(ticket)
    assert (await site.case(case)).state is CaseState.L2_REPLIED
    assert await _faults(site) == [FaultKind.SEALING_NOTHING]

    assert (await _swept(site, case)).state is CaseState.CLOSED_PROBLEM_HANDLED
    assert [each.state for each in await site.tickets(case)] == [TicketState.CLOSED]


@pytest.mark.postgres
async def test_an_answer_accepted_while_the_call_ended_is_taken_up(postgres_site: Site):
    site = postgres_site
    case = await site.a_case_is_due()
    node = site.scripts.latest("NB_PARTICIPATING").node("M060_SIGN_HOLDER")
    not_mine = {node.id: next(option.code for option in node.options if option.raises_problem)}
    call = await site.connected()
    for node_id, option in not_mine.items():
        await site.answer_until(call, node_id)
        await site.answer(call, option)
    await site.hung_up(call)
    await site.wrapped_up()
    await site.extraction()
    call = await site.connected_when_due(case)
    await site.answer_everything(call)
    site.later(seconds=60)
    await site.hung_up(call)
    (ticket,) = await site.tickets(case)

    async def answer() -> None:
        assert not await site.reply(ticket)

    async with _meanwhile(site, answer):
        await site.wrapped_up()
    assert (await site.case(case)).state is CaseState.L1_ISSUED
    assert await _faults(site) == [FaultKind.ANSWER_NOT_TAKEN_UP]

    after = await _swept(site, case)
    assert (after.state, after.purpose, after.round) == (CaseState.L1_REDIAL, Purpose.L1_CONFIRM, 1)
    assert after.next_at == site.now


@pytest.mark.parametrize(
    ("became", "follows"),
    [(RecordingEvent.SEAL_VERIFIED, CaseState.CLOSED_SUCCESS), (RecordingEvent.SOUND_GONE, CaseState.RETRY_WAIT)],
)
async def test_a_case_that_waits_for_a_recording_that_is_settled_goes_on(
    site: Site, became: RecordingEvent, follows: CaseState
):
    case = await site.a_case_is_due()
    call = await site.talked(case)
    states = {RecordingEvent.SEAL_VERIFIED: RecordingState.SEALED, RecordingEvent.SOUND_GONE: RecordingState.LOST}
    async with site.storage.begin() as work:
        (talk,) = await work.recordings.of_call(call)
        await work.recordings.save(replace(talk, state=states[became], seal=a_seal(call)))
    assert await _faults(site) == [FaultKind.SEALING_NOTHING]

    assert (await _swept(site, case)).state is follows


async def test_a_case_whose_recording_is_still_to_come_is_left_alone(site: Site):
    case = await site.a_case_is_due()
    await site.talked(case)
    waiting = await site.case(case)
    assert await settle_waiting(site.storage, site.rulebook, site.now) == 0
    assert await site.case(case) == waiting
    assert await _faults(site) == []
