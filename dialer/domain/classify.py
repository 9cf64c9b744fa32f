"""What became of a call that brought nobody to the agent: the network's evidence → an outcome (rules §10.1-10.3).

Mainland networks say what is wrong in an announcement and then release with an uninformative code, so a code alone
proves little, and nothing here understands announcements. Evidence ranks: our own fault; then the code, read as the
*mildest* category it may mean. A bare 404 or 480 never makes a number vacant.

`DECISION_TABLE`, first row that fits:

    our side     a failure of ours; ended by dialer or agent; answered, but no agent was joined      TECH
    ring-out     rang or played until our time-out, 487, or 408 after ringing                       NO_ANSWER
    486          after ringing 3 s or more                                                          REJECTED
    486, 600     at once                                                                            BUSY
    603 403 607  declined or forbidden: whether person or blocker is not known                      REJECTED
    404, 604     after an announcement: a suspicion, confirmed 20 h later before it is believed     VACANT
    404, 604     bare                                                                               NO_SERVICE
    484          the network wants other digits                                                     INVALID_FORMAT
    410, 301     moved                                                                              NUMBER_CHANGED
    480          after ringing, or 30 s of sound (coloured ring-back)                               NO_ANSWER
    480          at once, or after a short announcement: off, out of reach, vacant: the mildest     NO_SERVICE
    4xx          any other but 408 and 487: our request was refused, not the customer's doing       TECH
    else         503 and every other code, silence, a time-out without ringing                      NETWORK
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from dialer.domain.call import Call, Party
from dialer.domain.outcome import Outcome

_REJECTED_AFTER_SECONDS = 3.0
_RING_BACK_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known of an unanswered call.

    Attributes:
        sip_code: the final response, None when there was none.
        by: who ended it.
        rang: the far end signalled ringing (180).
        early_media: the network sent sound before answer (183).
        ring_seconds: from the first ringing or sound to the end; 0 without either.
        ring_timeout: we gave up after the ring time.
        failure: a fault on our side, named.
        answered: it was answered, but nobody was joined to it.
    """

    sip_code: int | None
    by: Party
    rang: bool = False
    early_media: bool = False
    ring_seconds: float = 0.0
    ring_timeout: bool = False
    failure: str | None = None
    answered: bool = False

    @property
    def reached_the_far_end(self) -> bool:
        """Whether the call got further than our own trunk."""
        return self.rang or self.early_media


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the decision table: `when` in words, and the outcome."""

    when: str
    fits: Callable[[Evidence], bool]
    outcome: Outcome


def _our_side(evidence: Evidence) -> bool:
    gave_up = evidence.by in (Party.DIALER, Party.AGENT) and not evidence.ring_timeout
    return evidence.failure is not None or evidence.answered or gave_up


def _rang_out(evidence: Evidence) -> bool:
    unanswered = evidence.ring_timeout or evidence.sip_code in (408, 487)
    return unanswered and evidence.reached_the_far_end


def _declined(evidence: Evidence) -> bool:
    return evidence.sip_code == 486 and evidence.rang and evidence.ring_seconds >= _REJECTED_AFTER_SECONDS


def _rang_unanswered(evidence: Evidence) -> bool:
    ring_back = evidence.early_media and evidence.ring_seconds >= _RING_BACK_SECONDS
    return evidence.sip_code == 480 and (evidence.rang or ring_back)


def _code(*codes: int) -> Callable[[Evidence], bool]:
    return lambda evidence: evidence.sip_code in codes


def _announced(*codes: int) -> Callable[[Evidence], bool]:
    return lambda evidence: evidence.sip_code in codes and evidence.early_media


def _request_refused(evidence: Evidence) -> bool:
    return evidence.sip_code is not None and 400 <= evidence.sip_code < 500 and evidence.sip_code not in (408, 487)


DECISION_TABLE = (
    Row("our side", _our_side, Outcome.TECH),
    Row("rang or played until we gave up", _rang_out, Outcome.NO_ANSWER),
    Row("486 after ringing", _declined, Outcome.REJECTED),
    Row("486, 600 at once", _code(486, 600), Outcome.BUSY),
    Row("603, 403, 607", _code(603, 403, 607), Outcome.REJECTED),
    Row("404, 604 after an announcement", _announced(404, 604), Outcome.VACANT),
    Row("404, 604 bare", _code(404, 604), Outcome.NO_SERVICE),
    Row("484", _code(484), Outcome.INVALID_FORMAT),
    Row("410, 301", _code(410, 301), Outcome.NUMBER_CHANGED),
    Row("480 after ringing", _rang_unanswered, Outcome.NO_ANSWER),
    Row("480 at once or after an announcement", _code(480), Outcome.NO_SERVICE),
    Row("any other 4xx", _request_refused, Outcome.TECH),
    Row("else", lambda _: True, Outcome.NETWORK),
)
"""The module's table as data; the last row fits everything."""


def classify(evidence: Evidence) -> Outcome:
    """The one outcome of a call that reached no agent."""
    return next(row.outcome for row in DECISION_TABLE if row.fits(evidence))


def evidence_of(call: Call) -> Evidence:
    """What an ended call that connected nobody shows.

    Raises:
        ValueError: the call is not over, or an agent talked in it and so decides its outcome.
    """
    if call.ended is None or call.connected_at is not None:
        raise ValueError(
            f"call {call.call_id} is {call.phase}: only an ended call without a conversation is classified"
        )
    ended = call.ended
    first_sign = min((at for at in (call.ringing_at, call.early_media_at) if at is not None), default=None)
    return Evidence(
        sip_code=ended.sip_code,
        by=ended.by,
        rang=call.ringing_at is not None,
        early_media=call.early_media_at is not None,
        ring_seconds=(ended.at - first_sign).total_seconds() if first_sign else 0.0,
        ring_timeout=ended.ring_timeout,
        failure=ended.failure,
        answered=call.answered_at is not None,
    )
