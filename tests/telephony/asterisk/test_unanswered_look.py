"""A leg stands already when its phone is to be called, and Asterisk falls silent when it is asked about it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web

from dialer.domain.call import SeatId
from dialer.telephony.asterisk.ari import Ari
from dialer.telephony.asterisk.calls import Seat
from dialer.telephony.asterisk.commands import Commands
from dialer.telephony.asterisk.judge import Judge
from dialer.telephony.asterisk.listening import Listeners
from dialer.telephony.asterisk.switchboard import Switchboard
from trials.clock import RunningClock


async def _marked(_: web.Request) -> web.Response:
    return web.json_response({})


async def _stands_already(_: web.Request) -> web.Response:
    return web.json_response({"message": "Channel with given unique ID already exists"}, status=409)


async def _no_answer(request: web.Request) -> web.Response:
    assert request.transport
    request.transport.close()
    return web.Response()


async def _refused(_: web.Request) -> web.Response:
    return web.json_response({"message": "Internal Server Error"}, status=500)


@pytest.fixture(params=[_no_answer, _refused])
async def ari(request: pytest.FixtureRequest) -> AsyncIterator[Ari]:
    asterisk = web.Application()
    asterisk.router.add_post("/ari/asterisk/variable", _marked)
    asterisk.router.add_post("/ari/channels/{id}", _stands_already)
    asterisk.router.add_get("/ari/channels/{id}", request.param, allow_head=False)
    runner = web.AppRunner(asterisk)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0]
    ari = await Ari(f"http://{host}:{port}", "dialer", "user", "secret").open()
    yield ari
    await ari.close()
    await runner.cleanup()


async def test_a_look_that_asterisk_does_not_answer_is_an_order_without_an_answer(ari: Ari, tmp_path: Path):
    clock = RunningClock()
    board = Switchboard(
        clock, Commands(ari, "dialer", tmp_path, None), Judge(None, None), Listeners(ari, "dialer", clock)
    )
    seat = board.seats[SeatId("seat-1")] = Seat(SeatId("seat-1"), "sip:agent1@127.0.0.1:5070")
    await board.call_phone(seat)
    assert seat.called, "so that the next contact with Asterisk tells what became of it"
    assert board.events.empty(), "nobody knows yet whether it is up or down"
    assert board.seats == {seat.seat: seat}
