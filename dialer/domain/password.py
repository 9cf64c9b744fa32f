"""What a password must be. Long ones, and no rules about signs: those only make people write them down."""

from __future__ import annotations

import re
from enum import StrEnum

MIN_CHARS = 12

_NOT_A_LETTER = re.compile(r"[\W\d_]+")
_COMMON = frozenset(
    {
        "password", "passwort", "passw", "pass", "passwd", "pwd", "mima", "qwerty", "qwertyuiop", "asdfghjkl",
        "zxcvbnm", "qazwsxedc", "qazwsx", "abcd", "abcdefghijkl", "admin", "administrator", "root", "welcome",
        "letmein",
        "iloveyou", "woaini", "woainiwoaini", "changeme", "secret", "test", "guest", "user", "dialer", "huifang",
        "monkey", "dragon", "baobao", "nihao", "zhongguo", "aini", "asdf", "asdfasdf", "asdfgh", "qweasdzxc", "qwe",
    }
)  # fmt: skip
"""The letters of passwords that guessing begins with; digits and signs around them add nothing."""


class PasswordFault(StrEnum):
    """Why a password can't be used."""

    TOO_SHORT = "TOO_SHORT"
    LIKE_THE_LOGIN = "LIKE_THE_LOGIN"
    COMMON = "COMMON"
    SAME_AS_BEFORE = "SAME_AS_BEFORE"
    TYPED_DIFFERENTLY = "TYPED_DIFFERENTLY"


def password_fault(login: str, password: str) -> PasswordFault | None:
    """What is wrong with a new password, if anything."""
    if len(password) < MIN_CHARS:
        return PasswordFault.TOO_SHORT
    letters = _NOT_A_LETTER.sub("", password.lower())
    if letters and letters == _NOT_A_LETTER.sub("", login.lower()):
        return PasswordFault.LIKE_THE_LOGIN
    if letters in _COMMON or not letters or len(set(password)) < 5:
        return PasswordFault.COMMON
    return None
