"""The containers: what the compose file and the images promise, and what of them runs without Docker."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path, PurePosixPath
from typing import Any

import pytest
import yaml
from packaging.specifiers import SpecifierSet

from dialer.settings import PhoneSystem, Settings, load_settings
from dialer.telephony.asterisk.instance import find_program, free_ports
from trials.postgres import POSTGRES, PostgresServer, server_user

ROOT = Path(__file__).parents[1]
DOCKER = ROOT / "docker"
COMPOSE: dict[str, Any] = yaml.safe_load((DOCKER / "compose.yaml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
STAYING = sorted(name for name, service in SERVICES.items() if service["restart"] != "no")
DOCKERFILES = {path.parent.name: path for path in sorted(DOCKER.glob("*/Dockerfile"))}
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
HOME = PurePosixPath("/srv/dialer")
SETTINGS = load_settings(DOCKER / "dialer.toml")

OFFICIAL = re.compile(r"(python:3\.\d+-slim|debian:[a-z]+-slim|postgres:\d+)( AS \w+)?")
DECIDED_OUTSIDE = {"DIALER_BIND": "127.0.0.1", "DIALER_CARRIER": "127.0.0.1:5070", "DIALER_CARRIER_CA": ""}
FROM_THE_BUILDER = {"PIP_INDEX_URL", "NPM_CONFIG_REGISTRY", "APT_MIRROR"}


def instructions(dockerfile: Path) -> list[tuple[str, str]]:
    """Every instruction with its arguments on one line, in order."""
    whole = re.sub(r"^#.*\n", "", dockerfile.read_text(), flags=re.MULTILINE).replace("\\\n", " ")
    lines = (line.partition(" ") for line in whole.splitlines() if line.strip())
    return [(word, rest.strip()) for word, _, rest in lines]


def arguments_of(dockerfile: Path, word: str) -> list[str]:
    return [rest for name, rest in instructions(dockerfile) if name == word]


def context_of(image: str) -> Path:
    """The folder an image is built from, as the compose file says."""
    for service in SERVICES.values():
        context: Path = (DOCKER / service["build"]["context"]).resolve()
        if context / service["build"].get("dockerfile", "Dockerfile") == DOCKERFILES[image]:
            return context
    raise AssertionError(f"no service builds {image}")


def copied_from_context(image: str) -> list[tuple[str, str]]:
    """What an image copies out of its context: source and target."""
    copies = [rest.split() for rest in arguments_of(DOCKERFILES[image], "COPY") if "--from=" not in rest]
    words = [[word for word in copy if not word.startswith("--")] for copy in copies]
    return [(source, copy[-1]) for copy in words for source in copy[:-1]]


def resolved(text: str) -> str:
    """A compose file's text where nothing is set outside."""
    return re.sub(r"\$\{(\w+):-([^}]*)\}", r"\2", text)


def command_of(service: str) -> list[str]:
    """A service's command with this Python as its `python`."""
    program, *rest = [resolved(word) for word in SERVICES[service]["command"]]
    assert program == "python"
    return [sys.executable, *rest]


def health_of(service: str) -> list[str]:
    kind, *command = SERVICES[service]["healthcheck"]["test"]
    assert kind == "CMD"
    return [sys.executable if word == "python" else word for word in command]


def mounts(service: str) -> dict[str, str]:
    """Path in the container → what is mounted there."""
    return {volume.split(":")[1]: volume.split(":")[0] for volume in SERVICES[service].get("volumes", [])}


# --- the images -------------------------------------------------------------------------------------------------


def test_every_service_is_built_here_and_bears_the_products_version():
    assert {"dialer", "asterisk", "postgres", "carrier", "install"} == set(SERVICES)
    for service in SERVICES.values():
        name, _, tag = service["image"].partition(":")
        assert tag == PROJECT["version"]
        assert (DOCKER / service["build"]["context"]).is_dir(), name
    assert all(context_of(image) for image in DOCKERFILES)


@pytest.mark.parametrize("image", DOCKERFILES)
def test_base_images_are_official_and_of_a_named_version(image: str):
    bases = arguments_of(DOCKERFILES[image], "FROM")
    assert bases
    assert [base for base in bases if not OFFICIAL.fullmatch(base)] == []
    assert "latest" not in DOCKERFILES[image].read_text()


@pytest.mark.parametrize("image", DOCKERFILES)
def test_mirrors_are_the_builders_own(image: str):
    given = arguments_of(DOCKERFILES[image], "ARG")
    assert set(given) <= FROM_THE_BUILDER  # a default would be written with "="
    assert "://" not in DOCKERFILES[image].read_text()
    for service in SERVICES.values():
        assert set(service["build"].get("args", [])) <= FROM_THE_BUILDER


