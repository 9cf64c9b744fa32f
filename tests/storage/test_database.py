from __future__ import annotations

import asyncio
import signal
import socket
import sqlite3
import sys
from asyncio.subprocess import PIPE
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import text

from dialer.domain.case import CaseEvent, CaseState, RevisitCase
from dialer.domain.errors import StaleVersion
from dialer.domain.holder import PersonName
from dialer.domain.phone import PhoneKind, PhoneNumber, PhoneSource
from dialer.domain.problem import Problem, ProblemType
from dialer.ports.storage import FoundProblem, Storage, StorageUnavailable, StoredInterview, TicketReply
from dialer.storage.database import Database
from dialer.storage.engines import set_keepalive
from tests.builders import a_holder, a_policy, a_stored_call, a_ticket, a_user, an_attempt, at, moved
from tests.storage.stories import given_attempt, given_case, given_phone


def test_the_database_is_storage(sqlite_tables_url, vault):
    storage: Storage = Database(sqlite_tables_url, vault)  # mypy reads this line

    assert callable(storage.begin)


async def test_a_unit_of_work_that_raises_leaves_nothing(database):
    async def fail() -> None:
        async with database.begin() as work:
            await work.floor.add_user(a_user())
            raise RuntimeError("in the middle")

    with pytest.raises(RuntimeError, match="in the middle"):
        await fail()

    async with database.read() as work:
        assert not await work.floor.users()


async def test_a_cancelled_unit_of_work_leaves_nothing_and_the_next_one_works(database):
    inside = asyncio.Event()

    async def write() -> None:
        async with database.begin() as work:
            await work.floor.add_user(a_user())
            inside.set()
            await asyncio.Event().wait()

    writing = asyncio.create_task(write())
    await inside.wait()
    writing.cancel()
    await asyncio.wait([writing])

    async with database.begin() as work:
        assert not await work.floor.users()
        await work.floor.add_user(a_user())


async def test_tasks_cancelled_at_any_moment_leave_the_database_usable(database):
    async def write(login: str) -> None:
        async with database.begin() as work:
            await work.floor.add_user(a_user(login=login))

    for delay in range(12):
        tasks = [asyncio.create_task(write(f"{delay}-{number}")) for number in range(3)]
        await asyncio.sleep(delay / 2000)
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)

    async with asyncio.timeout(20), database.begin() as work:
        await work.floor.add_user(a_user(login="last"))
    async with database.read() as work:
        assert await work.floor.user("last") is not None


async def test_a_reader_sees_one_picture_and_does_not_hold_up_the_writer(database):
    async with database.read() as before:
        assert not await before.floor.users()
        async with database.begin() as work:
            await work.floor.add_user(a_user())
        assert not await before.floor.users()

    async with database.read() as after:
        assert len(await after.floor.users()) == 1


async def test_a_reader_can_not_write(database):
    with pytest.raises(Exception, match=r"(?i)read.?only"):
        async with database.read() as work:
            await work.floor.add_user(a_user())


async def test_a_naive_time_is_refused(database):
    with pytest.raises(Exception, match="naive"):
        async with database.begin() as work:
            await work.floor.add_user(a_user(created_at=datetime(2026, 9, 18, 9)))  # noqa: DTZ001 - what is refused


async def test_an_instant_comes_back_equal_and_in_shanghai_wherever_it_came_from(database):
    instant = datetime(2026, 9, 18, 1, 2, 3, 456789, tzinfo=UTC)
    async with database.begin() as work:
        await work.floor.add_user(a_user(created_at=instant))

    async with database.read() as work:
        found = (await work.floor.user("agent1")).created_at
    assert found == instant
    assert found.isoformat() == "2026-09-18T09:02:03.456789+08:00"


async def test_of_two_who_move_the_same_case_one_wins(database):
    case = await given_case(database)

    async def place() -> None:
        async with database.begin() as work:
            await work.cases.move(case, CaseEvent.PLACED, moved())

    results = await asyncio.gather(*(place() for _ in range(8)), return_exceptions=True)

    assert sorted(type(result).__name__ for result in results) == ["NoneType"] + ["StaleVersion"] * 7
    async with database.read() as work:
        assert (await work.cases.get(case.id)).state is CaseState.DIALING
        assert len(await work.cases.history(case.id)) == 2


