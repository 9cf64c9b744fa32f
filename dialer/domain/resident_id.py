"""The resident identity number (公民身份号码, GB 11643): its check character, and what it says of its owner."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

from dialer.domain.errors import DialerError
from dialer.domain.holder import Gender

_SHAPE = re.compile(r"\d{17}[\dX]", re.ASCII)
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECKS = "10X98765432"


class ResidentIdInvalid(DialerError):
    """The text is not a resident identity number; the message never repeats it."""

    code = "RESIDENT_ID_INVALID"


@dataclass(frozen=True, slots=True, repr=False)
class ResidentId:
    """A number that passed its check, with its owner's birthday and gender."""

    number: str
    birthday: date
    gender: Gender

    @classmethod
    def parse(cls, text: str) -> ResidentId:
        """Read a number; `x` may be small.

        Raises:
            ResidentIdInvalid: not 18 characters, a wrong check character, or an impossible birthday.
        """
        number = text.strip().upper()
        if not _SHAPE.fullmatch(number):
            raise ResidentIdInvalid("a resident ID has 17 digits and a digit or X")
        if check_character(number) != number[-1]:
            raise ResidentIdInvalid("the check character is wrong: a digit was mistyped")
        try:
            birthday = date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
        except ValueError:
            raise ResidentIdInvalid("the birthday inside is impossible") from None
        return cls(number, birthday, Gender.MALE if int(number[16]) % 2 else Gender.FEMALE)

    def __repr__(self) -> str:
        return "ResidentId(**)"


def check_character(number: str) -> str:
    """The last character that the first 17 digits ask for."""
    return _CHECKS[sum(int(digit) * weight for digit, weight in zip(number, _WEIGHTS, strict=False)) % 11]
