"""The whole product on one machine: carrier, phones, dialer, robot agents, a branch clerk, and a clock that jumps.

Everything a robot does goes through the console's own HTTP; every call is real SIP and RTP on loopback.
"""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import signal
import tempfile
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from datetime import time as time_of_day
from functools import partial
from pathlib import Path

from rich.console import Console

from dialer.bootstrap import Running, Site, opened, running
from dialer.demo.backstage import Backstage
from dialer.demo.carrier import AgentPhone, CarrierSimulator
from dialer.demo.clerk import BranchClerk
from dialer.demo.clock import DemoClock, Director
from dialer.demo.curtain import calls_over, wrapped_up
from dialer.demo.persona import Cast
from dialer.demo.population import DEPARTMENT, Population, make_population
from dialer.demo.products import SALESPERSON_CODE
from dialer.demo.profile import demo_settings, differences, on_asterisk, write_settings
from dialer.demo.robots import RobotAgent, Shift
from dialer.demo.show import Login, Watch, show_progress, summary, welcome
from dialer.demo.tally import Tally, read_records, tally
from dialer.demo.visitor import Visitor
from dialer.domain.calendar import SHANGHAI
from dialer.domain.errors import DialerError
from dialer.domain.holder import ID_TAIL_CHARS
from dialer.domain.user import Role
from dialer.importing import ErrorFile, PolicyFile, give_way
from dialer.logs import log_to
from dialer.ports import TelephonyRefused
from dialer.settings import PhoneSystem
from dialer.telephony.asterisk.browsers import add_browsers
from dialer.telephony.asterisk.instance import PrivateAsterisk, find_program
from dialer.usecases.import_policies import import_policies
from dialer.usecases.issue_tickets import issue_tickets
from dialer.usecases.manage_users import create_user
from dialer.verification import verify

_NINE = time_of_day(9, 0)
_FOLDERS = Path("var/demo")
_PARTS, _ASTERISK_CONFIG = Path(".parts").absolute(), Path("config/asterisk")
_WITH_PHONES = (Role.CC_AGENT, Role.CC_LEADER, Role.CC_MANAGER)
_STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_STANDSTILL_SECONDS = 90.0
_LAST_CALLS_SECONDS = 30.0
_LOOKS_FOR_TICKETS_SECONDS = 1.0
_NO_CODES = "不要求动态口令 · no role is asked for one-time codes"
_LONGER_THAN_NEEDED_SECONDS = 1.0
"""How much longer than the shortest acceptable recording a robot keeps a conversation going."""


class DemoStuck(DialerError):
    """Nothing happens any more although something is due."""

    code = "DEMO_STUCK"


@dataclass(frozen=True, slots=True)
class DemoOptions:
    """What the command line may ask for.

    Attributes:
        policies: how many are imported.
        days: simulated days, from the first one's 09:00 to the last one's midnight.
        seats: robot agents; None takes what the machine's processors carry.
        until_done: end by itself when every case rests, instead of serving until Ctrl-C.
        json_path: where the counts are written.
        port: of the console; None is the profile's: any that is free.
        folder: where database and recordings go; None makes a new one under var/demo.
        seed: another seed, other people.
        engine: the phone system, as in the settings.
        start_day: a working day of a loaded calendar year.
    """

    policies: int = 60
    days: int = 1
    seats: int | None = None
    until_done: bool = False
    json_path: Path | None = None
    port: int | None = None
    folder: Path | None = None
    seed: int = 1
    engine: PhoneSystem = PhoneSystem.PJSUA
    start_day: date = date(2026, 9, 22)

    @property
    def end(self) -> datetime:
        """The simulated end."""
        return datetime.combine(self.start_day + timedelta(days=self.days), time_of_day(), SHANGHAI)


@dataclass(frozen=True, slots=True)
class _Stage:
    """Everything that is up before the dialer goes to work. `phones`: the first two are for a person who looks in."""

    options: DemoOptions
    site: Site
    clock: DemoClock
    carrier: CarrierSimulator
    population: Population
    phones: Sequence[AgentPhone]
    shift: Shift


async def run_demo(options: DemoOptions, console: Console | None = None) -> int:
    """Play the demonstration. Returns the exit code: 0, or 1 when anything was lost.

    Raises:
        SettingsInvalid, PortTaken, TelephonyRefused: it can't be played here.
        DemoStuck: nothing went on any more.
    """
    console, began = console or Console(), time.monotonic()
    folder = options.folder or _new_folder()
    folder.mkdir(parents=True, exist_ok=True)
    log_to(folder / "dialer.log")
    async with AsyncExitStack() as stack:
        stage = await _set(stack, options, folder)
        async with running(stage.site, proving=frozenset()) as dialer:
            await _play(stage, dialer, console, folder)
        counted = await _counted(stage, time.monotonic() - began)
    summary(console, counted)
    _say_where(console, options, folder, counted)
    return 1 if counted.lost else 0


