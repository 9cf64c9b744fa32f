"""Somebody between the dialer and its PostgreSQL who can cut the line, at the worst moment too."""

from __future__ import annotations

import asyncio
from asyncio import StreamReader, StreamWriter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

_SOCKET = ".s.PGSQL.5432"
_MANY = 1 << 16


@dataclass
class Line:
    """Every connection passes through here, unchanged, until it is cut.

    `loses_answer_to`: words of a statement; its commit is carried out, and never answered. That happens once.
    """

    server: Path
    loses_answer_to: bytes = b""
    _open: set[StreamWriter] = field(default_factory=set)

    def cut(self) -> int:
        """End every connection without a word; how many there were."""
        cut = [*self._open]
        for writer in cut:
            writer.close()
        return len(cut)

    async def carry(self, dialer: StreamReader, to_dialer: StreamWriter) -> None:
        """One connection, until either side ends it."""
        server, to_server = await asyncio.open_unix_connection(self.server / _SOCKET)
        self._open.add(to_dialer)
        answers = asyncio.create_task(_pass_on(server, to_dialer))
        with suppress(ConnectionError):
            await self._ask(dialer, to_server, to_dialer)
        self._open.discard(to_dialer)
        to_server.close()
        await answers

    async def _ask(self, dialer: StreamReader, to_server: StreamWriter, to_dialer: StreamWriter) -> None:
        awaited = False
        while said := await dialer.read(_MANY):
            awaited = awaited or (bool(self.loses_answer_to) and self.loses_answer_to in said)
            if awaited and b"COMMIT" in said:
                self.loses_answer_to = b""
                to_dialer.close()  # before the question is passed on, so that no answer slips through
            to_server.write(said)
            await to_server.drain()


async def _pass_on(server: StreamReader, to_dialer: StreamWriter) -> None:
    """The server's answers. It carries out what it was asked whether or not anybody still listens."""
    with suppress(ConnectionError):
        while said := await server.read(_MANY):
            if not to_dialer.is_closing():
                to_dialer.write(said)
                await to_dialer.drain()
    to_dialer.close()


@asynccontextmanager
async def a_line_to(server: Path, folder: Path) -> AsyncIterator[Line]:
    """A line whose end in `folder` is, for those who ask there, the server's."""
    line = Line(server)
    async with await asyncio.start_unix_server(line.carry, folder / _SOCKET):
        yield line
        line.cut()
