"""The defects of the bare `asterisk-ami`, shown, and their absence behind the fence."""

from __future__ import annotations

import queue
import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from asterisk.ami import AMIClient, SimpleAction
from structlog.testing import capture_logs

from dialer.telephony.asterisk.fence import AmiLost, AmiRefused, FencedClient

BANNER = b"Asterisk Call Manager/11.0.0\r\n"
EVENT = b"Event: Hangup\r\nUniqueid: dialer.call.c\r\nCause: 17\r\n\r\n"


class Manager:
    """An AMI that says what it is told to say."""

    def __init__(self) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self.listener.getsockname()[1])
        self.accepted: queue.Queue[socket.socket] = queue.Queue()
        self.thread = threading.Thread(target=self._accept)
        self.thread.start()

    def _accept(self) -> None:
        connection, _ = self.listener.accept()
        connection.sendall(BANNER)
        self.accepted.put(connection)

    def close(self) -> None:
        self.thread.join(2)
        self.listener.close()
        while not self.accepted.empty():
            self.accepted.get().close()


@pytest.fixture
def manager() -> Iterator[Manager]:
    made = Manager()
    yield made
    made.close()


class Fenced:
    def __init__(self, port: int) -> None:
        self.events: queue.Queue[str] = queue.Queue()
        self.lost: queue.Queue[str] = queue.Queue()
        self.client = FencedClient("127.0.0.1", port, lambda name, _keys: self.events.put(name), self.lost.put)


@contextmanager
def fenced(manager: Manager) -> Iterator[tuple[Fenced, socket.socket]]:
    made = Fenced(manager.port)
    made.client.connect()
    far_end = manager.accepted.get(timeout=2)
    try:
        yield made, far_end
    finally:
        far_end.close()
        made.client.disconnect()


@contextmanager
def bare(manager: Manager, **arguments: object) -> Iterator[tuple[AMIClient, socket.socket]]:
    client = AMIClient(address="127.0.0.1", port=manager.port, **arguments)
    client.connect()
    far_end = manager.accepted.get(timeout=2)
    try:
        yield client, far_end
    finally:
        far_end.close()
        client._thread.join(2)
        client._socket.close()


def test_silence_stops_the_bare_reader_for_good(manager):
    with bare(manager, timeout=0.2) as (client, _far_end):  # 3 s by default
        client._thread.join(2)
        assert not client._thread.is_alive()
        assert not client.finished.is_set()  # and it does not even know


def test_silence_does_not_stop_the_fenced_reader(manager):
    with fenced(manager) as (made, far_end):
        assert made.client._socket
        assert made.client._socket.gettimeout() is None
        with pytest.raises(queue.Empty):
            made.lost.get(timeout=0.4)
        far_end.sendall(EVENT)
        assert made.events.get(timeout=2) == "Hangup"


def test_a_listener_that_raises_stops_the_bare_reader_for_good(manager):
    with bare(manager) as (client, far_end):
        client.add_event_listener(lambda **_: 1 / 0)
        far_end.sendall(EVENT)
        client._thread.join(2)
        assert not client._thread.is_alive()


def test_a_listener_that_raises_does_not_stop_the_fenced_reader(manager):
    heard: queue.Queue[str] = queue.Queue()

    def listener(name: str, _keys: object) -> None:
        heard.put(name)
        raise ZeroDivisionError

    client = FencedClient("127.0.0.1", manager.port, listener, lambda _why: None)
    with capture_logs() as logs:
        client.connect()
        far_end = manager.accepted.get(timeout=2)
        far_end.sendall(EVENT)
        far_end.sendall(EVENT)
        assert [heard.get(timeout=2) for _ in range(2)] == ["Hangup", "Hangup"]
        client.disconnect()
        far_end.close()
    assert [line["event"] for line in logs] == ["telephony.ami_listener_failed"] * 2


