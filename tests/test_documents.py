"""Documents are true: what they name exists, and what users can meet is named in them."""

from __future__ import annotations

import ast
import re
import runpy
import subprocess
import sys
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
GLOSSARY = (ROOT / "docs/glossary.md").read_text()
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
SOURCES = sorted([*(ROOT / "dialer").rglob("*.py"), *(ROOT / "tests").rglob("*.py")])

COMMANDS = sorted({*re.findall(r"`dialer ([a-z]+)", README), "serve", "demo", "import", "verify", "why"})
IN_GLOSSARY_WHOLE = (
    "CaseState",
    "TicketState",
    "RecordingState",
    "SeatState",
    "ProblemLevel",
    "ProblemType",
    "Outcome",
    "Role",
)


def _members(definition: ast.ClassDef) -> list[str]:
    assignments = [line for line in definition.body if isinstance(line, ast.Assign)]
    return [target.id for line in assignments for target in line.targets if isinstance(target, ast.Name)]


def _names_in(source: Path) -> dict[str, list[str]]:
    definitions = [node for node in ast.parse(source.read_text()).body if isinstance(node, ast.ClassDef)]
    return {definition.name: _members(definition) for definition in definitions}


TYPES = {name: members for source in (ROOT / "dialer").rglob("*.py") for name, members in _names_in(source).items()}
IGNORED = (ROOT / ".gitignore").read_text().split()
IN_GLOSSARY = re.findall(r"\| `([\w.]+)` \|$", GLOSSARY, re.MULTILINE)


@pytest.mark.parametrize("name", IN_GLOSSARY)
def test_a_type_that_the_glossary_names_exists(name: str) -> None:
    type_name, _, member = name.partition(".")
    assert type_name in TYPES
    assert not member or member in TYPES[type_name]


@pytest.mark.parametrize("type_name", IN_GLOSSARY_WHOLE)
def test_every_word_a_user_can_meet_is_in_the_glossary(type_name: str) -> None:
    assert {f"{type_name}.{member}" for member in TYPES[type_name]} <= set(IN_GLOSSARY)


def test_the_pictures_of_the_machines_are_those_of_the_code() -> None:
    drawn = runpy.run_path(str(ROOT / "tools" / "draw_machines.py"))["document"]()
    assert (ROOT / "docs" / "machines.md").read_text() == drawn, "make pictures"


def test_the_glossary_says_nothing_twice() -> None:
    assert len(IN_GLOSSARY) == len(set(IN_GLOSSARY))


def test_what_the_readme_makes_can_be_made() -> None:
    targets = set(re.findall(r"^([a-z]+):.*## ", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert {"demo", "test", "check", "help"} <= targets
    assert set(re.findall(r"(?:^|`)make ([a-z]+)", README, re.MULTILINE)) <= targets


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_that_the_readme_names_exists(command: str) -> None:
    run = "import sys; from dialer.cli import main; sys.exit(main())"
    done = subprocess.run([sys.executable, "-c", run, command, "--help"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def _here(folder: Path) -> Iterator[str]:
    """What a reader finds in a folder, as the README writes it: `bench/`, `timers.py`; not what starts with a point."""
    for path in folder.iterdir():
        name = f"{path.name}/" if path.is_dir() else path.name
        if not name.startswith((".", "__")) and not any(fnmatch(name, pattern) for pattern in IGNORED):
            yield name


def test_the_tree_in_the_readme_names_every_folder_and_every_module() -> None:
    tree = README.partition("## Where things are")[2].split("```")[1]
    folders = re.findall(r"^(\S+)  ", tree, re.MULTILINE)
    modules = re.findall(r"^  (\S+)  ", tree, re.MULTILINE)
    assert sorted(folders) == sorted(name for name in {*_here(ROOT), "recordings/"} if name.endswith("/"))
    assert sorted(modules) == sorted(name for name in _here(ROOT / "dialer") if name.endswith(("/", ".py")))


@pytest.mark.parametrize("index", ["docs/README.md", "docs/desks/README.md"])
def test_an_index_of_documents_leads_to_each(index: str) -> None:
    folder = (ROOT / index).parent
    links = re.findall(r"\]\(([^)#]+)\)", (ROOT / index).read_text())
    assert {path.name for path in folder.glob("*.md")} - {"README.md"} <= set(links)


def test_a_picture_that_the_gallery_names_is_taken() -> None:
    gallery = (ROOT / "docs/desks/README.md").read_text()
    named = {
        name for cell in re.findall(r"\| ([^|]+) \|$", gallery, re.MULTILINE) for name in re.findall("`(.+?)`", cell)
    }
    tests = "".join(file.read_text() for file in (ROOT / "tests/browser").glob("test_*.py"))
    assert len(named) > 10
    assert named <= set(re.findall(r'keep\(\w+, "([^"]+)"\)', tests))


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_inside_the_repository_leads_somewhere(document: Path) -> None:
    links = re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", document.read_text())
    missing = [link for link in links if "://" not in link and not (document.parent / link).exists()]
    assert missing == []


def test_a_line_of_the_changelog_stands_once_and_under_a_heading() -> None:
    unreleased = (ROOT / "CHANGELOG.md").read_text().partition("## Unreleased\n")[2]
    introduction, *sections = re.split(r"^### ", unreleased, flags=re.MULTILINE)
    bullets = [line[:50] for section in sections for line in section.splitlines() if line.startswith("- ")]
    assert "\n- " not in introduction
    assert sorted(set(bullets)) == sorted(bullets)
    assert len({section.partition("\n")[0] for section in sections}) == len(sections)


def test_every_section_of_the_rules_that_code_cites_exists() -> None:
    rules = (ROOT / "docs/rules.md").read_text()
    sections = set(re.findall(r"^#+ (\d+(?:\.\d+)*)\b", rules, re.MULTILINE))
    cited = {
        (number, str(source.relative_to(ROOT)))
        for source in SOURCES
        for citation in re.findall(r"rules (§[\d§., -]+)", source.read_text())
        for number in re.findall(r"\d+(?:\.\d+)*", citation)
    }
    assert len(cited) > 20
    assert {(number, where) for number, where in cited if number not in sections} == set()


def test_decisions_are_numbered_without_a_gap() -> None:
    numbers = [int(path.name[:4]) for path in sorted((ROOT / "docs/decisions").glob("*.md"))]
    assert numbers == list(range(1, len(numbers) + 1))
