"""The shelf of policies, holders and their numbers. Who the people are is sealed (rules §7.6)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from datetime import datetime
from functools import cache
from operator import itemgetter

from sqlalchemy import Executable, RowMapping, bindparam, select

from dialer.domain.errors import NotFound
from dialer.domain.holder import Policyholder
from dialer.domain.phone import PhoneKind, PhoneNumber, PhoneSource, PhoneStatus
from dialer.domain.policy import Policy
from dialer.ports.storage import HolderPhone, NumberOfHolder, PolicyContent, StoredPolicy
from dialer.storage.plain import from_mapping, from_row, row_of, to_plain
from dialer.storage.statements import Row, Statements, insert_into
from dialer.storage.tables import holders, phones, policies, staff_numbers
from dialer.storage.vault import Vault

PERSONAL = frozenset({"insured", "insured_birthday", "special_clause"})
"""The policy's fields that tell of the customer; the salesperson's name is the company's own."""

_BY_POLICY_NO, _BY_KEY_HASH = itemgetter("policy_no"), itemgetter("key_hash")
_DIALLING_ORDER = tuple(PhoneKind)


class PolicyShelf:
    """`dialer.ports.storage.Policies` in SQL."""

    def __init__(self, statements: Statements) -> None:
        self._statements = statements
        self._vault = statements.vault

    async def get(self, policy_no: str) -> StoredPolicy:
        found = await self.some([policy_no])
        if policy_no not in found:
            raise NotFound(f"there is no policy {policy_no}")
        return found[policy_no]

    async def some(self, policy_nos: Sequence[str]) -> Mapping[str, StoredPolicy]:
        joined = policies.join(holders, policies.c.holder_id == holders.c.id)
        wanted = select(policies, holders.c.sealed).select_from(joined)
        rows = await self._statements.which(wanted, policies.c.policy_no, policy_nos)
        return {row["policy_no"]: _stored(row, self._vault) for row in rows}

    async def digests(self, policy_nos: Sequence[str]) -> Mapping[str, str]:
        wanted = select(policies.c.policy_no, policies.c.digest)
        rows = await self._statements.which(wanted, policies.c.policy_no, policy_nos)
        return {row["policy_no"]: row["digest"] for row in rows}

    async def put(self, policy: Policy, holder: Policyholder, digest: str, at: datetime) -> int:
        return (await self.put_all([PolicyContent(policy, holder, digest)], at))[0]

    async def put_all(self, contents: Sequence[PolicyContent], at: datetime) -> Sequence[int]:
        if not contents:
            return ()
        holder_ids = await self._put_holders(contents)
        rows = [
            _policy_row(content.policy, self._vault) | {"holder_id": it, "digest": content.digest, "imported_at": at}
            for it, content in zip(holder_ids, contents, strict=True)
        ]
        await self._statements.run(_put_policy(self._statements.dialect), sorted(rows, key=_BY_POLICY_NO))
        return holder_ids

    async def _put_holders(self, contents: Sequence[PolicyContent]) -> Sequence[int]:
        """In the order of their keys, as above: two imports at once then wait for each other, and never in a ring."""
        rows = [_holder_row(content.policy.policy_no, content.holder, self._vault) for content in contents]
        await self._statements.run(_put_holder(self._statements.dialect), sorted(rows, key=_BY_KEY_HASH))
        wanted = select(holders.c.id, holders.c.key_hash)
        kept = await self._statements.which(wanted, holders.c.key_hash, [row["key_hash"] for row in rows])
        ids = {row["key_hash"]: row["id"] for row in kept}
        return [ids[row["key_hash"]] for row in rows]

    async def cancel(self, policy_no: str, at: datetime) -> None:
        cancelled = policies.update().where(policies.c.policy_no == policy_no).values(cancelled_at=at)
        if not await self._statements.change(cancelled):
            raise NotFound(f"there is no policy {policy_no}")

    async def phone(self, phone_id: int) -> HolderPhone:
        return _phone(await self._statements.one(phones, f"number with id {phone_id}", id=phone_id), self._vault)

    async def phones(self, holder_id: int) -> Sequence[HolderPhone]:
        rows = await self._statements.with_key(phones, "id", holder_id=holder_id)
        found = [_phone(row, self._vault) for row in rows]
        return sorted(found, key=lambda phone: _DIALLING_ORDER.index(phone.kind))

    async def put_phone(
        self, holder_id: int, number: PhoneNumber, kind: PhoneKind, source: PhoneSource, at: datetime
    ) -> HolderPhone:
        await self.put_phones([NumberOfHolder(holder_id, number, kind)], source, at)
        its = (phones.c.holder_id == holder_id) & (phones.c.number_hash == self._vault.digest(number.e164))
        kept = await self._statements.first(select(phones).where(its))
        assert kept is not None
        return _phone(kept, self._vault)

    async def put_phones(self, numbers: Sequence[NumberOfHolder], source: PhoneSource, at: datetime) -> None:
        rows = [self._new_phone(each, source, at) for each in numbers]
        if rows:
            await self._statements.run(_put_phone(self._statements.dialect), rows)

    def _new_phone(self, each: NumberOfHolder, source: PhoneSource, at: datetime) -> Row:
        digest = self._vault.digest(each.number.e164)
        phone = HolderPhone(0, each.holder_id, each.number, digest, each.kind, source, PhoneStatus.OK, at)
        sealed = self._vault.seal(each.number.e164)
        return _phone_row(phone) | {"holder_id": each.holder_id, "number_hash": digest, "number_sealed": sealed}

    async def save_phone(self, phone: HolderPhone) -> None:
        await self._statements.save(phones, _phone_row(phone) | {"id": phone.id}, f"number with id {phone.id}")

    async def sharing(self, numbers: Sequence[PhoneNumber]) -> Mapping[PhoneNumber, frozenset[int]]:
        hashes = {self._vault.digest(number.e164): number for number in numbers}
        found: dict[PhoneNumber, set[int]] = {number: set() for number in numbers}
        wanted = select(phones.c.holder_id, phones.c.number_hash)
        for row in await self._statements.which(wanted, phones.c.number_hash, hashes):
            found[hashes[row["number_hash"]]].add(row["holder_id"])
        return {number: frozenset(holder_ids) for number, holder_ids in found.items()}

    async def staff_among(self, numbers: Sequence[PhoneNumber]) -> frozenset[PhoneNumber]:
        hashes = {self._vault.digest(number.e164): number for number in numbers}
        known = await self._statements.which(select(staff_numbers), staff_numbers.c.number_hash, hashes)
        return frozenset(hashes[row["number_hash"]] for row in known)

    async def mark_staff_numbers(self, numbers: Sequence[PhoneNumber]) -> int:
        hashes = sorted(self._vault.digest(number.e164) for number in numbers)
        if not hashes:
            return 0
        await self._statements.run(_put_staff(self._statements.dialect), [{"number_hash": each} for each in hashes])
        theirs = await self._statements.which(
            select(phones.c.id).where(~phones.c.staff_number), phones.c.number_hash, hashes
        )
        marks = [{"phone_id": row["id"]} for row in theirs]
        if marks:
            marked = phones.update().where(phones.c.id == bindparam("phone_id")).values(staff_number=True)
            await self._statements.run(marked, marks)
        return len(marks)


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
    return insert.on_conflict_do_update(index_elements=["key_hash"], set_=changes)


@cache
def _put_phone(dialect: str) -> Executable:
    return insert_into(phones, dialect).on_conflict_do_nothing()


@cache
def _put_staff(dialect: str) -> Executable:
    return insert_into(staff_numbers, dialect).on_conflict_do_nothing()


def _policy_row(policy: Policy, vault: Vault) -> dict[str, object]:
    plain = to_plain(policy)
    personal = {name: plain.pop(name) for name in PERSONAL}
    return {"policy_no": policy.policy_no, "facts": plain, "personal_sealed": vault.seal_json(personal)}


def _stored(row: RowMapping, vault: Vault) -> StoredPolicy:
    return from_row(StoredPolicy, row, policy=_policy(row, vault), holder=_holder(row, vault))


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


def _phone_row(phone: HolderPhone) -> dict[str, object]:
    """What may change of a number; whose and which it is may not."""
    row = row_of(phone, phones)
    return {name: value for name, value in row.items() if name not in ("id", "holder_id", "number_hash")}


def _phone(row: RowMapping, vault: Vault) -> HolderPhone:
    return from_row(HolderPhone, row, number=PhoneNumber(vault.open(row["number_sealed"])))
