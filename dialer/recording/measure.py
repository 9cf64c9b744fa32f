"""What a side sounds like, measured on the encoded file decoded again: that is the proof, not what went in."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import imageio_ffmpeg
import numpy as np
import numpy.typing as npt

from dialer.domain.recording import SOUNDING_DBFS, SideSound
from dialer.ports import EncodeFailed

_FULL_SCALE = 32768.0
_FLOOR_DBFS = -96.0
_FRAME_MS = 20
_FRAMES_AT_ONCE = 3000  # a minute


@dataclass(frozen=True, slots=True)
class Measured:
    """A decoded file: its length and its channels in order."""

    duration_ms: int
    channels: tuple[SideSound, ...]


def measure(path: Path, sample_rate: int, channels: int) -> Measured:
    """Decode a file and measure it, a minute at a time. Raises EncodeFailed when it does not decode to its end."""
    frame = sample_rate * _FRAME_MS // 1000
    peaks, energies, sounding = np.zeros(channels), np.zeros(channels), np.zeros(channels, np.int64)
    length = 0
    for block in decoded(path, sample_rate, channels, frame * _FRAMES_AT_ONCE):
        length += len(block)
        peaks = np.maximum(peaks, np.abs(block).max(axis=0))
        energies += np.square(block).sum(axis=0)
        sounding += _sounding_frames(block, frame)
    if not length:
        raise EncodeFailed(f"{path} decodes to nothing")
    rms = np.sqrt(energies / length)
    sides = (
        SideSound(_dbfs(float(peaks[side])), _dbfs(float(rms[side])), int(sounding[side]) * _FRAME_MS)
        for side in range(channels)
    )
    return Measured(round(length * 1000 / sample_rate), tuple(sides))


def _sounding_frames(block: npt.NDArray[np.float64], frame: int) -> npt.NDArray[np.int64]:
    frames = block[: len(block) // frame * frame].reshape(-1, frame, block.shape[1])
    loud: npt.NDArray[np.bool_] = np.square(frames).mean(axis=1) >= 10 ** (SOUNDING_DBFS / 10)
    counts: npt.NDArray[np.int64] = loud.sum(axis=0, dtype=np.int64)
    return counts


def _dbfs(amplitude: float) -> float:
    return round(max(_FLOOR_DBFS, 20 * float(np.log10(max(amplitude, 1e-9)))), 1)


def decoded(path: Path, sample_rate: int, channels: int, block: int) -> Iterator[npt.NDArray[np.float64]]:
    """Blocks of samples in -1..1, one column a channel."""
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "quiet", "-xerror", "-nostdin", "-i", str(path)]
    command += ["-f", "s16le", "-ac", str(channels), "-ar", str(sample_rate), "-"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as decoder:  # noqa: S603 - no shell, own paths
        assert decoder.stdout is not None
        while content := decoder.stdout.read(block * channels * 2):
            whole = len(content) // (channels * 2) * channels  # a dying decoder may stop within a sample
            yield np.frombuffer(content, dtype="<i2", count=whole).reshape(-1, channels) / _FULL_SCALE
    if decoder.returncode:
        raise EncodeFailed(f"{path} does not decode to its end (ffmpeg said {decoder.returncode})")
