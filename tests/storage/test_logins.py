"""Sessions and second factors, on both databases."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import text

from dialer.domain.errors import NotFound
from dialer.domain.second_factor import SecondFactor
from dialer.domain.user import Failures
from dialer.ports.storage import LoginSession
from dialer.storage import logins
from tests.builders import a_user, at

FACTOR = SecondFactor("JBSWY3DPEHPK3PXP", at(9), 100)


async def test_a_session_lasts_until_it_is_closed(database):
    async with database.begin() as work:
        agent = await work.floor.add_user(a_user())
        session = LoginSession("hash", agent, "csrf", at(9), at(9), "10.0.0.7")
        await work.logins.open(session)
        await work.logins.touch("hash", at(9, 30))
        with pytest.raises(NotFound):
            await work.logins.open(replace(session, token_hash="other", user=a_user(login="nobody")))
    async with database.read() as work:
        assert await work.logins.find("hash") == replace(session, seen_at=at(9, 30))
    async with database.begin() as work:
        await work.logins.close("hash")
    async with database.read() as work:
        assert await work.logins.find("hash") is None


async def test_somebody_is_logged_out_everywhere_and_nobody_else(database):
    async with database.begin() as work:
        for number, login in enumerate(("zhang", "lina", "zhang"), 1):
            user = await work.floor.user(login) or await work.floor.add_user(a_user(login=login))
            await work.logins.open(LoginSession(f"hash-{number}", user, "csrf", at(9, number), at(9, number)))
        assert [each.token_hash for each in await work.logins.of("zhang")] == ["hash-1", "hash-3"]
        await work.logins.close_all("zhang")
    async with database.read() as work:
        assert [*await work.logins.of("zhang")] == []
        assert len(await work.logins.of("lina")) == 1


async def test_a_second_factor_is_sealed_at_rest_and_known_to_the_session(database):
    async with database.begin() as work:
        user = await work.floor.add_user(a_user())
        await work.logins.open(LoginSession("hash", user, "csrf", at(9), at(9), proved_at=at(9, 1)))
        await work.logins.put_factor("agent1", SecondFactor("AAAA"), ["first"])
        found = await work.logins.find("hash")
        assert found is not None
        assert (found.enrolled, found.proved_at) == (False, at(9, 1))
        await work.logins.put_factor("agent1", FACTOR, ["one", "two"])
        found = await work.logins.find("hash")
        assert found is not None
        assert found.enrolled
    async with database.statements(writes=False) as statements:
        row = await statements.first(text("SELECT * FROM second_factors"))
        assert FACTOR.secret not in str(row)
    async with database.read() as work:
        assert await work.logins.factor("agent1") == FACTOR
        assert await work.logins.recovery_left("agent1") == 2
    assert FACTOR.secret not in repr(FACTOR)


async def test_a_step_and_a_recovery_code_are_used_once(database):
    async with database.begin() as work:
        await work.floor.add_user(a_user())
        await work.logins.put_factor("agent1", FACTOR, ["one", "two"])
        assert await work.logins.use_step("agent1", 101)
        assert not await work.logins.use_step("agent1", 101)
        assert not await work.logins.use_step("agent1", 100)
        assert await work.logins.use_recovery("agent1", "one")
        assert not await work.logins.use_recovery("agent1", "one")
        assert not await work.logins.use_recovery("nobody", "two")
        await work.logins.drop_factor("agent1")
        assert await work.logins.factor("agent1") is None
        assert await work.logins.recovery_left("agent1") == 0


async def test_failures_of_unknown_logins_are_counted_for_those_tried_last(database, monkeypatch):
    monkeypatch.setattr(logins, "STRANGERS_KEPT", 2)
    async with database.begin() as work:
        for minute, login in enumerate(["first", "second", "first", "third"]):
            await work.logins.put_failures_of_stranger(login, Failures(minute + 1, at(10)), at(9, minute))
    async with database.read() as work:
        kept = [await work.logins.failures_of_stranger(login) for login in ("first", "second", "third", "nobody")]
    assert kept == [Failures(3, at(10)), Failures(), Failures(4, at(10)), Failures()]
