"""Telephone numbers: normalised once, masked wherever they are shown (rules §5.1, §7.6)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import phonenumbers

from dialer.domain.errors import DialerError


class PhoneInvalid(DialerError):
    """The text is not a telephone number that can be dialled."""

    code = "PHONE_INVALID"


class PhoneKind(StrEnum):
    """Where a number rings; the order is the dialling order (rules §10.3 rule 3)."""

    MOBILE = "MOBILE"
    HOME = "HOME"
    OFFICE = "OFFICE"


class PhoneSource(StrEnum):
    """Who gave us the number (rules §5.1)."""

    APPLICATION = "APPLICATION"
    POLICY_SERVICE = "POLICY_SERVICE"  # 保全
    TICKET_REPLY = "TICKET_REPLY"
    CUSTOMER_IN_CALL = "CUSTOMER_IN_CALL"


class PhoneStatus(StrEnum):
    """What calling it has shown (rules §5.1)."""

    OK = "OK"
    SUSPECT_VACANT = "SUSPECT_VACANT"
    SUSPECT_SUSPENDED = "SUSPECT_SUSPENDED"
    VACANT = "VACANT"
    SUSPENDED = "SUSPENDED"
    WRONG = "WRONG"
    BLOCKED = "BLOCKED"
    DNC = "DNC"


@dataclass(frozen=True, slots=True)
class PhoneNumber:
    """A number in E.164, e.g. `+8613812345678`. Its text forms are masked; `e164` is the only way to the digits."""

    e164: str

    @classmethod
    def parse(cls, text: str, region: str = "CN") -> PhoneNumber:
        """Read a number as people write it.

        Raises:
            PhoneInvalid: it has letters, is too short or long, or belongs to no numbering plan.
        """
        try:
            parsed = phonenumbers.parse(text, region)
        except phonenumbers.NumberParseException as error:
            raise PhoneInvalid(f"not a telephone number: {mask(text)}") from error
        if not phonenumbers.is_valid_number(parsed):
            raise PhoneInvalid(f"not a valid telephone number: {mask(text)}")
        return cls(phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164))

    @property
    def national(self) -> str:
        """The digits as dialled inside China: `13812345678`, `01012345678`."""
        parsed = phonenumbers.parse(self.e164)
        text = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.NATIONAL)
        return "".join(character for character in text if character.isdigit())

    @property
    def tail(self) -> str:
        """The last four digits, which the scripts may say."""
        return self.e164[-4:]

    @property
    def masked(self) -> str:
        """`138****5678` (rules §7.6)."""
        return mask(self.national)

    def __repr__(self) -> str:
        return f"PhoneNumber({self.masked})"

    __str__ = __repr__


def mask(text: str) -> str:
    """Anything that may be a number, with its middle hidden."""
    digits = text.strip()
    if len(digits) < 7:
        return "*" * len(digits)
    return f"{digits[:3]}****{digits[-4:]}"