@pytest.mark.parametrize("image", DOCKERFILES)
def test_nothing_runs_as_root(image: str):
    words = instructions(DOCKERFILES[image])
    last_stage = words[max(at for at, (word, _) in enumerate(words) if word == "FROM") :]
    users = [rest for word, rest in last_stage if word == "USER"]
    assert users in (["dialer"], ["postgres"])
    assert [name for name, service in SERVICES.items() if "user" in service or "privileged" in service] == []
    assert all(service["cap_drop"] == ["ALL"] for service in SERVICES.values())


def test_the_dialer_is_one_user_in_every_image():
    added = {found for path in DOCKERFILES.values() for found in re.findall(r"useradd --uid (\d+)", path.read_text())}
    assert len(added) == 1
    assert all("useradd" in path.read_text() for path in DOCKERFILES.values())


@pytest.mark.parametrize("image", DOCKERFILES)
def test_every_copied_file_exists_and_comes_into_the_context(image: str):
    context = context_of(image)
    ignore = DOCKERFILES[image].with_name("Dockerfile.dockerignore")
    allowed = re.findall(r"^!(.+)$", ignore.read_text(), re.MULTILINE) if ignore.exists() else None
    for source, _ in copied_from_context(image):
        assert (context / source).exists(), source
        assert allowed is None or source in allowed, source
    if allowed is not None:
        assert set(allowed) == {source for source, _ in copied_from_context(image)}
        assert ignore.read_text().splitlines()[1] == "*"


def test_the_dialers_image_is_made_of_the_lock_file_for_a_python_of_the_range():
    versions = re.findall(r"FROM python:([\d.]+)-slim", DOCKERFILES["dialer"].read_text())
    assert len(set(versions)) == 1
    assert SpecifierSet(PROJECT["requires-python"]).contains(versions[0])
    (made,) = [rest for rest in arguments_of(DOCKERFILES["dialer"], "RUN") if "environment.sh" in rest]
    assert made.startswith("tools/environment.sh .venv ")
    assert "--require-hashes -r requirements.lock" in (ROOT / "tools/environment.sh").read_text()


def test_asterisk_comes_from_where_the_tests_take_it():
    suite = re.findall(r"^suite=(\w+)", (ROOT / "tools/asterisk.sh").read_text(), re.MULTILINE)
    assert arguments_of(DOCKERFILES["asterisk"], "FROM") == [f"debian:{suite[0]}-slim"]
    assert "'asterisk=1:22.*'" in DOCKERFILES["asterisk"].read_text()


# --- the compose file -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("service", STAYING)
def test_every_service_that_stays_says_how_it_is(service: str):
    assert health_of(service)
    for script in (word for word in health_of(service) if word.endswith(".py") and word != sys.executable):
        assert (ROOT / script).exists()


def test_a_service_waits_for_what_it_needs():
    for service in SERVICES.values():
        for name, needed in service.get("depends_on", {}).items():
            healthy = needed["condition"] == "service_healthy"
            assert healthy is (name in STAYING)
            assert healthy or needed["condition"] == "service_completed_successfully"


def test_nothing_is_published_and_what_listens_does_so_on_loopback_or_the_named_interface():
    assert [name for name, service in SERVICES.items() if service.get("ports")] == []
    assert {service["network_mode"] for service in SERVICES.values()} == {"host", "none"}
    assert SETTINGS.console.host == SETTINGS.telephony.bind == "127.0.0.1"
    assert "--bind=${DIALER_BIND:-127.0.0.1}" in SERVICES["install"]["command"]
    assert SERVICES["dialer"]["extra_hosts"] == ["asterisk:${DIALER_BIND:-127.0.0.1}"]
    assert SERVICES["carrier"]["command"][-1].startswith("127.0.0.1:")
    assert SERVICES["postgres"]["network_mode"] == "none"


def test_what_is_decided_outside_is_no_secret_and_harmless_when_nobody_decides():
    text = (DOCKER / "compose.yaml").read_text()
    assert dict(re.findall(r"\$\{(\w+):-([^}]*)\}", text)) == DECIDED_OUTSIDE
    assert len(re.findall(r"\$", text)) == len(re.findall(r"\$\{\w+:-[^}]*\}", text))
    assert {name for service in SERVICES.values() for name in service.get("environment", {})} == {"DIALER_CONFIG"}
    names = " ".join(rest for path in DOCKERFILES.values() for rest in arguments_of(path, "ENV"))
    assert not re.search("secret|passw|token|key", names, re.IGNORECASE)


