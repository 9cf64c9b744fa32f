"""What config/asterisk becomes when it is installed."""

from __future__ import annotations

import asyncio
import ipaddress
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from cryptography import x509

from dialer.telephony.asterisk.ari import Ari
from dialer.telephony.asterisk.certificate import CERTIFICATE, KEY
from dialer.telephony.asterisk.configuration import USER, ConfigurationIncomplete, Folders, Ports, Secrets, install
from dialer.telephony.asterisk.instance import PrivateAsterisk, find_program
from tests.telephony.rigs import PARTS, ROOT, TEMPLATES

PORTS = Ports(5060, 8088, 5038, 10000, 10999, 5061, 8089)


def installed(home: Path, templates: Path = TEMPLATES) -> tuple[Folders, Secrets]:
    folders = Folders.under(home, Path("/modules"), Path("/data"))
    return folders, install(templates, folders, PORTS, "192.0.2.1:5060", bind="192.0.2.9")


def test_every_word_is_filled_in_and_nothing_is_readable_by_others(tmp_path: Path):
    folders, _ = installed(tmp_path)
    files = sorted(folders.config.glob("*.conf"))
    assert {file.name for file in TEMPLATES.glob("*.conf")} <= {file.name for file in files}
    assert not [file.name for file in files if re.search(r"@[A-Z_]+@", file.read_text())]
    assert {file.stat().st_mode & 0o777 for file in files} == {0o600}
    assert folders.config.stat().st_mode & 0o777 == 0o700
    assert (folders.config / "tls" / KEY).stat().st_mode & 0o777 == 0o600


def test_secrets_are_made_anew_each_time_and_are_long(tmp_path: Path):
    made = [installed(tmp_path / str(number))[1] for number in range(2)]
    secrets = {secret for each in made for secret in (each.ari, each.ami)}
    assert len(secrets) == 4
    assert min(map(len, secrets)) >= 32
    assert not any(secret in repr(made) for secret in secrets)


def test_the_certificate_names_the_interface_has_a_key_of_its_own_and_is_left_when_it_is_there(tmp_path: Path):
    made = [installed(tmp_path / str(number))[0].config / "tls" for number in range(2)]
    keys = [(folder / KEY).read_bytes() for folder in made]
    assert keys[0] != keys[1]
    certificate = x509.load_pem_x509_certificate((made[0] / CERTIFICATE).read_bytes())
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.IPAddress) == [ipaddress.ip_address("192.0.2.9")]
    installed(tmp_path / "0")
    assert (made[0] / KEY).read_bytes() == keys[0]


def test_no_template_holds_a_secret():
    texts = [file.read_text() for file in TEMPLATES.glob("*.conf")]
    given = [found for text in texts for found in re.findall(r"^(?:secret|password) *= *(.+)$", text, re.MULTILINE)]
    assert sorted(given) == ["@AMI_SECRET@", "@ARI_SECRET@"]


def test_everything_that_listens_listens_on_the_named_interface(tmp_path: Path):
    folders, _ = installed(tmp_path)
    lines = [line for file in folders.config.glob("*.conf") for line in file.read_text().splitlines()]
    bound = [line for line in lines if re.match(r"(tls)?bind(addr)? *=", line)]
    assert len(bound) >= 6
    assert all("192.0.2.9" in line for line in bound)


def test_all_interfaces_at_once_are_refused(tmp_path: Path):
    for everywhere in ("0.0.0.0", "::", "eth0"):  # noqa: S104  # it is what must not be
        refused = the_tool(tmp_path, "--carrier=192.0.2.1", f"--bind={everywhere}")
        assert "argument --bind" in refused.stderr
        assert not (tmp_path / "config").exists()


def test_a_dialer_on_another_machine_is_let_in_when_it_is_named(tmp_path: Path):
    assert the_tool(tmp_path, "--carrier=192.0.2.1", "--dialers", "192.0.2.20", "192.0.2.21").returncode == 0
    assert "\npermit = 127.0.0.1/32,192.0.2.20/32,192.0.2.21/32\n" in (tmp_path / "config/manager.conf").read_text()


