"""What the import contracts can't say: the story and the rules know no machinery, and every framework has one home."""

from __future__ import annotations

import ast
import re
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "dialer"

INNER_RING = ("domain", "ports", "usecases")
PURE_LIBRARIES = {"phonenumbers", "pyotp"}
MACHINERY = {  # of the standard library: timeouts, threads, files and sockets belong to callers and adapters
    "asyncio",
    "concurrent",
    "http",
    "multiprocessing",
    "os",
    "select",
    "shutil",
    "signal",
    "socket",
    "sqlite3",
    "ssl",
    "subprocess",
    "tempfile",
    "threading",
    "time",
    "urllib",
}
HOMES = {
    "aiohttp": {"console", "demo", "telephony", "webhooks"},
    "aiosqlite": {"storage"},
    "alembic": {"storage"},
    "apscheduler": {"timers"},
    "asterisk": {"telephony"},
    "asyncpg": {"storage"},
    "babel": {"console"},
    "imageio_ffmpeg": {"recording"},
    "jinja2": {"console"},
    "openpyxl": {"demo", "importing"},
    "pjsua2": {"demo", "telephony"},
    "pydub": {"recording"},
    "pyotp": {"domain"},
    "python_calamine": {"importing"},
    "rich": {"cli", "demo"},
    "segno": {"console"},
    "sqlalchemy": {"storage"},
    "typer": {"cli"},
    "yaml": {"calendars", "products", "scripts_yaml"},
}


def _home(source: Path) -> str:
    """The top-level module a file belongs to: dialer/storage/tables.py is in storage."""
    return source.relative_to(PACKAGE).parts[0].removesuffix(".py")


def _imports(source: Path) -> set[str]:
    """The top-level names a file imports, wherever in the file."""
    nodes = list(ast.walk(ast.parse(source.read_text())))
    plain = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    taken_from = {node.module for node in nodes if isinstance(node, ast.ImportFrom) and node.module and not node.level}
    return {name.partition(".")[0] for name in plain | taken_from}


IMPORTS = {source: _imports(source) for source in sorted(PACKAGE.rglob("*.py"))}


@pytest.mark.parametrize("ring", INNER_RING)
def test_the_inner_ring_imports_no_machinery(ring: str) -> None:
    allowed = (set(sys.stdlib_module_names) - MACHINERY) | PURE_LIBRARIES | {"dialer"}
    foreign = {str(source): names - allowed for source, names in IMPORTS.items() if _home(source) == ring}
    assert {source: names for source, names in foreign.items() if names} == {}


@pytest.mark.parametrize("framework", sorted(HOMES))
def test_a_framework_stays_in_its_home(framework: str) -> None:
    importers = {_home(source) for source, names in IMPORTS.items() if framework in names}
    assert importers <= HOMES[framework]


def _loose_topics(source: Path) -> set[int]:
    """The lines that signal, or wait for, something else than a name of `dialer.ports.topics`."""
    calls = [node for node in ast.walk(ast.parse(source.read_text())) if isinstance(node, ast.Call)]
    heard = [node for node in calls if isinstance(node.func, ast.Attribute) and node.func.attr in ("notify", "wait")]
    return {each.lineno for node in heard for each in node.args if isinstance(each, ast.JoinedStr) or _is_text(each)}


def _is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


@pytest.mark.parametrize("folder", [PACKAGE, PACKAGE.parent / "bench"], ids=["product", "bench"])
def test_no_topic_is_a_loose_string(folder: Path) -> None:
    loose = {str(source): _loose_topics(source) for source in folder.rglob("*.py")}
    assert {source: lines for source, lines in loose.items() if lines} == {}


@pytest.mark.parametrize(
    ("folder", "above"),
    [("dialer", {"trials", "bench", "tests"}), ("trials", {"bench", "tests"}), ("bench", {"tests"})],
)
def test_tests_stand_on_benches_benches_on_trials_and_trials_on_the_product(folder: str, above: set[str]) -> None:
    upward = {str(source): _imports(source) & above for source in (PACKAGE.parent / folder).rglob("*.py")}
    assert {source: names for source, names in upward.items() if names} == {}


def test_the_table_of_contents_names_every_chapter_once() -> None:
    chapters = PACKAGE / "usecases"
    named = re.findall(r"`(\w+)`", ast.get_docstring(ast.parse((chapters / "__init__.py").read_text())) or "")
    assert sorted(named) == sorted(source.stem for source in chapters.glob("*.py") if source.stem != "__init__")
