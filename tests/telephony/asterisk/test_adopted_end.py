"""A call that ends while a dialer is taking it up: the event log knows how far it had come."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from dialer.domain.call import CallId, Party, RecordingKind, SeatId, SoundFiles
from dialer.telephony.asterisk.calls import Call, Seat
from dialer.telephony.asterisk.cel import EventLog
from dialer.telephony.asterisk.judge import Judge
from dialer.telephony.asterisk.translate import News, Saying
from tests.telephony.asterisk.captured_traffic import CEL

NOW = datetime(2026, 9, 18, 2, tzinfo=UTC)


@pytest.mark.parametrize(("name", "by", "sip_code"), [("hangs-up", Party.CUSTOMER, None), ("busy", Party.NETWORK, 486)])
async def test_it_ends_as_what_it_was(tmp_path: Path, name: str, by: Party, sip_code: int | None):
    log = tmp_path / "dialer.csv"
    log.write_text("\n".join(CEL) + "\n", encoding="utf-8")
    early, talk = (SoundFiles(kind, tmp_path / f"{kind}.wav", None) for kind in RecordingKind)
    call = Call(CallId(name), Seat(SeatId("agent1"), "sip:agent1@127.0.0.1"), early, talk, inherited=True)
    news = News(call.channel, Saying.GONE, cause=17 if sip_code else 16, sip_code=sip_code)
    ended = await Judge(None, EventLog(log)).hear(call, NOW, news)
    assert (ended.by, ended.sip_code, ended.failure) == (by, sip_code, None)
