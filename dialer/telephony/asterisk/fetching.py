"""Sound before it is sealed: finished, and on our spool.

From an Asterisk that can't write there it is fetched over ARI, one file at a time, after the call. ARI gives no
checksum. A file is taken for whole when every byte that was announced has come and the length in the WAV header, which
Asterisk writes last, is the length that came. One that is not whole is still being written, its disk having stalled, or
never will be, its Asterisk having died: it is taken as it is when it has not changed for a minute.
"""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from urllib.parse import quote

import structlog

from dialer.domain.call import SoundFiles
from dialer.domain.errors import DialerError
from dialer.telephony.asterisk.ari import Ari, AriRefused, AriSilent
from dialer.telephony.asterisk.calls import is_complete

_LOG = structlog.get_logger("telephony")
_TRIES = 3
_PAUSE_SECONDS = 0.5  # a file is complete some 20 ms after its call
_HEADER_BYTES = 44
_STILL_SECONDS = 60.0  # a disk that stalls has gone on by then


class SoundNotFetched(DialerError):
    """An Asterisk that may hold a call's sound does not give it now; who seals tries again later."""

    code = "SOUND_NOT_FETCHED"


class SoundUnfinished(DialerError):
    """Asterisk may still be writing a call's sound; who seals tries again later."""

    code = "SOUND_UNFINISHED"


def require_finished(files: SoundFiles) -> None:
    """Raises SoundUnfinished while a sound file on the spool has no length in its header, and has changed lately."""
    for path in (files.customer, files.agent):
        if path is not None and path.exists() and not is_complete(path) and not _stands_still(path):
            raise SoundUnfinished(f"{path.parent.name}/{path.name} is still being written")


def _stands_still(path: Path) -> bool:
    """Whether a file has not changed for long, by the clock of its own disk, which may be another machine's."""
    clock = path.with_name(f"{path.name}.now")
    try:
        clock.touch()
        now = clock.stat().st_mtime
        clock.unlink(missing_ok=True)
        return now - path.stat().st_mtime >= _STILL_SECONDS
    except OSError as error:
        raise SoundUnfinished(f"{path.parent.name}/{path.name}: {error.strerror}") from error


async def fetch(ari: Ari, spool: Path, files: SoundFiles) -> None:
    """Bring what is there of a call's sound onto the spool; what is on the spool already is left alone.

    A file that has come whole is removed on Asterisk's side. One that stays unfinished, its recorder having died with
    its Asterisk, is taken as it is, and stays there too. Raises SoundNotFetched, SoundUnfinished.
    """
    for path in (files.customer, files.agent):
        if path is not None and not await asyncio.to_thread(path.exists):
            try:
                await _fetch_file(ari, path, _stored(spool, path))
            except (AriRefused, AriSilent, OSError) as error:
                raise SoundNotFetched(f"{path.parent.name}/{path.name}: {error}") from error


async def remove(ari: Ari, spool: Path, path: Path) -> None:
    """Remove a sound file on Asterisk's side, if it is there. Raises AriRefused, AriSilent."""
    await ari.delete(_stored(spool, path))


async def _fetch_file(ari: Ari, path: Path, stored: str) -> None:
    content = await ari.download(f"{stored}/file")
    for _ in range(_TRIES - 1):
        if content is None or is_whole(content):
            break
        await asyncio.sleep(_PAUSE_SECONDS)
        content = await ari.download(f"{stored}/file")
    if content is None:
        return
    if is_whole(content):
        await asyncio.to_thread(_keep, path, content)
        await ari.delete(stored)
    else:
        await asyncio.to_thread(_keep_unfinished, path, content)
        _LOG.error("telephony.sound_unfinished", call_id=path.parent.name, file=path.name, size_bytes=len(content))


def _keep(path: Path, content: bytes) -> None:
    """Onto the disk, surely, and under its name only when it is all there."""
    path.parent.mkdir(exist_ok=True)
    part = path.with_name(f"{path.name}.{os.getpid()}")  # `spool.discard` removes what a crash leaves of it
    with part.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)


def _keep_unfinished(path: Path, content: bytes) -> None:
    """Beside the others, under its name only when it has grown no more for long. Raises SoundUnfinished before."""
    begun = path.with_name(f"{path.name}.begun")
    if not begun.exists() or begun.stat().st_size != len(content):
        _keep(begun, content)
    if not _stands_still(begun):
        raise SoundUnfinished(f"{path.parent.name}/{path.name} is still being written on Asterisk's side")
    begun.replace(path)


def is_whole(content: bytes) -> bool:
    """Whether a WAV file is as long as its header says."""
    return len(content) >= _HEADER_BYTES and int.from_bytes(content[40:44], "little") == len(content) - _HEADER_BYTES


def _stored(spool: Path, path: Path) -> str:
    """What ARI calls a file of the spool."""
    return f"/recordings/stored/{quote(str(path.relative_to(spool).with_suffix('')), safe='')}"
