"""The shelf of what the site decides: its scripts, calendar years and organisation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import exists, select, true

from dialer.domain.errors import DialerError, NotFound
from dialer.domain.script.version import SCRIPT_VERSION, ScriptEvent, ScriptState, ScriptVersion
from dialer.domain.unit import Unit
from dialer.ports.administration import CalendarYear
from dialer.ports.storage import HistoryRow, Moved
from dialer.storage.plain import from_row, row_of
from dialer.storage.statements import Statements, under
from dialer.storage.tables import calendar_years, cases, counters, script_versions, tickets, units, users
from dialer.storage.versions import read_history, save_version, write_history

_SCRIPT, _YEAR, _UNIT = "script", "calendar", "unit"
_REVISION = "decisions"


class VersionTaken(DialerError):
    """The script has a version of this number already."""

    code = "VERSION_TAKEN"


class DecisionShelf:
    """`dialer.ports.administration.Decisions` in SQL."""

    def __init__(self, statements: Statements) -> None:
        self._statements = statements

    async def revision(self) -> int:
        counted = await self._statements.scalar(select(counters.c.value).where(counters.c.name == _REVISION))
        return counted or 0

    async def scripts(self, *states: ScriptState) -> Sequence[ScriptVersion]:
        wanted = script_versions.c.state.in_(states) if states else true()
        newest_first = (script_versions.c.script_id, script_versions.c.id.desc())
        rows = await self._statements.all(select(script_versions).where(wanted).order_by(*newest_first))
        return [from_row(ScriptVersion, row) for row in rows]

    async def script(self, version_id: int) -> ScriptVersion:
        return from_row(
            ScriptVersion, await self._statements.one(script_versions, f"script version {version_id}", id=version_id)
        )

    async def add_script(self, version: ScriptVersion, moved: Moved) -> ScriptVersion:
        added = await self._statements.add_new(script_versions, row_of(version, script_versions))
        if added is None:
            raise VersionTaken(f"{version.script_id} has a version {version.script_version} already")
        await write_history(self._statements, _SCRIPT, added, "CREATED", ("", version.state), moved)
        return replace(version, id=added)

    async def move_script(self, version: ScriptVersion, event: ScriptEvent, moved: Moved) -> ScriptVersion:
        after = replace(version, state=SCRIPT_VERSION.after(version.state, event), version=version.version + 1)
        await save_version(self._statements, script_versions, row_of(after, script_versions), version.state)
        await write_history(self._statements, _SCRIPT, version.id, event, (version.state, after.state), moved)
        if {version.state, after.state} & {ScriptState.PUBLISHED}:
            await self._statements.count_up(_REVISION)
        return after

    async def script_history(self, version_id: int) -> Sequence[HistoryRow]:
        return await read_history(self._statements, _SCRIPT, version_id)

    async def years(self) -> Sequence[CalendarYear]:
        rows = await self._statements.all(select(calendar_years).order_by(calendar_years.c.id))
        return [from_row(CalendarYear, row) for row in rows]

    async def put_year(self, year: CalendarYear) -> CalendarYear:
        added = await self._statements.add(calendar_years, row_of(year, calendar_years))
        moved = Moved(year.by, year.at, {"version": year.schedule_version, "reason": year.reason})
        await write_history(self._statements, _YEAR, year.year, "PUT", ("", ""), moved)
        await self._statements.count_up(_REVISION)
        return replace(year, id=added)

    async def settle_year(self, year_id: int, at: datetime) -> None:
        await self._statements.run(calendar_years.update().where(calendar_years.c.id == year_id).values(settled_at=at))

    async def units(self) -> Sequence[Unit]:
        rows = await self._statements.all(select(units).order_by(units.c.path))
        return [from_row(Unit, row) for row in rows]

    async def put_units(self, added: Sequence[Unit], moved: Moved) -> None:
        known = {unit.path: unit for unit in await self.units()}
        for unit in added:
            if known.get(unit.path) == unit:
                continue
            insert = self._statements.upsert(units, row_of(unit, units))
            changed = {"name": unit.name, "closed": unit.closed}
            await self._statements.run(insert.on_conflict_do_update(index_elements=["path"], set_=changed))
            event = "CHANGED" if unit.path in known else "CREATED"
            told = replace(moved, detail={**moved.detail, **changed})
            await write_history(self._statements, _UNIT, unit.path, event, ("", ""), told)
        await self._statements.count_up(_REVISION)

    async def remove_unit(self, path: str, moved: Moved) -> None:
        if not await self._statements.change(units.delete().where(units.c.path == path)):
            raise NotFound(f"there is no unit {path}")
        await write_history(self._statements, _UNIT, path, "REMOVED", ("", ""), moved)
        await self._statements.count_up(_REVISION)

    async def unit_used(self, path: str) -> bool:
        below = select(exists().where(units.c.path.startswith(f"{path}/", autoescape=True)))
        places = (users.c.org, cases.c.org, tickets.c.org)
        asked = [below, *(select(exists().where(under(place, path))) for place in places)]
        for question in asked:
            if await self._statements.scalar(question):
                return True
        return False
