"""The captured traffic, call by call."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from dialer.telephony.asterisk.translate import News, read

AT = datetime(2026, 9, 21, 9, 0, tzinfo=ZoneInfo("Asia/Shanghai"))
_FOLDER = Path(__file__).with_name("captured")


def lines(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (_FOLDER / name).read_text().splitlines()]


ARI, AMI = lines("ari.jsonl"), lines("ami.jsonl")
CEL = (_FOLDER / "cel.csv").read_text().splitlines()


def news_of(key: str) -> list[News]:
    return [news for event in ARI if (news := read(event)) and news.channel.key == key]
