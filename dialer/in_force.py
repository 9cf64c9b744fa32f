"""What holds at this moment: scripts, calendar years and places that the site decided, over those it came with.

Each process keeps its own picture and takes up what others changed, without a restart (docs/decisions/0014).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import structlog

from dialer.calendars import parse_schedule
from dialer.domain.calendar import WorkingCalendar, YearSchedule
from dialer.domain.errors import DialerError, NotFound, ScriptInvalid
from dialer.domain.province import PROVINCES
from dialer.domain.script import CallScript, ScriptRef
from dialer.domain.script.version import ScriptState, ScriptVersion
from dialer.ports import Clock, Signals
from dialer.ports.administration import CalendarYear
from dialer.ports.storage import Storage
from dialer.ports.topics import IN_FORCE
from dialer.scripts_yaml import ScriptLibrary, expand, read_text, renumbered, reworded

LOOK_EVERY_SECONDS = 2.0
"""How long a change may go unnoticed when its signal is lost; real seconds."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class _Published:
    script: CallScript
    effective_at: datetime
    number: int


class PublishedScripts:
    """`dialer.ports.Scripts`: what the site has published stands above what the product was installed with."""

    def __init__(self, installed: ScriptLibrary, clock: Clock) -> None:
        self.installed = installed
        self._clock = clock
        self._read: dict[ScriptRef, CallScript] = {}
        self._published: dict[str, list[_Published]] = {}

    def latest(self, script_id: str) -> CallScript:
        """The version that a call begun now is read. Raises NotFound."""
        now = self._clock.now()
        effective = [each for each in self._published.get(script_id, ()) if each.effective_at <= now]
        if not effective:
            return self.installed.latest(script_id)
        return max(effective, key=lambda each: (each.effective_at, each.number)).script

    def exactly(self, ref: ScriptRef) -> CallScript:
        """The very text an interview was begun with, retired or not. Raises NotFound."""
        return self._read[ref] if ref in self._read else self.installed.exactly(ref)

    def take(self, versions: Sequence[ScriptVersion]) -> None:
        """Go by these: the published ones for new calls, the retired ones for what was begun with them."""
        published: dict[str, list[_Published]] = {}
        for version in versions:
            if not self._known(version):
                continue
            if version.state is ScriptState.PUBLISHED and version.effective_at is not None:
                each = _Published(self._read[version.ref], version.effective_at, version.id)
                published.setdefault(version.script_id, []).append(each)
        self._published = published

    def _known(self, version: ScriptVersion) -> bool:
        """Whether its text is at hand. A retired one that a newer product can't read any more is only said."""
        if version.ref in self._read:
            return True
        try:
            self._read[version.ref] = read_text(version.text)
        except ScriptInvalid as error:
            if version.state is ScriptState.PUBLISHED:
                raise
            log.warning("in_force.unreadable", script=version.script_id, version=version.script_version, why=str(error))
            return False
        return True


class LoadedYears(Mapping[int, YearSchedule]):
    """The years behind a `WorkingCalendar` that is asked for as long as the process runs."""

    def __init__(self, installed: Mapping[int, YearSchedule]) -> None:
        self._installed = dict(installed)
        self._years = dict(installed)

    def __getitem__(self, year: int) -> YearSchedule:
        return self._years[year]

    def __iter__(self) -> Iterator[int]:
        return iter(self._years)

    def __len__(self) -> int:
        return len(self._years)

    def take(self, years: Sequence[CalendarYear]) -> None:
        """Go by these, the latest of each year; all at once. Raises CalendarInvalid: they contradict each other."""
        decided = {each.year: parse_schedule(each.text.encode(), f"calendar {each.year}") for each in years}
        self._years = dict(WorkingCalendar(self._installed | decided).schedules)


class SiteInForce:
    """`dialer.ports.administration.InForce` over a database."""

    def __init__(self, storage: Storage, installed: ScriptLibrary, calendar: WorkingCalendar, clock: Clock) -> None:
        self._storage = storage
        self._revision = 0
        self.installed_years = dict(calendar.schedules)
        self._years = LoadedYears(self.installed_years)
        self._places: Mapping[str, str] = {}
        self.scripts = PublishedScripts(installed, clock)
        self._calendar = WorkingCalendar(self._years)

    @property
    def calendar(self) -> WorkingCalendar:
        """The official calendar; the object stays, its years change."""
        return self._calendar

    def script(self, text: str) -> CallScript:
        """Read a script's YAML. Raises ScriptInvalid."""
        return read_text(text)

    def script_text(self, ref: ScriptRef) -> str:
        """The whole YAML of an installed script. Raises NotFound."""
        document = self.scripts.installed.documents.get(ref)
        if document is None:
            raise NotFound(f"call script {ref.id} {ref.version} was not installed")
        return expand(document)

    def renumbered(self, text: str, version: str) -> str:
        """The same script as another version. Raises ScriptInvalid."""
        return renumbered(text, version)

    def reworded(self, text: str, node: str, wording: Mapping[str, str]) -> str:
        """The same script, one node in other words. Raises ScriptInvalid."""
        return reworded(text, node, wording)

    def installed(self) -> Sequence[CallScript]:
        """The scripts that the product was installed with."""
        return self.scripts.installed.scripts

    def schedule(self, text: str) -> YearSchedule:
        """Read a year's YAML. Raises CalendarInvalid."""
        return parse_schedule(text.encode(), "calendar")

    def place(self, org: str) -> str:
        """The name of a place in the organisation; its codes, after the province's name, where nobody gave it one."""
        return self._places.get(org) or f"{PROVINCES.get(org[:2], '')} {org}".strip()

    async def take_up(self) -> None:
        """Look whether anything changed, and go by it from now on."""
        async with self._storage.read() as work:
            revision = await work.decisions.revision()
            if revision == self._revision:
                return
            scripts = await work.decisions.scripts(ScriptState.PUBLISHED, ScriptState.RETIRED)
            years, units = await work.decisions.years(), await work.decisions.units()
        self.scripts.take([each for each in scripts if each.sha256])
        self._years.take(years)
        self._places = {unit.path: unit.name for unit in units}
        self._revision = revision
        log.info("in_force.taken_up", revision=revision, calendar=self._calendar.version)

    async def keep_current(self, signals: Signals) -> None:
        """Take up every change, for as long as the process runs."""
        while True:
            await signals.wait(IN_FORCE, LOOK_EVERY_SECONDS)
            try:
                await self.take_up()
            except DialerError as error:
                log.error("in_force.not_taken_up", code=error.code, why=str(error))
