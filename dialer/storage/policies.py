"""The shelf of policies, holders and their numbers. Who the people are is sealed (rules §7.6)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields
from datetime import datetime
from functools import cache

from sqlalchemy import Executable, RowMapping, Select, select

from dialer.domain.errors import NotFound
from dialer.domain.holder import Policyholder
from dialer.domain.phone import PhoneKind, PhoneNumber, PhoneSource, PhoneStatus
from dialer.domain.policy import Policy
from dialer.ports.storage import HolderPhone, StoredPolicy
from dialer.storage.plain import from_mapping, from_row, row_of, to_plain
from dialer.storage.statements import Row, Statements, insert_into
from dialer.storage.tables import holders, phones, policies
from dialer.storage.vault import Vault

PERSONAL = frozenset({"insured", "insured_birthday", "special_clause"})
"""The policy's fields that tell of the customer; the salesperson's name is the company's own."""

_CHUNK = 500
"""How many values one statement asks about; SQLite and PostgreSQL both limit a statement's parameters."""

_DIALLING_ORDER = tuple(PhoneKind)


class PolicyShelf:
    """`dialer.ports.storage.Policies` in SQL."""

    def __init__(self, statements: Statements) -> None:
        self._statements = statements
        self._vault = statements.vault

    async def get(self, policy_no: str) -> StoredPolicy:
        joined = policies.join(holders, policies.c.holder_id == holders.c.id)
        wanted = select(policies, holders.c.sealed).select_from(joined).where(policies.c.policy_no == policy_no)
        row = await self._statements.first(wanted)
        if row is None:
            raise NotFound(f"there is no policy {policy_no}")
        return from_row(StoredPolicy, row, policy=_policy(row, self._vault), holder=_holder(row, self._vault))

    async def digests(self, policy_nos: Sequence[str]) -> Mapping[str, str]:
        found: dict[str, str] = {}
        for chunk in _chunks(policy_nos):
            wanted = select(policies.c.policy_no, policies.c.digest).where(policies.c.policy_no.in_(chunk))
            found.update({row["policy_no"]: row["digest"] for row in await self._statements.all(wanted)})
        return found

    async def put(self, policy: Policy, holder: Policyholder, digest: str, at: datetime) -> int:
        holder_id = await self._put_holder(policy.policy_no, holder)
        row = _policy_row(policy, self._vault) | {"holder_id": holder_id, "digest": digest, "imported_at": at}
        await self._statements.run(_put_policy(self._statements.dialect), row)
        return holder_id

    async def _put_holder(self, policy_no: str, holder: Policyholder) -> int:
        row = _holder_row(policy_no, holder, self._vault)
        kept = await self._statements.run(_put_holder(self._statements.dialect), row)
        return int(kept.scalar_one())

    async def cancel(self, policy_no: str, at: datetime) -> None:
        cancelled = policies.update().where(policies.c.policy_no == policy_no).values(cancelled_at=at)
        if not await self._statements.change(cancelled):
            raise NotFound(f"there is no policy {policy_no}")

    async def phones(self, holder_id: int) -> Sequence[HolderPhone]:
        wanted = select(phones).where(phones.c.holder_id == holder_id).order_by(phones.c.id)
        found = [_phone(row, self._vault) for row in await self._statements.all(wanted)]
        return sorted(found, key=lambda phone: _DIALLING_ORDER.index(phone.kind))

    async def put_phone(
        self, holder_id: int, number: PhoneNumber, kind: PhoneKind, source: PhoneSource, at: datetime
    ) -> HolderPhone:
        digest = self._vault.digest(number.e164)
        phone = HolderPhone(0, holder_id, number, digest, kind, source, PhoneStatus.OK, at)
        row = _phone_row(phone) | {"holder_id": holder_id, "number_hash": digest}
        row["number_sealed"] = self._vault.seal(number.e164)
        await self._statements.run(self._statements.upsert(phones, row).on_conflict_do_nothing())
        kept = await self._statements.first(_phone_of(holder_id, digest))
        assert kept is not None
        return _phone(kept, self._vault)

    async def save_phone(self, phone: HolderPhone) -> None:
        if not await self._statements.change(phones.update().where(phones.c.id == phone.id).values(_phone_row(phone))):
            raise NotFound(f"there is no number with id {phone.id}")

    async def holders_sharing(self, number_hash: str) -> Sequence[int]:
        wanted = select(phones.c.holder_id).where(phones.c.number_hash == number_hash).order_by(phones.c.holder_id)
        return [row["holder_id"] for row in await self._statements.all(wanted)]

    async def mark_staff_numbers(self, numbers: Sequence[PhoneNumber]) -> int:
        marked = 0
        for chunk in _chunks([self._vault.digest(number.e164) for number in numbers]):
            customers = phones.c.number_hash.in_(chunk) & ~phones.c.staff_number
            marked += await self._statements.change(phones.update().where(customers).values(staff_number=True))
        return marked


@cache
def _put_policy(dialect: str) -> Executable:
    """Made once: an import of a million rows would spend half its time on composing it again."""
    insert = insert_into(policies, dialect)
    replaced = ("holder_id", "facts", "personal_sealed", "digest", "imported_at")
    changes = {name: insert.excluded[name] for name in replaced}
    return insert.on_conflict_do_update(index_elements=["policy_no"], set_=changes)


@cache
def _put_holder(dialect: str) -> Executable:
    insert = insert_into(holders, dialect)
    changes = {name: insert.excluded[name] for name in ("name_hash", "sealed")}
    return insert.on_conflict_do_update(index_elements=["key_hash"], set_=changes).returning(holders.c.id)


def _chunks(values: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(values), _CHUNK):
        yield values[start : start + _CHUNK]


def _policy_row(policy: Policy, vault: Vault) -> dict[str, object]:
    plain = to_plain(policy)
    personal = {name: plain.pop(name) for name in PERSONAL}
    return {"policy_no": policy.policy_no, "facts": plain, "personal_sealed": vault.seal_json(personal)}


def _policy(row: RowMapping, vault: Vault) -> Policy:
    return from_mapping(Policy, {**row["facts"], **vault.open_json(row["personal_sealed"])})


def _holder_row(policy_no: str, holder: Policyholder, vault: Vault) -> Row:
    """Without a document nobody can say that two holders are one person, so each policy has its own."""
    document = f"{holder.id_type}:{holder.id_no}" if holder.id_no else f"policy:{policy_no}"
    known = {field.name: getattr(holder, field.name) for field in fields(holder) if field.name != "id"}
    return {
        "key_hash": vault.digest(document),
        "name_hash": vault.digest(holder.name.full),
        "sealed": vault.seal_json(known),
    }


def _holder(row: RowMapping, vault: Vault) -> Policyholder:
    return from_mapping(Policyholder, {**vault.open_json(row["sealed"]), "id": row["holder_id"]})


def _phone_of(holder_id: int, number_hash: str) -> Select[tuple[object, ...]]:
    return select(phones).where((phones.c.holder_id == holder_id) & (phones.c.number_hash == number_hash))


def _phone_row(phone: HolderPhone) -> dict[str, object]:
    """What may change of a number; whose and which it is may not."""
    row = row_of(phone, phones)
    return {name: value for name, value in row.items() if name not in ("id", "holder_id", "number_hash")}


def _phone(row: RowMapping, vault: Vault) -> HolderPhone:
    return from_row(HolderPhone, row, number=PhoneNumber(vault.open(row["number_sealed"])))
