"""Working-day calendars, as files."""

from __future__ import annotations

from pathlib import Path

import typer
from rich.table import Table

from dialer.calendars import add_year, load_calendar
from dialer.cli.at_site import DEFAULT_CONFIG, Config, err, out
from dialer.settings import load_settings

app = typer.Typer(no_args_is_help=True, help="工作日历 · working-day calendars")


@app.command()
def show(year: int, config: Config = DEFAULT_CONFIG) -> None:
    """显示 · a year's holidays and adjusted working days."""
    calendar = load_calendar(load_settings(config).paths.calendars)
    schedule = calendar.schedules.get(year)
    if schedule is None:
        err.print(f"CALENDAR_MISSING: {year} 年日历未载入 · not loaded", style="red")
        raise typer.Exit(1)
    table = Table("日期 · day", "性质 · kind")
    for day in sorted(schedule.off | schedule.adjusted_working):
        table.add_row(day.isoformat(), "休 · off" if day in schedule.off else "班 · working")
    out.print(table)


@app.command()
def add(file: Path, config: Config = DEFAULT_CONFIG, replace: bool = False) -> None:
    """载入 · add a year's schedule after checking it."""
    schedule = add_year(load_settings(config).paths.calendars, file, replace=replace)
    out.print(f"{schedule.year} 年日历已载入 · calendar {schedule.year} loaded, version {schedule.version}")
