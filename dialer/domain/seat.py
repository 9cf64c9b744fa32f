"""A seat: an agent at work, and the telephone leg that stays up between calls (rules §2.4; design: leases on seats)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from dialer.domain.call import CallId, SeatId
from dialer.domain.case import CaseId
from dialer.domain.transitions import Machine, by_state


class SeatState(StrEnum):
    """What an agent is doing."""

    AWAY = "AWAY"  # not at work
    SEATING = "SEATING"  # the agent's phone is being called
    SEATED = "SEATED"  # signed in, not ready yet
    READY = "READY"  # waits for a call
    PAUSED = "PAUSED"  # at the desk, takes no call
    PREVIEW = "PREVIEW"  # reads a difficult case before it is dialled
    RESERVED = "RESERVED"  # a call is being dialled for this agent
    TALKING = "TALKING"  # a customer is on the line
    WRAP_UP = "WRAP_UP"  # the customer is gone, the result is not entered yet


class SeatEvent(StrEnum):
    """What may happen to a seat."""

    SIT_DOWN = "SIT_DOWN"
    LEG_UP = "LEG_UP"
    LEG_DOWN = "LEG_DOWN"
    READY = "READY"
    PAUSE = "PAUSE"
    PREVIEWED = "PREVIEWED"
    RESERVED = "RESERVED"
    RELEASED = "RELEASED"
    CONNECTED = "CONNECTED"
    CALL_ENDED = "CALL_ENDED"
    WRAPPED_UP = "WRAPPED_UP"
    STAND_UP = "STAND_UP"


_S, _E = SeatState, SeatEvent
_GOES_HOME_FROM = (_S.SEATING, _S.SEATED, _S.READY, _S.PAUSED, _S.PREVIEW)

SEAT: Machine[SeatState, SeatEvent] = Machine(
    "seat",
    by_state(
        {
            (_S.AWAY, _E.SIT_DOWN): _S.SEATING,
            (_S.SEATING, _E.LEG_UP): _S.SEATED,
            (_S.SEATING, _E.LEG_DOWN): _S.AWAY,
            (_S.SEATED, _E.READY): _S.READY,
            (_S.SEATED, _E.PAUSE): _S.PAUSED,
            (_S.PAUSED, _E.READY): _S.READY,
            (_S.READY, _E.PAUSE): _S.PAUSED,
            (_S.READY, _E.RESERVED): _S.RESERVED,
            (_S.READY, _E.PREVIEWED): _S.PREVIEW,
            (_S.PREVIEW, _E.RESERVED): _S.RESERVED,
            (_S.PREVIEW, _E.RELEASED): _S.READY,
            (_S.PREVIEW, _E.PAUSE): _S.PAUSED,
            (_S.RESERVED, _E.RELEASED): _S.READY,
            (_S.RESERVED, _E.CONNECTED): _S.TALKING,
            (_S.RESERVED, _E.CALL_ENDED): _S.READY,
            (_S.TALKING, _E.CALL_ENDED): _S.WRAP_UP,
            (_S.WRAP_UP, _E.WRAPPED_UP): _S.READY,
            # the leg's fall takes nobody's call away: the agent sits until the call is accounted for; nor does it end
            # a pause, which has its reason and its clock whatever becomes of the phone
            (_S.SEATED, _E.LEG_DOWN): _S.SEATING,
            (_S.READY, _E.LEG_DOWN): _S.SEATING,
            (_S.PREVIEW, _E.LEG_DOWN): _S.SEATING,
            **{(state, _E.STAND_UP): _S.AWAY for state in _GOES_HOME_FROM},
        }
    ),
)
"""Every move a seat can make."""


@dataclass(frozen=True, slots=True)
class Seat:
    """An agent's place. `owner` is the engine that serves it; `address` the SIP URI of the agent's phone.

    `back_to_ready`: the leg fell while the agent was taking calls, so its return finds them ready and not paused.
    `preview_case`: the case on the desk in PREVIEW, and in no other state.
    """

    id: SeatId
    login: str
    address: str
    since: datetime
    state: SeatState = SeatState.AWAY
    why: str = ""
    call_id: CallId | None = None
    leg_up: bool = False
    owner: str = ""
    pause_after_call: bool = False
    back_to_ready: bool = False
    preview_case: CaseId | None = None
    version: int = 0

    def moved(self, event: SeatEvent, at: datetime) -> Seat:
        """The seat after an event. Raises ImpossibleMove."""
        state = SEAT.after(self.state, event)
        previewed = self.preview_case if state is SeatState.PREVIEW else None
        return replace(self, state=state, since=at, preview_case=previewed)
