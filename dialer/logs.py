"""Log lines: one JSON object each, a stable event name first, what they are about bound as fields.

Phone numbers and names reach a line only as masked types (`PhoneNumber`, `PersonName`): their text forms hide them.
"""

from __future__ import annotations

import logging
import sys
from pathlib import Path
from typing import TextIO

import structlog


def log_to(target: Path | None = None) -> TextIO:
    """Send all log lines to a file, or to stderr when there is none; the stream is the caller's to close."""
    stream: TextIO = sys.stderr if target is None else target.open("a", encoding="utf-8")
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.EventRenamer("event"),
            structlog.processors.JSONRenderer(ensure_ascii=False, default=repr),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.WriteLoggerFactory(stream),
        cache_logger_on_first_use=False,
    )
    return stream
