"""Whether all is well: the settings before the start, the records ever after."""

from __future__ import annotations

import typer

from dialer.bootstrap import rulebook_of
from dialer.cli.at_site import DEFAULT_CONFIG, Config, at_site, err, out
from dialer.scripts_yaml import load_scripts
from dialer.settings import load_settings
from dialer.verification import verify


def verify_(config: Config = DEFAULT_CONFIG) -> None:
    """核查 · prove that nothing is lost: every close has its proof, every call its outcome, no limit was passed."""
    report = at_site(config, verify)
    for fault in report.faults:
        err.print(f"{fault.kind} {fault.record}: {fault.what}", style="red")
    out.print(report.summary)
    if report.faults:
        raise typer.Exit(1)


def check(config: Config = DEFAULT_CONFIG) -> None:
    """检查设置 · check settings, calendars, products and scripts without starting anything."""
    settings = load_settings(config)
    rulebook = rulebook_of(settings)
    library = load_scripts(settings.paths.scripts)
    years = ", ".join(map(str, sorted(rulebook.calendar.years)))
    out.print(f"设置有效 · settings are valid: {config}")
    out.print(f"日历年份 · calendar years: {years}")
    out.print(f"话术 · scripts: {len(library.scripts)}; 产品 · products: {len(rulebook.products)}")
