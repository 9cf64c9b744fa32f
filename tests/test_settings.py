"""The settings file is complete and true, and a wrong one is refused with the nearest right key."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from dialer.settings import Settings, SettingsInvalid, load_settings

CONFIG = Path(__file__).parents[1] / "config" / "dialer.toml"


def keys_in(content: object) -> object:
    """The keys of a settings file, section by section; of a list of sections those of each."""
    if isinstance(content, dict):
        return {name: keys_in(value) for name, value in content.items()}
    if isinstance(content, list | tuple) and any(isinstance(each, dict) for each in content):
        return [keys_in(each) for each in content]
    return None


def test_the_example_shows_every_setting_with_its_default() -> None:
    assert load_settings(CONFIG) == Settings()
    assert keys_in(tomllib.loads(CONFIG.read_text())) == keys_in(Settings().model_dump())


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
        ("[provinces.44]\nminimum_rates = 1", "provinces.44.minimum_rates: 未知的设置项 · unknown key; 是否应为"),
        ("[asterisk]\nnodes = []", "asterisk.nodes = []"),
        (
            "[[asterisk.nodes]]\nulr = 'http://a:1'",
            "asterisk.nodes.0.ulr: 未知的设置项 · unknown key; 是否应为 · did you",
        ),
        ("[[asterisk.nodes]]\nurl = 'http://a:1/ari'", "asterisk.nodes.0.url = 'http://a:1/ari': String should match"),
        ("[[asterisk.nodes]]\nami = 'localhost'", "asterisk.nodes.0.ami = 'localhost': String should match"),
        ("[[asterisk.nodes]]\ncapacity = 0", "asterisk.nodes.0.capacity = 0"),
        ("[[asterisk.nodes]]\nfetch = true", "spool must be Asterisk's folder of recordings"),
        ("[[asterisk.nodes]]\nname = 'a b'", "asterisk.nodes.0.name = 'a b'"),
        ("[[asterisk.nodes]]\n[[asterisk.nodes]]\nname = 'b'", "several nodes have the url http://127.0.0.1:8088"),
        ("[[asterisk.nodes]]\n[[asterisk.nodes]]", "several nodes have the name asterisk: each needs its own"),
    ],
)
def test_a_wrong_setting_is_refused_and_the_nearest_right_one_named(tmp_path: Path, content: str, told: str) -> None:
    file = tmp_path / "dialer.toml"
    file.write_text(content)
    with pytest.raises(SettingsInvalid) as refused:
        load_settings(file)
    assert told in str(refused.value)


def test_each_asterisk_has_a_section_of_its_own(tmp_path: Path) -> None:
    file = tmp_path / "dialer.toml"
    file.write_text(
        """
        [[asterisk.nodes]]
        name = "north"
        url = "http://192.0.2.1:8088"
        ami = "192.0.2.1:5038"
        cel = "/mnt/north/dialer.csv"
        capacity = 200
        [[asterisk.nodes]]
        name = "south"
        """
    )
    north, south = load_settings(file).asterisk.nodes
    assert (north.name, north.capacity, south.name, south.capacity) == ("north", 200, "south", 120)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsInvalid, match="not found"):
        load_settings(tmp_path / "none.toml")
