"""A process that seals a call and kills itself, as the kernel would, at a named point. Run by test_seal."""

import asyncio
import os
import signal
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from dialer.domain.call import CallId, RecordingKind, SoundFiles
from dialer.ports import EncodedSound
from dialer.recording.encode import OpusEncoder
from dialer.recording.local_store import LocalStore, T
from dialer.recording.seal import seal_recording

STARTED = datetime(2026, 9, 18, 2, 30, tzinfo=UTC)
POINTS = ("encoding", "encoded", "copying", "stored", "sealing", "sealed")


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


class DyingEncoder(OpusEncoder):
    def __init__(self, point: str) -> None:
        super().__init__()
        self._point = point

    async def encode(self, files: SoundFiles, target: Path) -> EncodedSound:
        if self._point == "encoding":
            target.with_name(f"{target.name}.part").write_bytes(b"OggS, half")
            die()
        encoded = await super().encode(files, target)
        if self._point == "encoded":
            die()
        return encoded


class DyingStore(LocalStore):
    def __init__(self, root: Path, point: str) -> None:
        super().__init__(root)
        self._point = point

    async def _do(self, action: Callable[..., T], key: str, *arguments: object) -> T:
        result = await super()._do(action, key, *arguments)
        if action == self._put and self._point == ("sealed" if key.endswith(".json") else "stored"):
            die()
        return result

    def _copy(self, source: Path, part: Path) -> None:
        if self._point == ("sealing" if source.suffix == ".json" else "copying"):
            part.write_bytes(source.read_bytes()[:100])
            die()
        super()._copy(source, part)


if __name__ == "__main__":
    point, sealed, customer, agent, key = sys.argv[1:]
    files = SoundFiles(RecordingKind.TALK, Path(customer), Path(agent))
    store = DyingStore(Path(sealed), point)
    asyncio.run(seal_recording(CallId("c-1"), STARTED, files, 4.1, store, key, DyingEncoder(point)))
