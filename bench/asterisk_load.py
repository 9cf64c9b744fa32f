# ruff: noqa: T201  # it prints what it has measured
"""The whole dialer against a bare ARI loop on the same Asterisk: how much of it is left for calls.

Both have the same seats, the same dialplan (talk recorded, both sides), the same customers: SIPp, which answers after
100 ms and hangs up by itself. They take turns in one run; other work on the machine is felt by the dialer, which needs
CPU, more than by the bare loop: measure on a machine of its own.
The bare loop dials the next number when a call's channel is gone, and keeps nothing. The dialer finds the due case,
applies the rules, stores the call, dials, follows each event into the database (PostgreSQL, whose commits are on the
disk; SQLite where there is none), wraps up (its agents don't think), finishes the attempt, seals the recording. It
listens to early media, which the bare loop doesn't, and has no console.

Short talks, so that the software counts: 100 agents at real talks need about 3 originations a second, 6 seats make them
at talks of 2 s. What a call takes longer than by the bare loop is the same at any length: `turn`, from the end of a
call to the next INVITE. The ceiling is a floor of talks so short that the machine is full, which no call centre has.

`python -m bench.asterisk_load --seats 6 --concurrent 100`. Needs Asterisk and SIPp (`make provision`).
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import statistics
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from itertools import accumulate, pairwise
from pathlib import Path

from bench.databases import Databases, databases
from bench.dialing import Bare, Dialed, Dials, Through
from bench.far_end import FarEnd, a_number, far_end
from dialer.demo.tally import percentile
from dialer.logs import log_to
from dialer.telephony.asterisk.cel import EventLog, LastWord
from dialer.telephony.asterisk.instance import PrivateAsterisk, find_program
from trials.sipp import PROGRAM

ROOT = Path(__file__).parents[1]
GOAL = 0.95
ROUNDS = 3
ROUND_SECONDS = 9.0
CEILING_SEATS = 24
SHORT_SECONDS = (1.5, 2.5)
LONG_SECONDS = 25.0
_MOST_MISSING_SECONDS = 2.0
"""More sound missing: the product itself would give the alarm (recording.length_tolerance_seconds)."""
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(slots=True)
class Round:
    """What one round came to. CPU in ms a call; `sealing`: ffmpeg's part of it, which runs at low priority."""

    calls: int
    failed: int
    rate: float
    peak: int
    damaged: int
    setup_ms: list[float]
    bridge_ms: list[float]
    turn_ms: list[float]
    asterisk_ms: float
    driver_ms: float
    sealing_ms: float

    @property
    def clean(self) -> int:
        """So many at once, of those whose sound is whole."""
        return self.peak - self.damaged


@dataclass(slots=True)
class Rig:
    """What stays for all rounds."""

    folder: Path
    asterisk: PrivateAsterisk
    outside: FarEnd
    databases: Databases
    direct: dict[str, list[Round]] = field(default_factory=lambda: defaultdict(list))
    through: dict[str, list[Round]] = field(default_factory=lambda: defaultdict(list))
    serial: int = 0

    def numbers(self, count: int, talk: tuple[float, float]) -> list[str]:
        """New customers, whose talks are spread evenly between two lengths."""
        first, self.serial = self.serial, self.serial + count
        step = (talk[1] - talk[0]) / 10
        return [a_number(first + each, talk[0] + step * (each * 7 % 11)) for each in range(count)]


