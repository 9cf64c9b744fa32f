"""Sound for tests: tones, silence and something like speech; what recorders leave; what players hear."""

import struct
import subprocess
import wave
from pathlib import Path

import imageio_ffmpeg
import numpy as np
import numpy.typing as npt

RATE = 8000
Samples = npt.NDArray[np.int16]


def tone(seconds: float, hertz: float, rate: int = RATE, level: float = 0.3) -> Samples:
    t = np.arange(round(seconds * rate)) / rate
    sound: Samples = (np.sin(2 * np.pi * hertz * t) * level * 32767).astype(np.int16)
    return sound


def speech(seconds: float, rate: int = RATE, seed: int = 1, level: float = 0.4) -> Samples:
    """Voice-like: harmonics of a wandering pitch in syllables with pauses, over faint line noise."""
    rng = np.random.default_rng(seed)
    t = np.arange(round(seconds * rate)) / rate
    pitch = 2 * np.pi * np.cumsum(140 + 25 * np.sin(2 * np.pi * 0.7 * t + seed)) / rate
    voice = np.sum([np.sin(k * pitch) / k for k in range(1, 12)], axis=0)
    syllables = np.clip(np.sin(2 * np.pi * 3 * t), 0, 1) * (np.sin(2 * np.pi * 0.2 * t + seed) > -0.3)
    heard = level * voice / np.abs(voice).max() * syllables + rng.normal(0, 0.0003, len(t))
    sound: Samples = (np.clip(heard, -1, 1) * 32767).astype(np.int16)
    return sound


def silence(seconds: float, rate: int = RATE) -> Samples:
    return np.zeros(round(seconds * rate), np.int16)


def write_wav(path: Path, samples: Samples, rate: int = RATE) -> None:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(samples.tobytes())


def declare_length(path: Path, length: int) -> None:
    """What a killed recorder leaves: the header's lengths say `length`, whatever follows."""
    content = bytearray(path.read_bytes())
    struct.pack_into("<I", content, 4, length)
    struct.pack_into("<I", content, 40, length)
    path.write_bytes(content)


def decode(path: Path, channels: int, rate: int = RATE) -> Samples:
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-i", str(path), "-f", "s16le", "-ar", str(rate), "-"]
    content = subprocess.run(command, capture_output=True, check=True).stdout
    return np.frombuffer(content, np.int16).reshape(-1, channels)


def loudest_hertz(samples: Samples, rate: int = RATE) -> float:
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    return float(np.fft.rfftfreq(len(samples), 1 / rate)[spectrum.argmax()])
