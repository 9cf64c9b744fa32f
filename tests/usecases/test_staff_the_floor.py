"""Accounts, logins and seats: who may sit where, and what the engine is told (rules §2.2, §2.4)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from dialer.domain.call import CallId, SeatId
from dialer.domain.errors import DialerError, ImpossibleMove, NotFound
from dialer.domain.seat import SEAT, SeatEvent, SeatState
from dialer.domain.user import Role, User
from dialer.ports.storage import DeskOrderKind
from dialer.ports.topics import DESK_ORDERS, DISPATCH, WALL, desk
from dialer.storage.database import Database
from dialer.usecases import manage_users as office
from dialer.usecases import staff_the_floor as floor
from dialer.usecases.follow_call import leg_is_down, leg_is_up
from dialer.usecases.manage_users import AccountInvalid
from dialer.usecases.staff_the_floor import NoPhone, PauseReason, wishes
from tests.builders import a_seat, at
from tests.usecases.site import HeardSignals

PASSWORD = "correct horse battery"


class PlainHasher:
    """Quick, for tests about something else; the real one is tested with the console."""

    async def hash(self, password: str) -> str:
        return f"hash of {password}"

    async def verify(self, password_hash: str, password: str) -> bool:
        return password_hash == f"hash of {password}"


HASHER = PlainHasher()
NOW = at(9)


@pytest.fixture
def signals() -> HeardSignals:
    return HeardSignals()


@pytest.fixture
async def lihua(storage: Database) -> User:
    return await _account(storage, "lihua")


async def _account(storage: Database, login: str, **changes: str) -> User:
    facts: dict[str, Any] = {
        "name": "李华",
        "password": PASSWORD,
        "role": Role.CC_AGENT,
        "phone_address": "sip:lihua@127.0.0.1",
    }
    return await office.create_user(storage, HASHER, NOW, login=login, **(facts | changes))


async def _orders(storage: Database) -> list[DeskOrderKind]:
    async with storage.read() as work:
        return [order.kind for order in await work.floor.open_orders()]


@pytest.mark.parametrize("login", ["", "Li Hua", "李华", "a" * 33, "-x", "x@y"])
async def test_a_login_is_plain_small_letters(storage: Database, login: str) -> None:
    with pytest.raises(AccountInvalid):
        await _account(storage, login)


async def test_a_short_password_opens_no_account(storage: Database) -> None:
    with pytest.raises(AccountInvalid, match="at least 12"):
        await _account(storage, "lihua", password="secret")


async def test_a_login_belongs_to_one_person(storage: Database, lihua: User) -> None:
    with pytest.raises(DialerError) as refused:
        await _account(storage, lihua.login)
    assert refused.value.code == "LOGIN_TAKEN"


async def test_sitting_down_makes_the_seat_once_and_asks_for_the_phone_to_be_called(
    storage: Database, lihua: User, signals: HeardSignals
) -> None:
    seat = await floor.sit_down(storage, signals, lihua, NOW)
    assert (seat.state, seat.address) == (SeatState.SEATING, "sip:lihua@127.0.0.1")
    assert signals.topics == [DESK_ORDERS, desk(SeatId("lihua")), WALL]
    await floor.stand_up(storage, signals, lihua, NOW)
    again = await floor.sit_down(storage, signals, replace(lihua, phone_address="sip:other@127.0.0.1"), NOW)
    assert (again.id, again.address) == (seat.id, "sip:other@127.0.0.1")
    assert await _orders(storage) == [DeskOrderKind.SIT_DOWN, DeskOrderKind.STAND_UP, DeskOrderKind.SIT_DOWN]


async def test_nobody_sits_down_without_a_telephone(storage: Database, signals: HeardSignals) -> None:
    user = await _account(storage, "nophone", phone_address="")
    with pytest.raises(NoPhone):
        await floor.sit_down(storage, signals, user, NOW)
    assert await _orders(storage) == []


async def test_the_agent_decides_when_to_be_ready_and_the_engine_hears_of_it(
    storage: Database, lihua: User, signals: HeardSignals
) -> None:
    seat = await floor.sit_down(storage, signals, lihua, NOW)
    await leg_is_up(storage, signals, seat.id, NOW)
    signals.topics.clear()
    assert (await floor.get_ready(storage, signals, lihua, NOW)).state is SeatState.READY
    assert DISPATCH in signals.topics
    paused = await floor.pause(storage, signals, lihua, PauseReason.MEETING, NOW)
    assert (paused.state, paused.why) == (SeatState.PAUSED, "MEETING")
    assert (await floor.get_ready(storage, signals, lihua, NOW)).why == ""


async def test_a_lost_phone_is_told_to_the_desk_and_the_wall_and_a_new_leg_to_the_dispatcher_too(
    storage: Database, lihua: User, signals: HeardSignals
) -> None:
    seat = await floor.sit_down(storage, signals, lihua, NOW)
    signals.topics.clear()
    await leg_is_down(storage, signals, seat.id, "ENGINE_STOPPED", NOW)
    assert signals.topics == [desk(seat.id), WALL]
    await leg_is_up(storage, signals, seat.id, NOW)
    assert signals.topics[2:] == [DISPATCH, desk(seat.id), WALL]


async def test_one_who_left_while_the_phone_was_lost_comes_back_not_ready(
    storage: Database, lihua: User, signals: HeardSignals
) -> None:
    seat = await floor.sit_down(storage, signals, lihua, NOW)
    await leg_is_up(storage, signals, seat.id, NOW)
    await floor.get_ready(storage, signals, lihua, NOW)
    await leg_is_down(storage, signals, seat.id, "network", NOW)
    await floor.stand_up(storage, signals, lihua, NOW)
    await floor.sit_down(storage, signals, lihua, NOW)
    back = await leg_is_up(storage, signals, seat.id, NOW)
    assert back is not None
    assert back.state is SeatState.SEATED


async def test_a_pause_keeps_its_reason_and_its_clock_while_the_page_and_its_phone_come_anew(
    storage: Database, lihua: User, signals: HeardSignals
) -> None:
    seat = await floor.sit_down(storage, signals, lihua, NOW)
    await leg_is_up(storage, signals, seat.id, NOW)
    await floor.get_ready(storage, signals, lihua, NOW)
    await floor.pause(storage, signals, lihua, PauseReason.LUNCH, NOW)
    for minute in (5, 10):
        later = NOW + timedelta(minutes=minute)
        fallen = await leg_is_down(storage, signals, seat.id, "the page was loaded again", later)
        returned = await leg_is_up(storage, signals, seat.id, later)
        for each in (fallen, returned):
            assert each is not None
            assert (each.state, each.why, each.since) == (SeatState.PAUSED, PauseReason.LUNCH, NOW)


async def test_one_who_is_ready_again_without_a_phone_is_called_first(
    storage: Database, lihua: User, signals: HeardSignals
) -> None:
    seat = await floor.sit_down(storage, signals, lihua, NOW)
    await leg_is_up(storage, signals, seat.id, NOW)
    await floor.pause(storage, signals, lihua, PauseReason.BREAK, NOW)
    await leg_is_down(storage, signals, seat.id, "hung up", NOW)
    assert (await floor.get_ready(storage, signals, lihua, NOW)).state is SeatState.SEATING
    assert await _orders(storage) == [DeskOrderKind.SIT_DOWN, DeskOrderKind.SIT_DOWN]
    back = await leg_is_up(storage, signals, seat.id, NOW)
    assert back is not None
    assert back.state is SeatState.READY


async def test_there_is_nothing_to_hang_up_at_an_idle_seat(
    storage: Database, lihua: User, signals: HeardSignals
) -> None:
    with pytest.raises(ImpossibleMove, match="has not sat down"):
        await floor.hang_up(storage, signals, lihua, CallId("c1"), NOW)
    await floor.sit_down(storage, signals, lihua, NOW)
    with pytest.raises(ImpossibleMove, match="no call to hang up"):
        await floor.hang_up(storage, signals, lihua, CallId("c1"), NOW)


@pytest.mark.parametrize("state", list(SeatState))
def test_a_desk_offers_only_what_the_seat_allows(state: SeatState) -> None:
    for wish in wishes(a_seat(state=state)):
        busy = state in (SeatState.RESERVED, SeatState.TALKING, SeatState.WRAP_UP)
        assert wish in SEAT.allowed(state) or (busy and wish is SeatEvent.PAUSE)


def test_a_call_can_be_hung_up_and_a_pause_taken_back() -> None:
    talking = a_seat(state=SeatState.TALKING, call_id="call-1")
    assert wishes(talking) == {SeatEvent.PAUSE, DeskOrderKind.HANG_UP}
    assert wishes(replace(talking, pause_after_call=True)) == {SeatEvent.READY, DeskOrderKind.HANG_UP}
    assert wishes(None) == {SeatEvent.SIT_DOWN}


async def test_an_administrator_enters_another_phone(storage: Database, lihua: User, signals: HeardSignals) -> None:
    await office.give_phone(storage, "lihua", "sip:desk7@127.0.0.1", "boss", NOW)
    async with storage.read() as work:
        user = await work.floor.user("lihua")
    assert user is not None
    assert (await floor.sit_down(storage, signals, user, NOW)).address == "sip:desk7@127.0.0.1"
    with pytest.raises(NotFound):
        await office.give_phone(storage, "nobody", "sip:desk7@127.0.0.1", "boss", NOW)
