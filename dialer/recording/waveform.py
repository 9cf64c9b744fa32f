"""The picture of a sealed recording, drawn from the encoded sound that is heard."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from dialer.domain.waveform import STEP_MS, Waveform
from dialer.recording.measure import decoded

_SAMPLE_RATE = 8000
_STEP_SAMPLES = _SAMPLE_RATE * STEP_MS // 1000
_STEPS_AT_ONCE = 1200  # a minute


def read_waveform(path: Path, *, sides: int) -> Waveform:
    """Decode a recording of one or two sides, a minute at a time. Raises EncodeFailed when it does not decode."""
    blocks = decoded(path, _SAMPLE_RATE, sides, _STEP_SAMPLES * _STEPS_AT_ONCE)
    steps = [_loudest(block) for block in blocks]
    heights = np.concatenate(steps) if steps else np.zeros((0, sides), np.uint8)
    return Waveform(heights[:, -1].tobytes(), heights[:, 0].tobytes() if sides > 1 else None)


def _loudest(block: npt.NDArray[np.float64]) -> npt.NDArray[np.uint8]:
    """One row a step; the last step may be short."""
    missing = -len(block) % _STEP_SAMPLES
    steps = np.pad(np.abs(block), ((0, missing), (0, 0))).reshape(-1, _STEP_SAMPLES, block.shape[1])
    heights: npt.NDArray[np.uint8] = np.round(255 * np.sqrt(steps.max(axis=1).clip(0, 1))).astype(np.uint8)
    return heights
