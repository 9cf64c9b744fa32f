"""Generated sound for simulations: what a voice and a network announcement look like to a level meter.

8 kHz, 16-bit, mono. The same seed gives the same sound.
"""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

RATE = 8000
Samples = NDArray[np.int16]


def speech(seconds: float, seed: int = 1, pitch_hz: float = 140.0, *, pauses: bool = True) -> Samples:
    """Voiced bursts of a syllable's length, with a syllable's pauses between them unless it is a monologue."""
    draw = np.random.default_rng(seed)
    wanted = int(seconds * RATE)
    pieces: list[NDArray[np.float64]] = []
    have = 0
    while have < wanted:
        syllable = _syllable(draw, pitch_hz)
        gap = draw.uniform(-20, 20, int(draw.uniform(0.05, 0.35 if pauses else 0.06) * RATE))
        pieces += [syllable, gap]
        have += len(syllable) + len(gap)
    joined = np.concatenate(pieces) if pieces else np.zeros(0)
    return joined[:wanted].clip(-32000, 32000).astype(np.int16)


def announcement(seconds: float, seed: int = 7) -> Samples:
    """The three special-information tones, then a voice: how a network says that a number can't be reached."""
    tones = [9000 * np.sin(2 * np.pi * hertz * np.arange(int(0.33 * RATE)) / RATE) for hertz in (950, 1400, 1800)]
    marker = np.concatenate(tones).astype(np.int16)
    return np.concatenate([marker, speech(max(0.0, seconds - 1), seed, 200.0)])[: int(seconds * RATE)]


def silence(seconds: float) -> Samples:
    """Nothing to hear."""
    return np.zeros(int(seconds * RATE), np.int16)


def lasting(samples: Samples, seconds: float) -> Samples:
    """The same sound over and over for so long."""
    return np.resize(samples, int(seconds * RATE))


def write_wav(path: Path, samples: Samples) -> None:
    """Write a mono WAV file."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(samples.astype("<i2").tobytes())


def _syllable(draw: np.random.Generator, pitch_hz: float) -> NDArray[np.float64]:
    count = int(draw.uniform(0.15, 0.45) * RATE)
    time = np.arange(count) / RATE
    pitch = pitch_hz * draw.uniform(0.8, 1.4)
    harmonics = np.arange(1, 13)[:, None]
    strength = draw.uniform(0.2, 1.0, 12)[:, None]
    voiced = (strength * np.sin(2 * np.pi * pitch * harmonics * time)).sum(axis=0)
    return np.asarray(2600 / 3 * np.sin(np.pi * np.arange(count) / count) * voiced)
