"""What can be signalled (`dialer.ports.Signals`), and who waits for it. No topic is named anywhere else."""

from __future__ import annotations

from dialer.domain.call import SeatId

DISPATCH = "dispatch"
"""Something may be dialled now: a seat is ready, or cases are due. Dispatchers wait for it."""

DESK_ORDERS = "desk-orders"
"""A desk or a supervisor wants something of the phone system. The engine that serves the seat waits for it."""

CALLS = "calls"
"""A call has ended. An engine that is stopping waits for its last one."""

RECORDINGS = "recordings"
"""There is sound to seal. Engines wait for it."""

WALL = "wall"
"""A seat, a supervisor's place on a call or a decision about dialling has changed. Floor walls wait for it."""

IN_FORCE = "in-force"
"""Scripts, calendar or places have changed. Every process waits for it."""


def desk(seat: SeatId) -> str:
    """The seat, or the call on it, has changed. The agent's own tabs wait for it."""
    return f"desk:{seat}"
