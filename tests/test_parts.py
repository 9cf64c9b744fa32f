"""The suite's own promises: real parts are used when they are there, and missed aloud when they aren't."""

from __future__ import annotations

import asyncpg
import pytest

from tests.conftest import require


@pytest.mark.postgres
@pytest.mark.parametrize("_run", [1, 2])
async def test_every_postgres_test_gets_an_empty_database_of_its_own(postgres_url: str, _run: int) -> None:
    connection = await asyncpg.connect(postgres_url.replace("+asyncpg", ""))
    try:
        assert not await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        await connection.execute("CREATE TABLE traces (id int)")
    finally:
        await connection.close()


def test_a_missing_part_skips_with_the_line_that_would_make_it_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DIALER_REQUIRE_ALL", raising=False)
    with pytest.raises(pytest.skip.Exception, match="needs postgres: make postgres"):
        require("postgres", available=False, how="make postgres")


def test_a_missing_part_fails_where_every_part_is_required(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DIALER_REQUIRE_ALL", "1")
    with pytest.raises(pytest.fail.Exception, match="needs postgres: make postgres"):
        require("postgres", available=False, how="make postgres")