def main() -> int:
    """Measure and print; a missed goal is printed and fails nothing, since it depends on the machine."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seats", type=int, default=6, help="for originations a second")
    parser.add_argument("--concurrent", type=int, default=100, help="recorded calls at once")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--sqlite", action="store_true", help="on SQLite, even where there is PostgreSQL")
    asked = parser.parse_args()
    if PROGRAM is None or find_program(ROOT / ".parts") is None:
        print("asterisk load: not measured, for Asterisk or SIPp is not there (make provision)")
        return 0
    with tempfile.TemporaryDirectory(prefix="dialer-bench-") as folder:
        log_to(Path(folder) / "dialer.log")
        logging.disable()  # the libraries'; a round ends in the middle of a sweep
        with databases(Path(folder), sqlite=asked.sqlite) as there:
            rig = asyncio.run(measure(Path(folder), there, asked.seats, asked.concurrent, asked.rounds))
    print(report(rig, asked.seats, asked.concurrent))
    return 0


async def measure(folder: Path, there: Databases, seats: int, concurrent: int, rounds: int) -> Rig:
    """All rounds, in turns."""
    program = find_program(ROOT / ".parts")
    assert program is not None
    async with AsyncExitStack() as stack:
        outside = await stack.enter_async_context(far_end(folder / "far-end"))
        asterisk = PrivateAsterisk(program, ROOT / "config" / "asterisk", folder / "asterisk", outside.carrier)
        await stack.enter_async_context(asterisk)
        rig = Rig(folder, asterisk, outside, there)
        await _turns(rig, "short", seats, rounds, SHORT_SECONDS, ROUND_SECONDS)
        await _turns(rig, "ceiling", CEILING_SEATS, 1, SHORT_SECONDS, ROUND_SECONDS)
        await _turns(rig, "long", concurrent, 1, (LONG_SECONDS, LONG_SECONDS), None)
    return rig


async def _turns(
    rig: Rig, kind: str, seats: int, rounds: int, talk: tuple[float, float], seconds: float | None
) -> None:
    """So many rounds each. Without `seconds`, one call a seat."""
    a_round = seats if seconds is None else round(seats * seconds / talk[0]) + seats
    phones = [rig.outside.phone(f"{kind}{seat}") for seat in range(seats)]
    through = Through(rig.folder / kind, rig.databases.url(kind), rig.asterisk, rig.outside.carrier, phones)
    await through.prepare(rig.numbers(a_round * rounds, talk))
    for number in range(1, rounds + 1):
        bare = Bare(rig.asterisk, rig.folder / f"bare-{kind}", phones, rig.numbers(a_round, talk))
        rig.direct[kind].append(await _measured(rig, bare, seconds))
        rig.through[kind].append(await _measured(rig, through, seconds))
        print(f"{kind} calls, round {number}: direct {_line(rig.direct[kind][-1])}", flush=True)
        print(f"{kind} calls, round {number}: dialer {_line(rig.through[kind][-1])}", flush=True)


async def _measured(rig: Rig, dials: Dials, seconds: float | None) -> Round:
    marks: list[tuple[float, float, float]] = []

    def mark() -> None:
        ours, asterisk = os.times(), _cpu_seconds(rig.asterisk.pid)
        marks.append((asterisk, ours.user + ours.system, ours.children_user + ours.children_system))

    calls = await dials.work(seconds, mark)
    words = await EventLog(rig.asterisk.folders.cel).last_words()
    used = [1000 * (after - before) / len(calls) for before, after in zip(*marks, strict=True)]
    return _judged(calls, words, rig.outside, used)


def _cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def _judged(dialed: Sequence[Dialed], words: Mapping[str, LastWord], outside: FarEnd, used: Sequence[float]) -> Round:
    invited, answered = outside.instants("INVITED"), outside.instants("ANSWERED")
    talks = dict(_talks(dialed, words))
    calls = [call for call in dialed if call.channel in talks]
    return Round(
        calls=len(dialed),
        failed=len(dialed) - len(calls),
        rate=_rate(calls, invited),
        peak=_peak(talks.values()),
        damaged=sum(_duration(talks[each.channel]) - each.sound_seconds > _MOST_MISSING_SECONDS for each in calls),
        setup_ms=[1000 * (invited[each.number] - each.asked_at) for each in calls],
        bridge_ms=[1000 * (talks[each.channel][0] - answered[each.number]) for each in calls],
        turn_ms=_turns_ms(calls, invited, talks),
        asterisk_ms=used[0],
        driver_ms=used[1],
        sealing_ms=used[2],
    )


def _talks(dialed: Iterable[Dialed], words: Mapping[str, LastWord]) -> Iterator[tuple[str, tuple[float, float]]]:
    """From joined to ended, in seconds of the system's clock, as Asterisk's event log says."""
    for call in dialed:
        word = words.get(call.channel)
        if word and word.joined_at and word.ended_at:
            yield call.channel, (word.joined_at.timestamp(), word.ended_at.timestamp())


def _duration(talk: tuple[float, float]) -> float:
    return talk[1] - talk[0]


def _by_seat(calls: Iterable[Dialed]) -> Iterator[tuple[Dialed, Dialed]]:
    """Each call of a seat with the next one."""
    seats = defaultdict(list)
    for call in calls:
        seats[call.seat].append(call)
    for each in seats.values():
        yield from pairwise(sorted(each, key=lambda call: call.asked_at))


def _rate(calls: Sequence[Dialed], invited: Mapping[str, float]) -> float:
    """INVITEs a second. From INVITE to INVITE at each seat: where the round is cut off does not matter."""
    cycles = [invited[after.number] - invited[before.number] for before, after in _by_seat(calls)]
    return len({call.seat for call in calls}) / statistics.mean(cycles) if cycles else 0.0


def _turns_ms(
    calls: Sequence[Dialed], invited: Mapping[str, float], talks: Mapping[str, tuple[float, float]]
) -> list[float]:
    """From the end of a call at Asterisk to its seat's next INVITE at the carrier, in ms."""
    return [1000 * (invited[after.number] - talks[before.channel][1]) for before, after in _by_seat(calls)]


