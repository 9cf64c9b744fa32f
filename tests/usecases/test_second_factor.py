"""The second factor of privileged roles (rules §7.6: security)."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pyotp
import pytest

from dialer.domain.audit import AuditKind, AuditQuestion
from dialer.domain.errors import NotAllowed, NotFound
from dialer.domain.user import Role, User
from dialer.storage.database import Database
from dialer.usecases.log_in import (
    LONGEST_LOGIN,
    LONGEST_SESSION,
    LockedOut,
    LoginRefused,
    Session,
    SessionOver,
    Step,
    still_open,
)
from dialer.usecases.manage_users import create_user
from dialer.usecases.second_factor import (
    CodeRefused,
    Enrolled,
    begin_enrolment,
    reset_second_factor,
)
from tests.builders import at
from tests.usecases.logins import change_password, enrol, log_in, session_of, show_code
from tests.usecases.test_staff_the_floor import HASHER

PASSWORD = "correct horse battery"
NOW = at(9)


@pytest.fixture
async def sunli(storage: Database) -> User:
    return await create_user(storage, HASHER, NOW, login="sunli", name="孙丽", password=PASSWORD, role=Role.QA)


async def _log_in(storage: Database, now: datetime = NOW, password: str = PASSWORD) -> Session:
    return await log_in(storage, HASHER, "sunli", password, now, "10.0.0.7")


async def _code(storage: Database, now: datetime, off: int = 0) -> str:
    async with storage.read() as work:
        factor = await work.logins.factor("sunli")
    assert factor is not None
    return pyotp.TOTP(factor.secret).generate_otp(int(now.timestamp()) // 30 + off)


async def _enrolled(storage: Database, now: datetime = NOW) -> Enrolled:
    session = await _log_in(storage, now)
    await begin_enrolment(storage, session)
    return await enrol(storage, session, await _code(storage, now), now)


async def _kinds(storage: Database) -> list[AuditKind]:
    async with storage.read() as work:
        return [row.kind for row in reversed(await work.audit.find(AuditQuestion(), "", 100))][1:]  # the first: opened


async def test_a_privileged_role_enrols_at_the_first_login_and_shows_a_code_at_the_next(storage, sunli) -> None:
    first = await _log_in(storage)
    assert first.step is Step.ENROL
    done = await _enrolled(storage)
    assert done.session.step is None
    assert len(set(done.recovery)) == 10
    later = NOW + timedelta(hours=1)
    second = await _log_in(storage, later)
    assert second.step is Step.CODE
    third = await show_code(storage, second, await _code(storage, later), later)
    assert (third.step, (await session_of(storage, third.token, later)).step) == (None, None)
    assert await _kinds(storage) == [
        AuditKind.LOGGED_IN, AuditKind.LOGGED_IN, AuditKind.CODE_ENROLLED, AuditKind.LOGGED_IN]  # fmt: skip


async def test_each_step_gives_the_session_new_secrets(storage, sunli) -> None:
    half = await _log_in(storage)
    await begin_enrolment(storage, half)
    whole = (await enrol(storage, half, await _code(storage, NOW), NOW)).session
    assert whole.token != half.token
    assert whole.csrf != half.csrf
    with pytest.raises(SessionOver):
        await session_of(storage, half.token, NOW)


async def test_half_a_login_lasts_ten_minutes_and_a_whole_one_a_shift(storage, sunli) -> None:
    half = await _log_in(storage)
    assert (await session_of(storage, half.token, NOW + LONGEST_LOGIN)).step is Step.ENROL
    with pytest.raises(SessionOver):
        await session_of(storage, half.token, NOW + LONGEST_LOGIN + timedelta(seconds=1))
    whole = (await _enrolled(storage)).session
    for hours in (4, 8, 12):
        assert (await session_of(storage, whole.token, NOW + timedelta(hours=hours))).step is None
    async with storage.read() as work:
        assert not await still_open(work, whole.token, NOW + LONGEST_SESSION + timedelta(seconds=1))


async def test_a_code_is_accepted_once(storage, sunli) -> None:
    await _enrolled(storage)
    code = await _code(storage, NOW, 1)
    await show_code(storage, await _log_in(storage), code, NOW)
    with pytest.raises(CodeRefused):
        await show_code(storage, await _log_in(storage), code, NOW)
    with pytest.raises(CodeRefused):
        await show_code(storage, await _log_in(storage), await _code(storage, NOW), NOW)  # of the enrolment


async def test_wrong_codes_lock_the_account_even_when_the_password_is_right_in_between(storage, sunli) -> None:
    await _enrolled(storage)
    for _ in range(4):
        with pytest.raises(CodeRefused):
            await show_code(storage, await _log_in(storage), "000000", NOW)
    half = await _log_in(storage)
    with pytest.raises(LockedOut):
        await show_code(storage, half, "000000", NOW)
    with pytest.raises(SessionOver):
        await session_of(storage, half.token, NOW)
    with pytest.raises(LockedOut):
        await _log_in(storage)
    assert (await _kinds(storage))[-3:] == [AuditKind.CODE_REFUSED, AuditKind.LOCKED_OUT, AuditKind.LOGIN_REFUSED]


async def test_a_right_code_forgets_the_failures_before_it(storage, sunli) -> None:
    await _enrolled(storage)
    for round_no in range(3):
        now = NOW + timedelta(minutes=round_no + 1)
        for _ in range(4):
            with pytest.raises(LoginRefused):
                await _log_in(storage, now, "wrong")
        await show_code(storage, await _log_in(storage, now), await _code(storage, now), now)


async def test_a_recovery_code_opens_once(storage, sunli) -> None:
    first, second, *_ = (await _enrolled(storage)).recovery
    session = await show_code(storage, await _log_in(storage), first.upper().replace("-", " "), NOW)
    assert session.step is None
    with pytest.raises(CodeRefused):
        await show_code(storage, await _log_in(storage), first, NOW)
    assert (await show_code(storage, await _log_in(storage), second, NOW)).step is None
    assert AuditKind.CODE_RECOVERED in await _kinds(storage)


async def test_a_secret_that_was_shown_and_not_enrolled_is_worth_nothing_at_the_next_login(storage, sunli) -> None:
    shown = await begin_enrolment(storage, await _log_in(storage))
    again = await _log_in(storage)
    assert await begin_enrolment(storage, again) != shown
    old = pyotp.TOTP(shown.secret).generate_otp(int(NOW.timestamp()) // 30)
    with pytest.raises(CodeRefused):
        await enrol(storage, again, old, NOW)


async def test_who_has_an_authenticator_enrols_no_other_without_its_code(storage, sunli) -> None:
    done = await _enrolled(storage)
    half = await _log_in(storage)
    for session in (half, done.session):
        with pytest.raises(NotAllowed):
            await begin_enrolment(storage, session)
        with pytest.raises(NotAllowed):
            await enrol(storage, session, "000000", NOW)
    with pytest.raises(NotAllowed):
        await change_password(storage, HASHER, half, PASSWORD, "another horse battery", NOW)


async def test_an_administrator_resets_a_lost_authenticator_and_is_on_record(storage, sunli) -> None:
    done = await _enrolled(storage)
    await reset_second_factor(storage, "sunli", "boss", NOW)
    with pytest.raises(SessionOver):
        await session_of(storage, done.session.token, NOW)
    assert (await _log_in(storage)).step is Step.ENROL
    async with storage.read() as work:
        (row,) = await work.audit.find(AuditQuestion(kind=AuditKind.CODE_RESET), "", 10)
    assert (row.login, row.record) == ("boss", "user sunli")
    with pytest.raises(NotFound):
        await reset_second_factor(storage, "sunli", "boss", NOW)


async def test_who_is_given_a_privileged_role_while_logged_in_must_prove_themselves(storage, sunli) -> None:
    async with storage.begin() as work:
        await work.floor.save_user(replace(sunli, role=Role.CC_LEADER))
    session = await _log_in(storage)
    assert session.step is None
    async with storage.begin() as work:
        await work.floor.save_user(replace(sunli, role=Role.QA))
    assert (await session_of(storage, session.token, NOW)).step is Step.ENROL