def _new_folder() -> Path:
    _FOLDERS.mkdir(parents=True, exist_ok=True)
    return Path(tempfile.mkdtemp(prefix="run-", dir=_FOLDERS))


async def _set(stack: AsyncExitStack, options: DemoOptions, folder: Path) -> _Stage:
    seats = options.seats or min(8, max(2, 2 * (os.cpu_count() or 1)))
    population = make_population(options.policies, options.seed, options.start_day)
    clock = DemoClock(datetime.combine(options.start_day, _NINE, SHANGHAI))
    carrier = await stack.enter_async_context(CarrierSimulator(directory=population.directory))
    settings = demo_settings(folder, carrier.address, seats + 1, options.port)
    if options.engine is PhoneSystem.ASTERISK:
        asterisk = await stack.enter_async_context(_asterisk(folder, carrier.address))
        settings = on_asterisk(settings, asterisk)
    write_settings(settings, folder / "dialer.toml")
    phones = [await stack.enter_async_context(AgentPhone(f"phone{number}")) for number in range(seats + 2)]
    site = await stack.enter_async_context(opened(settings, clock))
    return _Stage(options, site, clock, carrier, population, phones, Shift())


def _asterisk(folder: Path, carrier: str) -> PrivateAsterisk:
    """An Asterisk of the demonstration's own. Raises TelephonyRefused."""
    program = find_program(_PARTS)
    if program is None:
        raise TelephonyRefused("没有 Asterisk：请先执行 make asterisk · no Asterisk here: make asterisk")
    asterisk = PrivateAsterisk(program, _ASTERISK_CONFIG, folder.absolute() / "asterisk", carrier)
    add_browsers(asterisk.folders.config, [*map(_plain, _WITH_PHONES)])
    return asterisk


async def _play(stage: _Stage, dialer: Running, console: Console, folder: Path) -> None:
    """From the import to the end of the last simulated day, or to Ctrl-C."""
    assert dialer.console_url is not None  # `running` serves it
    site, (agent, supervisor, *phones) = stage.site, stage.phones
    at_browser = stage.options.engine is PhoneSystem.ASTERISK
    own = dict(zip(_WITH_PHONES, (agent.uri, supervisor.uri, supervisor.uri), strict=True))
    if at_browser:
        own = {role: f"browser:{_plain(role)}" for role in _WITH_PHONES}
    people = [await _account(site, role, _plain(role), own.get(role, "")) for role in Role]
    agents = [await _account(site, Role.CC_AGENT, f"robot-{at}", phone.uri) for at, phone in enumerate(phones, 1)]
    branch = await _account(site, Role.L3_HANDLER, "robot-branch")
    differing = (*differences(site.settings), _NO_CODES)
    welcome(console, dialer.console_url, people, differing, at_browser=at_browser)
    await _import(stage, folder)
    async with Visitor(dialer.console_url, branch.login, branch.password) as visitor:
        population = stage.population
        clerk = BranchClerk(visitor, stage.clock, site.rulebook.calendar, population.personas, population.new_numbers)
        await _work(stage, dialer, console, clerk, _robots(stage, dialer.console_url, agents))


def _plain(role: Role) -> str:
    return role.value.lower().replace("_", "-")


async def _account(site: Site, role: Role, login: str, phone: str = "") -> Login:
    password = secrets.token_urlsafe(9)
    await create_user(
        site.storage,
        site.hasher,
        site.clock.now(),
        login=login,
        name=login,
        password=password,
        role=role,
        phone_address=phone,
        org=DEPARTMENT if role is Role.DEPT_CLERK else "",
        salesperson_code=SALESPERSON_CODE if role is Role.SALES else "",
    )
    return Login(role, login, password)


async def _import(stage: _Stage, folder: Path) -> None:
    """The extract goes the way every extract goes (`dialer import`)."""
    extract, site = folder / "policies.csv", stage.site
    stage.population.write(extract)
    with ErrorFile(extract) as faults:
        await import_policies(
            site.storage,
            site.signals,
            PolicyFile.open(extract),
            faults,
            site.clock,
            site.rulebook,
            by="demo",
            seed=str(stage.options.seed),
            give_way=give_way,
        )


