"""Personal data at rest: sealed with AES-256-GCM; a keyed hash beside it where it must be found again (rules §7.6)."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from dialer.domain.errors import DialerError
from dialer.storage.plain import dumps

_KEY_BYTES = 32
_NONCE_BYTES = 12


class KeyUnusable(DialerError):
    """The installation's data key is missing, damaged, or not the one this database was written with."""

    code = "KEY_UNUSABLE"


class Vault:
    """Seals and opens text, and hashes it for lookups, with keys derived from the installation's one data key."""

    def __init__(self, key: bytes) -> None:
        if len(key) != _KEY_BYTES:
            raise KeyUnusable(f"the data key must be {_KEY_BYTES} bytes, not {len(key)}")
        self._cipher = AESGCM(hmac.digest(key, b"seal", "sha256"))
        self._hash_key = hmac.digest(key, b"hash", "sha256")

    def seal(self, text: str) -> bytes:
        """Encrypt; the same text gives different bytes each time."""
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, text.encode(), None)

    def open(self, sealed: bytes) -> str:
        """Decrypt. Raises KeyUnusable when the bytes were not sealed with this key."""
        try:
            return self._cipher.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], None).decode()
        except InvalidTag as error:
            raise KeyUnusable(
                "stored data was sealed with another key: put the installation's key file back"
            ) from error

    def seal_json(self, value: object) -> bytes:
        """Encrypt a value as JSON."""
        return self.seal(dumps(value))

    def open_json(self, sealed: bytes) -> Any:  # noqa: ANN401 - JSON
        """Decrypt JSON. Raises KeyUnusable."""
        return json.loads(self.open(sealed))

    def digest(self, text: str) -> str:
        """A keyed hash: equal texts are found, and nobody without the key can try numbers through."""
        return hmac.new(self._hash_key, text.encode(), hashlib.sha256).hexdigest()


def load_or_make_key(path: Path) -> bytes:
    """The installation's data key; made once, readable by its owner only, whole or not there at all.

    Raises:
        KeyUnusable: the file is there but is not a key.
    """
    if not path.exists():
        _make_key(path)
    return _read_key(path)


def _make_key(path: Path) -> None:
    """A link can't replace what is there: of several processes that begin together all read the first one's key."""
    descriptor, draft = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(os.urandom(_KEY_BYTES).hex())
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):
            path.hardlink_to(draft)
    finally:
        Path(draft).unlink()


def _read_key(path: Path) -> bytes:
    try:
        key = bytes.fromhex(path.read_text().strip())
    except ValueError as error:
        raise KeyUnusable(f"{path} is not a data key") from error
    if len(key) != _KEY_BYTES:
        raise KeyUnusable(f"{path} is not a data key: it has {len(key)} bytes, not {_KEY_BYTES}")
    return key
