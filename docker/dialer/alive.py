# ruff: noqa: INP001  # a script, not a package
"""A container's health: exit code 0 when the one argument, `http://…` or `sip:host:port`, answers."""

from __future__ import annotations

import socket
import sys
import urllib.request

_SECONDS = 3.0
_OPTIONS = """\
OPTIONS sip:{0} SIP/2.0
Via: SIP/2.0/UDP {1};branch=z9hG4bKalive
From: <sip:alive@{1}>;tag=alive
To: <sip:{0}>
Call-ID: alive
CSeq: 1 OPTIONS
Content-Length: 0

"""


def main(address: str) -> None:
    """Ask once. Raises OSError when there is no answer or a bad one."""
    if address.startswith("sip:"):
        _ask_sip(address.removeprefix("sip:"))
    else:
        urllib.request.urlopen(address, timeout=_SECONDS).close()  # noqa: S310  # the address is the compose file's


def _ask_sip(address: str) -> None:
    host, _, port = address.rpartition(":")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        asking.settimeout(_SECONDS)
        asking.connect((host, int(port)))
        here = "{}:{}".format(*asking.getsockname())
        asking.send(_OPTIONS.format(address, here).replace("\n", "\r\n").encode())
        if not asking.recv(4096).startswith(b"SIP/2.0 200"):
            raise OSError(f"{address} is not well")


if __name__ == "__main__":
    main(sys.argv[1])
