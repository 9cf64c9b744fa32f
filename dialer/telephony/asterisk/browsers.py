"""Agents' browsers as phones: one endpoint each, made from the templates in `config/asterisk/pjsip.conf`."""

from __future__ import annotations

import re
import secrets
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path

from dialer.domain.errors import DialerError

PASSWORDS = "agents.secrets.toml"
_NAME = re.compile(r"[A-Za-z0-9_-]{1,40}")
_SECTION = re.compile(r"^\[([^\]]+)\]", re.MULTILINE)
_SECRET_BYTES = 24
_ENDPOINT = """\
[{name}](browser)
auth = {name}
aors = {name}
[{name}](browser-auth)
username = {name}
password = {password}
[{name}](browser-aor)
"""


class AgentNameUnusable(DialerError):
    """A browser's phone can't have this name: other letters than A-Z a-z 0-9 _ -, or one that pjsip.conf uses."""

    code = "AGENT_NAME_UNUSABLE"


def add_browsers(config: Path, names: Iterable[str]) -> Mapping[str, str]:
    """Give every named agent who has none an endpoint and a password, in an installed configuration.

    Returns everybody's passwords, as `agents.secrets.toml` beside it keeps them. Raises AgentNameUnusable.
    """
    taken = set(_SECTION.findall((config / "pjsip.conf").read_text()))
    for name in names:
        if not _NAME.fullmatch(name) or name in taken:
            raise AgentNameUnusable(f"not usable as the name of an agent's phone: {name!r}")
    kept = read_passwords(config / PASSWORDS)
    passwords = {**{name: secrets.token_urlsafe(_SECRET_BYTES) for name in names}, **kept}
    lines = (f'{name} = "{password}"\n' for name, password in passwords.items())
    _write(config / PASSWORDS, "".join(lines))
    endpoints = (_ENDPOINT.format(name=name, password=password) for name, password in passwords.items())
    _write(config / "pjsip_agents.conf", "".join(endpoints))
    return passwords


def read_passwords(file: Path) -> dict[str, str]:
    """Every agent's password in an `agents.secrets.toml`; nobody's before the first agent is added."""
    return tomllib.loads(file.read_text()) if file.exists() else {}


def _write(file: Path, text: str) -> None:
    file.touch(mode=0o600)
    file.write_text(text)
