"""Several Asterisks with a world around them: one carrier, one spool, the agents' phones."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from dialer.demo.carrier import AgentPhone, CarrierSimulator
from dialer.domain.call import SeatId
from dialer.telephony.asterisk import AsteriskNodes, AsteriskTelephony, Node
from dialer.telephony.asterisk.instance import PrivateAsterisk, find_program
from dialer.telephony.behaviours import Conduct
from tests.telephony.rigs import DIRECTORY, PARTS, TEMPLATES, Heard, heard_from, node_of, some_phones
from trials.clock import RunningClock

NAMES = ("north", "south")
SAYS_NOTHING = "13800138009"  # the network neither rings nor answers, for a while


_DIRECTORY = DIRECTORY | {SAYS_NOTHING: (Conduct(480, wait_seconds=8.0, rings=False),)}


@dataclass
class NodesRig:
    """What the contract's tests need, and who holds what."""

    telephony: AsteriskNodes
    heard: Heard
    carrier: CarrierSimulator
    phones: dict[str, AgentPhone]
    asterisks: Sequence[PrivateAsterisk]
    spool: Path
    restarts: list[asyncio.Task[None]] = field(default_factory=list)

    async def let_pass(self, seconds: float, until: Callable[[], bool]) -> None:
        async with asyncio.timeout(seconds), self.heard.stirred:
            await self.heard.stirred.wait_for(until)

    def phone(self, name: str) -> str:
        return self.phones[name].uri

    def drop_phone(self, name: str) -> None:
        self.phones[name].hang_up()

    def kill_worker(self, seat: str) -> None:
        """The seat's Asterisk dies, and its supervisor starts it again."""
        self.restarts.append(asyncio.create_task(self.crash_and_return(self.home(seat))))

    async def crash_and_return(self, name: str) -> None:
        await self.asterisk(name).kill()
        await self.asterisk(name).start()

    def home(self, seat: str) -> str:
        """The name of the node that a seat is on; empty for none."""
        return next((each.node.name for each in self.telephony.nodes if SeatId(seat) in each.seats), "")

    def seats_on(self, name: str) -> frozenset[SeatId]:
        return self.telephony.nodes[NAMES.index(name)].seats

    def asterisk(self, name: str) -> PrivateAsterisk:
        return self.asterisks[NAMES.index(name)]

    @property
    def nodes(self) -> list[Node]:
        return [each.node for each in self.telephony.nodes]


@asynccontextmanager
async def several(
    home: Path,
    capacities: Sequence[int] = (120, 120),
    patience_seconds: float = 10.0,
    *,
    away: Sequence[str] = (),
    bind: str = "127.0.0.1",
    their_spool: Path | None = None,
) -> AsyncIterator[NodesRig]:
    """As many Asterisks as capacities are given; those that are `away` have not been started.

    `bind` is their host's address, `their_spool` what the spool is called there.
    """
    program = find_program(PARTS)
    assert program is not None
    async with AsyncExitStack() as stack:
        carrier = await stack.enter_async_context(CarrierSimulator(directory=_DIRECTORY))
        phones = await some_phones(stack)
        asterisks, nodes = [], []
        for name, capacity in zip(NAMES, capacities, strict=False):
            private = PrivateAsterisk(program, TEMPLATES, home / name, carrier.address, bind=bind, rtp_timeout=3)
            stack.push_async_callback(private.kill)
            asterisks.append(private)
            nodes.append(replace(node_of(private), name=name, capacity=capacity, spool=their_spool))
        await asyncio.gather(*(each.start() for each, name in zip(asterisks, NAMES, strict=False) if name not in away))
        telephony = AsteriskNodes(RunningClock(), home / "spool", nodes, patience_seconds=patience_seconds)
        heard = await stack.enter_async_context(heard_from(telephony))
        rig = NodesRig(telephony, heard, carrier, phones, asterisks, home / "spool")
        yield rig
        await asyncio.gather(*rig.restarts)


def lose_contact(node: AsteriskTelephony) -> None:
    """The wire between the dialer and a node that lives on is cut."""
    assert node._reading
    node._reading.cancel()
    node._lose_contact("the wire is cut")


def regain_contact(node: AsteriskTelephony) -> None:
    node._reading = asyncio.create_task(node._read())


@asynccontextmanager
async def another_dialer(rig: NodesRig, app: str = "another") -> AsyncIterator[NodesRig]:
    """A dialer beside the first, over the same Asterisks and spool."""
    telephony = AsteriskNodes(RunningClock(), rig.spool, [replace(node, app=app) for node in rig.nodes])
    async with heard_from(telephony) as events:
        yield replace(rig, telephony=telephony, heard=events)


@asynccontextmanager
async def reborn(rig: NodesRig) -> AsyncIterator[NodesRig]:
    """The dialer is killed, and begins again."""
    for node in rig.telephony.nodes:
        lose_contact(node)
    async with another_dialer(rig, rig.nodes[0].app) as back:
        yield back
    for node in rig.telephony.nodes:
        regain_contact(node)
