"""The whole demonstration in small: real SIP, real HTTP, a real database, and a day that passes in a minute."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
import structlog
from rich.console import Console

from dialer.demo.profile import demo_settings, differences, write_settings
from dialer.demo.run import DemoOptions, run_demo
from dialer.settings import load_settings

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def _at_home(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(ROOT)
    yield
    if structlog.is_configured():
        structlog.get_config()["logger_factory"]._file.close()
    structlog.reset_defaults()


@pytest.mark.sip
@pytest.mark.slow
async def test_a_small_demonstration_ends_by_itself_with_nothing_lost(tmp_path: Path):
    screen = io.StringIO()
    options = DemoOptions(
        policies=6, days=1, seats=2, until_done=True, json_path=tmp_path / "out.json", folder=tmp_path / "demo"
    )
    assert await run_demo(options, Console(file=screen, width=120)) == 0

    counts = json.loads((tmp_path / "out.json").read_text())
    assert counts["lost"] == 0
    assert counts["policies"] == sum(counts["cases"].values()) == 6
    assert counts["calls"] == counts["invites"] >= 5
    assert counts["cases"]["CLOSED_SUCCESS"] == counts["attempts"]["SUCCESS"] == counts["talks"] >= 2
    assert set(counts["recordings"]) == {"SEALED"}
    assert "recording.min_seconds = 3.0 (60.0)" in screen.getvalue()
    assert "cc-agent" in screen.getvalue()
    assert len(list((tmp_path / "demo" / "sealed").rglob("*.*"))) >= counts["recordings_sealed"]


def test_the_screen_names_every_setting_that_is_not_as_in_production(tmp_path: Path):
    named = {each.partition(" ")[0] for each in differences(demo_settings(tmp_path, "127.0.0.1:1", 3, None))}
    assert named == {"dial.ring_seconds", "recording.min_seconds", "recording.min_free_mb"}


def test_the_demonstrations_settings_can_be_used_by_the_other_commands(tmp_path: Path):
    settings = demo_settings(tmp_path, "127.0.0.1:1", 3, 8123)
    write_settings(settings, tmp_path / "dialer.toml")
    assert load_settings(tmp_path / "dialer.toml") == settings
    assert settings.console.port == 8123
