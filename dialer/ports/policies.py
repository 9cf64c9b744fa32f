"""Policies, their holders and the holders' numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from dialer.domain.holder import Policyholder
from dialer.domain.phone import PhoneKind, PhoneNumber, PhoneSource, PhoneStatus
from dialer.domain.policy import Policy


@dataclass(frozen=True, slots=True)
class HolderPhone:
    """A holder's number, and what calling it has shown (rules §5.1)."""

    id: int
    holder_id: int
    number: PhoneNumber
    number_hash: str
    kind: PhoneKind
    source: PhoneSource
    status: PhoneStatus
    status_since: datetime
    proven: bool = False
    verified_by: str = ""
    staff_number: bool = False


@dataclass(frozen=True, slots=True)
class NumberOfHolder:
    """A number to be added to a holder."""

    holder_id: int
    number: PhoneNumber
    kind: PhoneKind


@dataclass(frozen=True, slots=True)
class PolicyContent:
    """What an extract says of a policy; the digest tells one content from another."""

    policy: Policy
    holder: Policyholder
    digest: str


@dataclass(frozen=True, slots=True)
class StoredPolicy:
    """A policy with its holder, as it was last imported."""

    id: int
    policy: Policy
    holder: Policyholder
    digest: str
    cancelled_at: datetime | None = None


class Policies(Protocol):
    """Policies, their holders and the holders' numbers."""

    async def get(self, policy_no: str) -> StoredPolicy:
        """Raises NotFound."""
        ...

    async def some(self, policy_nos: Sequence[str]) -> Mapping[str, StoredPolicy]:
        """Those of many that are stored, in one statement for a page of them."""
        ...

    async def digests(self, policy_nos: Sequence[str]) -> Mapping[str, str]:
        """The content digest of those that are stored."""
        ...

    async def put(self, policy: Policy, holder: Policyholder, digest: str, at: datetime) -> int:
        """Add or replace a policy and its holder (the identity document makes the person); the holder's id."""
        ...

    async def put_all(self, contents: Sequence[PolicyContent], at: datetime) -> Sequence[int]:
        """Add or replace many policies, in a few statements; the holders' ids in the same order."""
        ...

    async def cancel(self, policy_no: str, at: datetime) -> None:
        """Note that the contract is cancelled or surrendered."""
        ...

    async def phone(self, phone_id: int) -> HolderPhone:
        """One number, whoever has it. Raises NotFound."""
        ...

    async def phones(self, holder_id: int) -> Sequence[HolderPhone]:
        """In dialling order: mobile, home, office; as added within a kind (rules §10.3 rule 3)."""
        ...

    async def put_phone(
        self, holder_id: int, number: PhoneNumber, kind: PhoneKind, source: PhoneSource, at: datetime
    ) -> HolderPhone:
        """Add a number to a holder, or give back the one that is there, unchanged."""
        ...

    async def put_phones(self, numbers: Sequence[NumberOfHolder], source: PhoneSource, at: datetime) -> None:
        """Add many numbers, in a few statements; those that are there stay unchanged."""
        ...

    async def save_phone(self, phone: HolderPhone) -> None:
        """Store status, proof and marks of a number."""
        ...

    async def sharing(self, numbers: Sequence[PhoneNumber]) -> Mapping[PhoneNumber, frozenset[int]]:
        """The holders who have these numbers."""
        ...

    async def staff_among(self, numbers: Sequence[PhoneNumber]) -> frozenset[PhoneNumber]:
        """Those of the numbers that are known as salespeople's."""
        ...

    async def mark_staff_numbers(self, numbers: Sequence[PhoneNumber]) -> int:
        """Remember salespeople's numbers, and mark those that stand as a customer's (rules §11 no. 10); how many."""
        ...
