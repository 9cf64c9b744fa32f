"""What the network saw against what the records say: every INVITE has one call, every call its end and true outcome."""

from __future__ import annotations

import sqlite3
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from bench.network import HANGS_UP_AFTER_MS, REFUSALS, RINGS_OUT, STAYS, Dialog

_CLOCKS_SECONDS = 1.5
"""How far the records' instants and the network's may be apart: news needs its time, and a call is intended before it
is dialled."""

_QUERY = """
SELECT calls.id, calls.intended_at, calls.ended_at, calls.ended_by, calls.sip_code, calls.ring_timeout, calls.failure,
       attempts.outcome, cases.policy_no,
       EXISTS (SELECT 1 FROM desk_orders WHERE call_id = calls.id AND kind = 'HANG_UP') AS agent_hung_up
FROM calls JOIN attempts ON attempts.call_id = calls.id JOIN cases ON cases.id = attempts.case_id
ORDER BY calls.intended_at
"""


@dataclass(frozen=True, slots=True)
class Recorded:
    """A call as the records have it; times are monotonic seconds."""

    id: str
    number: str
    intended_at: float
    ended_at: float | None
    ended_by: str | None
    sip_code: int | None
    ring_timeout: bool
    failure: str | None
    outcome: str | None
    agent_hung_up: bool

    def holds(self, instant: float) -> bool:
        """Whether the call was under way at an instant."""
        until = self.ended_at if self.ended_at is not None else instant
        return self.intended_at - _CLOCKS_SECONDS <= instant <= until + _CLOCKS_SECONDS


@dataclass(slots=True)
class Account:
    """The balance. `lost`: calls without an end, without an outcome, or with another than the network saw."""

    calls: int = 0
    invites: int = 0
    cut_off: int = 0
    orphans: int = 0
    lost: list[str] = field(default_factory=list)
    twice: list[str] = field(default_factory=list)
    outcomes: Counter[str] = field(default_factory=Counter)

    @property
    def well(self) -> bool:
        """Whether it balances."""
        return self.calls > 0 and not self.lost and not self.twice


def read_calls(database: Path, numbers: Mapping[str, str], monotonic: Callable[[datetime], float]) -> list[Recorded]:
    """Every call of the records, by its instants on the network's clock."""

    def instant(text: str | None) -> float | None:
        return monotonic(datetime.fromisoformat(text).replace(tzinfo=UTC)) if text else None

    with closing(sqlite3.connect(database)) as connection:
        connection.row_factory = sqlite3.Row
        rows = connection.execute(_QUERY).fetchall()
    return [
        Recorded(
            row["id"],
            numbers[row["policy_no"]],
            instant(row["intended_at"]) or 0.0,
            instant(row["ended_at"]),
            row["ended_by"],
            row["sip_code"],
            bool(row["ring_timeout"]),
            row["failure"],
            row["outcome"],
            bool(row["agent_hung_up"]),
        )
        for row in rows
    ]


def account_for(calls: Sequence[Recorded], dialogs: Sequence[Dialog], asterisk_died_at: Sequence[float]) -> Account:
    """Set them off against each other."""
    account = Account(len(calls), len(dialogs))
    account.outcomes = Counter(call.outcome or "none" for call in calls)
    account.orphans = sum(dialog.how == "ORPHAN" for dialog in dialogs)
    seen = _seen(calls, dialogs, account)
    account.twice += _at_a_time(dialogs, asterisk_died_at)
    for call in calls:
        if call.ended_at is None or call.outcome is None:
            account.lost.append(f"{call.id} to {_masked(call.number)} has no end or no outcome: {call}")
        elif call.id in seen:
            cut_off = any(call.holds(instant) for instant in asterisk_died_at)
            account.cut_off += cut_off and call.failure is not None
            if not cut_off and not _is_true(call):
                account.lost.append(f"{call.id} to {_masked(call.number)} is not what the network saw: {call}")
    return account


def _seen(calls: Sequence[Recorded], dialogs: Sequence[Dialog], account: Account) -> dict[str, Dialog]:
    """The INVITE of each call; one without a call, or a second one of a call, is a dial too many."""
    to_number = defaultdict(list)
    for call in calls:
        to_number[call.number].append(call)
    seen: dict[str, Dialog] = {}
    for dialog in dialogs:
        fitting = [call for call in to_number[dialog.number] if call.holds(dialog.invited_at) and call.id not in seen]
        nearest = min(fitting, key=lambda call: abs(call.intended_at - dialog.invited_at), default=None)
        if nearest is None:
            account.twice.append(f"{_masked(dialog.number)} at {dialog.invited_at:.1f}: no call of the records")
        else:
            seen[nearest.id] = dialog
    return seen


def _at_a_time(dialogs: Sequence[Dialog], asterisk_died_at: Sequence[float]) -> Iterator[str]:
    """Numbers that were rung while in a call; not those whose call had died with Asterisk, unknown to them."""
    last: dict[str, Dialog] = {}
    for dialog in dialogs:
        before = last.get(dialog.number)
        last[dialog.number] = dialog
        if before is None or _is_over(before, dialog.invited_at):
            continue
        if not any(before.invited_at - _CLOCKS_SECONDS <= died <= dialog.invited_at for died in asterisk_died_at):
            yield f"{_masked(dialog.number)} at {dialog.invited_at:.1f}: rung while in a call"


def _is_over(dialog: Dialog, instant: float) -> bool:
    """Whether a dialog was over at an instant. One that was broken off has no end; who stays on the line would have."""
    if dialog.ended_at is None:
        return int(dialog.number[-1]) not in STAYS
    return dialog.ended_at <= instant


def _is_true(call: Recorded) -> bool:
    """Whether the records say what this customer does."""
    digit = int(call.number[-1])
    if call.failure is not None:
        return False
    if call.agent_hung_up and call.ended_by == "DIALER":
        return True
    if digit in REFUSALS:
        return call.sip_code == REFUSALS[digit]
    if digit == RINGS_OUT:
        return call.ring_timeout
    if digit in HANGS_UP_AFTER_MS:
        return call.ended_by == "CUSTOMER"
    return call.ended_by == "DIALER"


def _masked(number: str) -> str:
    return f"{number[:3]}****{number[-4:]}"
