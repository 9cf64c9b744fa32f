"""What a recording looks like: how loud each side is, moment by moment. It shows who spoke when, and no word of it."""

from __future__ import annotations

from dataclasses import dataclass

STEP_MS = 50
"""How much sound one value stands for."""

QUIET = 26
"""Values below this are silence: -40 dBFS at the peak, louder than an idle line and softer than any voice."""


@dataclass(frozen=True, slots=True)
class Waveform:
    """The loudest sample of every step, one byte each: 255 times the square root of its amplitude (0..1).

    The root shows a soft voice beside a loud one, and tells silence from a whisper within a byte. `agent` is None
    where there is one side only (early media).
    """

    customer: bytes
    agent: bytes | None
