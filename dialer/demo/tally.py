"""What came of a demonstration, counted from the records and compared with the carrier's own log."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

from dialer.demo.carrier import CallRecord, CarrierSimulator
from dialer.demo.robots import Shift
from dialer.domain.attempt import Attempt
from dialer.domain.call import CallId, Phase
from dialer.domain.case import ON_THE_PHONE, CaseState, RevisitCase
from dialer.domain.phone import mask
from dialer.domain.recording import RecordingState
from dialer.ports.storage import Storage, StoredCall, Work
from dialer.verification import Report

_UNDER_WAY = (*ON_THE_PHONE, CaseState.QUEUED, CaseState.SEALING)
_UNSEALED = (RecordingState.WRITING, RecordingState.RAW, RecordingState.FAILED)


@dataclass(frozen=True, slots=True)
class Records:
    """Everything the database holds at the end, as far as it is counted."""

    cases: tuple[RevisitCase, ...]
    attempts: tuple[Attempt, ...]
    calls: Mapping[CallId, StoredCall]
    numbers: Mapping[CallId, str]
    recordings: Counter[RecordingState]
    tickets: Counter[str]


@dataclass(frozen=True, slots=True)
class Tally:
    """The counts of a demonstration, as `--json` writes them.

    Attributes:
        policies: imported; as many cases.
        cases: by state.
        calls: placed by the dialer.
        invites: seen by the carrier; equal to `calls`, number by number.
        attempts: by outcome; a call that serves two policies is two attempts.
        talks: conversations the robot agents held.
        closed, ticketed, resting: cases closed; out on a ticket; waiting for a later day or for people.
        tickets: by state.
        recordings: by state; talk and early media.
        waited_p50_seconds, waited_p95_seconds: real seconds from an agent's readiness to a customer on the screen,
            dialling and ringing included, while there was somebody to call.
        seconds: how long the demonstration took.
        lost: what went missing, one line each; empty when all is well.
    """

    policies: int
    cases: Mapping[str, int]
    calls: int
    invites: int
    attempts: Mapping[str, int]
    talks: int
    closed: int
    ticketed: int
    resting: int
    tickets: Mapping[str, int]
    recordings: Mapping[str, int]
    recordings_sealed: int
    waited_p50_seconds: float
    waited_p95_seconds: float
    seconds: float
    lost: tuple[str, ...]

    def as_json(self) -> dict[str, object]:
        """The counts as plain data; `lost` is their number, `lost_what` says what."""
        return asdict(self) | {"lost": len(self.lost), "lost_what": list(self.lost)}


def is_ticketed(state: CaseState) -> bool:
    """Whether a case is with the branch, or its ticket is about to go there."""
    return state.value.startswith(("U_", "L1_", "L2_", "REPLY_"))


async def read_records(storage: Storage) -> Records:
    """Read all there is."""
    async with storage.read() as work:
        cases = tuple(await work.cases.in_state(*CaseState))
        attempts = tuple([attempt for case in cases for attempt in await work.calls.attempts(case.id)])
        calls = {call_id: await work.calls.get(call_id) for call_id in {each.call_id for each in attempts}}
        return Records(
            cases,
            attempts,
            calls,
            await _numbers(work, cases, attempts, calls),
            Counter([each.state for call_id in calls for each in await work.recordings.of_call(call_id)]),
            Counter([ticket.state.value for case in cases for ticket in await work.tickets.of_case(case.id)]),
        )


async def _numbers(
    work: Work, cases: Sequence[RevisitCase], attempts: Sequence[Attempt], calls: Mapping[CallId, StoredCall]
) -> dict[CallId, str]:
    holder_of = {case.id: case.holder_id for case in cases}
    phones = {
        phone.id: phone.number.national
        for holder in set(holder_of.values())
        for phone in await work.policies.phones(holder)
    }
    return {each.call_id: phones[calls[each.call_id].phone_id] for each in attempts}


def tally(
    policies: int,
    records: Records,
    carrier: CarrierSimulator,
    report: Report,
    shift: Shift,
    seconds: float,
) -> Tally:
    """Count, and find what is lost."""
    states = Counter(case.state for case in records.cases)
    closed = sum(count for state, count in states.items() if state.closed)
    ticketed = sum(count for state, count in states.items() if is_ticketed(state))
    return Tally(
        policies=policies,
        cases={state.value: states[state] for state in CaseState if states[state]},
        calls=len(records.calls),
        invites=len(carrier.log),
        attempts=_sorted(Counter(each.outcome.value if each.outcome else "NONE" for each in records.attempts)),
        talks=shift.talks,
        closed=closed,
        ticketed=ticketed,
        resting=len(records.cases) - closed - ticketed,
        tickets=_sorted(records.tickets),
        recordings={state.value: count for state, count in records.recordings.items()},
        recordings_sealed=records.recordings[RecordingState.SEALED],
        waited_p50_seconds=percentile(shift.waited_seconds, 0.5),
        waited_p95_seconds=percentile(shift.waited_seconds, 0.95),
        seconds=round(seconds, 1),
        lost=(
            *_lost(policies, records),
            *_dialled_differently(records, carrier.log),
            *(f"{fault.kind} {fault.record}: {fault.what}" for fault in report.faults),
            *shift.troubles,
            *([f"the carrier was full for {full} calls"] if (full := carrier.refused_over_capacity) else []),
        ),
    )


def _lost(policies: int, records: Records) -> list[str]:
    lost = [f"case {case.id} stopped in {case.state}" for case in records.cases if case.state in _UNDER_WAY]
    lost += [f"attempt {each.id} has no outcome" for each in records.attempts if each.outcome is None]
    for call_id, stored in records.calls.items():
        if stored.call.phase is not Phase.ENDED or stored.outcome is None:
            lost.append(f"call {call_id} is {stored.call.phase} with outcome {stored.outcome}")
    lost += [f"{records.recordings[state]} recordings are {state}" for state in _UNSEALED if records.recordings[state]]
    if len(records.cases) != policies:
        lost.append(f"{policies} policies, {len(records.cases)} cases")
    return lost


def _dialled_differently(records: Records, log: Sequence[CallRecord]) -> list[str]:
    ours, seen = Counter(records.numbers.values()), Counter(record.number for record in log)
    return [
        f"{mask(number)}: {ours[number]} calls by our records, {seen[number]} by the carrier's"
        for number in sorted(ours.keys() | seen.keys())
        if ours[number] != seen[number]
    ]


def percentile(values: Sequence[float], share: float) -> float:
    """The value below or at which this share of all lies; 0 of none."""
    if not values:
        return 0.0
    return round(sorted(values)[max(0, math.ceil(share * len(values)) - 1)], 2)


def _sorted(counts: Counter[str]) -> dict[str, int]:
    return dict(counts.most_common())
