"""The demonstration's settings: config/demo.toml, in a folder of its own, with the simulated carrier as the trunk."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import time
from pathlib import Path
from typing import Any

from dialer.settings import AsteriskNodeSettings, PhoneSystem, Settings, load_settings
from dialer.telephony.asterisk.instance import PrivateAsterisk

PROFILE = Path("config/demo.toml")
_OURS = ("paths", "storage", "telephony", "asterisk", "console")
"""Sections that differ because the demonstration has a folder, ports and a carrier of its own."""


def demo_settings(folder: Path, carrier: str, seats: int, port: int | None) -> Settings:
    """The profile, at home in `folder`. Raises SettingsInvalid."""
    profile = load_settings(PROFILE)
    places = {
        "spool": folder / "spool",
        "sealed": folder / "sealed",
        "attachments": folder / "attachments",
        "data_key": folder / "data.key",
    }
    return profile.model_copy(
        update={
            "paths": profile.paths.model_copy(update=places),
            "storage": profile.storage.model_copy(update={"url": f"sqlite+aiosqlite:///{folder / 'dialer.db'}"}),
            "telephony": profile.telephony.model_copy(update={"carrier": carrier, "max_seats": seats}),
            "console": profile.console.model_copy(update={} if port is None else {"port": port}),
        }
    )


def on_asterisk(settings: Settings, asterisk: PrivateAsterisk) -> Settings:
    """The same settings with this Asterisk as the phone system."""
    node = AsteriskNodeSettings(
        url=asterisk.url,
        ami=f"{asterisk.bind}:{asterisk.ports.ami}",
        secrets=asterisk.secrets_file,
        cel=asterisk.folders.cel,
        websocket=asterisk.websocket,
        browsers=asterisk.browsers_file,
    )
    return settings.model_copy(
        update={
            "telephony": settings.telephony.model_copy(update={"engine": PhoneSystem.ASTERISK}),
            "asterisk": settings.asterisk.model_copy(update={"nodes": (node,)}),
        }
    )


def differences(settings: Settings) -> list[str]:
    """What is not as in production, in words for the screen: `recording.min_seconds = 3.0 (60.0)`."""
    usual, ours = Settings().model_dump(), settings.model_dump()
    return [
        f"{section}.{key} = {value} ({usual[section][key]})"
        for section, values in ours.items()
        for key, value in values.items()
        if section not in _OURS and value != usual[section][key]
    ]


def write_settings(settings: Settings, path: Path) -> None:
    """The settings as a file that `dialer verify --config` and the other commands read."""
    path.write_text("\n".join(_lines(settings.model_dump())) + "\n", encoding="utf-8")


def _lines(settings: dict[str, Any]) -> Iterator[str]:
    for section, values in settings.items():
        yield f"[{section}]"
        yield from (f"{key} = {_toml(value)}" for key, value in values.items())


def _toml(value: object) -> str:
    if isinstance(value, time):
        return value.isoformat()
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key} = {_toml(each)}" for key, each in value.items()) + "}"
    if isinstance(value, tuple):
        return "[" + ", ".join(map(_toml, value)) + "]"
    return json.dumps(str(value) if isinstance(value, Path) else value, ensure_ascii=False)
