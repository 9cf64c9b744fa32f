"""Policies in: whole, one or many, or what has changed of one (rules §5.1, §5.3 nos. 1 and 18)."""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Sequence

import structlog
from aiohttp import web

from dialer.console.api.bearer import API, token_in
from dialer.console.api.problems import PolicyRefused
from dialer.console.api.sent import CancellationSent, ContactSent, PolicyBatch, PolicyRow, ReceiptSent
from dialer.console.api.told import AmendedTold, BatchTold, Fault, RowFate, RowTold
from dialer.console.api.trace import leave_trace
from dialer.console.site import site_of
from dialer.domain.audit import AuditKind
from dialer.domain.phone import PhoneKind
from dialer.domain.policy_entry import RowFault
from dialer.usecases.amend_policy import Amended, Contact, Receipt, cancel_policy, change_contact, enter_receipt
from dialer.usecases.take_policies import Taken, take_policies

log = structlog.get_logger("api")


async def take_one(request: web.Request, sent: PolicyRow) -> RowTold:
    """One policy. Raises PolicyRefused."""
    [told] = await _take(request, [sent])
    if told.result is RowFate.REFUSED:
        raise PolicyRefused(told.refused)
    return told


async def take_batch(request: web.Request, sent: PolicyBatch) -> BatchTold:
    """Many policies; good rows are kept, bad ones told."""
    results = await _take(request, sent.policies)
    counts = Counter(each.result for each in results)
    log.info("api.policies", token=token_in(request).name, rows=len(results), **{k.value: n for k, n in counts.items()})
    return BatchTold(results=results, counts={fate: counts[fate] for fate in RowFate})


async def _take(request: web.Request, rows: Sequence[PolicyRow]) -> list[RowTold]:
    site, parts, token = site_of(request), request.app[API], token_in(request)
    taken = await take_policies(
        site.storage,
        site.signals,
        parts.read_rows(token.actor, [row.cells() for row in rows]),
        token,
        site.clock,
        site.rulebook,
        seed=secrets.token_hex(16),
        give_way=parts.give_way,
    )
    await leave_trace(request, AuditKind.POLICIES_SENT, f"policy {rows[0].policy_no[:40]}" if len(rows) == 1 else "")
    return [_told(number, row.policy_no, taken) for number, row in enumerate(rows, start=1)]


def _told(number: int, policy_no: str, taken: Taken) -> RowTold:
    fate, faults = taken.fates.get(number), taken.faults.get(number, ())
    return RowTold(
        row=number,
        policy_no=policy_no,
        result=RowFate(fate.value) if fate else RowFate.REFUSED,
        refused=[_fault(each) for each in faults if each.refused],
        left_out=[_fault(each) for each in faults if not each.refused],
    )


def _fault(fault: RowFault) -> Fault:
    return Fault(field=fault.field, code=fault.code, zh=fault.zh, en=fault.en, value=fault.value)


async def take_receipt(request: web.Request, sent: ReceiptSent) -> AmendedTold:
    """The customer has signed."""
    site, receipt = site_of(request), Receipt(sent.receipt_date, sent.receipt_form, sent.receipt_entered_on)
    policy_no = request.match_info["policy_no"]
    amended = await enter_receipt(
        site.storage, site.signals, site.rulebook, token_in(request), policy_no, receipt, site.now
    )
    return await _amended(request, amended)


async def take_cancellation(request: web.Request, sent: CancellationSent) -> AmendedTold:
    """The contract has ended."""
    site, policy_no = site_of(request), request.match_info["policy_no"]
    amended = await cancel_policy(
        site.storage, site.signals, site.rulebook, token_in(request), policy_no, sent.cancelled_on, site.now
    )
    return await _amended(request, amended)


async def take_contact(request: web.Request, sent: ContactSent) -> AmendedTold:
    """The holder can be reached otherwise."""
    site, policy_no = site_of(request), request.match_info["policy_no"]
    given = {PhoneKind.MOBILE: sent.mobile, PhoneKind.HOME: sent.home_phone, PhoneKind.OFFICE: sent.office_phone}
    contact = Contact({kind: number for kind, number in given.items() if number}, sent.address)
    amended = await change_contact(
        site.storage, site.signals, site.rulebook, token_in(request), policy_no, contact, site.now
    )
    return await _amended(request, amended)


async def _amended(request: web.Request, amended: Amended) -> AmendedTold:
    await leave_trace(request, AuditKind.POLICIES_SENT, f"case {amended.case.id}")
    case = amended.case
    return AmendedTold(
        policy_no=case.policy_no,
        changed=amended.changed,
        state=case.state,
        revisit_last_day=case.revisit_last_day,
        surrender_last_day=case.surrender_last_day,
    )