def test_the_settings_find_what_the_install_writes():
    (node,) = SETTINGS.asterisk.nodes
    for path in (node.secrets, node.cel):
        (mounted,) = [mounts("dialer")[str(up)] for up in path.parents if str(up) in mounts("dialer")]
        assert mounted in mounts("install").values()
        assert mounted in mounts("asterisk").values()
    for service in ("install", "asterisk"):
        ours = {path: volume for path, volume in mounts("dialer").items() if volume.startswith("asterisk-")}
        assert ours.items() <= mounts(service).items()
    assert SETTINGS.telephony.engine is PhoneSystem.ASTERISK
    assert node.spool == ""


def test_sound_has_one_path_for_dialer_and_asterisk():
    spool = HOME / SETTINGS.paths.spool
    shared = [str(up) for up in spool.parents if str(up) in mounts("asterisk")]
    assert (
        [mounts("dialer")[path] for path in shared] == [mounts("asterisk")[path] for path in shared] == ["recordings"]
    )


def test_what_must_outlive_a_container_is_in_a_volume():
    settings = SETTINGS.paths
    for path in (settings.data_key, settings.spool, settings.sealed, settings.attachments):
        assert [str(up) for up in (HOME / path).parents if str(up) in mounts("dialer")], path
    assert {name.split(":")[0] for s in SERVICES.values() for name in s.get("volumes", []) if name[0] != "."} == set(
        COMPOSE["volumes"]
    )


def test_the_configuration_is_that_of_the_repository():
    for service in ("install", "dialer"):
        source = mounts(service)[str(HOME / "config")]
        assert (DOCKER / source).resolve() == ROOT / "config"
        assert f"{source}:{HOME}/config:ro" in SERVICES[service]["volumes"]
    settings = SERVICES["dialer"]["environment"]["DIALER_CONFIG"]
    assert (DOCKER / mounts("dialer")[settings]).resolve() == DOCKER / "dialer.toml"


# --- what runs without Docker -----------------------------------------------------------------------------------


def installed_by_compose(home: Path, *more: str) -> Path:
    """The configuration that the service `install` writes, in a folder of ours."""
    folders = [f"--{name}={home / name}" for name in ("config", "state", "spool", "run", "log")]
    subprocess.run([*command_of("install"), *folders, *more], cwd=ROOT, check=True, capture_output=True)
    return home / "config"


def said_in(file: Path, key: str) -> list[str]:
    return re.findall(rf"^{key} *= *(.+)$", file.read_text(), re.MULTILINE)


def test_the_ports_are_those_of_the_installed_configuration(tmp_path: Path):
    config = installed_by_compose(tmp_path)
    (node,) = SETTINGS.asterisk.nodes
    assert [node.url] == [f"http://asterisk:{port}" for port in said_in(config / "http.conf", "bindport")]
    assert [node.ami] == [f"asterisk:{port}" for port in said_in(config / "manager.conf", "port")]
    assert said_in(config / "pjsip.conf", "contact") == [f"sip:{SERVICES['carrier']['command'][-1]}"]
    assert SERVICES["carrier"]["healthcheck"]["test"][-1] == f"sip:{SERVICES['carrier']['command'][-1]}"
    console = SETTINGS.console
    assert SERVICES["dialer"]["healthcheck"]["test"][-1] == f"http://{console.host}:{console.port}/login"


def test_starting_again_keeps_the_secrets(tmp_path: Path):
    config = installed_by_compose(tmp_path)
    before = {file: file.read_bytes() for file in config.rglob("*") if file.is_file()}
    assert installed_by_compose(tmp_path) == config
    assert {file: file.read_bytes() for file in before} == before


def until(true: Callable[[], bool], process: subprocess.Popen[bytes], seconds: float = 20.0) -> None:
    """Look until it is so; fail when the process ends before, or the time."""
    end = time.monotonic() + seconds
    while not true():
        assert process.poll() is None, "it ended"
        assert time.monotonic() < end, "it takes too long"


@contextmanager
def running(command: list[str], **how: Any) -> Iterator[subprocess.Popen[bytes]]:
    """A service of the compose file, stopped as Docker stops it."""
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, **how) as process:
        try:
            yield process
        finally:
            process.terminate()
            process.wait(10)


def well(command: list[str], **how: Any) -> bool:
    return subprocess.run(command, check=False, capture_output=True, **how).returncode == 0


