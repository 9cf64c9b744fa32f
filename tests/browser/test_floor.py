"""A supervisor at the floor page: into a live call by one click, and out of it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from dialer.domain.call import ListenerDown, ListenerUp, ListenMode, SeatId
from dialer.domain.seat import SeatState
from dialer.domain.user import Role
from dialer.ports import DialOrder
from dialer.ports.storage import DeskOrder
from dialer.usecases.listen_in import follow_listening
from dialer.usecases.place_call import place_next_call
from dialer.usecases.staff_the_floor import PauseReason
from tests.browser.chromium import Page
from tests.browser.conftest import keep, open_page
from tests.builders import a_policy, a_seat, a_user
from tests.console.desk import Console, Visitor
from tests.usecases.site import Site

pytestmark = [pytest.mark.browser, pytest.mark.slow]

_NAMES = ("陈晓燕", "黄志强", "林美玲", "周建国", "吴雨桐", "郑海洋", "何静", "郭子轩")
_STATES = (
    SeatState.READY, SeatState.READY, SeatState.RESERVED, SeatState.WRAP_UP, SeatState.PAUSED, SeatState.READY,
    SeatState.SEATING, SeatState.AWAY,
)  # fmt: skip


async def _colleagues(site: Site) -> None:
    """Eight more agents, each doing something else."""
    async with site.storage.begin() as work:
        for number, (name, state) in enumerate(zip(_NAMES, _STATES, strict=True), 2):
            login = f"agent{number}"
            await work.floor.add_user(a_user(login=login, name=name))
            why = PauseReason.LUNCH if state is SeatState.PAUSED else ""
            since = site.now - timedelta(seconds=37 * number)
            seat = a_seat(id=SeatId(f"seat-{number}"), login=login, state=state, since=since, why=why, leg_up=True)
            await work.floor.put_seat(seat)


async def _second_talk(site: Site) -> None:
    """The first of the colleagues, who is ready, gets a customer too."""
    async with site.storage.read() as work:
        seat = await work.floor.seat(SeatId("seat-2"))
    assert seat is not None
    order = await place_next_call(site.storage, site.scripts, site.rulebook, seat, "engine-1", site.now)
    assert isinstance(order, DialOrder)
    await site.answered(order.call_id)


async def _orders(site: Site) -> list[DeskOrder]:
    async with site.storage.read() as work:
        return [*await work.floor.open_orders()]


def _id(mode: str) -> str:
    return f"#listen-seat-1-{mode}"


def _button(mode: str) -> str:
    return f"document.querySelector('{_id(mode)}')"


async def test_a_supervisor_goes_into_a_call_changes_the_mode_and_leaves(
    console: Console, agent: Visitor, log_in, page: Page
) -> None:
    site = console.site
    await site.a_case_is_due(a_policy(product_code="DEMO-PAR"))
    call = await site.connected()
    site.later(minutes=2, seconds=13)
    leader = await log_in(Role.CC_LEADER, login="zhangwei")
    await open_page(console, leader, page, "/floor")
    await page.tab.click(_id("LISTEN"))
    await page.until("document.querySelector('.calling') !== null")
    (order,) = await _orders(site)
    assert (order.call_id, order.asked_by) == (call, "zhangwei")
    await follow_listening(site.storage, ListenerUp(call, site.now, ListenMode.LISTEN))
    await page.until("document.querySelector('.tag.mode-listen time') !== null")  # by itself
    assert await page.ask(f"{_button('LISTEN')}.ariaPressed") == "true"
    await page.tab.click(_id("BARGE"))
    await page.until(f"{_button('BARGE')}.ariaPressed === 'true'")
    await follow_listening(site.storage, ListenerUp(call, site.now, ListenMode.BARGE))
    await page.until("document.querySelector('.tag.mode-barge time') !== null")
    await page.tab.click("#leave-seat-1")
    await page.until("document.querySelector('.tag.mode-barge') === null")
    await page.tab.click(_id("WHISPER"))
    await page.until("document.querySelector('.calling') !== null")
    await follow_listening(site.storage, ListenerDown(call, site.now, "the supervisor's phone does not answer (480)"))
    await page.until("document.querySelector('.notice') !== null")
    assert "您的话机没有接听" in await page.ask("document.querySelector('.notice').innerText")


async def test_a_refusal_stays_on_screen_while_the_floor_goes_on(
    console: Console, agent: Visitor, log_in, page: Page
) -> None:
    site = console.site
    await site.a_case_is_due(a_policy(product_code="DEMO-PAR"))
    call = await site.connected()
    leader, other = await log_in(Role.CC_LEADER, login="zhangwei"), await log_in(Role.CC_LEADER, login="lina")
    await page.tab.route("**/floor/events", lambda route: route.abort())  # the page is older than what stands
    await open_page(console, leader, page, "/floor")
    await other.post("/floor/listen", call=call, mode="LISTEN")
    await page.tab.click(_id("LISTEN"))
    await page.until("document.querySelector('#floor > .notice') !== null")
    await page.ask("document.querySelector('.wall').setAttribute('data-old', '')")
    await page.until("!document.querySelector('.wall').hasAttribute('data-old')")
    assert "已有其他主管" in await page.ask("document.querySelector('#floor > .notice').innerText")
    page.complaints.clear()  # the browser reports the 422 that was asked for


async def test_the_floor_of_nine_seats_shows_itself(console: Console, agent: Visitor, log_in, page: Page) -> None:
    site = console.site
    for _ in range(12):
        await site.a_case_is_due(a_policy(product_code="DEMO-PAR"))
    call = await site.connected()
    site.later(minutes=2, seconds=13)
    await _colleagues(site)
    await _second_talk(site)
    leader = await log_in(Role.CC_LEADER, login="zhangwei")
    await open_page(console, leader, page, "/floor")
    await keep(page, "floor-idle")
    await leader.post("/floor/listen", call=call, mode="WHISPER")
    await follow_listening(site.storage, ListenerUp(call, site.now, ListenMode.WHISPER))
    site.later(seconds=41)
    await page.go(str(console.server.make_url("/floor")))
    await keep(page, "floor-listening")
    await page.cookie(str(console.server.make_url("/")), "dialer_language", "en")
    await page.go(str(console.server.make_url("/floor")))
    await keep(page, "floor-listening-en")
