"""Sites that journeys begin with: an agent with a phone, policies due for their call."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from dialer.demo.carrier.phone import AgentPhone
from dialer.demo.carrier.simulator import CarrierSimulator
from dialer.telephony.asterisk.instance import PrivateAsterisk
from dialer.telephony.behaviours import Behaviour, Conduct
from tests.builders import at
from tests.journeys.premises import Premises
from tests.journeys.worlds import SMALLEST, World
from trials.clock import FRIDAY
from trials.extracts import due_rows, write_csv

NUMBER = "13800138000"
POLICY_NO = "P000000001"


def write_policies(folder: Path, numbers: Iterable[str]) -> Path:
    """An extract with a policy for each number."""
    return write_csv(folder / "policies.csv", due_rows(numbers))


@dataclass(frozen=True)
class Floor:
    """A site with an agent, who has a phone, on a telephone network; on Asterisk, if its world is."""

    premises: Premises
    carrier: CarrierSimulator
    phone: AgentPhone
    _asterisk: PrivateAsterisk | None

    @property
    def asterisk(self) -> PrivateAsterisk:
        """The site's Asterisk."""
        assert self._asterisk is not None
        return self._asterisk

    def calls_to(self, number: str = NUMBER) -> int:
        """How often the network was asked to ring a number."""
        return len(self.carrier.calls_to(number))


@asynccontextmanager
async def a_floor(
    folder: Path,
    numbers: Iterable[str] = (NUMBER,),
    conduct: Behaviour | Conduct = Behaviour.ANSWERS,
    world: World = SMALLEST,
    **settings: str,
) -> AsyncIterator[Floor]:
    """A site on Friday morning: `agent1`, and a policy due for each number, all of which behave alike."""
    numbers = tuple(numbers)
    directory = {number: [conduct] for number in numbers}
    async with (
        CarrierSimulator(directory=directory) as carrier,
        AgentPhone("agent1") as phone,
        world.asterisk(folder / "asterisk", carrier.address) as asterisk,
    ):
        template = await _template(folder.parent / f"template-{world.name}-{'-'.join(numbers)}", world, numbers)
        shutil.copytree(template, folder, dirs_exist_ok=True)
        premises = Premises.at(folder, carrier, world.copied_records(folder, template), asterisk, **settings)
        premises.alter("UPDATE users SET phone_address = ? WHERE login = 'agent1'", phone.uri)
        yield Floor(premises, carrier, phone, asterisk)


def _is_new(folder: Path) -> bool:
    new = not folder.exists()
    folder.mkdir(exist_ok=True)
    return new


async def _template(folder: Path, world: World, numbers: Iterable[str]) -> Path:
    """A site as the command line makes it; once for all tests of a run that begin with the same policies."""
    if _is_new(folder):
        premises = Premises.at(folder, records=world.new_records(folder))
        await premises.create(at(8, day=FRIDAY), "agent1", "CC_AGENT", "--phone", "sip:agent1@127.0.0.1:9")
        code, printed = await premises.run(at(8, 30, day=FRIDAY), "import", str(write_policies(folder, numbers)))
        assert code == 0, printed
    return folder
