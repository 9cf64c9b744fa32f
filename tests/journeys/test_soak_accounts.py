"""The soak's accounts find what they are there to find."""

from __future__ import annotations

from typing import Any

from bench.accounts import Account, Recorded, account_for
from bench.network import Dialog

STAYS, HANGS_UP, BUSY = "13800000000", "13800000003", "13800000006"


def a_call(number: str = BUSY, call_id: str = "call-1", **changes: Any) -> Recorded:
    told: dict[str, Any] = {
        "intended_at": 100.0,
        "ended_at": 104.0,
        "ended_by": "NETWORK",
        "sip_code": 486,
        "ring_timeout": False,
        "failure": None,
        "outcome": "BUSY",
        "agent_hung_up": False,
    }
    return Recorded(call_id, number, **(told | changes))


def a_dialog(number: str = BUSY, at: float = 100.2, ended_at: float | None = 103.9) -> Dialog:
    return Dialog(number, at, ended_at, "486")


def balance(calls: list[Recorded], dialogs: list[Dialog], died: tuple[float, ...] = ()) -> tuple[Account, int, int]:
    account = account_for(calls, dialogs, died)
    return account, len(account.lost), len(account.twice)


def test_what_agrees_is_well():
    account, lost, twice = balance([a_call()], [a_dialog()])
    assert account.well
    assert (account.calls, account.invites, lost, twice) == (1, 1, 0, 0)


def test_a_call_without_an_end_or_an_outcome_is_lost():
    assert balance([a_call(ended_at=None)], [a_dialog()])[1] == 1
    assert balance([a_call(outcome=None)], [a_dialog()])[1] == 1


def test_an_outcome_that_the_network_did_not_see_is_lost():
    assert balance([a_call(sip_code=480)], [a_dialog()])[1] == 1
    assert balance([a_call(failure="ENGINE_DIED", sip_code=None)], [a_dialog()])[1] == 1
    assert balance([a_call(HANGS_UP, ended_by="AGENT", sip_code=None)], [a_dialog(HANGS_UP)])[1] == 1


def test_a_call_that_died_with_asterisk_is_cut_off_and_not_lost():
    cut = a_call(failure="WORKER_DIED", sip_code=None)
    account, lost, _ = balance([cut], [a_dialog()], died=(102.0,))
    assert (account.cut_off, lost) == (1, 0)
    assert balance([cut], [a_dialog()], died=(90.0, 120.0))[1] == 1


def test_an_invite_that_no_call_of_the_records_explains_is_a_dial_too_many():
    assert balance([a_call()], [a_dialog(ended_at=102.0), a_dialog(at=103.0)])[2] == 1
    assert balance([a_call()], [a_dialog(at=100.2), a_dialog(at=140.0, ended_at=141.0)])[2] == 1


def test_a_number_that_is_rung_while_in_a_call_is_rung_twice():
    calls = [a_call(STAYS, outcome="TECH"), a_call(STAYS, "call-2", intended_at=103.0, ended_at=110.0)]
    dialogs = [a_dialog(STAYS, ended_at=109.0), a_dialog(STAYS, at=103.2, ended_at=109.9)]
    assert any("rung while" in line for line in account_for(calls, dialogs, ()).twice)
    assert not account_for(calls, dialogs, (102.0,)).twice, "Asterisk died, and could not say goodbye"
