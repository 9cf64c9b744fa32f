"""A PostgreSQL server of one's own, where its programs are installed."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn


def _newest_postgres() -> Path | None:
    """The folder of the newest PostgreSQL server's programs; Debian keeps them off the PATH."""
    found = [*Path("/usr/lib/postgresql").glob("*/bin/initdb")]
    if found:
        return max(found, key=lambda program: int(program.parts[-3])).parent
    on_path = shutil.which("initdb")
    return Path(on_path).parent if on_path else None


POSTGRES = _newest_postgres()


def server_user() -> str | None:
    """PostgreSQL refuses to run as root, so root lends it a user; anybody else runs it as they are."""
    if os.geteuid() != 0:
        return None
    return "postgres" if any(entry.pw_name == "postgres" for entry in pwd.getpwall()) else "nobody"


@dataclass(frozen=True, slots=True)
class PostgresServer:
    """A private server on a socket in its own folder; it listens on no port."""

    programs: Path
    folder: Path
    user: str | None

    @classmethod
    @contextmanager
    def of_ones_own(cls, programs: Path, user: str | None) -> Iterator[PostgresServer]:
        """A server in a new folder, which goes with the block; it is not started yet."""
        server = cls(programs, Path(tempfile.mkdtemp(prefix="dialer-pg-")), user)
        try:
            if user is not None:
                shutil.chown(server.folder, user)
            yield server
        finally:
            shutil.rmtree(server.folder)

    def start(self, program: str, *arguments: str) -> subprocess.Popen[str]:
        """Start one of the server's programs; what it says goes into the folder's log."""
        with (self.folder / "log").open("a") as log:
            return subprocess.Popen(  # noqa: S603  # the server's own programs
                [self.programs / program, *arguments],
                user=self.user,
                extra_groups=None if self.user is None else [],
                cwd=self.folder,
                env={**os.environ, "HOME": str(self.folder), "LC_ALL": "C.UTF-8"},
                stdout=log,
                stderr=log,
                text=True,
            )

    def run(self, program: str, *arguments: str) -> None:
        """Run one of the server's programs to its end; a failure shows the log."""
        if self.start(program, *arguments).wait():
            self.fail(f"{program} {' '.join(arguments)}")

    def fail(self, what: str) -> NoReturn:
        """Give up, with the log."""
        raise RuntimeError(f"PostgreSQL: {what}\n{(self.folder / 'log').read_text()}")

    def sql(self, command: str) -> None:
        """Run one command in the server's own database."""
        self.run("psql", "-qX", "-h", str(self.folder), "-U", "postgres", "-d", "postgres", "-c", command)

    def url(self, database: str) -> str:
        """The address of a database, as SQLAlchemy and the settings take it."""
        return f"postgresql+asyncpg://postgres@/{database}?host={self.folder}"

    @contextmanager
    def running(self, *, careless: bool = True) -> Iterator[None]:
        """A new cluster, served until the block ends. Careless, it is fast, because it may lose everything."""
        cluster = str(self.folder / "cluster")
        self.run("initdb", "-D", cluster, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync", "--locale=C")
        fast = ["-cfsync=off", "-csynchronous_commit=off", "-cfull_page_writes=off"] if careless else []
        server = self.start("postgres", "-D", cluster, "-k", str(self.folder), "-clisten_addresses=", *fast)
        try:
            while self.start("pg_isready", "-q", "-h", str(self.folder)).wait():
                with suppress(subprocess.TimeoutExpired):
                    server.wait(timeout=0.02)
                    self.fail("the server died while starting")
            yield
        finally:
            server.send_signal(signal.SIGINT)  # its "fast" shutdown
            server.wait()
