"""At the side: tokens of other systems' programs. A token is shown once; a stolen database opens nothing."""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from dialer.domain.api_token import ApiToken, Scope
from dialer.domain.errors import DialerError, NotAllowed, NotFound, StaleVersion
from dialer.domain.unit import PLACE, Level, level_of
from dialer.ports.storage import Storage

_PREFIX = "dialer_"
"""Lets scanners for secrets recognise one that was committed by mistake."""

_SEEN_EVERY = timedelta(minutes=1)
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")


class TokenInvalid(DialerError):
    """A token can't be made like this; the message says what is wrong."""

    code = "TOKEN_INVALID"


class TokenRefused(DialerError):
    """No token, or none that is known, unexpired and not revoked; which of them is not told."""

    code = "TOKEN_REFUSED"


class ScopeMissing(NotAllowed):
    """The token may not do this."""

    code = "SCOPE_MISSING"


async def create_token(
    storage: Storage, now: datetime, *, name: str, scopes: Collection[Scope], org: str, days: int, by: str
) -> str:
    """Make a token; its text, which is known to nobody afterwards.

    Raises:
        TokenInvalid: a bad name or place, no scope, the name is taken, or recordings for a place below the province.
    """
    text = _PREFIX + secrets.token_urlsafe(32)
    expires_at = now + timedelta(days=days)
    token = ApiToken(name, _fingerprint(text), frozenset(scopes), org, now, by, expires_at)
    if fault := _fault(token):
        raise TokenInvalid(fault)
    try:
        async with storage.begin() as work:
            await work.tokens.add(token)
    except StaleVersion as error:
        raise TokenInvalid(f"令牌名已被使用 · there is a token called {name} already") from error
    return text


def _fault(token: ApiToken) -> str:
    if not _NAME.fullmatch(token.name):
        return "名称须为小写字母、数字和连字符 · a name has small letters, digits and hyphens, 40 at most"
    if token.org and not PLACE.fullmatch(token.org):
        return "机构路径如 44/4401 · a place of the organisation looks like 44/4401"
    if not token.scopes:
        return f"至少一个权限 · at least one scope of: {', '.join(Scope)}"
    if Scope.RECORDINGS_READ in token.scopes and level_of(token.org) > Level.PROVINCE:
        return "录音只能由省级及以上保存 · recordings are for the province and above only (rules §7.5)"
    return ""


async def token_of(storage: Storage, text: str, now: datetime) -> ApiToken:
    """Whose token it is. Raises TokenRefused."""
    async with storage.read() as work:
        token = await work.tokens.of_hash(_fingerprint(text))
    if token is None or not token.opens_at(now):
        raise TokenRefused("no valid token: send `Authorization: Bearer …`")
    if token.last_used_at is None or now - token.last_used_at > _SEEN_EVERY:
        async with storage.begin() as work:
            await work.tokens.touch(token.id, now)
    return token


async def tokens(storage: Storage) -> Sequence[ApiToken]:
    """Every token that was ever made, by name."""
    async with storage.read() as work:
        return await work.tokens.all()


async def revoke_token(storage: Storage, name: str, now: datetime) -> ApiToken:
    """From now on it opens nothing; again, it changes nothing. Raises NotFound."""
    async with storage.begin() as work:
        found = next((each for each in await work.tokens.all() if each.name == name), None)
        if found is None:
            raise NotFound(f"没有令牌 {name} · there is no token {name}")
        if found.revoked_at is None:
            found = replace(found, revoked_at=now)
            await work.tokens.save(found)
        return found


def _fingerprint(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
