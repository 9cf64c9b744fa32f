"""Channel event logging: what happened to a channel, whoever listened; the CSV that `cel_custom.conf` describes."""

from __future__ import annotations

import asyncio
import csv
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from dialer.domain.errors import DialerError

_TAIL_BYTES = 64 * 1024 * 1024  # some 50,000 calls; a gap is shorter
_COLUMNS = 6


class CelUnreadable(DialerError):
    """The channel event log can't be read."""

    code = "CEL_UNREADABLE"


@dataclass(slots=True)
class LastWord:
    """What the log says of one channel. `ended_at` is Asterisk's clock; None: it is up, or Asterisk died with it."""

    name: str
    answered_at: datetime | None = None
    joined_at: datetime | None = None
    ended_at: datetime | None = None
    cause: int = 0
    ended_by: str = ""  # the name of the channel whose far end hung up; empty: Asterisk, or we

    @property
    def far_end_hung_up(self) -> bool:
        """Whether the channel's own far end ended it."""
        return self.ended_by == self.name


def last_words(lines: Iterable[str]) -> dict[str, LastWord]:
    """The log's lines by channel id. An id that comes again (a seat's) keeps its last life; a torn line is left out."""
    words: dict[str, LastWord] = {}
    for row in csv.reader(lines):
        if len(row) == _COLUMNS and row[2]:
            _note(words, *row)
    return words


def _note(words: dict[str, LastWord], kind: str, at: str, channel: str, _linked: str, name: str, extra: str) -> None:
    if kind == "CHAN_START" or channel not in words:
        words[channel] = LastWord(name)
    word, when = words[channel], datetime.fromtimestamp(float(at), UTC)
    match kind:
        case "ANSWER":
            word.answered_at = when
        case "BRIDGE_ENTER":
            word.joined_at = word.joined_at or when
        case "HANGUP":
            told = json.loads(extra)
            word.ended_at, word.cause, word.ended_by = when, told["hangupcause"], told["hangupsource"]


class EventLog:
    """An Asterisk's channel event log, on this machine or on a shared mount."""

    def __init__(self, path: Path) -> None:
        """The file need not be there yet."""
        self._path = path

    async def last_words(self) -> dict[str, LastWord]:
        """What it says of every channel in its last 64 MB. Raises CelUnreadable."""
        return await asyncio.to_thread(self._read)

    def _read(self) -> dict[str, LastWord]:
        try:
            with self._path.open("rb") as file:
                file.seek(max(0, file.seek(0, 2) - _TAIL_BYTES))
                return last_words(file.read().decode("utf-8", "replace").splitlines())
        except FileNotFoundError:
            return {}
        except (OSError, ValueError) as error:
            raise CelUnreadable(f"{self._path}: {error}") from error
