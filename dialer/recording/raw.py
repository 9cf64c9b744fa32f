"""Raw sound as recorders leave it, also killed ones: mono 16-bit PCM in a WAV whose header may be wrong.

The file on the spool is evidence and never rewritten; it is read for what is really in it.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from dialer.domain.call import SoundFiles
from dialer.ports import SoundLost, SoundUnreadable

Samples = npt.NDArray[np.int16]

_CHUNK = struct.Struct("<4sI")
_FORMAT = struct.Struct("<HHIIHH")
_PCM = 1


@dataclass(frozen=True, slots=True)
class Sound:
    """One side's samples."""

    sample_rate: int
    samples: Samples

    @property
    def duration_ms(self) -> int:
        """Length in milliseconds, rounded."""
        return round(len(self.samples) * 1000 / self.sample_rate)


@dataclass(frozen=True, slots=True)
class Sides:
    """Both sides at one rate and of one length; early media has no agent."""

    sample_rate: int
    customer: Samples
    agent: Samples | None

    @property
    def duration_ms(self) -> int:
        """Length in milliseconds, rounded."""
        return round(len(self.customer) * 1000 / self.sample_rate)


def read_sides(files: SoundFiles) -> Sides:
    """Both sides, the shorter padded with silence; a side without any sound becomes silence.

    Raises SoundLost when no side has any sound, SoundUnreadable when a file is something else.
    """
    customer, agent = read_sound(files.customer), read_sound(files.agent) if files.agent else None
    heard = [sound for sound in (customer, agent) if sound is not None]
    if not heard:
        raise SoundLost(f"no sound on the spool for {files.customer.parent.name} ({files.kind})")
    if len({sound.sample_rate for sound in heard}) > 1:
        raise SoundUnreadable(f"{files.customer} and {files.agent} have different sample rates")
    length = max(len(sound.samples) for sound in heard)
    return Sides(heard[0].sample_rate, _padded(customer, length), _padded(agent, length) if files.agent else None)


def read_sound(path: Path) -> Sound | None:
    """A recorder's file, whatever its header says of its length; None if it is not there or holds no sound.

    Raises SoundUnreadable for anything but mono 16-bit PCM WAV.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise SoundUnreadable(f"{path}: {error.strerror}") from error
    if len(content) < 12:
        return None  # killed before its header was written
    if content[:4] != b"RIFF" or content[8:12] != b"WAVE":
        raise SoundUnreadable(f"{path} is not a WAV file")
    return _sound(content, path)


def _sound(content: bytes, path: Path) -> Sound | None:
    sample_rate, offset = 0, 12
    while offset + _CHUNK.size <= len(content):
        name, declared = _CHUNK.unpack_from(content, offset)
        offset += _CHUNK.size
        if name == b"data":
            return _samples(content, offset, declared, sample_rate, path)
        if name == b"fmt " and offset + _FORMAT.size <= len(content):
            sample_rate = _sample_rate(content, offset, path)
        offset += declared + declared % 2
    return None  # killed within its header


def _sample_rate(content: bytes, offset: int, path: Path) -> int:
    code, channels, rate, _, _, bits = _FORMAT.unpack_from(content, offset)
    if (code, channels, bits) != (_PCM, 1, 16) or not rate:
        raise SoundUnreadable(f"{path} is not mono 16-bit PCM (format {code}, {channels} channels, {bits} bits)")
    return int(rate)


def _samples(content: bytes, start: int, declared: int, sample_rate: int, path: Path) -> Sound | None:
    if not sample_rate:
        raise SoundUnreadable(f"{path} has sound before its format")
    end = start + declared
    if not _ends_well(content, declared, end):
        end = len(content)
    end -= (end - start) % 2  # a write cut in the middle of a sample
    samples = np.frombuffer(content, dtype="<i2", count=(end - start) // 2, offset=start).astype(np.int16)
    return Sound(sample_rate, samples) if len(samples) else None


def _ends_well(content: bytes, declared: int, end: int) -> bool:
    """Whether the declared length is to be believed: it ends the file, or another chunk follows."""
    rest = content[end + end % 2 :]
    if not declared or end > len(content):
        return False
    if not rest:
        return True
    if len(rest) < _CHUNK.size:
        return False
    name, size = _CHUNK.unpack_from(rest)
    return bool(name.isascii() and name.isalnum() and _CHUNK.size + size <= len(rest) + 1)


def _padded(sound: Sound | None, length: int) -> Samples:
    samples = sound.samples if sound else np.zeros(0, np.int16)
    return np.pad(samples, (0, length - len(samples)))
