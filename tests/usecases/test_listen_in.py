"""Supervisors on live calls: who may, on which call, and what the log says afterwards (rules §2.4)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import pytest

from dialer.domain.call import CallId, ListenerDown, ListenerUp, ListenMode, Party
from dialer.domain.errors import DialerError, NotFound
from dialer.domain.listening import Listening, ListeningEnd
from dialer.domain.user import Role, User
from dialer.ports.storage import DeskOrder, DeskOrderKind
from dialer.usecases.follow_call import take_over
from dialer.usecases.listen_in import (
    CallGone,
    ListenedTo,
    ListeningElsewhere,
    follow_listening,
    listen_in,
    listening_is_refused,
    stop_listening,
)
from dialer.usecases.staff_the_floor import NoPhone
from dialer.usecases.watch_floor import FloorPicture, watch_floor
from tests.builders import a_user
from tests.usecases.site import SEAT, Site

LISTEN, WHISPER, BARGE = ListenMode


async def _floor(site: Site, user: User) -> FloorPicture:
    return await watch_floor(site.storage, site.rulebook, user, site.now, wrap_up_seconds=45)


async def leader(site: Site, login: str = "zhangwei", **changes: str) -> User:
    facts = {"role": Role.CC_LEADER, "phone_address": f"sip:{login}@127.0.0.1"}
    async with site.storage.begin() as work:
        return await work.floor.add_user(a_user(login=login, **(facts | changes)))


async def a_talk(site: Site) -> CallId:
    async with site.storage.begin() as work:
        if await work.floor.user("agent1") is None:
            await work.floor.add_user(a_user(login="agent1", org="44"))
    await site.a_case_is_due(org="44/4401")
    return await site.connected()


async def asks(site: Site, user: User, call: CallId, mode: ListenMode = LISTEN) -> Listening:
    return await listen_in(site.storage, site.signals, user, call, mode, site.now)


async def is_let_in(site: Site, call: CallId, mode: ListenMode = LISTEN) -> Listening | None:
    return await follow_listening(site.storage, ListenerUp(call, site.now, mode))


async def log_of(site: Site, call: CallId) -> Sequence[Listening]:
    async with site.storage.read() as work:
        return await work.listenings.of_call(call)


async def orders(site: Site) -> list[DeskOrder]:
    async with site.storage.read() as work:
        return [*await work.floor.open_orders()]


async def test_the_log_says_who_listened_to_which_call_when_and_in_which_mode(site: Site) -> None:
    zhangwei, call = await leader(site), await a_talk(site)
    asked_at = site.now
    await asks(site, zhangwei, call, BARGE)
    site.later(seconds=3)
    await is_let_in(site, call, BARGE)
    site.later(seconds=40)
    await follow_listening(site.storage, ListenerDown(call, site.now, "hung up"))
    (listening,) = await log_of(site, call)
    assert (listening.login, listening.mode, listening.asked_at) == ("zhangwei", BARGE, asked_at)
    assert listening.joined_at == asked_at + timedelta(seconds=3)
    assert (listening.ended_at, listening.ending) == (site.now, ListeningEnd.LEFT)


async def test_the_engine_is_asked_to_call_the_supervisors_own_phone(site: Site) -> None:
    zhangwei, call = await leader(site), await a_talk(site)
    listening = await asks(site, zhangwei, call, WHISPER)
    (order,) = await orders(site)
    assert (order.kind, order.call_id, order.asked_by) == (DeskOrderKind.LISTEN, call, "zhangwei")
    assert order.detail == {"listening": listening.id, "address": "sip:zhangwei@127.0.0.1", "mode": "WHISPER"}


async def test_another_mode_is_another_line_of_the_log_and_the_same_mode_is_none(site: Site) -> None:
    zhangwei, call = await leader(site), await a_talk(site)
    await asks(site, zhangwei, call)
    await is_let_in(site, call)
    await asks(site, zhangwei, call)
    await asks(site, zhangwei, call, BARGE)
    assert await is_let_in(site, call) is None  # the last word of the mode before
    await is_let_in(site, call, BARGE)
    assert [(each.mode, each.is_live, each.ending) for each in await log_of(site, call)] == [
        (LISTEN, False, ListeningEnd.CHANGED),
        (BARGE, True, None),
    ]
    assert len(await orders(site)) == 2


async def test_a_call_has_one_supervisor_at_a_time(site: Site) -> None:
    zhangwei, lina, call = await leader(site), await leader(site, "lina"), await a_talk(site)
    await asks(site, zhangwei, call)
    with pytest.raises(ListenedTo):
        await asks(site, lina, call)
    await stop_listening(site.storage, site.signals, zhangwei, site.now)
    await asks(site, lina, call)


async def test_who_is_on_another_call_leaves_it_first(site: Site) -> None:
    zhangwei, first = await leader(site), await a_talk(site)
    await site.hung_up(first)
    await site.wrapped_up()
    second = await a_talk(site)
    async with site.storage.begin() as work:
        await work.listenings.add(Listening(first, SEAT, "zhangwei", LISTEN, site.now))
    with pytest.raises(ListeningElsewhere):
        await asks(site, zhangwei, second)
    await stop_listening(site.storage, site.signals, zhangwei, site.now)
    await asks(site, zhangwei, second)
    assert [order.kind for order in await orders(site)][-2:] == [DeskOrderKind.STOP_LISTENING, DeskOrderKind.LISTEN]


async def test_who_stops_is_out_at_once_and_who_is_nowhere_has_nothing_to_stop(site: Site) -> None:
    zhangwei, call = await leader(site), await a_talk(site)
    await stop_listening(site.storage, site.signals, zhangwei, site.now)
    assert await orders(site) == []
    await asks(site, zhangwei, call)
    await is_let_in(site, call)
    await stop_listening(site.storage, site.signals, zhangwei, site.now)
    assert [order.kind for order in await orders(site)] == [DeskOrderKind.LISTEN, DeskOrderKind.STOP_LISTENING]
    assert (await log_of(site, call))[0].ending is ListeningEnd.LEFT
    assert await follow_listening(site.storage, ListenerDown(call, site.now, "stopped")) is None


@pytest.mark.parametrize(("mine", "hears"), [("", "yes"), ("44", "yes"), ("44/4401", ""), ("11", "")])
async def test_a_supervisor_hears_the_agents_of_their_own_organisation_only(site: Site, mine: str, hears: str) -> None:
    zhangwei, call = await leader(site, org=mine), await a_talk(site)
    if hears:
        await asks(site, zhangwei, call)
        return
    with pytest.raises(NotFound):
        await asks(site, zhangwei, call)
    assert await log_of(site, call) == []


async def test_a_customer_of_another_organisation_is_not_heard(site: Site) -> None:
    zhangwei, _ = await leader(site, org="44"), await a_talk(site)
    await site.hung_up((await site.seat()).call_id or CallId(""))
    await site.wrapped_up()
    await site.a_case_is_due(org="11")
    with pytest.raises(NotFound):
        await asks(site, zhangwei, await site.connected())


async def test_a_supervisor_without_a_telephone_and_a_call_that_is_not_talking_are_refused(site: Site) -> None:
    zhangwei, deaf, call = await leader(site), await leader(site, "deaf", phone_address=""), await a_talk(site)
    with pytest.raises(NoPhone):
        await asks(site, deaf, call)
    await site.hung_up(call, Party.CUSTOMER)
    with pytest.raises(CallGone):
        await asks(site, zhangwei, call)
    with pytest.raises(NotFound):
        await asks(site, zhangwei, CallId("no-such-call"))


async def test_what_came_to_nothing_is_told_for_a_minute(site: Site) -> None:
    zhangwei, call = await leader(site), await a_talk(site)
    await asks(site, zhangwei, call)
    await follow_listening(site.storage, ListenerDown(call, site.now, "does not answer"))
    picture = await _floor(site, zhangwei)
    assert picture.failed is not None
    assert (picture.failed.ending, picture.failed.why) == (ListeningEnd.UNANSWERED, "does not answer")
    site.later(seconds=61)
    assert (await _floor(site, zhangwei)).failed is None
    await asks(site, zhangwei, call)
    await listening_is_refused(site.storage, call, "no line", site.now)
    failed = (await _floor(site, zhangwei)).failed
    assert failed is not None
    assert failed.ending is ListeningEnd.REFUSED
    await asks(site, zhangwei, call)  # tried again: the failure is history
    assert (await _floor(site, zhangwei)).failed is None


async def test_a_call_that_dies_with_its_engine_ends_the_listening_too(site: Site) -> None:
    zhangwei, call = await leader(site), await a_talk(site)
    await asks(site, zhangwei, call)
    await is_let_in(site, call)
    await take_over(site.storage, site.scripts, site.rulebook, "engine-1", [], site.now)
    (listening,) = await log_of(site, call)
    assert (listening.ending, listening.joined_at is not None) == (ListeningEnd.CALL_OVER, True)
    assert await follow_listening(site.storage, ListenerUp(call, site.now, LISTEN)) is None


async def test_the_floor_shows_who_is_on_which_call(site: Site) -> None:
    zhangwei, lina, call = await leader(site), await leader(site, "lina"), await a_talk(site)
    await asks(site, zhangwei, call)
    mine, theirs = [await _floor(site, each) for each in (zhangwei, lina)]
    assert mine.mine is not None
    assert theirs.mine is None
    for picture in (mine, theirs):
        (seat,) = picture.seats
        assert seat.call_id == call
        assert seat.listening is not None
        assert seat.listening.login == "zhangwei"


def test_every_refusal_has_a_code_of_its_own() -> None:
    refusals: list[type[DialerError]] = [CallGone, ListenedTo, ListeningElsewhere]
    assert len({each.code for each in refusals}) == 3
