"""A private Asterisk for the demonstration and the tests: own folder, own free ports, own secrets, ended by its pid."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import aiohttp

from dialer.ports import TelephonyRefused
from dialer.telephony.asterisk.browsers import PASSWORDS
from dialer.telephony.asterisk.configuration import USER, Folders, Ports, Secrets, install, keep_secrets

_READY_SECONDS = 15.0
_GOODBYE_SECONDS = 5.0
_RTP_PORTS = 1000
_OLDEST = 20
_DIES_WITH_US = """
import ctypes, os, signal, sys
ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG; it outlives exec
os.execvp(sys.argv[1], sys.argv[1:])
"""
"""A demonstration or a test that is killed leaves no Asterisk behind."""


@dataclass(frozen=True, slots=True)
class Program:
    """An Asterisk that can be run: how to start it, and where its modules and data are."""

    command: tuple[str, ...]
    modules: Path
    data: Path


def find_program(parts: Path) -> Program | None:
    """The Asterisk that `make asterisk` unpacked into `parts`, else the machine's own of 20 or newer; None without."""
    return _unpacked(parts / "asterisk") or _installed()


def _installed() -> Program | None:
    program = shutil.which("asterisk", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    modules = next(Path("/usr/lib").glob("**/asterisk/modules/chan_pjsip.so"), None) if program else None
    if program is None or modules is None:
        return None
    told = subprocess.run([program, "-V"], capture_output=True, text=True, check=False).stdout  # noqa: S603  # found above
    version = re.search(r"Asterisk (\d+)", told)
    new_enough = version is not None and int(version[1]) >= _OLDEST
    return Program((program,), modules.parent, Path("/usr/share/asterisk")) if new_enough else None


def _unpacked(root: Path) -> Program | None:
    """Run with its own loader and libraries, so that nothing is installed on the machine."""
    libraries = next(root.glob("usr/lib/*-linux-gnu/asterisk/modules"), None)
    loader = next(root.glob("usr/lib*/ld-linux-*.so.*"), None)
    binary = root / "usr/sbin/asterisk"
    if libraries is None or loader is None or not binary.exists():
        return None
    command = (str(loader), "--library-path", str(libraries.parents[1]), "--argv0", "asterisk", str(binary))
    return Program(command, libraries, root / "usr/share/asterisk")


class PrivateAsterisk:
    """`async with PrivateAsterisk(program, templates, home, carrier) as asterisk:` runs one until the block ends."""

    def __init__(
        self, program: Program, templates: Path, home: Path, carrier: str, *, bind: str = "127.0.0.1",
        rtp_timeout: int = 30, carrier_ca: Path | None = None,
    ) -> None:  # fmt: skip
        """`home` becomes its folder; `carrier` is the trunk's host:port, encrypted when `carrier_ca` is given."""
        self.bind = bind
        self.folders = Folders.under(home, program.modules, program.data)
        self.ports = free_ports(bind)
        self.secrets: Secrets = install(
            templates, self.folders, self.ports, carrier, bind=bind, rtp_timeout=rtp_timeout,
            carrier_ca=carrier_ca,
        )  # fmt: skip
        self.secrets_file = home / "dialer.secrets.toml"
        keep_secrets(self.secrets, self.secrets_file)
        self._program = program
        self._process: asyncio.subprocess.Process | None = None

    @property
    def url(self) -> str:
        """Its web server."""
        return f"http://{self.bind}:{self.ports.http}"

    @property
    def websocket(self) -> str:
        """Where browsers of this machine register."""
        return f"ws://{self.bind}:{self.ports.http}/ws"

    @property
    def browsers_file(self) -> Path:
        """The passwords of those that `add_browsers` has added, if any."""
        return self.folders.config / PASSWORDS

    @property
    def pid(self) -> int:
        """Its process."""
        assert self._process is not None
        return self._process.pid

    async def __aenter__(self) -> Self:
        """Running and answering."""
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        """Gone."""
        await self.stop()

    async def start(self) -> None:
        """Start it and wait until it takes commands. Raises TelephonyRefused with its log when it does not."""
        with (self.folders.log / "console").open("ab") as console:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable, "-S", "-c", _DIES_WITH_US,
                *self._program.command, "-f", "-C", str(self.folders.config / "asterisk.conf"),
                stdin=asyncio.subprocess.DEVNULL, stdout=console, stderr=console, start_new_session=True,
            )  # fmt: skip
        try:
            async with asyncio.timeout(_READY_SECONDS):
                await self._answers()
        except TimeoutError:
            await self.kill()
            raise TelephonyRefused(f"Asterisk does not start: {self._last_words()}") from None
        except BaseException:
            await self.kill()  # nobody else knows of it yet
            raise

    async def stop(self) -> None:
        """End it and every call on it."""
        if self._process is None or self._process.returncode is not None:
            return
        self._process.send_signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(_GOODBYE_SECONDS):
                await self._process.wait()
        except TimeoutError:
            await self.kill()

    async def kill(self) -> None:
        """As a crash: no goodbye to anybody."""
        if self._process is not None and self._process.returncode is None:
            self._process.kill()
            await self._process.wait()

    async def _answers(self) -> None:
        headers = {"Authorization": aiohttp.encode_basic_auth(USER, self.secrets.ari)}
        async with aiohttp.ClientSession(headers=headers) as session:
            while self._process is not None and self._process.returncode is None:
                with contextlib.suppress(aiohttp.ClientError):
                    async with session.get(f"{self.url}/ari/endpoints/PJSIP/carrier") as reply:
                        if reply.status == 200:
                            return
                await asyncio.sleep(0.02)
        raise TimeoutError

    def _last_words(self) -> str:
        logs = [self.folders.log / name for name in ("messages", "console")]
        return "\n".join(log.read_text(errors="replace")[-4000:] for log in logs if log.exists())


def free_ports(bind: str) -> Ports:
    """Ports that nobody uses at this moment."""
    (sip,) = _free(bind, socket.SOCK_DGRAM, 1)
    rtp_start = 10000 + sip * 7 % 20000 // 2 * 2  # below the range from which sockets get their ports
    http, ami, sip_tls, https = _free(bind, socket.SOCK_STREAM, 4)
    return Ports(sip, http, ami, rtp_start, rtp_start + _RTP_PORTS - 1, sip_tls, https)


def _free(bind: str, kind: socket.SocketKind, count: int) -> list[int]:
    """Held together, so that no two are the same."""
    with contextlib.ExitStack() as stack:
        held = [stack.enter_context(socket.socket(socket.AF_INET, kind)) for _ in range(count)]
        for each in held:
            each.bind((bind, 0))
        return [int(each.getsockname()[1]) for each in held]