async def test_of_two_who_want_to_call_the_same_case_one_wins(database):
    case = await given_case(database)
    phone = await given_phone(database, case.holder_id)

    async def intend() -> None:
        stored = a_stored_call(phone_id=phone.id, number_hash=phone.number_hash)
        async with database.begin() as work:
            await work.calls.intend(stored, [an_attempt(case_id=case.id, call_id=stored.call.call_id)])

    results = await asyncio.gather(*(intend() for _ in range(8)), return_exceptions=True)

    assert sorted(type(result).__name__ for result in results) == ["NoneType"] + ["StaleVersion"] * 7
    async with database.read() as work:
        assert len(await work.calls.to_number(phone.number_hash, at(0))) == 1


async def test_cases_locked_in_opposite_order_end_in_one_stale_version_at_most(database):
    one, other = await given_case(database), await given_case(database)
    both_inside = asyncio.Barrier(2)

    async def save(first: RevisitCase, second: RevisitCase) -> None:
        async with database.begin() as work:
            await work.cases.save(replace(first, rank=1))
            if not database.is_sqlite:  # there the second writer waits outside
                await both_inside.wait()
            await work.cases.save(replace(second, rank=1))

    results = await asyncio.gather(save(one, other), save(other, one), return_exceptions=True)

    assert sorted(type(result).__name__ for result in results) == ["NoneType", "StaleVersion"]


async def test_twenty_writers_in_two_processes_worth_of_connections_never_find_it_locked(url, vault):
    databases = [await Database.open(url, vault) for _ in range(2)]

    async def write(number: int) -> None:
        database = databases[number % 2]
        for turn in range(5):
            async with database.begin() as work:
                await work.floor.users()
                await work.floor.add_user(a_user(login=f"{number}-{turn}"))

    await asyncio.gather(*(write(number) for number in range(20)))

    async with databases[0].read() as work:
        assert len(await work.floor.users()) == 100
    for database in databases:
        await database.close()


async def test_a_database_that_stays_locked_is_unavailable_and_then_works_again(sqlite_tables_url, vault):
    database = await Database.open(sqlite_tables_url, vault, busy_seconds=0.05)
    stranger = sqlite3.connect(sqlite_tables_url.removeprefix("sqlite+aiosqlite:///"), isolation_level=None)
    stranger.execute("BEGIN IMMEDIATE")

    with pytest.raises(StorageUnavailable, match="locked"):
        async with database.begin() as work:
            await work.floor.add_user(a_user())
    stranger.execute("ROLLBACK")
    stranger.close()

    async with database.begin() as work:
        await work.floor.add_user(a_user())
    await database.close()


async def test_a_full_disk_is_unavailable_and_what_was_stored_stays(sqlite_tables_url, vault):
    database = await Database.open(sqlite_tables_url, vault)
    async with database.begin() as work:
        await work.floor.add_user(a_user())
    async with database.statements(writes=True) as statements:
        pages = await statements.scalar(text("PRAGMA page_count"))
        await statements.run(text(f"PRAGMA max_page_count = {pages}"))

    with pytest.raises(StorageUnavailable, match="full"):
        async with database.begin() as work:
            await work.floor.add_user(a_user(login="big", password_hash="x" * 1_000_000))

    async with database.read() as work:
        assert [user.login for user in await work.floor.users()] == ["agent1"]
    await database.close()


@pytest.mark.postgres
async def test_a_server_that_drops_the_connection_is_unavailable_and_the_next_unit_reconnects(postgres_database):
    async def lose_the_connection() -> None:
        async with postgres_database.begin() as work:
            await work.floor.add_user(a_user())
            await work.floor._statements.run(text("SELECT pg_terminate_backend(pg_backend_pid())"))

    with pytest.raises(StorageUnavailable):
        await lose_the_connection()

    async with postgres_database.begin() as work:
        assert not await work.floor.users()
        await work.floor.add_user(a_user())


async def test_a_server_whose_machine_is_gone_is_noticed_in_seconds_not_hours():
    server = await asyncio.start_server(lambda _reader, writer: writer.close(), "127.0.0.1", 0)
    async with server:
        _, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        connected = writer.get_extra_info("socket")
        set_keepalive(connected)
        assert connected.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
        idle, times, between, unheard_ms = (
            connected.getsockopt(socket.IPPROTO_TCP, option)
            for option in (
                socket.TCP_KEEPIDLE, socket.TCP_KEEPCNT, socket.TCP_KEEPINTVL, socket.TCP_USER_TIMEOUT,
            )
        )  # fmt: skip
        assert idle + times * between <= 15
        assert 0 < unheard_ms <= 15_000
        writer.close()