def test_browsers_are_offered_sound_on_the_named_interface_alone(tmp_path: Path):
    folders, _ = installed(tmp_path)
    lines = (folders.config / "rtp.conf").read_text().splitlines()
    at = lines.index("ice_deny = 0.0.0.0/0.0.0.0")
    assert lines[at + 1] == "ice_permit = 192.0.2.9/255.255.255.255"


def test_a_word_that_nobody_gives_is_named(tmp_path: Path):
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / "x.conf").write_text("a = @UNHEARD_OF@")
    with pytest.raises(ConfigurationIncomplete, match=r"x\.conf.*UNHEARD_OF"):
        installed(tmp_path / "home", tmp_path / "templates")


def the_tool(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    places = [f"--{name}={home / name}" for name in ("config", "state", "spool", "run", "log")]
    command = [sys.executable, str(ROOT / "tools/asterisk_config.py"), *arguments, *places]
    return subprocess.run(command, check=False, capture_output=True, text=True)


def everything_in(config: Path) -> dict[str, bytes]:
    return {str(file.relative_to(config)): file.read_bytes() for file in config.rglob("*") if file.is_file()}


def test_the_tool_installs_for_a_system_asterisk_once(tmp_path: Path):
    config = tmp_path / "config"
    assert the_tool(tmp_path, "--carrier=192.0.2.1").returncode == 0
    kept = tomllib.loads((config / "dialer.secrets.toml").read_text())
    assert kept["ari_secret"] in (config / "ari.conf").read_text()
    assert kept["ami_secret"] in (config / "manager.conf").read_text()
    assert (config / "dialer.secrets.toml").stat().st_mode & 0o777 == 0o600
    before = everything_in(config)
    again = the_tool(tmp_path, "--carrier=192.0.2.1")
    assert again.returncode
    assert "已有配置" in again.stderr
    assert everything_in(config) == before


def test_the_tool_renews_a_configuration_with_the_secrets_that_are_there(tmp_path: Path):
    config = tmp_path / "config"
    assert the_tool(tmp_path, "--carrier=192.0.2.1", "--agents", "agent1").returncode == 0
    before = everything_in(config)
    assert the_tool(tmp_path, "--carrier=192.0.2.7", "--renew").returncode == 0
    after = everything_in(config)
    assert after.keys() == before.keys()
    assert [name for name in before if before[name] != after[name]] == ["pjsip.conf"]
    assert b"192.0.2.7" in after["pjsip.conf"]


def test_the_tool_adds_an_agent_to_what_is_installed_and_refuses_what_can_not_be_a_name(tmp_path: Path):
    config = tmp_path / "config"
    assert the_tool(tmp_path, "--carrier=192.0.2.1", "--agents", "agent1").returncode == 0
    before = everything_in(config)
    assert the_tool(tmp_path, "--agents", "agent2").returncode == 0
    after = everything_in(config)
    assert {name for name in before if before[name] != after[name]} == {"agents.secrets.toml", "pjsip_agents.conf"}
    refused = the_tool(tmp_path, "--agents", "carrier")
    assert refused.returncode
    assert "AGENT_NAME_UNUSABLE" in refused.stderr
    assert everything_in(config) == after


def test_the_tool_says_what_is_missing_when_nothing_is_installed(tmp_path: Path):
    refused = the_tool(tmp_path, "--agents", "agent1")
    assert refused.returncode
    assert "pjsip.conf" in refused.stderr
    assert "Traceback" not in refused.stderr


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


def test_no_leg_ends_the_spy_that_is_on_it():
    """The spy, while it ends, waits for the leg: a leg that then waits for the spy stands still for ever."""
    plan = (TEMPLATES / "extensions.conf").read_text().splitlines()
    assert not [line for line in plan if "SoftHangup(" in line and not line.startswith(";")]
