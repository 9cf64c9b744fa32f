"""The newcomer's door on machines that aren't as we wish: one clear line, and nothing half made."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


def _machine_with(folder: Path, **pythons: str) -> dict[str, str]:
    """An environment whose PATH has sh, make and these Pythons, each saying what it is, and nothing else."""
    for program in ("sh", "make"):
        (folder / program).symlink_to(str(shutil.which(program)))
    for name, version in pythons.items():
        (folder / name.replace("_", ".")).write_text(f"#!/bin/sh\necho {version}\n")
        (folder / name.replace("_", ".")).chmod(0o755)
    return {**os.environ, "PATH": str(folder), "MAKEFLAGS": ""}


def _make_env(machine: dict[str, str], venv: Path) -> subprocess.CompletedProcess[str]:
    command = [machine["PATH"] + "/make", "env", f"VENV={venv}"]
    return subprocess.run(command, cwd=ROOT, env=machine, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("pythons", "seen"),
    [
        ({"python3": "cpython 3.13"}, "python3 = cpython 3.13"),
        ({"python3": "cpython 3.9"}, "python3 = cpython 3.9"),
        ({"python3_12": "pypy 3.12"}, "python3.12 = pypy 3.12"),
        ({}, "none"),
    ],
)
def test_an_unsuitable_python_is_named_with_those_that_work(tmp_path: Path, pythons: dict[str, str], seen: str) -> None:
    programs = tmp_path / "programs"
    programs.mkdir()
    done = _make_env(_machine_with(programs, **pythons), tmp_path / "venv")
    assert done.returncode != 0
    english, chinese, *_ = done.stderr.splitlines()
    assert "CPython 3.11 or 3.12" in english
    assert seen in english
    assert "需要 CPython 3.11 或 3.12" in chinese
    assert not (tmp_path / "venv").exists()


def test_no_lock_file_names_a_package_index() -> None:
    for lock in ("requirements.lock", "package-lock.json"):
        assert "://" not in (ROOT / lock).read_text()


def test_clean_removes_what_git_ignores_but_databases_and_recordings(tmp_path: Path) -> None:
    shutil.copy(ROOT / "Makefile", tmp_path)
    ignored = [line for line in (ROOT / ".gitignore").read_text().split() if line.endswith("/")]
    folders = [tmp_path / line.replace("*", "dialer") for line in ignored]
    folders += [tmp_path / "tools" / "__pycache__", tmp_path / "recordings" / "sealed"]
    for folder in folders:
        folder.mkdir(parents=True, exist_ok=True)
    subprocess.run(["make", "clean"], cwd=tmp_path, check=True)
    assert {folder for folder in folders if folder.exists()} == {tmp_path / "var", tmp_path / "recordings" / "sealed"}
