"""One seat's process: `python -m dialer.telephony.pjsua.worker`.

Commands come in by stdin, messages go out by stdout, as JSON lines. One thread owns the library and does everything.
The worker lives as long as its stdin: when the parent lets go of it, on purpose or by dying, the legs are ended and so
is the process. If the library hangs, an alarm kills it.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import signal
import sys
import traceback
from pathlib import Path
from typing import Any

from dialer.domain.call import UNSEATED
from dialer.telephony.pjsua.board import Board
from dialer.telephony.pjsua.library import Library

POLL_MILLISECONDS = 10
HANG_SECONDS = 5


class Commands:
    """The parent's commands, read without waiting."""

    def __init__(self, descriptor: int) -> None:
        os.set_blocking(descriptor, False)
        self._descriptor = descriptor
        self._rest = b""
        self.ended = False

    def read(self) -> list[dict[str, Any]]:
        """Every whole line that is there now."""
        try:
            piece = os.read(self._descriptor, 65536)
        except BlockingIOError:
            return []
        self.ended = not piece
        *lines, self._rest = (self._rest + piece).split(b"\n")
        return [json.loads(line) for line in lines]


def serve(settings: argparse.Namespace, out: int) -> None:
    """Work until the seat is gone."""

    def post(message: dict[str, Any]) -> None:
        with contextlib.suppress(BrokenPipeError):  # the parent is dead: end the legs all the same
            os.write(out, json.dumps(message).encode() + b"\n")

    library = Library(settings.bind)
    board = Board(library, post, settings.spool, settings.deaf_seconds)
    commands = Commands(sys.stdin.fileno())
    while not board.finished:
        signal.alarm(HANG_SECONDS)
        library.poll(POLL_MILLISECONDS)
        board.settle()
        for command in commands.read():
            board.obey(command)
        if commands.ended:
            board.leave(UNSEATED)
        board.tick()
    library.close()


def _settings() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--bind", required=True)
    parser.add_argument("--spool", required=True, type=Path)
    parser.add_argument("--deaf-seconds", required=True, type=float)
    return parser.parse_args()


def main() -> None:
    """Keep stdout for messages alone (the library prints), and leave without unwinding a broken library."""
    out = os.dup(sys.stdout.fileno())
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    for interrupt in (signal.SIGINT, signal.SIGTERM):  # the parent decides; a terminal's Ctrl-C reaches us too
        signal.signal(interrupt, signal.SIG_IGN)
    try:
        serve(_settings(), out)
    except BaseException:  # noqa: BLE001  # said, then the process dies and the parent reports it
        traceback.print_exc()
        os._exit(1)
    os._exit(0)


if __name__ == "__main__":
    main()