def _robots(stage: _Stage, url: str, agents: Sequence[Login]) -> list[RobotAgent]:
    tails = {row["policy_no"]: row["id_no"][-ID_TAIL_CHARS:] for row in stage.population.rows}
    cast = Cast(stage.population.personas, tails)
    talk_seconds = stage.site.rulebook.proof.min_seconds + _LONGER_THAN_NEEDED_SECONDS
    return [
        RobotAgent(Visitor(url, agent.login, agent.password), cast, stage.clock, stage.shift, talk_seconds, number)
        for number, agent in enumerate(agents)
    ]


async def _work(
    stage: _Stage, dialer: Running, console: Console, clerk: BranchClerk, robots: Sequence[RobotAgent]
) -> None:
    backstage = Backstage(dialer, stage.carrier, stage.options.end)
    async with asyncio.TaskGroup() as group:
        work = [group.create_task(robot.work()) for robot in robots]
        others = [
            group.create_task(clerk.work()),
            group.create_task(_send_the_first_tickets_down(stage)),
            group.create_task(show_progress(console, _watch(stage, dialer))),
        ]
        await _until_over(stage, _director(stage, backstage, clerk), console)
        for robot in robots:
            robot.leave()
        site, say = stage.site, partial(console.print, style="yellow", markup=False)
        await calls_over(site.storage, site.signals, stage.clock, say)
        await asyncio.wait(work)
        await wrapped_up(site.storage, site.signals, site.scripts, site.rulebook, stage.clock)
        await backstage.settled(_LAST_CALLS_SECONDS)
        for task in others:
            task.cancel()
    stage.shift.troubles.extend(clerk.troubles)


async def _send_the_first_tickets_down(stage: _Stage) -> None:
    """As soon as there is one, and not at 16:00: a person who looks in has something to answer."""
    site = stage.site
    while True:
        await asyncio.sleep(_LOOKS_FOR_TICKETS_SECONDS)
        if await issue_tickets(site.storage, site.rulebook, stage.clock.now()):
            return


def _director(stage: _Stage, backstage: Backstage, clerk: BranchClerk) -> Director:
    async def after_jump() -> None:
        stage.shift.no_work_until = time.monotonic()
        await backstage.wake_everybody()

    sources = (*backstage.sources, clerk.next_due)
    return Director(stage.clock, stage.options.end, backstage.busy, sources, after_jump)


def _watch(stage: _Stage, dialer: Running) -> Watch:
    engine, url = dialer.engine, dialer.console_url
    assert engine is not None
    assert url is not None  # the demonstration dials and serves
    policies = len(stage.population.rows)
    return Watch(stage.site.storage, stage.clock, stage.carrier, stage.shift, url, policies, lambda: engine.halted)


async def _until_over(stage: _Stage, director: Director, console: Console) -> None:
    """Until every case rests, or, when serving, until Ctrl-C."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in _STOP_SIGNALS:
        loop.add_signal_handler(name, stop.set)
    story = asyncio.create_task(_directed(stage, director), name="director")
    stopped = asyncio.create_task(stop.wait(), name="ctrl-c")
    try:
        await asyncio.wait({story, stopped}, return_when=asyncio.FIRST_COMPLETED)
        if story.done():
            story.result()
        if not (stage.options.until_done or stop.is_set()):
            console.print("演示时段已结束，Ctrl-C 退出 · the simulated days are over; Ctrl-C ends the demonstration")
            await stopped
    finally:
        for name in _STOP_SIGNALS:
            loop.remove_signal_handler(name)
        for task in (story, stopped):
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


async def _directed(stage: _Stage, director: Director) -> None:
    """Direct; a play in which nothing happens is stopped when nobody watches it."""
    seen, since = -1, time.monotonic()
    while await director.step():
        happened = len(stage.carrier.log) + stage.shift.deeds + director.jumps
        if happened != seen:
            seen, since = happened, time.monotonic()
        if stage.options.until_done and time.monotonic() - since > _STANDSTILL_SECONDS:
            raise DemoStuck(f"演示停滞 · nothing has happened for {_STANDSTILL_SECONDS:.0f} s; see dialer.log")
        await asyncio.sleep(0.15)


async def _counted(stage: _Stage, seconds: float) -> Tally:
    report = await verify(stage.site)
    return tally(
        len(stage.population.rows),
        await read_records(stage.site.storage),
        stage.carrier,
        report,
        stage.shift,
        seconds,
    )


def _say_where(console: Console, options: DemoOptions, folder: Path, counted: Tally) -> None:
    console.print(f"dialer verify --config {folder / 'dialer.toml'}", markup=False, highlight=False)
    if options.json_path is not None:
        options.json_path.write_text(json.dumps(counted.as_json(), ensure_ascii=False, indent=2) + "\n")
