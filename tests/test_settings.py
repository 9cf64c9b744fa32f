"""The settings file is complete and true, and a wrong one is refused with the nearest right key."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from pydantic import BaseModel

from dialer.settings import Settings, SettingsInvalid, load_settings

CONFIG = Path(__file__).parents[1] / "config" / "dialer.toml"


def keys_of(model: BaseModel) -> dict[str, object]:
    values = {name: getattr(model, name) for name in type(model).model_fields}
    return {
        name: keys_of(value) if isinstance(value, BaseModel) else {} if isinstance(value, dict) else None
        for name, value in values.items()
    }


def keys_in(content: dict[str, object]) -> dict[str, object]:
    return {name: keys_in(value) if isinstance(value, dict) else None for name, value in content.items()}


def test_the_example_shows_every_setting_with_its_default() -> None:
    assert load_settings(CONFIG) == Settings()
    assert keys_in(tomllib.loads(CONFIG.read_text())) == keys_of(Settings())


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (
            "[dial]\nring_second = 30",
            "dial.ring_second: 未知的设置项 · unknown key; 是否应为 · did you mean ring_seconds?",
        ),
        ("[dail]\nring_seconds = 30", "did you mean dial?"),
        ("[dial]\nring_seconds = 0", "dial.ring_seconds = 0"),
        ("[dial\n", "not valid TOML"),
        ("[provinces.44]\nminimum_rate = 1.5", "provinces.44.minimum_rate = 1.5"),
    ],
)
def test_a_wrong_setting_is_refused_and_the_nearest_right_one_named(tmp_path: Path, content: str, told: str) -> None:
    file = tmp_path / "dialer.toml"
    file.write_text(content)
    with pytest.raises(SettingsInvalid) as refused:
        load_settings(file)
    assert told in str(refused.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsInvalid, match="not found"):
        load_settings(tmp_path / "none.toml")
