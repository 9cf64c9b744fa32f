from __future__ import annotations

import asyncio

from sqlalchemy import select

from dialer.storage import tables
from tests.builders import at


async def test_signs_of_life_are_counted_until_the_process_has_ended(database):
    async with database.begin() as work:
        await work.ledger.beat("engine-1", "engine", at(9))
        await work.ledger.beat("engine-1", "engine", at(9, 1))
        await work.ledger.beat("console-1", "console", at(9, 1))
        assert await work.ledger.beats() == {"engine-1": 2, "console-1": 1}
        await work.ledger.forget("engine-1")

    async with database.read() as work:
        assert await work.ledger.beats() == {"console-1": 1}


async def test_what_keeps_engines_from_their_work_is_told_until_it_is_over(database):
    async with database.begin() as work:
        await work.ledger.beat("engine-1", "engine", at(9), "no room")
        await work.ledger.beat("engine-2", "engine", at(9), "no room")
        await work.ledger.beat("engine-3", "engine", at(9))
        assert await work.ledger.notices() == ["no room"]
        await work.ledger.beat("engine-1", "engine", at(9, 1))
        await work.ledger.forget("engine-2")

    async with database.read() as work:
        assert await work.ledger.notices() == []


async def test_a_sweep_runs_once_a_period_however_many_ask(database):
    async def claim() -> bool:
        async with database.begin() as work:
            first: bool = await work.ledger.first_run("extraction", "2026-09-18", at(16))
            return first

    claims = await asyncio.gather(*(claim() for _ in range(6)))

    assert sorted(claims) == [False] * 5 + [True]


async def test_the_last_period_of_a_sweep_is_known(database):
    async with database.begin() as work:
        assert await work.ledger.last_run("extraction") is None
        for period, hour in (("2026-09-17", 15), ("2026-09-18", 16)):
            assert await work.ledger.first_run("extraction", period, at(hour))
        assert await work.ledger.last_run("extraction") == "2026-09-18"


async def test_imports_and_draws_are_written_down(database):
    async with database.begin() as work:
        import_id = await work.ledger.import_begun("ef" * 32, "policies.xlsx", "admin", at(9))
        await work.ledger.import_ended(import_id, {"added": 3, "bad": 1}, at(9, 1))
        await work.ledger.put_sample("seed", "0.5", "44/bank", ["P1", "P2", "P3"], ["P2", "P3"], at(9, 2))
        statements = work.ledger._statements
        stored = await statements.first(select(tables.imports))
        drawn = await statements.first(select(tables.samples))

    assert (stored["counts"], stored["finished_at"]) == ({"added": 3, "bad": 1}, at(9, 1))
    assert (drawn["population"], drawn["chosen"]) == (["P1", "P2", "P3"], ["P2", "P3"])


async def test_the_first_spool_is_remembered_until_another_is_taken(database):
    async with database.begin() as work:
        assert await work.ledger.spool_mark("first") == "first"
    async with database.begin() as work:
        assert await work.ledger.spool_mark("second") == "first"
        await work.ledger.take_spool("second")
    async with database.begin() as work:
        assert await work.ledger.spool_mark("third") == "second"