def test_a_line_break_in_a_value_becomes_a_header_in_the_bare_client():
    assert "\r\nAction: Originate\r\n" in str(SimpleAction("Ping", Note="x\r\nAction: Originate"))


@pytest.mark.parametrize("evil", ["x\r\nAction: Originate", "x\n", "\r", "\0"])
def test_a_line_break_is_refused_by_the_fenced_client(manager, evil):
    with fenced(manager) as (made, _far_end):
        with pytest.raises(AmiRefused):
            made.client.send_action(SimpleAction("Ping", Note=evil), lambda _response: None)
        with pytest.raises(AmiRefused):
            made.client.send_action(SimpleAction("Ping", **{f"No{evil}te": "x"}), lambda _response: None)


def test_the_bare_client_sends_half_of_an_action_when_the_socket_takes_no_more(manager):
    with bare(manager, timeout=0.2) as (client, far_end):
        client.send(SimpleAction("Ping", Note="x" * 30_000_000))  # returns as if all had gone
        client._socket.shutdown(socket.SHUT_WR)
        assert 0 < sum(len(piece) for piece in iter(lambda: far_end.recv(1 << 20), b"")) < 30_000_000


def test_the_fenced_client_sends_all_of_it_or_says_that_it_could_not(manager):
    with fenced(manager) as (made, _far_end):
        assert made.client._socket
        made.client._socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("ll", 0, 200_000))
        with pytest.raises(AmiLost):
            made.client.send_action(SimpleAction("Ping", Note="x" * 30_000_000), lambda _response: None)


def test_actions_of_many_threads_do_not_mix(manager):
    with fenced(manager) as (made, far_end):
        threads = [
            threading.Thread(target=lambda: made.client.send_action(SimpleAction("Ping", Note="y" * 5000), print))
            for _ in range(8)
        ]
        received = b""
        for thread in threads:
            thread.start()
        while received.count(b"\r\n\r\n") < 8:
            received += far_end.recv(65536)
        for thread in threads:
            thread.join(2)
    packs = received.split(b"\r\n\r\n")[:8]
    assert all(pack.startswith(b"Action: Ping\r\nNote: " + b"y" * 5000 + b"\r\nActionID: ") for pack in packs)


def test_a_response_reaches_whoever_asked(manager):
    answers: queue.Queue[str] = queue.Queue()
    with fenced(manager) as (made, far_end):
        made.client.send_action(SimpleAction("Ping"), lambda response: answers.put(response.status))
        far_end.sendall(b"Response: Success\r\nActionID: 0\r\nPing: Pong\r\n\r\n")
        assert answers.get(timeout=2) == "Success"


def test_a_connection_that_ends_is_told_once_and_its_client_is_not_used_again(manager):
    with fenced(manager) as (made, far_end):
        far_end.close()
        assert made.lost.get(timeout=2)
        made.client.disconnect()
        assert made.lost.empty()
        with pytest.raises(AmiLost):
            made.client.connect()


def test_something_that_is_no_ami_is_told_as_lost(manager):
    manager_says, client_hears = socket.socketpair()
    made = Fenced(manager.port)
    made.client._socket, made.client.finished = client_hears, threading.Event()
    reader = threading.Thread(target=made.client.listen)
    reader.start()
    manager_says.sendall(b"SSH-2.0-OpenSSH\r\n")
    assert made.lost.get(timeout=2)
    reader.join(2)
    manager_says.close()
    client_hears.close()
    socket.create_connection(("127.0.0.1", manager.port)).close()


def test_disconnecting_wakes_the_reader_at_once(manager):
    with fenced(manager) as (made, _far_end):
        began = time.monotonic()
        made.client.disconnect()
        assert time.monotonic() - began < 1
        assert made.client._thread
        assert not made.client._thread.is_alive()


def test_nobody_there_is_lost():
    with socket.create_server(("127.0.0.1", 0)) as held:
        port = int(held.getsockname()[1])
    with pytest.raises(AmiLost):
        Fenced(port).client.connect()
