"""The web console: one desk per role. A handler parses, calls one use case, and shows what stands then."""

from dialer.console.app import make_console
from dialer.console.passwords import Argon2Hasher

__all__ = ["Argon2Hasher", "make_console"]
