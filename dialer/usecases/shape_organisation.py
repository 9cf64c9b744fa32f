"""At the side: the organisation's tree (rules §2.1). What is used is closed, never removed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from dialer.domain.errors import DialerError, NotFound
from dialer.domain.unit import Unit, UnitInvalid
from dialer.domain.user import User
from dialer.ports import Signals
from dialer.ports.administration import InForce
from dialer.ports.storage import Moved, Storage, Work
from dialer.ports.topics import IN_FORCE


class UnitUsed(DialerError):
    """Accounts, cases, tickets or units below refer to this unit: close it instead."""

    code = "UNIT_USED"


@dataclass(frozen=True, slots=True)
class LineFault:
    """What is wrong with a line of a file; `row` counts as the spreadsheet does, from 1."""

    row: int
    why: str


@dataclass(frozen=True, slots=True)
class UnitImport:
    """What became of a file."""

    taken: int
    faults: tuple[LineFault, ...]


async def organisation(storage: Storage) -> Sequence[Unit]:
    """Every unit, each after the one above it."""
    async with storage.read() as work:
        return await work.decisions.units()


async def put_unit(
    storage: Storage, signals: Signals, in_force: InForce, by: User, path: str, name: str, now: datetime
) -> Unit:
    """Add a unit or give it another name. Raises UnitInvalid: no path, no name, or nothing open above it."""
    async with storage.begin() as work:
        known = await _by_path(work)
        unit = _fitting(Unit(path, name.strip(), closed=path in known and known[path].closed), known)
        await work.decisions.put_units([unit], Moved(by.login, now, {}))
    await _tell(signals, in_force)
    return unit


async def import_units(
    storage: Storage,
    signals: Signals,
    in_force: InForce,
    by: User,
    rows: Sequence[Mapping[str, str]],
    now: datetime,
) -> UnitImport:
    """Units from a file with `path` and `name`, in any order; good lines are kept, bad ones told with their number."""
    async with storage.begin() as work:
        known = await _by_path(work)
        taken: list[Unit] = []
        faults = []
        numbered = sorted(enumerate(rows, 2), key=lambda each: each[1].get("path", "").count("/"))
        for number, row in numbered:
            path = row.get("path", "").strip("/ ")
            try:
                unit = _fitting(Unit(path, row.get("name", "").strip()), known)
            except UnitInvalid as error:
                faults.append(LineFault(number, str(error)))
                continue
            known[path] = unit
            taken.append(unit)
        await work.decisions.put_units(taken, Moved(by.login, now, {"file": True}))
    await _tell(signals, in_force)
    return UnitImport(len(taken), tuple(sorted(faults, key=lambda fault: fault.row)))


def _fitting(unit: Unit, known: Mapping[str, Unit]) -> Unit:
    above = known.get(unit.parent)
    if unit.parent and (above is None or above.closed):
        raise UnitInvalid(f"{unit.path}: there is no open unit {unit.parent} above it")
    return unit


async def close_unit(storage: Storage, signals: Signals, in_force: InForce, by: User, path: str, now: datetime) -> None:
    """Nothing new is placed here; what refers to it keeps its name. Raises NotFound, UnitUsed: units below are open."""
    async with storage.begin() as work:
        known = await _by_path(work)
        if open_below := [each for each in known.values() if each.parent == path and not each.closed]:
            raise UnitUsed(f"{path}: close the units below it first, such as {open_below[0].path}")
        await _save(work, known, path, by, now, closed=True)
    await _tell(signals, in_force)


async def reopen_unit(
    storage: Storage, signals: Signals, in_force: InForce, by: User, path: str, now: datetime
) -> None:
    """Take a closed unit into use again. Raises NotFound, UnitInvalid: the one above is closed."""
    async with storage.begin() as work:
        known = await _by_path(work)
        if path in known:
            _fitting(known[path], known)
        await _save(work, known, path, by, now, closed=False)
    await _tell(signals, in_force)


async def remove_unit(
    storage: Storage, signals: Signals, in_force: InForce, by: User, path: str, now: datetime
) -> None:
    """Take out a unit that was entered by mistake. Raises NotFound, UnitUsed."""
    async with storage.begin() as work:
        if await work.decisions.unit_used(path):
            raise UnitUsed(f"{path} is in use: close it instead")
        await work.decisions.remove_unit(path, Moved(by.login, now, {}))
    await _tell(signals, in_force)


async def _save(work: Work, known: Mapping[str, Unit], path: str, by: User, now: datetime, *, closed: bool) -> None:
    if path not in known:
        raise NotFound(f"there is no unit {path}")
    await work.decisions.put_units([replace(known[path], closed=closed)], Moved(by.login, now, {}))


async def _by_path(work: Work) -> dict[str, Unit]:
    return {unit.path: unit for unit in await work.decisions.units()}


async def _tell(signals: Signals, in_force: InForce) -> None:
    await in_force.take_up()
    await signals.notify(IN_FORCE)
