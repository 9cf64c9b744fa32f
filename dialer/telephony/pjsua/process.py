"""A worker process seen from the parent: started, spoken to, heard, let go of, missed when it dies."""

from __future__ import annotations

import asyncio
import json
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Callable
from typing import Any

import structlog

_LOG = structlog.get_logger("telephony")

Message = dict[str, Any]


class WorkerProcess:
    """One running worker. `on_message` is called for each message, `on_exit` once, after the last of them."""

    def __init__(self, process: Process) -> None:
        """Use `spawn`."""
        self._process = process
        self._reader: asyncio.Task[None] | None = None

    @classmethod
    async def spawn(
        cls, arguments: list[str], on_message: Callable[[Message], None], on_exit: Callable[[int], None]
    ) -> WorkerProcess:
        """Start a worker. Raises OSError."""
        command = [sys.executable, "-m", "dialer.telephony.pjsua.worker", *arguments]
        # a process group of its own: Ctrl-C in a terminal is the parent's business
        process = await asyncio.create_subprocess_exec(*command, stdin=PIPE, stdout=PIPE, start_new_session=True)
        worker = cls(process)
        worker._reader = asyncio.create_task(worker._listen(on_message, on_exit), name=f"worker-{process.pid}")
        return worker

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    def send(self, do: str, **facts: object) -> None:
        """Give a command; to a dead worker it goes nowhere, and `on_exit` tells."""
        assert self._process.stdin is not None
        if not self._process.stdin.is_closing():
            self._process.stdin.write(json.dumps({"do": do, **facts}).encode() + b"\n")

    def let_go(self) -> None:
        """Close its stdin: it ends its legs, says so, and exits."""
        assert self._process.stdin is not None
        self._process.stdin.close()

    async def gone(self, timeout_seconds: float) -> None:
        """Wait until it has exited; kill it when it takes too long."""
        assert self._reader is not None
        done, _ = await asyncio.wait({self._reader}, timeout=timeout_seconds)
        if not done:
            self._process.kill()
            await self._reader

    async def _listen(self, on_message: Callable[[Message], None], on_exit: Callable[[int], None]) -> None:
        assert self._process.stdout is not None
        try:
            async for line in self._process.stdout:
                on_message(json.loads(line))
        except Exception:  # noqa: BLE001  # whatever it was, the worker is no longer followed: it must go
            _LOG.exception("telephony.message_unreadable", pid=self.pid)
            self._process.kill()
        code = await self._process.wait()
        self.let_go()
        on_exit(code)
