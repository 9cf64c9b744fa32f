"""Several Asterisks as one phone system: seats are spread over them, and find another when theirs is gone.

A call stays where its seat is, for the legs are joined inside one Asterisk.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from pathlib import Path

import structlog

from dialer.domain.call import CallId, ListenMode, SeatId, SoundFiles, WireEvent
from dialer.ports import Alive, Clock, DialOrder, LeftCall, TelephonyRefused
from dialer.telephony.asterisk.adapter import AsteriskTelephony, Node
from dialer.telephony.asterisk.fetching import require_finished

_LOG = structlog.get_logger("telephony")
_LOOK_SECONDS = 0.25
_PATIENCE_SECONDS = 10.0  # an Asterisk that its supervisor starts again is back in two


class AsteriskNodes:
    """The `Telephony` port over one Asterisk or several that write into the same spool.

    A node out of contact gets no seats and no calls. When it stays away, and another lives, it is taken for dead: its
    calls end, and its agents' phones are called from the others. Where no other lives, everything waits for it.
    """

    def __init__(
        self, clock: Clock, spool: Path, nodes: Sequence[Node], *, max_seats: int = 100,
        patience_seconds: float = _PATIENCE_SECONDS,
    ) -> None:  # fmt: skip
        """Nothing runs before `start`. `max_seats` is for all nodes together."""
        self.nodes = tuple(AsteriskTelephony(clock, spool, node, max_seats=max_seats) for node in nodes)
        self._max_seats, self._patience_seconds = max_seats, patience_seconds
        self._events: asyncio.Queue[WireEvent | None] = asyncio.Queue()
        self._homeless: dict[SeatId, str] = {}  # with their phones; no node has taken them yet
        self._choosing = asyncio.Lock()
        self._listening: list[asyncio.Task[None]] = []
        self._watching: asyncio.Task[None] | None = None

    # --- the port ---------------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Listen to every node; those that don't answer now may later, but for all of them."""
        try:
            await self._open()
        except TelephonyRefused:
            await self.close()
            raise
        self._watching = asyncio.create_task(self._watch(), name="asterisk-nodes")

    async def _open(self) -> None:
        for node in self.nodes:
            await node.open()
            self._listening.append(asyncio.create_task(self._pass_on(node), name=f"events-{node.node.name}"))
        answer = await asyncio.gather(*(node.first_contact() for node in self.nodes))
        if not any(answer):
            raise TelephonyRefused(f"Asterisk does not answer: {_names(self.nodes)}")
        for node, answers in zip(self.nodes, answer, strict=True):
            if not answers:
                _LOG.error("telephony.ari_lost", node=node.node.name, why="it does not answer")

    async def close(self) -> None:
        """End everything on every node."""
        if self._watching:
            self._watching.cancel()
            await asyncio.gather(self._watching, return_exceptions=True)
        await asyncio.gather(*(node.close() for node in self.nodes))
        await asyncio.gather(*self._listening)
        self._events.put_nowait(None)

    async def events(self) -> AsyncIterator[WireEvent]:
        """All events of all nodes, once, in order per seat and call."""
        while (event := await self._events.get()) is not None:
            yield event

    async def seat_agent(self, seat: SeatId, address: str) -> None:
        """Call the phone from the node with the most room, for its capacity; a seat that has a node stays there."""
        self._homeless.pop(seat, None)
        async with self._choosing:
            node = self._home(seat) or await self._choose(seat)
            await node.seat_agent(seat, address)

    async def call_again(self, seat: SeatId, address: str) -> None:
        """Call it from the node that it had, where its customer is; else as any seat."""
        node = self._home(seat)
        if node is None:
            await self.seat_agent(seat, address)
        else:
            await node.call_again(seat, address)

    async def unseat_agent(self, seat: SeatId) -> None:
        """End the seat's leg, wherever it is; a dialer before us may have left it on any."""
        self._homeless.pop(seat, None)
        node = self._home(seat)
        await asyncio.gather(*(each.unseat_agent(seat) for each in ([node] if node else self.nodes)))

    async def let_go(self, seat: SeatId) -> None:
        """Forget it, or end it, where it is."""
        self._homeless.pop(seat, None)
        if node := self._home(seat):
            await node.let_go(seat)

    async def adopt(self, left: Sequence[LeftCall]) -> frozenset[CallId]:
        """Take each call up where it is; those that no living node knows wait for the ones that are away."""
        adopted = frozenset[CallId]()
        async with self._choosing:
            for node in sorted(self.nodes, key=lambda each: not each.in_contact):
                adopted |= await node.adopt([each for each in left if each.call_id not in adopted])
        return adopted

    async def originate(self, order: DialOrder) -> None:
        """Dial from the seat's node."""
        node = self._home(order.seat)
        if node is None:
            raise TelephonyRefused(f"seat {order.seat} has no leg")
        if any(order.call_id in each.dialled for each in self.nodes):
            raise TelephonyRefused(f"call {order.call_id} was dialled before")
        await node.originate(order)

    async def hang_up(self, call_id: CallId) -> None:
        """End the call where it is; one that we don't know of, but a node may, everywhere."""
        node = self._node_of(call_id)
        await asyncio.gather(*(each.hang_up(call_id) for each in ([node] if node else self.nodes)))

    async def listen(self, call_id: CallId, address: str, mode: ListenMode) -> None:
        """Call the supervisor's phone from the call's node."""
        node = self._node_of(call_id)
        if node is None:
            raise TelephonyRefused(f"call {call_id} is not talking")
        await node.listen(call_id, address, mode)

    async def stop_listening(self, call_id: CallId) -> None:
        """Hang the supervisor's phone up, on the call's node."""
        if node := self._node_of(call_id):
            await node.stop_listening(call_id)

    async def fetch_sound(self, files: SoundFiles) -> None:
        """Bring a finished call's sound onto our spool from whichever node has it, and see that it is finished.

        While a node that may have it is away, nothing else is believed. Raises SoundNotFetched, SoundUnfinished.
        """
        for node in self.nodes:
            await node.fetch_sound(files)
        await asyncio.to_thread(require_finished, files)

    async def alive(self) -> Alive:
        """What all nodes hold."""
        told = await asyncio.gather(*(node.alive() for node in self.nodes))
        calls, seats = (each.calls for each in told), (each.seats for each in told)
        return Alive(frozenset[CallId]().union(*calls), frozenset[SeatId]().union(*seats))

    def obstacle(self, seat: SeatId) -> str:
        """What the seat's node says."""
        node = self._home(seat)
        return node.obstacle(seat) if node else f"seat {seat} has no leg"

    @property
    def notice(self) -> str:
        """Which nodes are away, or full."""
        return "；".join(node.notice for node in self.nodes if node.notice)

    # --- nodes that come and go -------------------------------------------------------------------------------

    async def _pass_on(self, node: AsteriskTelephony) -> None:
        async for event in node.events():
            self._events.put_nowait(event)

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            try:
                await self._give_up_the_dead()
                await self._move_who_waits()
                await self._house_the_homeless()
            except Exception as error:  # noqa: BLE001  # without its watch a dead node's agents would wait for ever
                _LOG.error("telephony.watch_failed", error=repr(error))

    async def _give_up_the_dead(self) -> None:
        """What is held by a node that stays away ends, if there is another to go on with."""
        for node in self.nodes:
            if node.away_seconds > self._patience_seconds and (node.seats or node.calls) and self._living():
                self._homeless |= await node.give_up(self._patience_seconds)

    async def _move_who_waits(self) -> None:
        """A seat that waits for room leaves a full node for one that has some, as one that was away has."""
        if self._homeless or not any(_share(node) < 1 and not node.full for node in self._living()):
            return
        for node in self._living():
            for seat, address in node.idle.items() if node.full else ():
                _LOG.info("telephony.seat_moves", seat=seat, away_from=node.node.name)
                self._homeless[seat] = address
                await node.unseat_agent(seat)
                return  # one at a time

    async def _house_the_homeless(self) -> None:
        """Seats that have left their node, or that it has lost, and said so, are called from another."""
        for seat, address in tuple(self._homeless.items()):
            if seat in self._homeless and self._home(seat) is None and self._living():
                try:
                    await self.seat_agent(seat, address)
                except TelephonyRefused as refusal:
                    _LOG.warning("telephony.seat_waits", seat=seat, why=str(refusal))
                    self._homeless[seat] = address

    async def _choose(self, seat: SeatId) -> AsteriskTelephony:
        """The node that holds the leg already (a dialer before us died), else the one with the most room."""
        living = self._living()
        if not living:
            raise TelephonyRefused(f"no connection to Asterisk: {_names(self.nodes)}")
        if sum(len(node.seats) for node in self.nodes) >= self._max_seats:
            raise TelephonyRefused(f"all {self._max_seats} seats are taken")
        held = await asyncio.gather(*(node.standing() for node in living))
        standing = next((node for node, there in zip(living, held, strict=True) if seat in there.seats), None)
        return standing or min(living, key=lambda node: (node.full, _share(node)))

    def _living(self) -> list[AsteriskTelephony]:
        return [node for node in self.nodes if node.in_contact]

    def _home(self, seat: SeatId) -> AsteriskTelephony | None:
        return next((node for node in self.nodes if seat in node.seats), None)

    def _node_of(self, call_id: CallId) -> AsteriskTelephony | None:
        return next((node for node in self.nodes if call_id in node.calls), None)


def _share(node: AsteriskTelephony) -> float:
    """How much of its capacity its seats could use."""
    return len(node.seats) / node.node.capacity


def _names(nodes: Iterable[AsteriskTelephony]) -> str:
    return ", ".join(node.node.name for node in nodes)
