"""Every setting in force: what it means, what it is, and whether the site changed it. They live in the file."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from aiohttp import web
from pydantic import BaseModel

from dialer.console.pages import page
from dialer.console.routes import Route
from dialer.console.site import site_of
from dialer.domain.user import Permission
from dialer.settings import Settings

_PASSWORD_IN_URL = re.compile(r"(://[^:/@]*:)[^@]*@")
_SECRET = re.compile(r"secret|password|token|_key$", re.IGNORECASE)
_HIDDEN = "•••"


@dataclass(frozen=True, slots=True)
class SettingLine:
    """One setting: `key` as the file writes it, `meaning` the key of its words, values as the file would say them."""

    key: str
    meaning: str
    value: str
    default: str

    @property
    def changed(self) -> bool:
        """Whether the site decided otherwise than the product."""
        return self.value != self.default


def lines(settings: Settings) -> dict[str, list[SettingLine]]:
    """All settings by section; a list's entries and a province each under its own name."""
    defaults = Settings()
    return {
        name: list(_section(getattr(settings, name), getattr(defaults, name), name, name))
        for name in Settings.model_fields
    }


def _section(given: Any, default: Any, key: str, meaning: str) -> Iterator[SettingLine]:  # noqa: ANN401 - a setting is of any type
    if isinstance(given, BaseModel):
        for name in type(given).model_fields:
            beside = getattr(default, name) if isinstance(default, BaseModel) else None
            yield from _section(getattr(given, name), beside, f"{key}.{name}", f"{meaning}.{name}")
    elif isinstance(given, dict):
        for name, value in given.items():
            yield from _section(value, None, f"{key}.{name}", meaning)
    elif isinstance(given, tuple) and given and isinstance(given[0], BaseModel):
        usual = default[0] if isinstance(default, tuple) and default else type(given[0])()
        for number, value in enumerate(given, 1):
            yield from _section(value, usual, f"{key}[{number}]", meaning)
    else:
        yield SettingLine(key, meaning, _told(key, given), _told(key, default))


def _told(key: str, value: object) -> str:
    """As people read it; a secret is never told."""
    if value is None:
        return ""
    if isinstance(value, tuple | list):
        return "、".join(map(str, value))
    if isinstance(value, bool):
        return str(value).lower()
    if value and isinstance(value, str) and _SECRET.search(key):
        return _HIDDEN
    return _PASSWORD_IN_URL.sub(rf"\1{_HIDDEN}@", str(value))


async def show_settings(request: web.Request) -> web.Response:
    """The page."""
    sections = lines(site_of(request).settings)
    return page(request, "administration/settings.html", sections=sections)


ROUTES = (Route("GET", "/settings", Permission.SEE_SETTINGS, show_settings),)
