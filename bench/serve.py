"""`dialer serve` on a morning that goes on whoever is killed: `python -m bench.serve 2026-09-18T09:05:00+08:00 1234.5`.

The number is the machine's monotonic clock at that instant; options of `serve` may follow.
The product has no switch for this, and needs none.
"""

from __future__ import annotations

import sys
import time
from datetime import datetime, timedelta

from dialer import bootstrap, cli
from dialer.domain.calendar import SHANGHAI


def main() -> None:
    """Run the product with another clock."""
    start, began = datetime.fromisoformat(sys.argv[1]).astimezone(SHANGHAI), float(sys.argv[2])
    sys.argv[1:] = ["serve", *sys.argv[3:]]

    class OtherClock:
        def now(self) -> datetime:
            return start + timedelta(seconds=time.monotonic() - began)

    bootstrap.SystemClock = OtherClock  # type: ignore[assignment,misc]  # only what it is asked for
    cli.main()


if __name__ == "__main__":
    main()
