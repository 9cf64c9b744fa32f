"""The whole product over a real Asterisk: the demonstration, small."""

from __future__ import annotations

from pathlib import Path

import pytest
from rich.console import Console

from dialer.demo.run import DemoOptions, run_demo
from dialer.settings import PhoneSystem

pytestmark = [pytest.mark.asterisk, pytest.mark.slow]


async def test_the_demonstration_on_asterisk_loses_nothing(tmp_path: Path, monkeypatch):
    monkeypatch.chdir(Path(__file__).parents[3])  # it reads config/ and scripts/ where it stands
    options = DemoOptions(policies=5, until_done=True, folder=tmp_path, port=0, engine=PhoneSystem.ASTERISK)
    with (tmp_path / "screen").open("w") as screen:
        assert await run_demo(options, Console(file=screen, width=120)) == 0
    assert "telephony.dialled" in (tmp_path / "dialer.log").read_text()