@pytest.mark.asterisk
def test_the_asterisk_container_starts_on_what_is_installed_and_says_when_it_is_well(tmp_path: Path):
    program = find_program(ROOT / ".parts")
    assert program
    (tmp_path / "asterisk").write_text(f'#!/bin/sh\nexec {" ".join(program.command)} "$@"\n')
    (tmp_path / "asterisk").chmod(0o755)
    environment = {"PATH": f"{tmp_path}:{os.environ['PATH']}"}
    free = {name.replace("_", "-"): port for name, port in asdict(free_ports("127.0.0.1")).items()}
    ports = [f"--{name}={port}" if name.startswith("rtp") else f"--{name}-port={port}" for name, port in free.items()]
    config = installed_by_compose(tmp_path, *ports, f"--modules={program.modules}", f"--data={program.data}")
    health = [word.replace("/etc/asterisk", str(config)) for word in health_of("asterisk")]
    assert not well(health, env=environment)
    with running([str(DOCKER / "asterisk/entrypoint.sh"), str(config)], env=environment) as asterisk:
        until(lambda: well(health, env=environment), asterisk)
    assert "ERROR[" not in (tmp_path / "log" / "messages").read_text()


def test_the_asterisk_container_refuses_to_start_without_a_configuration(tmp_path: Path):
    done = subprocess.run([DOCKER / "asterisk/entrypoint.sh", tmp_path], check=False, capture_output=True, text=True)
    assert done.returncode == 1
    assert "install" in done.stderr


@pytest.fixture
def shelf() -> Iterator[PostgresServer]:
    """A folder that PostgreSQL's user owns; not pytest's, into which no other user can look."""
    assert POSTGRES is not None
    server = PostgresServer(POSTGRES, Path(tempfile.mkdtemp(prefix="dialer-compose-")), server_user())
    if server.user is not None:
        shutil.chown(server.folder, server.user)
    yield server
    shutil.rmtree(server.folder)


@pytest.mark.postgres
def test_the_postgres_container_makes_the_dialers_database_once_and_asks_who_it_is(shelf: PostgresServer):
    script = str(shutil.copy(DOCKER / "postgres/entrypoint.sh", shelf.folder))
    how: dict[str, Any] = {
        "env": {**os.environ, "PATH": f"{shelf.programs}:{os.environ['PATH']}"},
        "user": shelf.user,
        "extra_groups": None if shelf.user is None else [],
        "cwd": shelf.folder,
    }
    health = [word.replace("/run/postgresql", str(shelf.folder)) for word in health_of("postgres")]
    ask = ["psql", "-qXAt", "-h", str(shelf.folder), "-d", "dialer"]
    owner = [*ask, "-c", "SELECT rolname FROM pg_database JOIN pg_roles r ON r.oid = datdba WHERE datname = 'dialer'"]
    (shelf.folder / "new").mkdir()  # a first start that was killed
    for _ in range(2):
        with running([script, str(shelf.folder), str(shelf.folder)], stderr=subprocess.DEVNULL, **how) as server:
            until(lambda: well(health, **how), server)
            assert subprocess.run(owner, check=True, capture_output=True, text=True, **how).stdout == "dialer\n"
            stranger = subprocess.run([*owner, "-U", "dialer"], check=False, capture_output=True, text=True, **how)
            assert "Peer authentication failed" in stranger.stderr


def test_the_simulated_carrier_answers_its_health_check_and_stops_when_told(tmp_path: Path):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as held:
        held.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{held.getsockname()[1]}"
    health = [*health_of("carrier")[:-1], f"sip:{address}"]
    assert not well(health, cwd=ROOT)
    with running([*command_of("carrier")[:-1], address], cwd=ROOT) as carrier:
        until(lambda: well(health, cwd=ROOT), carrier)
    assert carrier.returncode == 0


def test_what_the_dialers_image_copies_is_a_dialer_whose_settings_are_well(tmp_path: Path):
    for source, target in copied_from_context("dialer"):
        there = tmp_path / target / Path(source).name if target.endswith("/") else tmp_path / target
        there.parent.mkdir(parents=True, exist_ok=True)
        (shutil.copytree if (ROOT / source).is_dir() else shutil.copy)(ROOT / source, there)
    settings = tmp_path / PurePosixPath(SERVICES["dialer"]["environment"]["DIALER_CONFIG"]).relative_to(HOME)
    check = "import sys; from dialer.cli import main; sys.argv = ['dialer', 'check']; main()"
    plain = {"PATH": os.environ["PATH"], "PYTHONPATH": str(tmp_path), "DIALER_CONFIG": str(settings)}
    done = subprocess.run(
        [sys.executable, "-c", check], cwd=tmp_path, env=plain, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "docker/dialer.toml" in done.stdout.replace("\n", "")
    assert load_settings(settings) != Settings()
