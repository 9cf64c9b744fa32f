import pytest

from dialer.domain.desk_phone import PHONE_ADDRESS, SIP_ADDRESS, browser_name


@pytest.mark.parametrize("address", ["sip:agent1@192.0.2.7", "sips:a.b+c@[2001:db8::1]:5061;transport=tls"])
def test_a_sip_phone_is_no_browser(address):
    assert SIP_ADDRESS.fullmatch(address)
    assert PHONE_ADDRESS.fullmatch(address)
    assert browser_name(address) == ""


def test_a_browser_has_the_name_it_registers_under():
    assert PHONE_ADDRESS.fullmatch("browser:cc-agent")
    assert not SIP_ADDRESS.fullmatch("browser:cc-agent")
    assert browser_name("browser:cc-agent") == "cc-agent"


@pytest.mark.parametrize(
    "address", ["", "13800138000", "sip:lihua", "browser:", "browser:li hua", "sip:a@b\nX-Evil: 1"]
)
def test_what_could_not_be_called_is_no_phone(address):
    assert not PHONE_ADDRESS.fullmatch(address)
