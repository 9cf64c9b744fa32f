"""The calendars' files: `config/calendars/YYYY.yaml`, one State Council notice each (rules §3)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable
from datetime import date
from pathlib import Path
from typing import Any

import yaml

from dialer.domain.calendar import WorkingCalendar, YearSchedule
from dialer.domain.errors import CalendarInvalid, CalendarMissing

_REQUIRED = {"year", "off", "adjusted_working"}
_KNOWN = _REQUIRED | {"named"}


def load_calendar(folder: Path) -> WorkingCalendar:
    """Read every year in `folder`.

    Raises:
        CalendarMissing: there is no year's file at all.
        CalendarInvalid: a file can't be taken at its word; the message names file, key and reason.
    """
    files = sorted(folder.glob("*.yaml"))
    if not files:
        raise CalendarMissing(f"{folder}: no year's schedule there (such as 2026.yaml)")
    schedules = {}
    for file in files:
        schedule = parse_schedule(file.read_bytes(), str(file))
        if file.stem != str(schedule.year):
            raise CalendarInvalid(f"{file}: year: says {schedule.year}, but the file is named {file.stem}")
        schedules[schedule.year] = schedule
    return WorkingCalendar(schedules)


def add_year(folder: Path, file: Path, *, replace: bool = False) -> YearSchedule:
    """Check a year's schedule and keep it in `folder` as YYYY.yaml, comments and all.

    Adding what is there already changes nothing.

    Raises:
        CalendarInvalid: the file is wrong, contradicts a neighbouring year, or differs from the year's schedule
            already kept and `replace` is not given.
    """
    content = file.read_bytes()
    schedule = parse_schedule(content, str(file))
    kept = dict(load_calendar(folder).schedules) if any(folder.glob("*.yaml")) else {}
    target = folder / f"{schedule.year}.yaml"
    if schedule.year in kept and not replace:
        if kept[schedule.year].version == schedule.version:
            return schedule
        raise CalendarInvalid(f"{target}: {schedule.year} is loaded with other days; replace it on purpose")
    WorkingCalendar(kept | {schedule.year: schedule})
    folder.mkdir(parents=True, exist_ok=True)
    draft = target.with_suffix(".draft")
    draft.write_bytes(content)
    draft.replace(target)
    return schedule


def parse_schedule(content: bytes, name: str) -> YearSchedule:
    """Read one year's YAML; `name` is what errors call the file.

    Raises:
        CalendarInvalid: with the file, the key and the reason.
    """
    try:
        return _schedule_from(yaml.load(content, Loader=_StrictLoader))  # noqa: S506  (builds strings only)
    except yaml.YAMLError as wrong:
        raise CalendarInvalid(f"{name}: not readable as YAML: {wrong}") from wrong
    except CalendarInvalid as wrong:
        raise CalendarInvalid(f"{name}: {wrong}") from wrong


def _schedule_from(content: object) -> YearSchedule:
    if not isinstance(content, dict):
        raise CalendarInvalid("expected the keys year, off, adjusted_working and, if wanted, named")
    if missing := _REQUIRED - content.keys():
        raise CalendarInvalid(f"{', '.join(sorted(missing))}: missing")
    if unknown := content.keys() - _KNOWN:
        raise CalendarInvalid(f"{', '.join(sorted(unknown))}: unknown key; known are {', '.join(sorted(_KNOWN))}")
    off = _days("off", content["off"])
    if not off:
        raise CalendarInvalid("off: empty; no year is without a holiday")
    return YearSchedule(
        year=_year(content["year"]),
        off=off,
        adjusted_working=_days("adjusted_working", content["adjusted_working"]),
        named=_named(content.get("named", {})),
    )


def _year(value: object) -> int:
    if isinstance(value, str) and len(value) == len("2026") and value.isdecimal():
        return int(value)
    raise CalendarInvalid(f"year: {value!r} is not a year such as 2026")


def _days(key: str, value: object) -> frozenset[date]:
    if not isinstance(value, list):
        raise CalendarInvalid(f"{key}: expected a list of days ([] for none)")
    days = [_day(key, entry) for entry in value]
    if repeated := [day for day, times in Counter(days).items() if times > 1]:
        raise CalendarInvalid(f"{key}: {repeated[0]} is listed twice")
    return frozenset(days)


def _named(value: object) -> dict[str, date]:
    if not isinstance(value, dict):
        raise CalendarInvalid("named: expected names with their days, such as 除夕: 2026-02-16")
    return {name: _day(f"named {name}", entry) for name, entry in value.items()}


def _day(key: str, value: object) -> date:
    try:
        return date.fromisoformat(str(value))
    except ValueError:
        raise CalendarInvalid(f"{key}: {value!r} is not a day such as 2026-10-01") from None


class _StrictLoader(yaml.BaseLoader):
    """YAML whose scalars all stay strings, so a date is parsed once and by us; a key given twice is an error."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:  # noqa: FBT001, FBT002  (PyYAML's signature)
        keys = [key.value for key, _ in node.value]
        if repeated := [key for key, times in Counter(map(str, keys)).items() if times > 1]:
            raise CalendarInvalid(f"{repeated[0]}: given twice")
        return super().construct_mapping(node, deep)
