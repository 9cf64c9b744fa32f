"""Where an agent's or a supervisor's phone is called: a SIP address, or the name under which a browser registers."""

from __future__ import annotations

import re

_BROWSER = "browser:"

SIP_ADDRESS = re.compile(r"sips?:[\w.+%-]+@[\w.\[\]:-]+(;[\w=.-]+)*")
PHONE_ADDRESS = re.compile(rf"{SIP_ADDRESS.pattern}|{_BROWSER}[A-Za-z0-9_-]{{1,40}}")


def browser_name(address: str) -> str:
    """The name after `browser:`; empty for a SIP phone."""
    return address.removeprefix(_BROWSER) if address.startswith(_BROWSER) else ""
