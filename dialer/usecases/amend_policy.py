"""Chapter: imported. A part of a policy is told by itself: its receipt, its end, how to reach its holder.

Rules §5.3 nos. 1 and 18, §5.1. What follows is what follows when an extract says the same; told twice, it changes
nothing the second time.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime

from dialer.domain.api_token import ApiToken
from dialer.domain.calendar import shanghai_day
from dialer.domain.case import RevisitCase
from dialer.domain.errors import DialerError, NotFound
from dialer.domain.phone import PhoneKind, PhoneNumber
from dialer.domain.policy import Policy, ReceiptForm
from dialer.domain.policy_entry import PolicyEntry
from dialer.ports import Signals
from dialer.ports.storage import Storage, StoredPolicy, Work
from dialer.ports.topics import DISPATCH
from dialer.usecases.access import sees
from dialer.usecases.enter_policy import Entering, enter_changed
from dialer.usecases.rulebook import Rulebook
from dialer.usecases.try_again import try_again


class ReceiptInFuture(DialerError):
    """A receipt is dated after today."""

    code = "RECEIPT_IN_FUTURE"


class DatesContradict(DialerError):
    """Signed for before it was issued, or entered before it was signed."""

    code = "DATES_CONTRADICT"


@dataclass(frozen=True, slots=True)
class Receipt:
    """The customer has signed for the contract; `entered_on` None: today, when it first comes in."""

    signed_on: date
    form: ReceiptForm | None = None
    entered_on: date | None = None


@dataclass(frozen=True, slots=True)
class Contact:
    """Numbers and an address from policy service (保全); an address of None stays as it is."""

    numbers: Mapping[PhoneKind, str]
    address: str | None = None


@dataclass(frozen=True, slots=True)
class Amended:
    """The case as it stands; whether anything was new."""

    case: RevisitCase
    changed: bool


async def enter_receipt(
    storage: Storage,
    signals: Signals,
    rulebook: Rulebook,
    token: ApiToken,
    policy_no: str,
    receipt: Receipt,
    now: datetime,
) -> Amended:
    """The receipt came in: deadlines are worked out and the case becomes due (rules §5.3 no. 1).

    Raises:
        NotFound: no such policy within the token's reach.
        ReceiptInFuture, DatesContradict, CalendarMissing: nothing was changed.
    """

    async def signed(_work: Work, before: StoredPolicy) -> PolicyEntry | None:
        policy = _received(before.policy, receipt, shanghai_day(now))
        return None if policy == before.policy else PolicyEntry(1, policy, before.holder)

    run = Entering(rulebook, frozenset(), token.actor, "receipt", now)
    return await _amend(storage, signals, run, token, policy_no, signed)


def _received(policy: Policy, receipt: Receipt, today: date) -> Policy:
    if receipt.signed_on > today:
        raise ReceiptInFuture(f"{receipt.signed_on} is after today, {today}")
    if receipt.signed_on < policy.issue_date:
        raise DatesContradict(f"signed for on {receipt.signed_on}, before it was issued on {policy.issue_date}")
    if receipt.entered_on is not None and receipt.entered_on < receipt.signed_on:
        raise DatesContradict(f"entered on {receipt.entered_on}, before it was signed on {receipt.signed_on}")
    same_day = policy.receipt_date == receipt.signed_on
    return replace(
        policy,
        receipt_date=receipt.signed_on,
        receipt_form=receipt.form or policy.receipt_form,
        receipt_entered_on=receipt.entered_on or (policy.receipt_entered_on if same_day else None),
    )


async def cancel_policy(
    storage: Storage,
    signals: Signals,
    rulebook: Rulebook,
    token: ApiToken,
    policy_no: str,
    cancelled_on: date,
    now: datetime,
) -> Amended:
    """The contract was surrendered or rescinded: dialling stops at once (rules §5.3 no. 18).

    Raises:
        NotFound: no such policy within the token's reach.
    """

    async def ended(_work: Work, before: StoredPolicy) -> PolicyEntry | None:
        if before.cancelled_at is not None:
            return None
        return PolicyEntry(1, before.policy, before.holder, cancelled_on=cancelled_on)

    run = Entering(rulebook, frozenset(), token.actor, "cancellation", now)
    return await _amend(storage, signals, run, token, policy_no, ended)


async def change_contact(
    storage: Storage,
    signals: Signals,
    rulebook: Rulebook,
    token: ApiToken,
    policy_no: str,
    contact: Contact,
    now: datetime,
) -> Amended:
    """The holder can be reached otherwise: numbers are added to those that are known, the address is replaced.

    Raises:
        NotFound: no such policy within the token's reach.
        PhoneInvalid: one of the numbers can't be dialled; nothing was changed.
    """
    phones = tuple((kind, _number(text)) for kind, text in contact.numbers.items())

    async def moved(work: Work, before: StoredPolicy) -> PolicyEntry | None:
        known = {phone.number for phone in await work.policies.phones(before.holder.id)}
        new = tuple((kind, number) for kind, number in phones if number not in known)
        address = before.holder.address if contact.address is None else contact.address
        if not new and address == before.holder.address:
            return None
        return PolicyEntry(1, before.policy, replace(before.holder, address=address), phones=new)

    run = Entering(rulebook, frozenset(), token.actor, "contact change", now)
    return await _amend(storage, signals, run, token, policy_no, moved)


def _number(text: str) -> PhoneNumber:
    return PhoneNumber.parse(unicodedata.normalize("NFKC", text).strip())


Change = Callable[[Work, StoredPolicy], Awaitable[PolicyEntry | None]]
"""What the policy becomes; None when nothing is new."""


async def _amend(
    storage: Storage, signals: Signals, run: Entering, token: ApiToken, policy_no: str, change: Change
) -> Amended:
    """When the case moved between reading and saving, it is done again."""
    amended = await try_again(lambda: _amend_once(storage, run, token, policy_no, change))
    if amended.changed:
        await signals.notify(DISPATCH)
    return amended


async def _amend_once(storage: Storage, run: Entering, token: ApiToken, policy_no: str, change: Change) -> Amended:
    async with storage.begin() as work:
        case = await work.cases.of_policy(policy_no)
        if case is None or not sees(token, case.org):
            raise NotFound(f"there is no policy {policy_no}")
        before = await work.policies.get(policy_no)
        entry = await change(work, before)
        if entry is None:
            return Amended(case, changed=False)
        return Amended(await enter_changed(work, entry, run, before.digest), changed=True)
