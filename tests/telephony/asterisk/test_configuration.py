"""What config/asterisk becomes when it is installed."""

from __future__ import annotations

import asyncio
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from dialer.telephony.asterisk.ari import Ari
from dialer.telephony.asterisk.configuration import USER, ConfigurationIncomplete, Folders, Ports, Secrets, install
from dialer.telephony.asterisk.instance import PrivateAsterisk, find_program
from tests.telephony.rigs import PARTS, ROOT, TEMPLATES

PORTS = Ports(5060, 8088, 5038, 10000, 10999)


def installed(home: Path, templates: Path = TEMPLATES) -> tuple[Folders, Secrets]:
    folders = Folders.under(home, Path("/modules"), Path("/data"))
    return folders, install(templates, folders, PORTS, "192.0.2.1:5060", bind="192.0.2.9")


def test_every_word_is_filled_in_and_nothing_is_readable_by_others(tmp_path: Path):
    folders, _ = installed(tmp_path)
    files = sorted(folders.config.iterdir())
    assert {file.name for file in TEMPLATES.glob("*.conf")} <= {file.name for file in files}
    assert not [file.name for file in files if re.search(r"@[A-Z_]+@", file.read_text())]
    assert {file.stat().st_mode & 0o777 for file in files} == {0o600}
    assert folders.config.stat().st_mode & 0o777 == 0o700


def test_secrets_are_made_anew_each_time_and_are_long(tmp_path: Path):
    made = [installed(tmp_path / str(number))[1] for number in range(2)]
    secrets = {secret for each in made for secret in (each.ari, each.ami)}
    assert len(secrets) == 4
    assert min(map(len, secrets)) >= 32
    assert not any(secret in repr(made) for secret in secrets)


def test_no_template_holds_a_secret():
    texts = [file.read_text() for file in TEMPLATES.glob("*.conf")]
    given = [found for text in texts for found in re.findall(r"^(?:secret|password) *= *(.+)$", text, re.MULTILINE)]
    assert sorted(given) == ["@AMI_SECRET@", "@ARI_SECRET@"]


def test_everything_that_listens_listens_on_the_named_interface(tmp_path: Path):
    folders, _ = installed(tmp_path)
    lines = [line for file in folders.config.iterdir() for line in file.read_text().splitlines()]
    bound = [line for line in lines if re.match(r"(tls)?bind(addr)? *=", line)]
    assert len(bound) >= 4
    assert all("192.0.2.9" in line for line in bound)


def test_a_word_that_nobody_gives_is_named(tmp_path: Path):
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / "x.conf").write_text("a = @UNHEARD_OF@")
    with pytest.raises(ConfigurationIncomplete, match=r"x\.conf.*UNHEARD_OF"):
        installed(tmp_path / "home", tmp_path / "templates")


def test_the_tool_installs_for_a_system_asterisk_once(tmp_path: Path):
    config = tmp_path / "etc"
    places = [f"--{name}={tmp_path / name}" for name in ("state", "spool", "run", "log")]
    command = [sys.executable, str(ROOT / "tools/asterisk_config.py"), "--carrier=192.0.2.1", f"--config={config}"]
    subprocess.run([*command, *places], check=True, capture_output=True)
    kept = tomllib.loads((config / "dialer.secrets.toml").read_text())
    assert kept["ari_secret"] in (config / "ari.conf").read_text()
    assert kept["ami_secret"] in (config / "manager.conf").read_text()
    assert (config / "dialer.secrets.toml").stat().st_mode & 0o777 == 0o600
    again = subprocess.run([*command, *places], check=False, capture_output=True, text=True)
    assert again.returncode
    assert tomllib.loads((config / "dialer.secrets.toml").read_text()) == kept


@pytest.mark.asterisk
async def test_a_real_asterisk_takes_it_without_a_complaint_and_knows_an_agents_browser(tmp_path: Path):
    program = find_program(PARTS)
    assert program
    private = PrivateAsterisk(program, TEMPLATES, tmp_path / "asterisk", "127.0.0.1:9")
    agents = "[1001](browser)\nauth = 1001\naors = 1001\n[1001](browser-auth)\nusername = 1001\npassword = x\n"
    (private.folders.config / "pjsip_agents.conf").write_text(f"{agents}[1001](browser-aor)\n")
    async with private:
        ari = await Ari(private.url, "test", USER, private.secrets.ari).open()
        known = {endpoint["resource"] for endpoint in await ari.get("/endpoints")}
        stranger = await Ari(private.url, "test", USER, "wrong").open()
        with pytest.raises(Exception, match="401"):
            await stranger.get("/endpoints")
        await asyncio.gather(ari.close(), stranger.close())
    assert known == {"carrier", "phones", "1001"}
    said = (private.folders.log / "messages").read_text()
    complaints = [line for line in said.splitlines() if re.search(r"\b(WARNING|ERROR)\[", line)]
    assert [line for line in complaints if not re.search("Wrong password|authenticat", line)] == []
