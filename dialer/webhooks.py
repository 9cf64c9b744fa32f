"""Messages to the core system over HTTP, signed as Standard Webhooks asks (docs/api.md)."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import os
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit

import aiohttp

from dialer.domain.errors import DialerError
from dialer.ports import CoreRefused, CoreUnreached

_PREFIX = "whsec_"
_KEY_BYTES = 32
_NOT_NOW = frozenset({408, 425, 429})


class SecretUnusable(DialerError):
    """The file of the webhooks' secret holds something else."""

    code = "WEBHOOK_SECRET_UNUSABLE"


def load_or_make_secret(path: Path) -> bytes:
    """The key that signs; made at the first start, readable by its owner only. The core system gets the file's text.

    Raises:
        SecretUnusable: the file is there but holds no secret.
    """
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        text = _PREFIX + base64.b64encode(secrets.token_bytes(_KEY_BYTES)).decode()
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(f"{text}\n")
    try:
        return base64.b64decode(path.read_text().strip().removeprefix(_PREFIX), validate=True)
    except (binascii.Error, ValueError) as error:
        raise SecretUnusable(f"{path}: 不是密钥 · holds no secret such as {_PREFIX}…") from error


def signature(key: bytes, message_id: str, timestamp: int, body: str) -> str:
    """HMAC-SHA256 over `id.timestamp.body`, as the header carries it."""
    signed = f"{message_id}.{timestamp}.{body}".encode()
    return "v1," + base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()


class SignedPost:
    """`dialer.ports.Courier` over HTTP; made by `posting`."""

    def __init__(self, session: aiohttp.ClientSession, url: str, key: bytes) -> None:
        self._session = session
        self._url = url
        self._where = urlsplit(url).hostname or ""  # a URL may hold a password
        self._key = key

    async def deliver(self, message_id: str, body: str, at: datetime) -> None:
        """Post it. Raises CoreUnreached, CoreRefused."""
        timestamp = int(at.timestamp())
        headers = {
            "Content-Type": "application/json",
            "webhook-id": message_id,
            "webhook-timestamp": str(timestamp),
            "webhook-signature": signature(self._key, message_id, timestamp, body),
        }
        try:
            async with self._session.post(
                self._url, data=body.encode(), headers=headers, allow_redirects=False
            ) as answer:
                status = answer.status
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise CoreUnreached(f"{self._where}: {type(error).__name__}") from error
        if status >= 500 or status in _NOT_NOW:
            raise CoreUnreached(f"{self._where} answered {status}")
        if not 200 <= status < 300:
            raise CoreRefused(f"{self._where} answered {status}")


@asynccontextmanager
async def posting(url: str, key: bytes, timeout_seconds: float) -> AsyncIterator[SignedPost]:
    """A courier for as long as the block lasts."""
    timeout = aiohttp.ClientTimeout(total=timeout_seconds)
    async with aiohttp.ClientSession(timeout=timeout, cookie_jar=aiohttp.DummyCookieJar()) as session:
        yield SignedPost(session, url, key)
