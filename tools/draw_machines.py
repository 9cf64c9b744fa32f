# ruff: noqa: INP001  # a script, not a package
"""Writes docs/machines.md from the tables in the code: every record's states and moves, as Mermaid pictures."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from dialer.domain.case import CASE
from dialer.domain.recording import RECORDING
from dialer.domain.script.version import SCRIPT_VERSION
from dialer.domain.seat import SEAT
from dialer.domain.ticket import TICKET
from dialer.domain.transitions import Machine

TARGET = Path(__file__).parents[1] / "docs" / "machines.md"
HEAD = """# 状态机 · State machines

Made from the code by `make pictures`; a test holds the two together. What is not drawn is impossible.
"""


def picture(machine: Machine[Any, Any]) -> str:
    """One machine; moves between the same two states share an arrow, those that stay are left out."""
    arrows: dict[tuple[str, str], list[str]] = {}
    for source, event, target in machine.moves():
        if source == target:
            continue
        arrows.setdefault((source, target), []).append(event)
    lines = [f"    {source} --> {target}: {', '.join(events)}" for (source, target), events in arrows.items()]
    return "\n".join([f"## {machine.name}", "", "```mermaid", "stateDiagram-v2", *lines, "```", ""])


def document() -> str:
    """The whole file."""
    return "\n".join([HEAD, *(picture(machine) for machine in (CASE, SEAT, RECORDING, TICKET, SCRIPT_VERSION))])


if __name__ == "__main__":
    TARGET.write_text(document(), encoding="utf-8")