@pytest.mark.postgres
async def test_who_stands_still_in_a_unit_of_work_keeps_nobody_out(postgres_tables_url, vault):
    still = await Database.open(postgres_tables_url, vault, busy_seconds=0.2)
    other = await Database.open(postgres_tables_url, vault)
    rename = text("UPDATE users SET name = name || '!'")
    async with other.begin() as work:
        await work.floor.add_user(a_user())

    async def stand_still() -> None:
        async with still.statements(writes=True) as statements:
            await statements.run(rename)
            async with other.statements(writes=True) as statements_of_another:
                await statements_of_another.run(rename)
            await statements.run(rename)

    with pytest.raises(StorageUnavailable):
        await stand_still()
    async with other.read() as work:
        assert [user.name for user in await work.floor.users()] == [a_user().name + "!"]
    await still.close()
    await other.close()


_KILLED = """
import asyncio, sys
from dialer.storage.database import Database
from dialer.storage.vault import Vault
from tests.builders import a_user

async def main():
    database = Database(sys.argv[1], Vault(b"k" * 32))
    async with database.begin() as work:
        await work.floor.add_user(a_user(login="whole"))
    async with database.begin() as work:
        for number in range(50):
            await work.floor.add_user(a_user(login=f"half-{number}", password_hash="x" * 100_000))
        print("in the middle", flush=True)
        await asyncio.Event().wait()

asyncio.run(main())
"""


async def test_a_process_killed_in_the_middle_of_a_unit_of_work_leaves_nothing_half(url, database):
    root = str(Path(__file__).parents[2])
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", _KILLED, url, stdout=PIPE, cwd=root)
    assert process.stdout is not None
    assert await process.stdout.readline() == b"in the middle\n"
    process.send_signal(signal.SIGKILL)
    await process.wait()

    async with database.begin() as work:
        assert [user.login for user in await work.floor.users()] == ["whole"]
        await work.floor.add_user(a_user(login="next"))


async def test_no_name_number_or_word_of_a_customer_is_in_the_files(sqlite_tables_url, vault):
    database = await Database.open(sqlite_tables_url, vault)
    secrets = ["欧阳某某", "13898765432", "440101198001019999", "天河区某路", "被保险人甲", "我没有签过字", "特约内容"]
    name, number, document, address, insured, words, clause = secrets
    holder = a_holder(name=PersonName(name), id_no=document, address=address)
    policy = a_policy(insured=PersonName(insured), insured_is_holder=False, special_clause=clause)
    case = await given_case(database, holder=holder)
    attempt = await given_attempt(database, case)
    async with database.begin() as work:
        holder_id = await work.policies.put(policy, holder, "d", at(9))
        phone = PhoneNumber.parse(number)
        await work.policies.put_phone(holder_id, phone, PhoneKind.MOBILE, PhoneSource.APPLICATION, at(9))
        said = {"words": words, "holder": name}
        await work.interviews.begin(StoredInterview(attempt.id, case.id, "s", "1", "0", said, said, at(10)))
        problem = FoundProblem(Problem(ProblemType.NOT_OWN_SIGNATURE), at(10), 0, attempt.id, words)
        await work.interviews.put_problems(case.id, [problem])
        ticket = await work.tickets.add(a_ticket(case_id=case.id, items=()), moved())
        content = {"phone": number, "said": words}
        await work.tickets.put_reply(TicketReply(ticket.id, at(11), "clerk", content, accepted=True))

    path = Path(sqlite_tables_url.removeprefix("sqlite+aiosqlite:///"))
    files = [*path.parent.glob(f"{path.name}*")]
    stored = b"".join(file.read_bytes() for file in files)
    await database.close()
    assert policy.policy_no.encode() in stored  # the scan sees what is plain
    for secret in secrets:
        for form in (secret, secret.encode("unicode_escape").decode(), secret.encode().hex()):
            assert form.encode() not in stored


async def test_a_duplicate_is_a_lost_race_and_tells_no_values(database):
    case = await given_case(database)

    with pytest.raises(StaleVersion) as raised:
        async with database.begin() as work:
            await work.cases.add_all([(case, moved())])

    assert case.policy_no not in str(raised.value)
