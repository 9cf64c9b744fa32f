"""What became of it all: the questions that every journey ends with."""

from __future__ import annotations

from tests.builders import at
from tests.journeys.premises import Premises, until
from trials.clock import FRIDAY

LATER = at(10, day=FRIDAY)


def attempts(premises: Premises) -> list[tuple[str | None, bool]]:
    """Outcome of every attempt, and whether it counts for the customer, in order."""
    rows = premises.rows("SELECT outcome, counted FROM attempts ORDER BY id")
    return [(row["outcome"], bool(row["counted"])) for row in rows]


def case_states(premises: Premises) -> list[str]:
    """The state of every case, in order."""
    return [row["state"] for row in premises.rows("SELECT state FROM cases ORDER BY id")]


async def nothing_is_wrong(premises: Premises) -> None:
    """`dialer verify` finds nothing."""
    code, printed = await premises.run(LATER, "verify")
    assert code == 0, printed


async def all_sealed(premises: Premises, count: int) -> None:
    """Wait until so many talks are recorded and all of them are sealed."""

    def sealed() -> bool:
        talks = premises.rows("SELECT state FROM recordings WHERE kind = 'TALK'")
        return len(talks) == count and all(row["state"] == "SEALED" for row in talks)

    await until(sealed)
