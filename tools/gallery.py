# ruff: noqa: INP001  # a script, not a package
"""Writes build/screenshots/index.html: every screen that the browser tests kept, with its other size and the dark."""

from __future__ import annotations

from pathlib import Path

SCREENSHOTS = Path(__file__).parents[1] / "build" / "screenshots"
SHOWN = "-1440x900-light.png"
OTHERS = ("1440x900-dark", "1920x1080-light", "1920x1080-dark")
PAGE = """<!doctype html>
<meta charset="utf-8">
<title>dialer</title>
<style>
body {{ font: 16px sans-serif; margin: 2rem; display: grid; gap: 2rem }}
body {{ grid-template-columns: repeat(auto-fill, minmax(40rem, 1fr)) }}
figure {{ margin: 0 }} img {{ width: 100%; border: 1px solid #999 }}
</style>
{figures}
"""


def figure(name: str) -> str:
    """One screen."""
    others = " · ".join(f'<a href="{name}-{other}.png">{other}</a>' for other in OTHERS)
    shown = f"{name}{SHOWN}"
    picture = f'<a href="{shown}"><img src="{shown}" alt="{name}"></a>'
    return f"<figure>{picture}<figcaption>{name} · {others}</figcaption></figure>"


def gallery(folder: Path) -> Path:
    """Write the page; where it is."""
    names = sorted(file.name.removesuffix(SHOWN) for file in folder.glob(f"*{SHOWN}"))
    folder.mkdir(parents=True, exist_ok=True)
    index = folder / "index.html"
    index.write_text(PAGE.format(figures="\n".join(map(figure, names))), encoding="utf-8")
    return index


if __name__ == "__main__":
    print(gallery(SCREENSHOTS))  # noqa: T201  # where to look
