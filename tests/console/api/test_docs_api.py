"""docs/api.md is true: its examples are run against the API, and give what it says."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
from pathlib import Path

from dialer.domain.api_token import Scope
from dialer.domain.webhook import Announcement
from tests.builders import at
from tests.conftest import require
from tests.console.desk import Console

TEXT = (Path(__file__).parents[3] / "docs" / "api.md").read_text()
EXAMPLES = re.findall(r"```sh\n(.*?)```(?:\n\n```json\n(.*?)```)?", TEXT, re.DOTALL)


def _documents(text: str) -> list[object]:
    """The JSON values that stand one after another."""
    decoder, found, rest = json.JSONDecoder(), [], text.strip()
    while rest:
        value, end = decoder.raw_decode(rest)
        found.append(value)
        rest = rest[end:].strip()
    return found


async def test_its_examples_give_what_it_says(console: Console, core, tmp_path: Path) -> None:
    require("curl", available=shutil.which("curl") is not None, how="install curl")
    console.site.now = at(19)
    address = str(console.server.make_url("")).rstrip("/")
    assert len(EXAMPLES) >= 5
    for commands, said in EXAMPLES:
        run = await asyncio.create_subprocess_exec(
            "bash", "-ec", commands, cwd=tmp_path, env={**os.environ, "DIALER": address, "TOKEN": core.token},
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        out, err = await run.communicate()
        assert (run.returncode, err) == (0, b"")
        assert _documents(out.decode()) == _documents(said)
    assert json.loads((tmp_path / "case.json").read_text())["state"] == "CLOSED_CANCELLED"
    assert [case["policy_no"] for case in json.loads((tmp_path / "changes.json").read_text())["cases"]] == [
        "P2026000001"
    ]


def test_it_names_every_scope_and_every_kind_of_message() -> None:
    assert [word for word in (*Scope, *Announcement) if f"`{word}`" not in TEXT] == []
