"""The second factor of privileged roles: six digits from a telephone, anew every half minute (RFC 6238)."""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import dataclass
from datetime import datetime

import pyotp

STEP_SECONDS = 30
ISSUER = "dialer"

_STEPS_OFF = 1
"""How far a telephone's clock may be off, either way."""


@dataclass(frozen=True, slots=True)
class SecondFactor:
    """Somebody's secret; `enrolled_at` is None until a first code has shown that their telephone knows it."""

    secret: str
    enrolled_at: datetime | None = None
    last_step: int = 0

    def __repr__(self) -> str:
        return f"SecondFactor(enrolled_at={self.enrolled_at})"

    def step_of(self, code: str, now: datetime) -> int | None:
        """The half minute a code belongs to, if it is right, near enough, and later than the last one accepted."""
        digits, codes = digits_of(code), pyotp.TOTP(self.secret)
        present = int(now.timestamp()) // STEP_SECONDS
        near = range(max(present - _STEPS_OFF, self.last_step + 1), present + _STEPS_OFF + 1)
        return next((step for step in near if hmac.compare_digest(codes.generate_otp(step), digits)), None)

    def address(self, login: str) -> str:
        """What the QR code says to an authenticator."""
        return pyotp.TOTP(self.secret).provisioning_uri(name=login, issuer_name=ISSUER)


def new_secret() -> str:
    """160 random bits, as authenticators take them."""
    return pyotp.random_base32()


def digits_of(code: str) -> str:
    """A code as it is compared: people type spaces into it."""
    return re.sub(r"\D", "", code)[:8]


def recovery_fingerprint(code: str) -> str:
    """What is stored of a recovery code. It has 80 random bits, so a plain hash can't be guessed back."""
    return hashlib.sha256(re.sub(r"[^a-z2-7]", "", code.lower()).encode()).hexdigest()
