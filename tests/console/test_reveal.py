"""A whole telephone number: one at a time, for a reason, on record (rules §2.4, §7.6)."""

from __future__ import annotations

import pytest

from dialer.domain.audit import AuditEntry, AuditKind, AuditQuestion
from dialer.domain.case import CaseId
from dialer.domain.user import Role
from dialer.ports.storage import HolderPhone
from tests.console.desk import Console
from tests.console.stories import an_issued_l1

WHY = {"reason": "TICKET_HANDLING", "words": "约客户上门签字"}
FRAGMENT = {"HX-Request": "true"}


async def _phone(console: Console, case_id: CaseId) -> HolderPhone:
    async with console.site.storage.read() as work:
        case = await work.cases.get(case_id)
        return (await work.policies.phones(case.holder_id))[0]


async def _revealed(console: Console) -> list[AuditEntry]:
    async with console.site.storage.read() as work:
        return [*await work.audit.find(AuditQuestion(kind=AuditKind.NUMBER_REVEALED), "", 10)]


async def test_a_manager_sees_one_number_for_a_reason_and_it_is_on_record(console: Console, log_in) -> None:
    case = await console.site.a_case_is_due()
    phone = await _phone(console, case.id)
    manager = await log_in(Role.CC_MANAGER, login="lina", org="44")
    path = f"/cases/{case.id}/phones/{phone.id}"
    assert phone.number.national not in await (await manager.get(f"/cases/{case.id}")).text()
    shown = await (await manager.post(path, FRAGMENT, **WHY)).text()
    assert phone.number.national in shown
    assert f'hx-get="{path}" hx-trigger="load delay:30s"' in shown
    hidden = await (await manager.get(path, **FRAGMENT)).text()
    assert phone.number.national not in hidden
    assert phone.number.masked in hidden
    (row,) = await _revealed(console)
    assert (row.login, row.record, row.reason) == (
        "lina", f"case {case.id}, phone {phone.id}", "TICKET_HANDLING: 约客户上门签字")  # fmt: skip


async def test_without_scripts_the_page_with_the_number_goes_back_by_itself(console: Console, log_in) -> None:
    case = await console.site.a_case_is_due()
    phone = await _phone(console, case.id)
    manager = await log_in(Role.CC_MANAGER)
    answer = await manager.post(f"/cases/{case.id}/phones/{phone.id}", **WHY)
    assert phone.number.national in await answer.text()
    assert answer.headers["Refresh"] == f"30; url=/cases/{case.id}"


@pytest.mark.parametrize(
    "sent", [{}, {"reason": "CURIOUS", "words": "想看看号码"}, {"reason": "COMPLAINT", "words": " 无 "}]
)
async def test_no_reason_no_number(console: Console, log_in, sent: dict[str, str]) -> None:
    case = await console.site.a_case_is_due()
    phone = await _phone(console, case.id)
    manager = await log_in(Role.CC_MANAGER)
    answer = await manager.post(f"/cases/{case.id}/phones/{phone.id}", FRAGMENT, **sent)
    text = await answer.text()
    assert (answer.status, "请写明原因" in text, phone.number.national in text) == (422, True, False)
    assert await _revealed(console) == []


async def test_a_handler_sees_the_number_of_a_ticket_that_waits_with_them(console: Console, log_in) -> None:
    ticket = await an_issued_l1(console)
    phone = await _phone(console, ticket.case_id)
    handler = await log_in(Role.L3_HANDLER, org="44/4401")
    path = f"/tickets/{ticket.id}/phones/{phone.id}"
    assert f'hx-post="{path}"' in await (await handler.get(f"/tickets/{ticket.id}")).text()
    assert phone.number.national in await (await handler.post(path, FRAGMENT, **WHY)).text()
    (row,) = await _revealed(console)
    assert row.record == f"ticket {ticket.id}, phone {phone.id}"
    assert (await handler.post(f"/cases/{ticket.case_id}/phones/{phone.id}", FRAGMENT, **WHY)).status == 403


async def test_nobody_else_is_offered_or_given_a_number(console: Console, log_in) -> None:
    ticket = await an_issued_l1(console)
    phone = await _phone(console, ticket.case_id)
    for role in (Role.L4_CLERK, Role.INDEP_HANDLER, Role.CC_DISPATCH, Role.AUDIT):
        person = await log_in(role, org="44/4401")
        path = f"/tickets/{ticket.id}/phones/{phone.id}"
        assert "hx-post" not in (await (await person.get(f"/tickets/{ticket.id}")).text()).partition("phones/")[2][:400]
        assert (await person.post(path, FRAGMENT, **WHY)).status == 403
    assert await _revealed(console) == []


async def test_a_number_of_somebody_else_is_not_there(console: Console, log_in) -> None:
    first, second = await console.site.a_case_is_due(), await console.site.a_case_is_due()
    other = await _phone(console, second.id)
    manager = await log_in(Role.CC_MANAGER)
    assert (await manager.post(f"/cases/{first.id}/phones/{other.id}", FRAGMENT, **WHY)).status == 404
