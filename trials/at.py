"""The real command line at another time: `python -m trials.at 2026-09-18T09:30:00+08:00 serve …`.

Time goes on from there at its real speed. With `--began 1234.5` before it, the instant is when the machine's
monotonic clock said so: a morning that goes on whoever is killed. The product has no switch for this, and needs none.
"""

from __future__ import annotations

import argparse
import sys
from datetime import datetime
from functools import partial

from dialer import bootstrap, cli
from dialer.domain.calendar import SHANGHAI
from trials.clock import RunningClock


def main() -> None:
    """Run the product with another clock."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("instant", type=datetime.fromisoformat)
    parser.add_argument("--began", type=float)
    parser.add_argument("command", nargs=argparse.REMAINDER)
    given = parser.parse_args()
    sys.argv[1:] = given.command
    begins = given.instant.astimezone(SHANGHAI)
    bootstrap.SystemClock = partial(RunningClock, begins, began=given.began)  # type: ignore[assignment,misc]  # what it is asked for
    cli.main()


if __name__ == "__main__":
    main()
