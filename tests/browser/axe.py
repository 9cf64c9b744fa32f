"""axe-core on the page that is open: what a person who sees or steers otherwise would stumble over (WCAG 2.1 AA)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.browser.chromium import Page

_SOURCE = Path(__file__).parents[2] / "node_modules" / "axe-core" / "axe.min.js"
_RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]


async def stumbling_blocks(page: Page) -> list[str]:
    """One line for each violation and place; empty when there is none."""
    if not await page.ask("typeof axe !== 'undefined'"):
        await page.tab.evaluate(_SOURCE.read_text())  # by the debugger: the page's own policy lets no script in
    found: dict[str, Any] = await page.tab.evaluate(
        "rules => axe.run(document, {runOnly: rules, resultTypes: ['violations']})", _RULES
    )
    return [
        f"{each['id']} at {' '.join(map(str, node['target']))}: {_why(node)}"
        for each in found["violations"]
        for node in each["nodes"]
    ]


def _why(node: dict[str, Any]) -> str:
    return " ".join(str(node["failureSummary"]).split())
