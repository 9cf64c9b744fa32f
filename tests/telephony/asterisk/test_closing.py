"""A witness is closed at whatever moment: a stop of the dialer waits for it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
from asterisk.ami import Action, Response, SimpleAction

from dialer.telephony.asterisk.fence import FencedClient
from dialer.telephony.asterisk.witness import AmiAddress, Witness


class _Held(FencedClient):
    """A client on no wire, whose answer comes when the test says so."""

    def __init__(self, asked: Callable[[], object]) -> None:
        super().__init__("127.0.0.1", 9, lambda _name, _keys: None, lambda _why: None)
        self.asked = asked

    def send_action(self, _action: Action, callback: Callable[[Response], None]) -> None:
        self.answer = callback
        self.asked()


async def test_a_cancellation_that_comes_with_the_answer_is_not_eaten_by_it():
    loop, asked = asyncio.get_running_loop(), asyncio.Event()
    client, witness = (
        _Held(lambda: loop.call_soon_threadsafe(asked.set)),
        Witness(AmiAddress("127.0.0.1", 9, "no secret")),
    )
    asking = asyncio.create_task(witness._ask(client, SimpleAction("Ping")))
    await asked.wait()
    done, _ = await asyncio.wait({asking}, timeout=0.1)
    assert not done, "it waits for the answer"
    client.answer(Response("Success", {}))
    loop.call_soon(asking.cancel)  # in the same turn of the loop
    with pytest.raises(asyncio.CancelledError):
        await asking
