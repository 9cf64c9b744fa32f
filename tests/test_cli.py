"""What the commands say when they refuse."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from dialer import cli

ROOT = Path(__file__).parents[1]


def test_a_refusal_is_said_in_both_languages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "dialer.toml"
    places = {"calendars": "config/calendars", "products": "config/products", "scripts": "scripts"}
    config.write_text("[paths]\n" + "".join(f'{name} = "{ROOT / place}"\n' for name, place in places.items()))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("typer.prompt", lambda *_asked, **_how: "correct horse battery")
    command = ["dialer", "admin", "create", "hq", "--role", "HQ_ADMIN", "--org", "44", "--config", str(config)]
    monkeypatch.setattr(sys, "argv", command)
    with pytest.raises(SystemExit) as left:
        cli.main()
    assert left.value.code == 1
    told = capsys.readouterr().err
    assert told.startswith("WHOLE_COMPANY_ONLY: an account of role HQ_ADMIN works for the whole company")
    assert "该岗位负责全公司：机构请留空" in told
