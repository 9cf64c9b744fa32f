import pytest

from dialer.domain.call import CallId
from dialer.ports import TelephonyRefused
from dialer.telephony.guards import CALLER_ID, PLAIN_NAME, make_room, must_match


@pytest.mark.parametrize("call_id", ["", "..", "a/b", "../x", ".c", "c 1", "c" * 101])
def test_a_call_id_that_could_be_a_path_is_refused(call_id):
    with pytest.raises(TelephonyRefused, match="call id"):
        must_match(PLAIN_NAME, call_id, "call id")


@pytest.mark.parametrize("caller_id", ["", "95500\r\nX-Evil: 1", '95500" <sip:', "95500;x=1"])
def test_a_caller_id_that_means_more_than_a_number_is_refused(caller_id):
    with pytest.raises(TelephonyRefused, match="caller ID"):
        must_match(CALLER_ID, caller_id, "caller ID")


def test_without_a_spool_there_is_no_room_for_a_calls_sound(tmp_path):
    make_room(tmp_path, CallId("c-1"))
    make_room(tmp_path, CallId("c-1"))
    assert (tmp_path / "c-1").is_dir()
    with pytest.raises(TelephonyRefused, match="no room for sound"):
        make_room(tmp_path / "unmounted", CallId("c-1"))
