"""The spool: where sound is written while people talk. Without room there no call may be placed.

Sound that waits to be sealed is on the spool alone. A spool carries the mark that its database knows: on another
folder, or an empty mount point, waiting recordings would count as lost and customers be asked again.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import shutil
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import structlog

from dialer.domain.call import CallId, SoundFiles
from dialer.domain.errors import DialerError

log = structlog.get_logger()

MARK = ".dialer-spool"


class SpoolForeign(DialerError):
    """The folder is not the spool on which this database's recordings wait; nothing was done."""

    code = "SPOOL_FOREIGN"


class SoundElsewhere(DialerError):
    """The records name a sound file that is in no call's folder, so it can't be looked for on this spool."""

    code = "SOUND_ELSEWHERE"


@dataclass(frozen=True, slots=True)
class SpoolRoom:
    """Whether a call may be placed as far as the spool goes; `why` says why not."""

    ok: bool
    free_bytes: int
    why: str = ""


class Spool:
    """A folder, with one folder a call. `min_free_bytes` is what must be free before a call is placed.

    A minute of both sides takes 1.9 MB at 8 kHz, 3.8 MB at 16 kHz.
    """

    def __init__(self, root: Path, min_free_bytes: int) -> None:
        self._root = root
        self._min_free_bytes = min_free_bytes
        root.mkdir(parents=True, exist_ok=True)
        self.mark = ""

    def marked(self) -> str:
        """The mark on the folder; it gets one if it has none, whole or not at all. Raises OSError."""
        if mark := self._read_mark():
            return mark
        mark = uuid.uuid4().hex
        begun = self._root / f"{MARK}.{mark}"
        try:
            with begun.open("x") as file:
                file.write(mark)
                file.flush()
                os.fsync(file.fileno())
            with suppress(FileExistsError):  # another engine was first
                (self._root / MARK).hardlink_to(begun)
        finally:
            begun.unlink(missing_ok=True)
        return self._read_mark()

    def belongs_to(self, mark: str) -> None:
        """From now on only a folder with this mark is the spool. Raises SpoolForeign."""
        self.mark = mark
        self.require()

    def require(self) -> None:
        """Raises SpoolForeign when the folder is not, or no longer, the spool: a mount is gone."""
        if why := self._foreign():
            raise SpoolForeign(why)

    def _foreign(self) -> str:
        if not self.mark or self._read_mark() == self.mark:
            return ""
        return (
            f"{self._root} 不是本数据库的录音暂存目录（未挂载？） · is not the recording spool of this database"
            " (not mounted?); if the old one is gone for good: dialer spool take"
        )

    def _read_mark(self) -> str:
        try:
            return (self._root / MARK).read_text().strip()
        except OSError:
            return ""

    def room(self) -> SpoolRoom:
        """Ask the disk. A spool that is gone or can't be written has no room."""
        try:
            free_bytes = shutil.disk_usage(self._root).free
        except OSError as error:
            return SpoolRoom(ok=False, free_bytes=0, why=f"recording spool {self._root}: {error.strerror}")
        if why := self._foreign():
            return SpoolRoom(ok=False, free_bytes=free_bytes, why=why)
        if not os.access(self._root, os.W_OK | os.X_OK):
            return SpoolRoom(ok=False, free_bytes=free_bytes, why=f"recording spool {self._root} can't be written")
        if free_bytes < self._min_free_bytes:
            why = f"recording spool {self._root} has {_mb(free_bytes)} MB free, {_mb(self._min_free_bytes)} MB needed"
            return SpoolRoom(ok=False, free_bytes=free_bytes, why=why)
        return SpoolRoom(ok=True, free_bytes=free_bytes)

    def here(self, call_id: CallId, files: SoundFiles) -> SoundFiles:
        """A call's sound where this machine has the spool: it may be mounted elsewhere, or have been moved.

        Raises SoundElsewhere for a file that is not in the call's folder.
        """
        agent = None if files.agent is None else self._here(call_id, files.agent)
        return SoundFiles(files.kind, self._here(call_id, files.customer), agent)

    def _here(self, call_id: CallId, path: Path) -> Path:
        if path.parent.name != call_id:
            raise SoundElsewhere(f"{path} is not in the folder of call {call_id} on {self._root}")
        return self._root / call_id / path.name


@asynccontextmanager
async def alone_with(files: SoundFiles) -> AsyncIterator[None]:
    """Keep other engines of this machine from the same raw sound; a process that dies lets go of it."""
    try:
        folder = os.open(files.customer.parent, os.O_RDONLY)
    except FileNotFoundError:  # discarded, or never written: nothing to share
        yield
        return
    try:
        await asyncio.to_thread(fcntl.flock, folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


def discard(files: SoundFiles) -> None:
    """Remove raw sound with all that was made of it here, and the folder when nothing else is in it.

    Only after its seal is stored in the database. What a faulty disk keeps does no harm: it is sealed.
    """
    folder = files.customer.parent
    try:
        for path in (files.customer, files.agent):
            if path is not None:
                for left in folder.glob(f"{path.stem}.*"):  # also what a killed encoder left
                    left.unlink(missing_ok=True)
        if folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()
    except OSError as error:
        log.error("spool.not_discarded", folder=str(folder), error=error.strerror)


def _mb(size_bytes: int) -> int:
    return size_bytes // 1_000_000
