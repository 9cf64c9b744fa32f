"""Sealed recordings in a local folder: whole or not there, on the disk before `put` returns, never overwritten."""

from __future__ import annotations

import asyncio
import errno
import hashlib
import os
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar
from uuid import uuid4

from dialer.domain.errors import NotFound
from dialer.ports import AlreadyStored, KeyRefused, StoredObject, StoreFailed, StoreFull

_PART_OF_KEY = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]*")
_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})

T = TypeVar("T")


class LocalStore:
    """The RecordingStore port over a folder, which is made if it is missing. Its disk must know hard links."""

    def __init__(self, root: Path) -> None:
        self._root = root
        try:
            root.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreFailed(f"the recording store {root} can't be made: {error.strerror}") from error

    async def put(self, key: str, source: Path) -> None:
        """Copy to a hidden file beside the place, fsync, link into place, fsync the folders.

        Linking, unlike renaming, can't overwrite what another process put there meanwhile.
        """
        await self._do(self._put, key, source)

    async def get(self, key: str, start: int = 0, length: int | None = None) -> bytes:
        """Bytes of an object; past its end there are none. Raises NotFound."""
        return await self._do(_read, key, start, length)

    async def head(self, key: str) -> StoredObject:
        """Size and sha256 of what the disk gives back. Raises NotFound."""
        return await self._do(_digest, key)

    async def delete(self, key: str) -> None:
        """Remove an object, durably; one that is not there: nothing."""
        await self._do(_remove, key)

    async def _do(self, action: Callable[..., T], key: str, *arguments: object) -> T:
        path = self._path(key)

        def act() -> T:
            with _spoken(key):
                return action(path, *arguments)

        return await asyncio.to_thread(act)

    def _path(self, key: str) -> Path:
        parts = key.split("/")
        if not all(_PART_OF_KEY.fullmatch(part) for part in parts):
            raise KeyRefused(f"{key!r} is not a plain relative path")
        return self._root.joinpath(*parts)

    def _put(self, path: Path, source: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            self._place(path, source)
        if _digest(path) != _digest(source):
            raise AlreadyStored(f"{path.relative_to(self._root)} holds another content")
        self._sync_folders(path.parent)

    def _place(self, path: Path, source: Path) -> None:
        for abandoned in path.parent.glob(f".{path.name}.{'?' * 32}.part"):
            abandoned.unlink(missing_ok=True)
        part = path.with_name(f".{path.name}.{uuid4().hex}.part")
        try:
            self._copy(source, part)
            os.link(part, path)
        except FileExistsError:
            pass  # another process was first; the caller compares
        finally:
            part.unlink(missing_ok=True)

    def _copy(self, source: Path, part: Path) -> None:
        with source.open("rb") as original, part.open("xb") as copy:
            shutil.copyfileobj(original, copy)
            copy.flush()
            os.fsync(copy.fileno())

    def _sync_folders(self, folder: Path) -> None:
        """The new name, and the names of folders made for it, are on the disk too."""
        while True:
            _sync_folder(folder)
            if folder == self._root:
                return
            folder = folder.parent


def _read(path: Path, start: int, length: int | None) -> bytes:
    with path.open("rb") as stored:
        stored.seek(start)
        return stored.read(-1 if length is None else length)


def _digest(path: Path) -> StoredObject:
    with path.open("rb") as stored:
        return StoredObject(os.fstat(stored.fileno()).st_size, hashlib.file_digest(stored, "sha256").hexdigest())


def _remove(path: Path) -> None:
    if path.exists():
        path.unlink(missing_ok=True)
        _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def _spoken(what: str) -> Iterator[None]:
    """The disk's errors in the port's words."""
    try:
        yield
    except (FileNotFoundError, IsADirectoryError) as error:
        raise NotFound(f"{what} is not in the store ({error.filename})") from error
    except OSError as error:
        if error.errno in _NO_ROOM:
            raise StoreFull(f"{what}: no room in the recording store ({error.strerror})") from error
        raise StoreFailed(f"{what}: the recording store failed ({error.strerror})") from error
