"""The real command line at another time: `python -m tests.journeys.at 2026-09-18T09:30:00+08:00 serve …`.

Time goes on from there at its real speed. The product has no switch for this, and needs none.
"""

from __future__ import annotations

import sys
import time
from datetime import datetime, timedelta

from dialer import bootstrap, cli
from dialer.domain.calendar import SHANGHAI


def main() -> None:
    start = datetime.fromisoformat(sys.argv.pop(1)).astimezone(SHANGHAI)
    began = time.monotonic()

    class OtherClock:
        def now(self) -> datetime:
            return start + timedelta(seconds=time.monotonic() - began)

    bootstrap.SystemClock = OtherClock  # type: ignore[assignment,misc]
    cli.main()


if __name__ == "__main__":
    main()
