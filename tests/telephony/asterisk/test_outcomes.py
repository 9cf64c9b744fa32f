"""What signalling shows of every row of rules §10.2: from SIPp as the network, through a real Asterisk, to the outcome.

The dialer's clock runs ten times as fast here: 0.4 s of ringing are 4 s to the rules.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from dialer.domain.call import Call, CallId, Connected, Ended, Party, RecordingKind, RecordingStarted, Ringing, SeatId
from dialer.domain.classify import classify, evidence_of
from dialer.domain.outcome import Outcome
from dialer.telephony.behaviours import Conduct
from dialer.telephony.sound import announcement
from tests.telephony.rigs import AsteriskRig, asterisk, dial, ended, heard, seated
from tests.telephony.sipp import sipp
from tests.telephony.sound import LOUD, loudest
from trials.clock import MORNING

pytestmark = [pytest.mark.asterisk, pytest.mark.sipp]

PACE = 10.0
SEATS = ("s1", "s2", "s3", "s4", "s5")
GIVE_UP_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Row:
    """What the network does, and what that must be taken for; `outcome` None: an agent talks, and decides."""

    conduct: Conduct
    outcome: Outcome | None
    by: Party = Party.NETWORK

    @property
    def code(self) -> int | None:
        """The final code, as the dialer must tell it."""
        if self.conduct.answers or self.by is Party.AGENT:
            return None
        return self.conduct.final_code or 487


def _at_once(code: int, outcome: Outcome) -> Row:
    return Row(Conduct(code, wait_seconds=0.0, rings=False), outcome)


def _after_ringing(code: int, outcome: Outcome) -> Row:
    return Row(Conduct(code, wait_seconds=0.4), outcome)


def _announced(code: int, outcome: Outcome) -> Row:
    return Row(Conduct(code, wait_seconds=0.5, rings=False, announces=True), outcome)


def _we_give_up(*, rings: bool = False, announces: bool = False, outcome: Outcome = Outcome.NO_ANSWER) -> Row:
    return Row(Conduct(None, rings=rings, announces=announces), outcome, Party.DIALER)


def _answered(by: Party, *, announces: bool = False) -> Row:
    hangs_up = 0.3 if by is Party.CUSTOMER else None
    return Row(Conduct(rings=not announces, announces=announces, hangs_up_after_seconds=hangs_up), None, by)


TABLE: Mapping[str, Row] = {
    "空号, true code": _announced(404, Outcome.VACANT),
    "空号, nowhere": _announced(604, Outcome.VACANT),
    "空号, as seen": _announced(480, Outcome.NO_SERVICE),
    "空号, as seen with congestion": _announced(503, Outcome.NETWORK),
    "空号, announced until we give up": _we_give_up(announces=True),
    "空号, a bare code": _at_once(404, Outcome.NO_SERVICE),
    "号码有误": _at_once(484, Outcome.INVALID_FORMAT),
    "号码有误, announced": _announced(484, Outcome.INVALID_FORMAT),
    "停机, as absent": _announced(480, Outcome.NO_SERVICE),
    "停机, as congestion": _announced(503, Outcome.NETWORK),
    "停机, as forbidden": _announced(403, Outcome.REJECTED),
    "改号, gone": _announced(410, Outcome.NUMBER_CHANGED),
    "改号, moved": _at_once(301, Outcome.NUMBER_CHANGED),
    "关机, true code": _at_once(480, Outcome.NO_SERVICE),
    "关机, as seen": _announced(480, Outcome.NO_SERVICE),
    "无法接通": _at_once(480, Outcome.NO_SERVICE),
    "正在通话中": _at_once(486, Outcome.BUSY),
    "正在通话中, announced": _announced(486, Outcome.BUSY),
    "用户正忙": _at_once(600, Outcome.BUSY),
    "无人接听, timed out": _after_ringing(408, Outcome.NO_ANSWER),
    "无人接听, no answer": _after_ringing(480, Outcome.NO_ANSWER),
    "无人接听, after coloured ring-back": Row(
        Conduct(480, wait_seconds=3.2, rings=False, announces=True), Outcome.NO_ANSWER
    ),
    "无人接听, we give up": _we_give_up(rings=True),
    "拒接, true code": _after_ringing(603, Outcome.REJECTED),
    "拒接, forbidden": _after_ringing(403, Outcome.REJECTED),
    "拒接, as seen": _after_ringing(486, Outcome.REJECTED),
    "来电提醒, before the answer": _we_give_up(rings=True, announces=True),
    "来电提醒, answered": _answered(Party.DIALER, announces=True),
    "语音助手代接": _answered(Party.DIALER),
    "呼入限制, forbidden": _at_once(403, Outcome.REJECTED),
    "呼入限制, declined": _at_once(603, Outcome.REJECTED),
    "骚扰拦截, unwanted": _at_once(607, Outcome.REJECTED),
    "转移失败": _announced(480, Outcome.NO_SERVICE),
    "网络忙": _at_once(503, Outcome.NETWORK),
    "网络忙, announced": _announced(503, Outcome.NETWORK),
    "线路故障": _at_once(500, Outcome.NETWORK),
    "线路故障, gateway": _at_once(502, Outcome.NETWORK),
    "线路故障, no way there": _at_once(504, Outcome.NETWORK),
    "线路故障, timed out without ringing": _at_once(408, Outcome.NETWORK),
    "线路故障, we give up without ringing": _we_give_up(outcome=Outcome.NETWORK),
    "错号, or any other who answers": _answered(Party.CUSTOMER),
    "our side: the trunk refuses our offer": _at_once(488, Outcome.TECH),
    "our side: the trunk does not know us": _at_once(407, Outcome.TECH),
    # these two end a seat, so each is the last call of its own
    "our side: the agent drops while it rings": Row(Conduct(None), Outcome.TECH, Party.AGENT),
    "the agent hangs up": _answered(Party.AGENT),
}
NUMBERS = {name: f"138{index:08d}" for index, name in enumerate(TABLE)}


async def test_every_row_that_signalling_can_show_becomes_its_outcome(tmp_path: Path):
    conducts = {NUMBERS[name]: row.conduct for name, row in TABLE.items()}
    async with sipp(tmp_path / "sipp", conducts, announcement(6), calls=len(TABLE)) as network:
        async with asterisk(tmp_path, trunk=network.address, pace=PACE) as rig:
            await seated(rig, *SEATS)
            shares = (list(TABLE)[first :: len(SEATS)] for first in range(len(SEATS)))
            await asyncio.gather(*(_call_all(rig, seat, names) for seat, names in zip(SEATS, shares, strict=True)))
            assert {name: _seen(rig, name) for name in TABLE} == {name: _due(row) for name, row in TABLE.items()}
            assert rig.telephony.judge.disagreements == 0
        assert await network.verdict() == ""


async def _call_all(rig: AsteriskRig, seat: str, names: list[str]) -> None:
    for name in names:
        row, call_id = TABLE[name], _call_id(name)
        seconds = GIVE_UP_SECONDS if row.by is Party.DIALER and not row.conduct.answers else 8.0
        await dial(rig, NUMBERS[name], call=call_id, seat=seat, ring_seconds=seconds)
        if row.conduct.answers or row.by is Party.AGENT:
            await _reached(rig, call_id, Connected if row.conduct.answers else Ringing)
        if row.conduct.answers and row.by is Party.DIALER:
            await rig.telephony.hang_up(call_id)
        if row.by is Party.AGENT:
            rig.drop_phone(seat)
        await ended(rig, call_id)


async def _reached(rig: AsteriskRig, call_id: CallId, milestone: type[Connected | Ringing]) -> None:
    await heard(rig, milestone, lambda event: event.call_id == call_id)


def _due(row: Row) -> tuple[Outcome | None, Party, int | None, bool]:
    return row.outcome, row.by, row.code, row.conduct.announces


def _seen(rig: AsteriskRig, name: str) -> tuple[Outcome | None, Party, int | None, bool]:
    """The outcome, who ended it, the code, and whether what was said before any answer was kept."""
    call, kept = Call(_call_id(name), SeatId("s1"), MORNING), False
    for event in rig.heard.of_call(call.call_id):
        if isinstance(event, RecordingStarted) and event.files.kind is RecordingKind.EARLY:
            kept = loudest(event.files.customer) > LOUD
        call, _ = call.step(event)  # type: ignore[arg-type]  # events with a call id are a call's
    assert isinstance(call.ended, Ended)
    outcome = None if call.connected_at else classify(evidence_of(call))
    return outcome, call.ended.by, call.ended.sip_code, kept


def _call_id(name: str) -> CallId:
    return CallId(f"row-{list(TABLE).index(name)}")
