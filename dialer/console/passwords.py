"""Passwords by Argon2id, in a thread: hashing takes tens of milliseconds on purpose."""

from __future__ import annotations

import asyncio

import argon2
from argon2.exceptions import InvalidHashError, VerificationError


class Argon2Hasher:
    """`dialer.ports.PasswordHasher`, with the library's recommended cost unless told otherwise."""

    def __init__(self, time_cost: int = argon2.DEFAULT_TIME_COST, memory_kib: int = argon2.DEFAULT_MEMORY_COST) -> None:
        self._hasher = argon2.PasswordHasher(time_cost=time_cost, memory_cost=memory_kib)

    async def hash(self, password: str) -> str:
        """A salted hash to store."""
        return await asyncio.to_thread(self._hasher.hash, password)

    async def verify(self, password_hash: str, password: str) -> bool:
        """Whether the password is the one that was hashed."""
        try:
            return await asyncio.to_thread(self._hasher.verify, password_hash, password)
        except (VerificationError, InvalidHashError):
            return False
