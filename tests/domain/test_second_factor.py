from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pyotp
import pytest

from dialer.domain.second_factor import SecondFactor, new_secret, recovery_fingerprint
from tests.builders import at

NOW = at(9)
STEP = int(NOW.timestamp()) // 30
FACTOR = SecondFactor(new_secret())


def _code(step: int) -> str:
    return pyotp.TOTP(FACTOR.secret).generate_otp(step)


@pytest.mark.parametrize(("off", "accepted"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
def test_a_clock_may_be_half_a_minute_off_and_no_more(off, accepted) -> None:
    assert (FACTOR.step_of(_code(STEP + off), NOW) == STEP + off) is accepted


def test_a_code_and_those_before_it_count_once() -> None:
    used = replace(FACTOR, last_step=STEP)
    assert used.step_of(_code(STEP - 1), NOW) is None
    assert used.step_of(_code(STEP), NOW) is None
    assert used.step_of(_code(STEP + 1), NOW) == STEP + 1
    assert used.step_of(_code(STEP + 1), NOW + timedelta(seconds=30)) == STEP + 1


def test_codes_are_compared_as_people_type_them() -> None:
    code = _code(STEP)
    assert FACTOR.step_of(f" {code[:3]} {code[3:]} ", NOW) == STEP
    for wrong in ("", "12345", "abcdef", code + "1"):
        assert FACTOR.step_of(wrong, NOW) is None
    assert recovery_fingerprint("ABCD-efgh ") == recovery_fingerprint("abcd efgh")


def test_an_authenticator_reads_whose_key_it_is() -> None:
    assert FACTOR.address("lihua").startswith(f"otpauth://totp/dialer:lihua?secret={FACTOR.secret}&issuer=dialer")
