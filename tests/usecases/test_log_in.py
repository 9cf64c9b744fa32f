"""Sessions and the lock-out (rules §2.4)."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from dialer.domain.seat import SeatEvent, SeatState
from dialer.domain.user import Role, User
from dialer.storage.database import Database
from dialer.usecases.log_in import (
    IDLE_TIMEOUT,
    LOCKED_FOR,
    LONGEST_OVERTIME,
    LONGEST_SESSION,
    LockedOut,
    LoginRefused,
    SessionOver,
    still_lasts,
    still_open,
    take_no_more,
)
from dialer.usecases.manage_users import create_user
from tests.builders import a_seat, at, moved
from tests.usecases.logins import log_in, session_of
from tests.usecases.site import HeardSignals
from tests.usecases.test_staff_the_floor import HASHER

PASSWORD = "correct horse battery"
NOW = at(9)


@pytest.fixture
async def lihua(storage: Database) -> User:
    return await create_user(storage, HASHER, NOW, login="lihua", name="李华", password=PASSWORD, role=Role.CC_LEADER)


async def test_a_session_ends_after_eight_idle_hours(storage: Database, lihua: User) -> None:
    session = await log_in(storage, HASHER, "lihua", PASSWORD, NOW)
    assert (await session_of(storage, session.token, NOW + IDLE_TIMEOUT)).csrf == session.csrf
    session = await log_in(storage, HASHER, "lihua", PASSWORD, NOW)
    with pytest.raises(SessionOver):
        await session_of(storage, session.token, NOW + IDLE_TIMEOUT + timedelta(seconds=1))


async def test_a_session_that_is_used_all_the_time_ends_after_a_shift(storage: Database, lihua: User) -> None:
    session = await log_in(storage, HASHER, "lihua", PASSWORD, NOW)
    for hours in (6, 12):
        assert (await session_of(storage, session.token, NOW + timedelta(hours=hours))).user.login == lihua.login
    with pytest.raises(SessionOver):
        await session_of(storage, session.token, NOW + LONGEST_SESSION + timedelta(seconds=1))


async def test_what_a_page_asks_by_itself_does_not_keep_a_session_alive(storage: Database, lihua: User) -> None:
    session = await log_in(storage, HASHER, "lihua", PASSWORD, NOW)
    for hours in (4, 8):
        await session_of(storage, session.token, NOW + timedelta(hours=hours), by_hand=False)
    with pytest.raises(SessionOver):
        await session_of(storage, session.token, NOW + IDLE_TIMEOUT + timedelta(seconds=1))


@pytest.mark.parametrize("limit", [IDLE_TIMEOUT, LONGEST_SESSION])
async def test_nobody_is_thrown_out_in_the_middle_of_a_call(storage: Database, lihua: User, limit: timedelta) -> None:
    over = NOW + limit + timedelta(seconds=1)
    session = await log_in(storage, HASHER, "lihua", PASSWORD, NOW)
    if limit > IDLE_TIMEOUT:
        await session_of(storage, session.token, NOW + timedelta(hours=6))
    async with storage.begin() as work:
        await work.floor.put_seat(a_seat(login="lihua", state=SeatState.TALKING))
    assert (await session_of(storage, session.token, over, by_hand=False)).user == lihua
    with pytest.raises(SessionOver):
        await session_of(storage, session.token, NOW + limit + LONGEST_OVERTIME + timedelta(seconds=1))
    await take_no_more(storage, HeardSignals(), session, over)
    async with storage.begin() as work:
        seat = await work.floor.seat_of("lihua")
        assert seat is not None
        assert seat.pause_after_call
        for event in (SeatEvent.CALL_ENDED, SeatEvent.WRAPPED_UP):
            seat = await work.floor.move_seat(seat, event, moved(when=over))
    with pytest.raises(SessionOver):
        await session_of(storage, session.token, over, by_hand=False)


async def test_a_desk_whose_login_is_over_takes_no_more_calls_unless_there_is_another_login(
    storage: Database, lihua: User
) -> None:
    over = NOW + IDLE_TIMEOUT + timedelta(seconds=1)
    first = await log_in(storage, HASHER, "lihua", PASSWORD, NOW)
    second = await log_in(storage, HASHER, "lihua", PASSWORD, NOW + timedelta(hours=1))
    async with storage.begin() as work:
        await work.floor.put_seat(a_seat(login="lihua", state=SeatState.READY))
        assert not await still_lasts(work, first.token, over)
    await take_no_more(storage, HeardSignals(), first, over)
    assert await _seat_state(storage) is SeatState.READY
    async with storage.begin() as work:
        await work.logins.close(second.fingerprint)
    await take_no_more(storage, HeardSignals(), second, over)
    assert await _seat_state(storage) is SeatState.READY  # who ended it knows what they do
    await take_no_more(storage, HeardSignals(), first, over)
    assert await _seat_state(storage) is SeatState.PAUSED


async def _seat_state(storage: Database) -> SeatState | None:
    async with storage.read() as work:
        seat = await work.floor.seat_of("lihua")
    return seat.state if seat else None


async def test_asking_whether_a_session_holds_does_not_keep_it_alive(storage: Database, lihua: User) -> None:
    session = await log_in(storage, HASHER, "lihua", PASSWORD, NOW)
    async with storage.read() as work:
        assert await still_open(work, session.token, NOW + IDLE_TIMEOUT)
        assert not await still_open(work, session.token, NOW + IDLE_TIMEOUT + timedelta(seconds=1))


async def test_the_stored_session_does_not_open_the_door(storage: Database, lihua: User) -> None:
    session = await log_in(storage, HASHER, "lihua", PASSWORD, NOW)
    async with storage.read() as work:
        assert await work.logins.find(session.token) is None
    assert session.token not in repr(session)


async def test_a_right_password_forgets_the_wrong_ones_before_it(storage: Database, lihua: User) -> None:
    for _ in range(3):
        for _ in range(4):
            with pytest.raises(LoginRefused):
                await log_in(storage, HASHER, "lihua", "wrong", NOW)
        assert (await log_in(storage, HASHER, "lihua", PASSWORD, NOW)).user.login == "lihua"


async def test_the_fifth_wrong_password_locks_even_the_right_one_out(storage: Database, lihua: User) -> None:
    for _ in range(4):
        with pytest.raises(LoginRefused):
            await log_in(storage, HASHER, "lihua", "wrong", NOW)
    with pytest.raises(LockedOut):
        await log_in(storage, HASHER, "lihua", "wrong", NOW)
    with pytest.raises(LockedOut):
        await log_in(storage, HASHER, "lihua", PASSWORD, NOW + LOCKED_FOR - timedelta(seconds=1))
    assert (await log_in(storage, HASHER, "lihua", PASSWORD, NOW + LOCKED_FOR)).user.login == "lihua"


async def _tried(storage: Database, login: str, now: datetime) -> str:
    try:
        await log_in(storage, HASHER, login, "wrong", now)
    except (LoginRefused, LockedOut) as refused:
        return str(refused).replace(login, "…")
    raise AssertionError("logged in")


async def test_a_login_that_nobody_has_is_locked_like_any_other(storage: Database, lihua: User) -> None:
    minutes = (0, 0, 0, 0, 0, 0, 14, 15, 15, 15, 15, 15, 29, 30)
    tries = [
        [await _tried(storage, login, NOW + timedelta(minutes=each)) for each in minutes] for login in ("lihua", "x")
    ]
    assert tries[0] == tries[1]
    assert [text.startswith("…") for text in tries[1]] == [
        False, False, False, False, True, True, True, False, False, False, False, True, True, False,
    ]  # fmt: skip


async def test_tries_of_one_unknown_login_lock_no_other(storage: Database, lihua: User) -> None:
    for _ in range(6):
        await _tried(storage, "nobody", NOW)
    assert "locked" not in await _tried(storage, "another", NOW)
    assert (await log_in(storage, HASHER, "lihua", PASSWORD, NOW)).user.login == "lihua"


async def test_a_disabled_account_neither_logs_in_nor_goes_on(storage: Database, lihua: User) -> None:
    session = await log_in(storage, HASHER, "lihua", PASSWORD, NOW)
    async with storage.begin() as work:
        await work.floor.save_user(replace(lihua, disabled=True))
    with pytest.raises(LoginRefused):
        await log_in(storage, HASHER, "lihua", PASSWORD, NOW)
    with pytest.raises(SessionOver):
        await session_of(storage, session.token, NOW)
