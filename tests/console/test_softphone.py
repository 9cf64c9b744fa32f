"""What the console tells the agent's own browser so that it is a phone, and whom it tells nothing."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from dialer.console.site import PhoneServer
from dialer.domain.call import SeatId
from dialer.domain.seat import SeatState
from dialer.domain.user import Role
from dialer.ports.storage import DeskOrderKind
from dialer.usecases.follow_call import leg_is_down, leg_is_up
from dialer.usecases.manage_users import give_phone
from tests.builders import a_seat
from tests.console.desk import Console, Visitor

PASSWORDS = {"agent1": "the first one's", "agent2": "the second one's"}
CALL_AGAIN = "/desk/phone/call-again"


@pytest.fixture
def phone_servers() -> tuple[PhoneServer, ...]:
    return (
        PhoneServer("north", "wss://north.example:8089/ws", lambda: PASSWORDS),
        PhoneServer("south", "wss://south.example:8089/ws", dict),  # where nobody has been added yet
    )


async def _at_browser(console: Console, log_in: Callable[..., object], login: str = "agent1") -> Visitor:
    visitor: Visitor = await log_in(Role.CC_AGENT, login=login)  # type: ignore[misc]
    await give_phone(console.site.storage, login, f"browser:{login}", "boss", console.site.now)
    return visitor


async def _orders(console: Console) -> list[DeskOrderKind]:
    async with console.site.storage.read() as work:
        return [order.kind for order in await work.floor.open_orders()]


async def test_an_agent_gets_their_own_browsers_password_at_each_server_that_knows_it(console: Console, log_in) -> None:
    agent = await _at_browser(console, log_in)
    answer = await agent.get("/desk/phone")
    assert await answer.json() == {
        "servers": [
            {
                "name": "north",
                "websocket": "wss://north.example:8089/ws",
                "user": "agent1",
                "password": "the first one's",
                "caller": "agent1",
            }
        ]
    }
    assert answer.headers["Cache-Control"] == "no-store"
    other = await _at_browser(console, log_in, "agent2")
    assert PASSWORDS["agent1"] not in await (await other.get("/desk/phone")).text()


async def test_a_supervisors_browser_is_a_phone_on_the_floor(console: Console, log_in) -> None:
    leader = await log_in(Role.CC_LEADER, login="zhangwei")
    assert "softphone.js" not in await (await leader.get("/floor")).text()
    await give_phone(console.site.storage, "zhangwei", "browser:agent2", "boss", console.site.now)
    assert "softphone.js" in await (await leader.get("/floor")).text()
    (server,) = (await (await leader.get("/floor/phone")).json())["servers"]
    assert (server["user"], server["password"], server["caller"]) == ("agent2", "the second one's", "agent2")
    agent = await _at_browser(console, log_in)
    assert (await agent.get("/floor/phone")).status == 403


async def test_nobody_without_a_browser_phone_gets_anything(console: Console, log_in, visit) -> None:
    agent = await log_in(Role.CC_AGENT, login="agent1")  # whose phone is a SIP phone
    leader = await log_in(Role.CC_LEADER, login="zhangwei")
    for visitor, status in ((agent, 404), (leader, 403), (visit(), 303)):
        answer = await visitor.get("/desk/phone")
        assert answer.status == status
        assert "wss:" not in await answer.text()
    assert (await agent.post(CALL_AGAIN)).status == 404


async def test_pages_may_connect_to_the_servers_and_nowhere_else(console: Console, log_in) -> None:
    agent = await _at_browser(console, log_in)
    policy = (await agent.get("/desk")).headers["Content-Security-Policy"]
    allowed = next(rule for rule in policy.split("; ") if rule.startswith("connect-src"))
    assert allowed == "connect-src 'self' wss://north.example:8089 wss://south.example:8089"


async def test_the_desk_says_whether_the_browser_or_a_sip_phone_is_the_phone(console: Console, log_in) -> None:
    agent = await log_in(Role.CC_AGENT, login="agent1")
    page = await (await agent.get("/desk")).text()
    assert "SIP 话机" in page
    assert "softphone.js" not in page
    at_browser = await _at_browser(console, log_in, "agent2")
    page = await (await at_browser.get("/desk")).text()
    assert 'id="softphone"' in page
    assert "softphone.js" in page


async def test_a_browser_that_is_back_has_its_seat_called_again_and_nobody_elses(console: Console, log_in) -> None:
    agent = await _at_browser(console, log_in)
    assert (await agent.post(CALL_AGAIN)).status == 204
    assert await _orders(console) == []  # nobody sits
    seat = a_seat(id=SeatId("agent1"), login="agent1", address="browser:agent1", state=SeatState.SEATING)
    async with console.site.storage.begin() as work:
        await work.floor.put_seat(seat)
    assert (await agent.post(CALL_AGAIN)).status == 204
    assert await _orders(console) == []  # sits down, and is being called
    await leg_is_up(console.site.storage, console.signals, seat.id, console.site.now)
    await leg_is_down(console.site.storage, console.signals, seat.id, "the page was loaded anew", console.site.now)
    other = await _at_browser(console, log_in, "agent2")
    assert (await other.post(CALL_AGAIN)).status == 204
    assert await _orders(console) == []
    assert (await agent.post(CALL_AGAIN)).status == 204
    assert await _orders(console) == [DeskOrderKind.CALL_AGAIN]
    assert (await agent.post(CALL_AGAIN, {"X-CSRF-Token": "guessed"})).status == 403
