"""What a sound file on the spool holds."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np

LOUD = 500  # of 32767: well over line noise


def seconds_of(path: Path) -> float:
    """Its length, by its own header: what the contract calls complete and readable."""
    with wave.open(str(path)) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (1, 2, 8000)
        return float(file.getnframes() / file.getframerate())


def loudest(path: Path) -> int:
    with wave.open(str(path)) as file:
        samples = np.frombuffer(file.readframes(file.getnframes()), "<i2")
    return int(np.abs(samples.astype(int)).max(initial=0))
