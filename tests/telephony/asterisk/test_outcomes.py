"""What signalling shows of every row of rules §10.2: from a network, through a real Asterisk, to the outcome."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from dialer.domain.call import Answered, Call, CallId, Connected, EarlyMedia, Ended, RecordingStarted, Ringing, SeatId
from dialer.domain.classify import classify, evidence_of
from dialer.domain.outcome import Outcome
from dialer.telephony.behaviours import Conduct
from tests.telephony.rigs import MORNING, AsteriskRig, asterisk, dial, ended, seated

pytestmark = pytest.mark.asterisk

SEATS = ("s1", "s2", "s3", "s4", "s5")


@dataclass(frozen=True, slots=True)
class Row:
    """What the network does, and what that must be taken for."""

    conduct: Conduct
    outcome: Outcome
    code: int | None


def _at_once(code: int, outcome: Outcome) -> Row:
    return Row(Conduct(code, rings=False), outcome, code)


def _after_ringing(code: int, seconds: float, outcome: Outcome) -> Row:
    return Row(Conduct(code, wait_seconds=seconds), outcome, code)


def _after_announcement(code: int, outcome: Outcome) -> Row:
    return Row(Conduct(code, wait_seconds=0.6, rings=False, announces=True), outcome, code)


TABLE: Mapping[str, Row] = {
    "空号, announced": _after_announcement(404, Outcome.VACANT),
    "空号, a bare code": _at_once(404, Outcome.NO_SERVICE),
    "空号, no such number anywhere": _after_announcement(604, Outcome.VACANT),
    "空号, as networks really say it": _after_announcement(480, Outcome.NO_SERVICE),
    "号码有误": _at_once(484, Outcome.INVALID_FORMAT),
    "停机, announced": _after_announcement(503, Outcome.NETWORK),
    "停机, forbidden": _at_once(403, Outcome.REJECTED),
    "改号, gone": _at_once(410, Outcome.NUMBER_CHANGED),
    "改号, moved": _at_once(301, Outcome.NUMBER_CHANGED),
    "关机": _after_announcement(480, Outcome.NO_SERVICE),
    "无法接通": _at_once(480, Outcome.NO_SERVICE),
    "正在通话中": _at_once(486, Outcome.BUSY),
    "用户正忙": _at_once(600, Outcome.BUSY),
    "无人接听, the network gives up": _after_ringing(480, 0.5, Outcome.NO_ANSWER),
    "无人接听, the network times out": _after_ringing(408, 0.5, Outcome.NO_ANSWER),
    "无人接听, we give up": Row(Conduct(None), Outcome.NO_ANSWER, 487),
    "拒接": _after_ringing(603, 0.5, Outcome.REJECTED),
    "拒接, as networks really say it": _after_ringing(486, 3.2, Outcome.REJECTED),
    "网络忙": _at_once(503, Outcome.NETWORK),
    "线路故障": _at_once(500, Outcome.NETWORK),
    "our side: the trunk refuses our offer": _at_once(488, Outcome.TECH),
}
NUMBERS = {name: f"138{index:08d}" for index, name in enumerate(TABLE)}


async def test_every_row_that_signalling_can_show_becomes_its_outcome(tmp_path: Path):
    directory = {NUMBERS[name]: (row.conduct,) for name, row in TABLE.items()}
    async with asterisk(tmp_path, directory) as rig:
        await seated(rig, *SEATS)
        await asyncio.gather(*(_dial_all(rig, seat, list(TABLE)[number::5]) for number, seat in enumerate(SEATS)))
        seen = {name: _seen(rig, name) for name in TABLE}
        assert seen == {name: (row.outcome, row.code, row.conduct.announces) for name, row in TABLE.items()}
        assert rig.telephony.judge.disagreements == 0
        assert len(rig.carrier.log) == len(TABLE)


async def _dial_all(rig: AsteriskRig, seat: str, names: list[str]) -> None:
    for name in names:
        await dial(rig, NUMBERS[name], call=_call_id(name), seat=seat, ring_seconds=4.0)
        await ended(rig, _call_id(name))


def _seen(rig: AsteriskRig, name: str) -> tuple[Outcome, int | None, bool]:
    """The outcome, the code, and whether the announcement was kept."""
    call = Call(CallId(_call_id(name)), SeatId("s1"), MORNING)
    kept = False
    for event in rig.heard.of_call(call.call_id):
        assert isinstance(event, (Ringing, EarlyMedia, Answered, Connected, RecordingStarted, Ended))
        kept = kept or (isinstance(event, RecordingStarted) and event.files.customer.stat().st_size > 2000)
        call, _ = call.step(event)
    assert call.ended
    return classify(evidence_of(call)), call.ended.sip_code, kept


def _call_id(name: str) -> str:
    return f"row-{list(TABLE).index(name)}"
