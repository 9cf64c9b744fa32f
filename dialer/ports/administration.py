"""What the site itself decides while the dialer runs: its scripts, its calendar years, its organisation.

These stand above what the product was installed with (files in `scripts/` and `config/calendars/`). Every change counts
`revision` up, by which each running process sees that there is something to take up.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from dialer.domain.calendar import WorkingCalendar, YearSchedule
from dialer.domain.script import CallScript, ScriptRef
from dialer.domain.script.version import ScriptEvent, ScriptState, ScriptVersion
from dialer.domain.unit import Unit
from dialer.ports.history import HistoryRow, Moved


@dataclass(frozen=True, slots=True)
class CalendarYear:
    """A year's schedule as somebody put it in force, and why; `text` is its YAML. The latest of a year holds.

    `settled_at`: when every deadline that it moves was known to be moved.
    """

    year: int
    schedule_version: str
    text: str
    reason: str
    by: str
    at: datetime
    settled_at: datetime | None = None
    id: int = 0


class Decisions(Protocol):
    """The shelf of all three."""

    async def revision(self) -> int:
        """Counts every change that a running process must take up."""
        ...

    async def scripts(self, *states: ScriptState) -> Sequence[ScriptVersion]:
        """Versions in these states (all when none is named), by script, the newest first."""
        ...

    async def script(self, version_id: int) -> ScriptVersion:
        """Raises NotFound."""
        ...

    async def add_script(self, version: ScriptVersion, moved: Moved) -> ScriptVersion:
        """Store a draft; its id is given here. Raises DialerError VERSION_TAKEN: the script has this number."""
        ...

    async def move_script(self, version: ScriptVersion, event: ScriptEvent, moved: Moved) -> ScriptVersion:
        """Apply an event, save what changed, write the history row. Raises StaleVersion, ImpossibleMove."""
        ...

    async def script_history(self, version_id: int) -> Sequence[HistoryRow]:
        """Every move of a version, first to last."""
        ...

    async def years(self) -> Sequence[CalendarYear]:
        """Every schedule ever put in force here, first to last."""
        ...

    async def put_year(self, year: CalendarYear) -> CalendarYear:
        """Put a schedule in force; its id is given here."""
        ...

    async def settle_year(self, year_id: int, at: datetime) -> None:
        """Every deadline that a schedule moves is moved."""
        ...

    async def units(self) -> Sequence[Unit]:
        """The organisation, by path."""
        ...

    async def put_units(self, units: Sequence[Unit], moved: Moved) -> None:
        """Add units, or change name and state of those that are there; each with a history row."""
        ...

    async def remove_unit(self, path: str, moved: Moved) -> None:
        """Take out a unit that nothing refers to. Raises NotFound."""
        ...

    async def unit_used(self, path: str) -> bool:
        """Whether accounts, cases, tickets or other units are at this place or below it."""
        ...


class InForce(Protocol):
    """What holds at this moment in this process, and reading what people write."""

    @property
    def calendar(self) -> WorkingCalendar:
        """The official calendar; the object stays, its years change."""
        ...

    @property
    def installed_years(self) -> Mapping[int, YearSchedule]:
        """The years that the product was installed with."""
        ...

    def script(self, text: str) -> CallScript:
        """Read a script's YAML. Raises ScriptInvalid."""
        ...

    def script_text(self, ref: ScriptRef) -> str:
        """The whole YAML of a script that the product was installed with. Raises NotFound."""
        ...

    def renumbered(self, text: str, version: str) -> str:
        """The same script as another version. Raises ScriptInvalid."""
        ...

    def reworded(self, text: str, node: str, wording: Mapping[str, str]) -> str:
        """One node's `title`, `text`, `agent_note` or `option.CODE` in other words. Raises ScriptInvalid."""
        ...

    def installed(self) -> Sequence[CallScript]:
        """The scripts that the product was installed with."""
        ...

    def schedule(self, text: str) -> YearSchedule:
        """Read a year's YAML. Raises CalendarInvalid."""
        ...

    def place(self, org: str) -> str:
        """The name of a place in the organisation; its codes, after the province's name, where nobody gave it one."""
        ...

    async def take_up(self) -> None:
        """Look whether anything changed, and go by it from now on."""
        ...
