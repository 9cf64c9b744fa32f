"""One's own account: the password and where one is logged in."""

from __future__ import annotations

from datetime import timedelta

import pytest

from dialer.domain.audit import AuditKind, AuditQuestion
from dialer.domain.password import PasswordFault
from dialer.domain.user import Role, User
from dialer.storage.database import Database
from dialer.usecases.log_in import LockedOut, LoginRefused, Session, SessionOver, Step
from dialer.usecases.manage_users import create_user
from dialer.usecases.own_account import PasswordUnusable, log_out_everywhere, own_account
from tests.builders import at
from tests.usecases.logins import change_password, log_in, session_of
from tests.usecases.test_staff_the_floor import HASHER

OLD, NEW = "correct horse battery", "seven boats at the pier"
NOW = at(9)


@pytest.fixture
async def lihua(storage: Database) -> User:
    return await create_user(storage, HASHER, NOW, login="lihua", name="李华", password=OLD, role=Role.CC_AGENT)


async def _log_in(storage: Database, password: str = OLD, address: str = "10.0.0.7") -> Session:
    return await log_in(storage, HASHER, "lihua", password, NOW, address)


async def test_a_new_password_ends_every_other_session(storage: Database, lihua: User) -> None:
    other, mine = await _log_in(storage), await _log_in(storage)
    renewed = await change_password(storage, HASHER, mine, OLD, NEW, NOW)
    for ended in (other, mine):
        with pytest.raises(SessionOver):
            await session_of(storage, ended.token, NOW)
    assert (await session_of(storage, renewed.token, NOW)).user.login == "lihua"
    assert (await _log_in(storage, NEW)).user.login == "lihua"
    with pytest.raises(LoginRefused):
        await _log_in(storage, OLD)


async def test_the_present_password_is_asked_for_and_guessing_it_locks(storage: Database, lihua: User) -> None:
    session = await _log_in(storage)
    for _ in range(4):
        with pytest.raises(LoginRefused):
            await change_password(storage, HASHER, session, "a guess at it", NEW, NOW)
    with pytest.raises(LockedOut):
        await change_password(storage, HASHER, session, "a guess at it", NEW, NOW)
    with pytest.raises(LockedOut):
        await _log_in(storage)


@pytest.mark.parametrize(
    ("new", "fault"),
    [("short", PasswordFault.TOO_SHORT), (OLD, PasswordFault.SAME_AS_BEFORE),
     ("lihua1234567", PasswordFault.LIKE_THE_LOGIN)],
)  # fmt: skip
async def test_a_new_password_that_is_no_good_changes_nothing(storage, lihua, new: str, fault: PasswordFault) -> None:
    session = await _log_in(storage)
    with pytest.raises(PasswordUnusable) as refused:
        await change_password(storage, HASHER, session, OLD, new, NOW)
    assert refused.value.fault is fault
    assert (await session_of(storage, session.token, NOW)).user.login == "lihua"


async def test_a_password_that_was_given_out_opens_nothing_until_it_is_changed(storage: Database) -> None:
    await create_user(
        storage, HASHER, NOW, login="lihua", name="李华", password=OLD, role=Role.QA, must_change_password=True
    )
    session = await _log_in(storage)
    assert session.step is Step.NEW_PASSWORD
    renewed = await change_password(storage, HASHER, session, OLD, NEW, NOW)
    assert renewed.step is Step.ENROL
    assert not renewed.user.must_change_password


async def test_people_see_where_they_are_logged_in_and_end_it_all(storage: Database, lihua: User) -> None:
    office, home = await _log_in(storage, address="10.0.0.7"), await _log_in(storage, address="192.0.2.9")
    mine = await own_account(storage, home, NOW + timedelta(minutes=1))
    assert {each.address: each.token_hash == mine.here for each in mine.sessions} == {
        "10.0.0.7": False, "192.0.2.9": True}  # fmt: skip
    await log_out_everywhere(storage, home, NOW, "192.0.2.9")
    for session in (office, home):
        with pytest.raises(SessionOver):
            await session_of(storage, session.token, NOW)
    async with storage.read() as work:
        (row,) = await work.audit.find(AuditQuestion(kind=AuditKind.LOGGED_OUT_EVERYWHERE), "", 10)
    assert (row.login, row.address) == ("lihua", "192.0.2.9")
