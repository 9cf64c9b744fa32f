from __future__ import annotations

from dataclasses import replace

import pytest

from dialer.domain.call import CallId, Phase, SeatId
from dialer.domain.errors import NotFound, StaleVersion
from dialer.domain.seat import SeatEvent, SeatState
from dialer.domain.user import AccountEvent, Role
from dialer.ports.storage import DeskOrder, DeskOrderKind, DeskProgress, Moved, StoredInterview
from dialer.storage.floor import LoginTaken
from tests.builders import a_seat, a_user, at, moved
from tests.storage.stories import given_attempt, given_case


async def test_users_come_back_and_have_one_login_each(database):
    async with database.begin() as work:
        agent = await work.floor.add_user(a_user())
        leader = await work.floor.add_user(a_user(login="zhang", role=Role.CC_LEADER))
        with pytest.raises(LoginTaken, match="agent1"):
            await work.floor.add_user(a_user(name="another"))

    async with database.read() as work:
        assert await work.floor.user("agent1") == agent
        assert await work.floor.user("nobody") is None
        assert list(await work.floor.users()) == [agent, leader]
        assert list(await work.floor.users(Role.CC_LEADER)) == [leader]


async def test_changes_of_a_user_are_stored(database):
    async with database.begin() as work:
        agent = await work.floor.add_user(a_user())
        locked = replace(agent, failed_logins=5, locked_until=at(11), org="44", disabled=True, phone_address="sip:a@b")
        await work.floor.save_user(locked)
        with pytest.raises(NotFound):
            await work.floor.save_user(a_user(login="nobody"))

    async with database.read() as work:
        assert await work.floor.user("agent1") == locked


async def test_an_account_keeps_its_history(database):
    async with database.begin() as work:
        await work.floor.add_user(a_user())
        await work.floor.add_user(a_user(login="zhang", must_change_password=True))
        await work.floor.note_account("agent1", AccountEvent.OPENED, Moved("boss", at(9), {"name": "李华"}))
        await work.floor.note_account("agent1", AccountEvent.DISABLED, Moved("boss", at(10), {}))

    async with database.read() as work:
        history = await work.floor.account_history("agent1")
        assert [(row.event, row.actor, row.at) for row in history] == [
            ("OPENED", "boss", at(9)),
            ("DISABLED", "boss", at(10)),
        ]
        assert await work.floor.account_history("zhang") == []
        zhang = await work.floor.user("zhang")
        assert zhang is not None
        assert zhang.must_change_password


async def test_a_seat_moves_against_its_version(database):
    attempt = await given_attempt(database, await given_case(database))
    async with database.begin() as work:
        seat = await work.floor.put_seat(a_seat(state=SeatState.READY, leg_up=True))
        other = await work.floor.put_seat(a_seat(id=SeatId("seat-2"), login="agent2", owner="engine-2"))
        busy = await work.floor.move_seat(
            replace(seat, call_id=attempt.call_id), SeatEvent.RESERVED, moved(when=at(10, 1))
        )
        marked = await work.floor.save_seat(replace(busy, pause_after_call=True))

    async with database.read() as work:
        assert await work.floor.seat(SeatId("seat-1")) == marked
        assert await work.floor.seat_of("agent2") == other
        assert await work.floor.seat(SeatId("seat-9")) is None
        assert await work.floor.seat_of("nobody") is None
        assert list(await work.floor.seats()) == [marked, other]
        assert list(await work.floor.seats("engine-2")) == [other]
    assert (busy.state, busy.since, marked.version) == (SeatState.RESERVED, at(10, 1), 2)
    with pytest.raises(StaleVersion):
        async with database.begin() as work:
            await work.floor.move_seat(seat, SeatEvent.PAUSE, moved())
    with pytest.raises(StaleVersion):
        async with database.begin() as work:
            await work.floor.save_seat(busy)


async def test_a_desks_wishes_wait_in_order_until_they_are_carried_out(database):
    hang_up = DeskOrder(0, DeskOrderKind.HANG_UP, SeatId("seat-1"), "agent1", at(10), CallId("call-1"))
    listen = DeskOrder(0, DeskOrderKind.LISTEN, SeatId("seat-1"), "zhang", at(10, 1), detail={"mode": "WHISPER"})
    async with database.begin() as work:
        first, second = await work.floor.order(hang_up), await work.floor.order(listen)
        assert (first, second) == (replace(hang_up, id=first.id), replace(listen, id=second.id))
        assert list(await work.floor.open_orders()) == [first, second]
        await work.floor.order_done(first.id, at(10, 2))
        with pytest.raises(NotFound):
            await work.floor.order_done(99, at(10, 2))

    async with database.read() as work:
        assert list(await work.floor.open_orders()) == [second]


async def test_a_look_at_a_desk_tells_the_calls_phase_and_how_far_its_interviews_are(database):
    case = await given_case(database)
    attempt = await given_attempt(database, case)
    begun = StoredInterview(attempt.id, case.id, "participating", "1.0", "cd" * 32, {}, {}, at(10))
    async with database.begin() as work:
        await work.floor.put_seat(a_seat(login="agent2", id=SeatId("seat-2")))
        seat = await work.floor.put_seat(a_seat(state=SeatState.TALKING, call_id=attempt.call_id))
        await work.interviews.begin(begun)
        await work.interviews.save(await work.interviews.save(begun))

    async with database.read() as work:
        assert await work.floor.desk_of("agent1") == DeskProgress(seat, Phase.INTENDED, 2)
        idle = await work.floor.desk_of("agent2")
        assert idle is not None
        assert (idle.phase, idle.steps) == (None, 0)
        assert await work.floor.desk_of("nobody") is None
