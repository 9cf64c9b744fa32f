"""SIP messages as text: read, and written. No I/O (RFC 3261 §7, RFC 4566)."""

from __future__ import annotations

import re
from dataclasses import dataclass

_COMPACT = {"v": "via", "f": "from", "t": "to", "i": "call-id", "m": "contact", "l": "content-length"}
REASONS = {
    100: "Trying",
    180: "Ringing",
    183: "Session Progress",
    200: "OK",
    404: "Not Found",
    480: "Temporarily Unavailable",
    481: "Call/Transaction Does Not Exist",
    486: "Busy Here",
    487: "Request Terminated",
    488: "Not Acceptable Here",
    501: "Not Implemented",
    503: "Service Unavailable",
    603: "Decline",
}


class MessageUnreadable(ValueError):
    """A datagram that is not a SIP message; it is dropped."""


@dataclass(frozen=True, slots=True)
class SipMessage:
    """A request or a response; header names in lower case, in their order."""

    start: str
    headers: tuple[tuple[str, str], ...]
    body: str = ""

    @property
    def method(self) -> str | None:
        """The request's method; None for a response."""
        word = self.start.split(" ", 1)[0]
        return None if word.startswith("SIP/") else word

    @property
    def status(self) -> int:
        """The response's code; 0 for a request."""
        return 0 if self.method else int(self.start.split(" ")[1])

    @property
    def cseq(self) -> tuple[int, str]:
        """Number and method of the transaction."""
        number, method = self["cseq"].split()
        return int(number), method

    @property
    def called_user(self) -> str:
        """The user part of the request's address: the number that was dialled."""
        return _user(self.start.split(" ")[1])

    @property
    def calling_user(self) -> str:
        """The user part of From: the caller ID."""
        return _user(self["from"])

    def __getitem__(self, name: str) -> str:
        """The header's first value, empty when there is none."""
        return next((value for key, value in self.headers if key == name), "")

    def every(self, name: str) -> list[str]:
        """All values of a header, in order."""
        return [value for key, value in self.headers if key == name]


def parse(datagram: bytes) -> SipMessage:
    """Read a datagram.

    Raises:
        MessageUnreadable: it is not SIP, or lacks a header that every message has.
    """
    head, _, body = datagram.decode("utf-8", "replace").partition("\r\n\r\n")
    start, *lines = re.sub(r"\r\n[ \t]+", " ", head).split("\r\n")
    pairs = (line.partition(":") for line in lines if ":" in line)
    headers = tuple((_COMPACT.get(key.strip().lower(), key.strip().lower()), value.strip()) for key, _, value in pairs)
    message = SipMessage(start, headers, body)
    if "SIP/2.0" not in start or not (message["call-id"] and re.fullmatch(r"\d+ +[A-Z]+", message["cseq"])):
        raise MessageUnreadable("no start line, Call-ID or CSeq")
    return message


def response(request: SipMessage, code: int, to_tag: str, extra: tuple[str, ...] = (), sdp: str = "") -> bytes:
    """A response to a request: its Via, From, To, Call-ID and CSeq come back as they were."""
    to = request["to"]
    tagged = to if "tag=" in to or not to_tag else f"{to};tag={to_tag}"
    lines = [f"SIP/2.0 {code} {REASONS.get(code, 'Response')}"]
    lines += [f"Via: {via}" for via in request.every("via")]
    lines += [f"Record-Route: {route}" for route in request.every("record-route")]
    lines += [f"From: {request['from']}", f"To: {tagged}"]
    lines += [f"Call-ID: {request['call-id']}", f"CSeq: {request['cseq']}", *extra]
    return compose(lines, sdp)


def compose(lines: list[str], sdp: str = "") -> bytes:
    """Lines and a body, as they go on the wire."""
    if sdp:
        lines = [*lines, "Content-Type: application/sdp"]
    return "\r\n".join([*lines, f"Content-Length: {len(sdp.encode())}", "", sdp]).encode()


def contact_uri(message: SipMessage) -> str:
    """Where the other side wants its requests."""
    found = re.search(r"<?(sips?:[^>;\s]+)", message["contact"])
    return found.group(1) if found else ""


def sdp_for(host: str, port: int) -> str:
    """An offer or answer of A-law sound at this address."""
    return (
        f"v=0\r\no=- 1 1 IN IP4 {host}\r\ns=-\r\nc=IN IP4 {host}\r\nt=0 0\r\n"
        f"m=audio {port} RTP/AVP 8 101\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:101 telephone-event/8000\r\n"
        "a=fmtp:101 0-15\r\na=ptime:20\r\n"
    )


def sound_address(sdp: str) -> tuple[str, int] | None:
    """Where the other side listens for A-law; None when it does not take it."""
    host = re.search(r"^c=IN IP4 (\S+)", sdp, re.MULTILINE)
    audio = re.search(r"^m=audio (\d+) RTP/AVP([ \d]+)", sdp, re.MULTILINE)
    if not (host and audio) or "8" not in audio.group(2).split():
        return None
    return host.group(1), int(audio.group(1))


def _user(address: str) -> str:
    found = re.search(r"sips?:([^@>;]+)@", address)
    return found.group(1) if found else ""
