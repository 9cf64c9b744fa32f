"""The witness: an AMI connection that keeps the ledger. Losing it costs an alarm, never a call."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import structlog
from asterisk.ami import Action, LoginAction, Response, SimpleAction

from dialer.telephony.asterisk.configuration import USER
from dialer.telephony.asterisk.fence import AmiLost, FencedClient
from dialer.telephony.asterisk.ledger import Death, Ledger

_LOG = structlog.get_logger("telephony")
_ANSWER_SECONDS = 3.0
_PING_SECONDS = 5.0
_PAUSE_SECONDS = 0.5
_HEARING_SECONDS = 0.5  # ARI and AMI tell of the same end within milliseconds


@dataclass(frozen=True, slots=True)
class AmiAddress:
    """Where AMI is, and our password there."""

    host: str
    port: int
    secret: str = field(repr=False)


class Witness:
    """Keeps the ledger over as many connections as that takes; `alarms` counts how often one was lost."""

    def __init__(self, address: AmiAddress) -> None:
        """Nothing runs before `start`."""
        self.ledger = Ledger()
        self.alarms = 0
        self.listening = False
        self._address = address
        self._lost = asyncio.Event()
        self._heard: dict[str, asyncio.Event] = {}
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Connect in the background."""
        self._task = asyncio.create_task(self._run(), name="ami-witness")

    async def close(self) -> None:
        """End the connection and its thread."""
        if self._task:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def death_of(self, channel: str) -> Death | None:
        """How a channel ended; None when the witness has not seen it end in time, or has seen nothing at all."""
        if self.listening and channel in self.ledger.open:
            heard = self._heard.setdefault(channel, asyncio.Event())
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_HEARING_SECONDS):
                    await heard.wait()
            self._heard.pop(channel, None)
        return self.ledger.deaths.get(channel)

    async def _run(self) -> None:
        while True:
            try:
                await self._listen()
            except AmiLost as error:
                self._alarm(str(error))
            self.listening = False
            self.ledger.open.clear()  # what ends now is not seen
            await asyncio.sleep(_PAUSE_SECONDS)

    def _alarm(self, why: str) -> None:
        """Said once, however often the next connection fails."""
        if self.listening or not self.alarms:
            self.alarms += 1
            _LOG.error("telephony.witness_lost", why=why, alarms=self.alarms)

    async def _listen(self) -> None:
        """One connection, from its beginning to its end. Raises AmiLost."""
        loop = asyncio.get_running_loop()
        self._lost.clear()

        def on_event(name: str, keys: Mapping[str, Any]) -> None:
            loop.call_soon_threadsafe(self._hear, name, keys)

        def on_lost(_why: str) -> None:
            loop.call_soon_threadsafe(self._lost.set)

        client = FencedClient(self._address.host, self._address.port, on_event, on_lost)
        try:
            await asyncio.to_thread(client.connect)
            await self._ask(client, LoginAction(USER, self._address.secret))
            self.listening = True
            await self._keep_alive(client)
        finally:
            await asyncio.shield(asyncio.to_thread(client.disconnect))

    async def _keep_alive(self, client: FencedClient) -> None:
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_PING_SECONDS):
                    await self._lost.wait()
                raise AmiLost("the connection was closed")
            await self._ask(client, SimpleAction("Ping"))

    async def _ask(self, client: FencedClient, action: Action) -> None:
        """Send an action and wait for its success. Raises AmiLost."""
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Response] = loop.create_future()
        await asyncio.to_thread(client.send_action, action, _into(loop, answer))
        try:
            async with asyncio.timeout(_ANSWER_SECONDS):  # not wait_for: before 3.12 an answer eats a cancellation
                response = await answer
        except TimeoutError:
            raise AmiLost(f"no answer to {action.name}") from None
        if response.is_error():
            raise AmiLost(f"{action.name} is refused: {response.keys.get('Message')}")

    def _hear(self, name: str, keys: Mapping[str, Any]) -> None:
        ended = self.ledger.hear(name, keys)
        if ended and (heard := self._heard.get(ended)):
            heard.set()


def _into(loop: asyncio.AbstractEventLoop, answer: asyncio.Future[Response]) -> Callable[[Response], None]:
    """A callback for the reader's thread that fills a future of the loop's."""

    def fill(response: Response) -> None:
        if not answer.done():
            answer.set_result(response)

    def hand_over(response: Response) -> None:
        loop.call_soon_threadsafe(fill, response)

    return hand_over
