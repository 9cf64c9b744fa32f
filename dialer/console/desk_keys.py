"""Letters for side events: the same everywhere, by the sound of the Chinese label (退保 → b, 客户忙 → m)."""

from __future__ import annotations

_KEYS = {
    "CLAIM": "a",
    "SURRENDER": "b",
    "HURRY": "c",
    "REFUSE_ITEM": "d",
    "DECEASED": "e",
    "DIALECT": "f",
    "CUSTOMER_HANGUP": "g",
    "SUSPECT_FRAUD": "h",
    "WRONG_INFO": "i",
    "REFUSE": "j",
    "ASK_HUMAN": "k",
    "NO_RECORDING": "l",
    "BUSY": "m",
    "ASK_WHO": "n",
    "MISLED": "o",
    "COACHED": "p",
    "HOSTILE": "q",
    "VULNERABLE": "r",
    "COMPLAINT": "s",
    "BAD_LINE": "t",
    "RUSHED_ANSWERS": "u",
    "VOICE_MISMATCH": "v",
    "SILENCE": "w",
    "LINE_DROP": "x",
    "CALL_ASSISTANT": "y",
    "HEARING": "z",
}


def event_key(event: str) -> str:
    """The letter of an event or a mark; none for one that a site's own script adds."""
    return _KEYS.get(event, "")
