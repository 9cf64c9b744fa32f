"""Two mono sides into one Opus file in Ogg: agent left, customer right; early media mono.

Opus always decodes at 48 kHz; the rate the sound really has (8 or 16 kHz) stands in the file's header and in the seal.
48 kbit/s keeps the sides 78 dB apart: enough to tell a silent side from the other's echo in the codec.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import sys
import tempfile
import threading
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import imageio_ffmpeg
import numpy as np

from dialer.domain.call import SoundFiles
from dialer.domain.waveform import Waveform
from dialer.ports import EncodedSound, EncodeFailed
from dialer.recording.measure import measure
from dialer.recording.raw import Sides, read_sides
from dialer.recording.waveform import read_waveform

with warnings.catch_warnings():
    # on import pydub looks for an ffmpeg on the PATH and warns; the one used is named below
    warnings.simplefilter("ignore")
    from pydub import AudioSegment
    from pydub.exceptions import CouldntEncodeError

CODEC = "opus"
_STEREO_BITRATE, _MONO_BITRATE = "48k", "24k"
_BIT_EXACT = ["-application", "voip", "-map_metadata", "-1", "-fflags", "+bitexact", "-flags:a", "+bitexact"]
_TOLERANCE_MS = 40
_BACKGROUND_NICE = 10


class OpusEncoder:
    """The Encoder and Waveforms ports by pydub and the ffmpeg that imageio-ffmpeg ships.

    One file at a time in a thread of low priority, which ffmpeg inherits: live calls come first, and the loop never
    waits. On one core about 70 times as fast as the conversation at 8 kHz, 45 times at 16 kHz.
    """

    def __init__(self) -> None:
        AudioSegment.converter = imageio_ffmpeg.get_ffmpeg_exe()
        self._thread = ThreadPoolExecutor(1, "encode", initializer=_step_back)

    async def encode(self, files: SoundFiles, target: Path) -> EncodedSound:
        """Encode, decode again and measure. Raises SoundLost, SoundUnreadable, EncodeFailed."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, encode_now, files, target)

    async def waveform(self, encoded: bytes, *, sides: int) -> Waveform:
        """Decode and measure. Raises EncodeFailed."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, waveform_now, encoded, sides)

    def close(self) -> None:
        """Wait for the file in work, drop what waits: it is still on the spool."""
        self._thread.shutdown(cancel_futures=True)


def encode_now(files: SoundFiles, target: Path) -> EncodedSound:
    """What the encoder's thread does; blocks."""
    sides = read_sides(files)
    part = target.with_name(f"{target.name}.part")
    try:
        _write_opus(sides, part)
        encoded = _measured(sides, part, target)
        part.replace(target)
    except OSError as error:
        raise EncodeFailed(f"{target}: {error.strerror}") from error
    finally:
        part.unlink(missing_ok=True)
    return encoded


def waveform_now(encoded: bytes, sides: int) -> Waveform:
    """What the encoder's thread does; blocks."""
    with tempfile.NamedTemporaryFile(suffix=".ogg") as file:
        file.write(encoded)
        file.flush()
        return read_waveform(Path(file.name), sides=sides)


def _write_opus(sides: Sides, part: Path) -> None:
    channels = [sides.customer] if sides.agent is None else [sides.agent, sides.customer]
    segment = AudioSegment(
        data=np.stack(channels, axis=1).tobytes(),
        sample_width=2,
        frame_rate=sides.sample_rate,
        channels=len(channels),
    )
    bitrate = _MONO_BITRATE if sides.agent is None else _STEREO_BITRATE
    try:
        segment.export(str(part), format="ogg", codec="libopus", bitrate=bitrate, parameters=_BIT_EXACT).close()
    except CouldntEncodeError as error:
        reason = str(error).strip().splitlines()[-1]
        raise EncodeFailed(f"{part.stem}: {reason}") from error


def _measured(sides: Sides, part: Path, target: Path) -> EncodedSound:
    measured = measure(part, sides.sample_rate, channels=1 if sides.agent is None else 2)
    if abs(measured.duration_ms - sides.duration_ms) > _TOLERANCE_MS:
        raise EncodeFailed(f"{target}: {sides.duration_ms} ms went in, {measured.duration_ms} ms came out")
    content = part.read_bytes()
    return EncodedSound(
        path=target,
        sha256=hashlib.sha256(content).hexdigest(),
        size_bytes=len(content),
        duration_ms=measured.duration_ms,
        codec=CODEC,
        sample_rate=sides.sample_rate,
        customer=measured.channels[-1],
        agent=None if sides.agent is None else measured.channels[0],
    )


def _step_back() -> None:
    if sys.platform == "linux":  # elsewhere the priority is the whole process's
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _BACKGROUND_NICE)
