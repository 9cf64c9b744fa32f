"""Orders whose end has not been told, as a killed dialer leaves them."""

from __future__ import annotations

from pathlib import Path

from structlog.testing import capture_logs

from dialer.domain.call import CallId, SeatId
from dialer.telephony.asterisk.orders import Kept, OpenOrders

FIRST = Kept(CallId("call-1"), SeatId("s1"), "sip:a@127.0.0.1:5060")
SECOND = Kept(CallId("call.2"), SeatId("s2"), "sip:b@127.0.0.1:5060")


def test_what_was_kept_and_not_forgotten_is_left(tmp_path: Path):
    orders = OpenOrders(tmp_path / "orders")
    assert orders.left() == []
    for kept in (FIRST, SECOND):
        orders.keep(kept)
    assert OpenOrders(tmp_path / "orders").left() == [FIRST, SECOND]
    orders.forget(FIRST.call_id)
    orders.forget(FIRST.call_id)
    assert orders.left() == [SECOND]


def test_a_file_torn_by_a_crash_is_reported_and_costs_no_other(tmp_path: Path):
    orders = OpenOrders(tmp_path)
    orders.keep(SECOND)
    (tmp_path / "torn.json").write_text('{"seat": "s1", "addr')
    (tmp_path / "call-9.new").write_text("")
    with capture_logs() as logs:
        assert orders.left() == [SECOND]
    assert [line["event"] for line in logs] == ["telephony.order_unreadable"]


def test_no_number_is_kept(tmp_path: Path):
    OpenOrders(tmp_path).keep(FIRST)
    assert {word for file in tmp_path.iterdir() for word in file.read_text().split('"') if word.isalpha()} == {
        "seat",
        "address",
    }