def _peak(talks: Iterable[tuple[float, float]]) -> int:
    """The most talks at one time."""
    steps = sorted(step for began, ended in talks for step in ((began, 1), (ended, -1)))
    return max(accumulate(step for _, step in steps))


def _line(found: Round) -> str:
    rate = f"{found.rate:.2f}/s, turn {_spread(found.turn_ms)}, " if found.rate else ""
    return (
        f"{found.calls} calls, {found.failed} failed, {rate}{found.peak} at once, {found.damaged} with sound missing,"
        f" set-up {_spread(found.setup_ms)}, answer to bridge {_spread(found.bridge_ms)},"
        f" CPU ms a call: Asterisk {found.asterisk_ms:.0f}, driver {found.driver_ms:.0f}, ffmpeg {found.sealing_ms:.0f}"
    )


def _spread(values: Sequence[float]) -> str:
    return f"p50 {percentile(values, 0.5):.1f} p99 {percentile(values, 0.99):.1f} ms"


def report(rig: Rig, seats: int, concurrent: int) -> str:
    """The ratios of the medians."""
    lines = (
        ("short", "rate", f"originations a second, {seats} seats, talks of 2 s"),
        ("ceiling", "rate", f"originations a second, {CEILING_SEATS} seats, talks of 2 s: the ceiling"),
        ("long", "clean", f"recorded calls at once, sound whole, {concurrent} seats"),
    )
    ratios = [_ratio(rig.direct[kind], rig.through[kind], what, name) for kind, what, name in lines]
    return "\n".join([f"the dialer's records: {rig.databases.name}", *ratios])


def _ratio(direct: Sequence[Round], through: Sequence[Round], what: str, name: str) -> str:
    bare, whole = (statistics.median(float(getattr(each, what)) for each in rounds) for rounds in (direct, through))
    goal = "" if name.endswith("ceiling") else f" (goal {GOAL})"
    return f"{name}: direct {bare:.2f}, through the dialer {whole:.2f}, ratio {whole / max(bare, 0.01):.3f}{goal}"


if __name__ == "__main__":
    raise SystemExit(main())
