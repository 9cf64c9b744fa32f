"""Policies: how they come in, and why one is dialled now, later or never."""

from __future__ import annotations

import secrets
from pathlib import Path

import typer

from dialer.bootstrap import Site
from dialer.cli.at_site import DEFAULT_CONFIG, Config, at_site, err, out
from dialer.importing import ErrorFile, PolicyFile, give_way
from dialer.usecases.explain_case import explain_case
from dialer.usecases.import_policies import import_policies
from dialer.usecases.tell_import import ImportReport

_BAD_ROWS = 3


def import_(file: Path, config: Config = DEFAULT_CONFIG, by: str = "cli") -> None:
    """导入保单 · import policies from an xlsx or csv file; bad rows go to FILE.errors.csv, good rows are kept."""
    source, faults = PolicyFile.open(file), ErrorFile(file)
    report = at_site(config, lambda site: _import(site, source, faults, by), make=True)
    for name, count in report.counts.items():
        out.print(f"{name}: {count}")
    if report.unknown_columns:
        out.print(f"未识别的列 · unknown columns: {', '.join(report.unknown_columns)}")
    if report.bad:
        err.print(f"有错误的行见 · bad rows are in {faults.path}", style="yellow")
        raise typer.Exit(_BAD_ROWS)


async def _import(site: Site, source: PolicyFile, faults: ErrorFile, by: str) -> ImportReport:
    with faults:
        return await import_policies(
            site.storage,
            site.signals,
            source,
            faults,
            site.clock,
            site.rulebook,
            by=by,
            seed=secrets.token_hex(16),
            give_way=give_way,
        )


def why(policy_no: str, config: Config = DEFAULT_CONFIG) -> None:
    """为何 · why a case is dialled now, later or never: the dispatcher's own answer."""
    explanation = at_site(config, lambda site: explain_case(site.storage, site.rulebook, policy_no, site.clock.now()))
    case = explanation.case
    deadline = f"犹豫期回访截止 · last day {case.revisit_last_day}" if case.revisit_last_day else ""
    out.print(f"{policy_no} {case.state} {deadline}\n{explanation}")
