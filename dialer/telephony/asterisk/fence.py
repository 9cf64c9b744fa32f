"""`asterisk-ami` behind a fence.

The bare client's reader stops for good after 3 s of silence or a listener's error, its `send` may send half and takes
no lock, it lets a CR/LF in a value become another header, and closing its socket does not wake its reader.
Here: no time-out on reading, a deadline on sending, one connection a client, listeners that can't stop the reader.
"""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from collections.abc import Callable, Mapping
from typing import Any

import structlog
from asterisk.ami import Action, AMIClient, Event, Response

from dialer.domain.errors import DialerError

_LOG = structlog.get_logger("telephony")
_CONNECT_SECONDS = 3.0
_SEND_DEADLINE = struct.pack("ll", 3, 0)  # a timeval; for sending only
_JOIN_SECONDS = 2.0


class AmiRefused(DialerError):
    """An action that must not be sent: a value would become a header of its own."""

    code = "AMI_REFUSED"


class AmiLost(DialerError):
    """The connection is gone; a new client takes over."""

    code = "AMI_LOST"


class _Reply:
    """What the client hands a response to, without the bare one's lock."""

    def __init__(self, then: Callable[[Response], None]) -> None:
        self._then = then

    @property
    def response(self) -> None:
        """Nobody waits here."""

    @response.setter
    def response(self, response: Response) -> None:
        self._then(response)


class FencedClient(AMIClient):  # type: ignore[misc]  # the package ships no types
    """One connection to AMI. `on_event` and `on_lost` are called in its reader's thread; `on_lost` exactly once."""

    def __init__(
        self, host: str, port: int, on_event: Callable[[str, Mapping[str, Any]], None], on_lost: Callable[[str], None]
    ) -> None:
        super().__init__(address=host, port=port)
        self._on_event, self._on_lost = on_event, on_lost
        self._socket: socket.socket | None = None
        self._thread: threading.Thread | None = None
        self._sending = threading.Lock()

    def connect(self) -> None:
        """Connect and start the reader. Raises AmiLost: it can't be reached, or this client was used before."""
        if self._thread is not None:
            raise AmiLost("a client connects once; make a new one")
        try:
            connected = socket.create_connection((self._address, self._port), _CONNECT_SECONDS)
        except OSError as error:
            raise AmiLost(f"no AMI at {self._address}:{self._port}: {error}") from error
        connected.settimeout(None)
        connected.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, _SEND_DEADLINE)
        connected.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        self._socket, self.finished = connected, threading.Event()
        self._thread = threading.Thread(target=self.listen, name="ami-reader", daemon=True)
        self._thread.start()

    def disconnect(self) -> None:
        """Close, and wait until the reader has ended."""
        if self._thread is None or self._socket is None:
            return
        self.finished.set()
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)  # a close alone would not wake the reader
        self._socket.close()
        if threading.current_thread() is not self._thread:
            self._thread.join(_JOIN_SECONDS)

    def send_action(self, action: Action, callback: Callable[[Response], None]) -> None:
        """Send; `callback` gets the response in the reader's thread. Raises AmiRefused, AmiLost."""
        for text in (action.name, *action.keys, *action.keys.values(), *action.variables, *action.variables.values()):
            if any(mark in str(text) for mark in "\r\n\0"):
                raise AmiRefused(f"a line break in the action {action.name!r}")
        action_id = action.keys["ActionID"] = self.next_action_id()
        self._futures[action_id] = _Reply(callback)
        self.send(action)

    def send(self, pack: Action) -> None:
        """Send all of it, one action at a time. Raises AmiLost."""
        if self._socket is None:
            raise AmiLost("not connected")
        with self._sending:
            try:
                self._socket.sendall(f"{pack}\r\n".encode())
            except OSError as error:
                raise AmiLost(f"AMI takes no more: {error}") from error

    def listen(self) -> None:
        """Read until the connection ends, and say so, whatever ends it."""
        why = "closed"
        try:
            super().listen()
        except Exception as error:  # noqa: BLE001  # the last frame of a thread: whatever it is, it must be told
            why = repr(error)
        self.finished.set()
        self._shielded(self._on_lost, why)

    def fire_recv_event(self, event: Event) -> None:
        """Pass an event on."""
        self._shielded(self._on_event, event.name, event.keys)

    def fire_recv_reponse(self, response: Response) -> None:
        """Pass a response on; the misspelling is the package's."""
        self._shielded(super().fire_recv_reponse, response)

    def _shielded(self, listener: Callable[..., None], *said: object) -> None:
        try:
            listener(*said)
        except Exception as error:  # noqa: BLE001  # a listener's fault must not end the reader
            _LOG.error("telephony.ami_listener_failed", error=repr(error))
