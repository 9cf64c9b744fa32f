from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from dialer.domain.errors import NotFound
from dialer.domain.holder import PersonName
from dialer.domain.phone import PhoneKind, PhoneSource, PhoneStatus
from dialer.storage.vault import KeyUnusable, Vault
from tests.builders import a_holder, a_number, a_policy, at

CHANGED: dict[str, Any] = {"premium_fen": 2_000_000, "insured": PersonName("王小宝"), "insured_is_holder": False}
FULL: dict[str, Any] = {
    "insured": PersonName("王小宝"),
    "insured_birthday": date(2015, 6, 1),
    "special_clause": "无其他特别约定",
}


async def test_a_policy_comes_back_with_its_holder(database):
    policy, holder = a_policy(**FULL), a_holder()

    async with database.begin() as work:
        holder_id = await work.policies.put(policy, holder, "d1", at(9))

    async with database.read() as work:
        stored = await work.policies.get(policy.policy_no)
    assert stored.policy == policy
    assert stored.holder == replace(holder, id=holder_id)
    assert (stored.digest, stored.cancelled_at) == ("d1", None)


async def test_an_unknown_policy_is_not_found(database):
    async with database.read() as work:
        with pytest.raises(NotFound, match="P404"):
            await work.policies.get("P404")


async def test_putting_again_replaces_the_policy_and_keeps_its_cancellation(database):
    policy, holder = a_policy(), a_holder()
    async with database.begin() as work:
        before = await work.policies.put(policy, holder, "d1", at(9))
        await work.policies.cancel(policy.policy_no, at(10))
        after = await work.policies.put(replace(policy, **CHANGED), replace(holder, address="深圳市"), "d2", at(11))

    async with database.read() as work:
        stored = await work.policies.get(policy.policy_no)
    assert after == before
    assert stored.policy == replace(policy, **CHANGED)
    assert (stored.holder.address, stored.digest, stored.cancelled_at) == ("深圳市", "d2", at(10))


async def test_the_document_makes_the_person(database):
    same, other = a_holder(), a_holder()
    async with database.begin() as work:
        first = await work.policies.put(a_policy(), same, "d", at(9))
        second = await work.policies.put(a_policy(), same, "d", at(9))
        third = await work.policies.put(a_policy(), other, "d", at(9))
        passport = await work.policies.put(a_policy(), replace(same, id_type="PASSPORT"), "d", at(9))

    assert first == second
    assert len({first, third, passport}) == 3


async def test_without_a_document_nobody_is_taken_for_one_person(database):
    nobody = a_holder(id_no="")
    policy = a_policy()
    async with database.begin() as work:
        one = await work.policies.put(policy, nobody, "d", at(9))
        other = await work.policies.put(a_policy(), nobody, "d", at(9))
        again = await work.policies.put(policy, nobody, "d", at(9))

    assert one != other
    assert one == again


async def test_digests_are_told_for_those_stored_however_many_are_asked(database):
    kept = [a_policy() for _ in range(3)]
    async with database.begin() as work:
        for policy in kept:
            await work.policies.put(policy, a_holder(), f"digest of {policy.policy_no}", at(9))

    unknown = [f"X{number}" for number in range(40_000)]
    async with database.read() as work:
        found = await work.policies.digests([*unknown, *(policy.policy_no for policy in kept)])
        assert await work.policies.digests([]) == {}
    assert found == {policy.policy_no: f"digest of {policy.policy_no}" for policy in kept}


async def test_only_a_stored_policy_can_be_cancelled(database):
    with pytest.raises(NotFound):
        async with database.begin() as work:
            await work.policies.cancel("P404", at(9))


@pytest.fixture
async def holder_id(database):
    async with database.begin() as work:
        return await work.policies.put(a_policy(), a_holder(), "d", at(9))


async def test_numbers_come_in_dialling_order(database, holder_id):
    async with database.begin() as work:
        for kind in (PhoneKind.OFFICE, PhoneKind.MOBILE, PhoneKind.HOME, PhoneKind.MOBILE):
            await work.policies.put_phone(holder_id, a_number(), kind, PhoneSource.APPLICATION, at(9))

    async with database.read() as work:
        phones = await work.policies.phones(holder_id)
    assert [phone.kind.value for phone in phones] == ["MOBILE", "MOBILE", "HOME", "OFFICE"]
    assert phones[0].id < phones[1].id
    assert phones[0].status is PhoneStatus.OK


async def test_a_number_that_is_there_is_given_back_unchanged(database, holder_id):
    number = a_number()
    async with database.begin() as work:
        first = await work.policies.put_phone(holder_id, number, PhoneKind.MOBILE, PhoneSource.APPLICATION, at(9))
        await work.policies.save_phone(replace(first, status=PhoneStatus.WRONG, status_since=at(10)))
        again = await work.policies.put_phone(holder_id, number, PhoneKind.HOME, PhoneSource.TICKET_REPLY, at(11))

    assert again == replace(first, status=PhoneStatus.WRONG, status_since=at(10))


async def test_what_calling_a_number_has_shown_is_stored(database, holder_id):
    async with database.begin() as work:
        phone = await work.policies.put_phone(
            holder_id, a_number(), PhoneKind.MOBILE, PhoneSource.CUSTOMER_IN_CALL, at(9)
        )
        known = replace(
            phone, status=PhoneStatus.SUSPECT_VACANT, status_since=at(11), proven=True, verified_by="agent1"
        )
        await work.policies.save_phone(known)

    async with database.read() as work:
        assert list(await work.policies.phones(holder_id)) == [known]


async def test_scenario_10_numbers_shared_by_holders_and_numbers_of_salespeople_are_known(database):
    shared, own, unheard = a_number(), a_number(), a_number()
    async with database.begin() as work:
        spouses = [await work.policies.put(a_policy(), a_holder(), "d", at(9)) for _ in range(2)]
        for spouse in spouses:
            await work.policies.put_phone(spouse, shared, PhoneKind.MOBILE, PhoneSource.APPLICATION, at(9))
        await work.policies.put_phone(spouses[0], own, PhoneKind.HOME, PhoneSource.APPLICATION, at(9))
        assert await work.policies.sharing([shared, unheard]) == {shared: set(spouses), unheard: set()}
        assert await work.policies.staff_among([shared, unheard]) == set()
        assert await work.policies.mark_staff_numbers([shared, unheard]) == 2
        assert await work.policies.mark_staff_numbers([shared, unheard]) == 0
        assert await work.policies.staff_among([shared, own, unheard]) == {shared, unheard}

    async with database.read() as work:
        phones = await work.policies.phones(spouses[0])
    assert [phone.staff_number for phone in phones] == [True, False]


async def test_another_key_does_not_open_what_was_sealed(database, url):
    policy = a_policy()
    async with database.begin() as work:
        await work.policies.put(policy, a_holder(), "d", at(9))

    stranger = type(database)(url, Vault(b"k" * 32))
    with pytest.raises(KeyUnusable, match="another key"):
        async with stranger.read() as work:
            await work.policies.get(policy.policy_no)
    await stranger.close()
