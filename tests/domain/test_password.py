from __future__ import annotations

import pytest

from dialer.domain.password import PasswordFault, password_fault


@pytest.mark.parametrize(
    ("password", "fault"),
    [
        ("short-pass1", PasswordFault.TOO_SHORT),
        ("lihua1234567", PasswordFault.LIKE_THE_LOGIN),
        ("LiHua!!!20260922", PasswordFault.LIKE_THE_LOGIN),
        ("Password1234!", PasswordFault.COMMON),
        ("123456789012", PasswordFault.COMMON),
        ("aaaaaaaaaaaabb", PasswordFault.COMMON),
        ("woaini1314520", PasswordFault.COMMON),
        ("correct horse battery", None),
        ("荔枝湾的秋天有风也有船", PasswordFault.TOO_SHORT),
        ("荔枝湾的秋天有风，也有船", None),
        ("lihua goes rowing", None),
    ],
)
def test_a_password_is_long_and_neither_usual_nor_the_login(password: str, fault: PasswordFault | None) -> None:
    assert password_fault("lihua", password) is fault
