"""Call scripts (话术), as files."""

from __future__ import annotations

from pathlib import Path

import typer

from dialer.cli.at_site import err, out
from dialer.scripts_yaml import check, expand, load_scripts

app = typer.Typer(no_args_is_help=True, help="话术 · call scripts")


@app.command("check")
def check_(folder: Path) -> None:
    """发布检查 · the publication gate over a folder of scripts."""
    findings = check(folder)
    for finding in findings:
        err.print(str(finding), style="red")
    if findings:
        raise typer.Exit(1)
    out.print("全部通过 · all scripts may be published")


@app.command("expand")
def expand_(folder: Path, target: Path) -> None:
    """展开 · write each script whole, in the self-contained form of _schema.yaml."""
    library = load_scripts(folder)
    target.mkdir(parents=True, exist_ok=True)
    for ref, document in library.documents.items():
        (target / f"{ref.id}-{ref.version}.yaml").write_text(expand(document), encoding="utf-8")
    out.print(f"{len(library.documents)} → {target}")
