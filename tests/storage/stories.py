"""What several storage tests begin with: a policy with its case, and the case in a call."""

from __future__ import annotations

from typing import Any

from dialer.domain.attempt import Attempt
from dialer.domain.case import CaseState, RevisitCase
from dialer.domain.phone import PhoneKind, PhoneSource
from dialer.ports.storage import HolderPhone, Storage
from tests.builders import a_call, a_case, a_holder, a_number, a_policy, a_stored_call, an_attempt, at, moved


async def given_case(storage: Storage, **changes: Any) -> RevisitCase:
    """A stored case, READY unless said otherwise, with its policy and holder."""
    policy, holder = a_policy(), changes.pop("holder", None) or a_holder()
    facts: dict[str, Any] = {"state": CaseState.READY, "policy_no": policy.policy_no}
    async with storage.begin() as work:
        holder_id = await work.policies.put(policy, holder, "digest", at(9))
        (added,) = await work.cases.add_all([(a_case(holder_id=holder_id, **facts | changes), moved())])
        return added


async def given_phone(storage: Storage, holder_id: int, **changes: Any) -> HolderPhone:
    """A stored number of a holder."""
    facts: dict[str, Any] = {"number": a_number(), "kind": PhoneKind.MOBILE, "source": PhoneSource.APPLICATION}
    async with storage.begin() as work:
        return await work.policies.put_phone(holder_id, at=at(9), **facts | changes)


async def given_attempt(storage: Storage, case: RevisitCase, **changes: Any) -> Attempt:
    """An unfinished attempt of a case in a call of its own."""
    phone = await given_phone(storage, case.holder_id)
    call = a_call(**changes)
    async with storage.begin() as work:
        stored = a_stored_call(call, phone_id=phone.id, number_hash=phone.number_hash)
        (attempt,) = await work.calls.intend(stored, [an_attempt(case_id=case.id, call_id=call.call_id)])
        return attempt
