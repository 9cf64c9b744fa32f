"""Transfer tickets on the page: the clock, the scope, the reply and its quality rules (rules §5.5)."""

from __future__ import annotations

import pytest

from dialer.domain.case import CaseState
from dialer.domain.ticket import TransferTicket
from dialer.domain.user import Role
from tests.console.desk import JSON, Console
from tests.console.stories import REPLY, an_issued_l1, an_untrue_reply


@pytest.fixture
async def ticket(console: Console) -> TransferTicket:
    return await an_issued_l1(console)


async def test_a_handler_sees_the_tickets_of_their_city_with_the_due_time(log_in, ticket: TransferTicket) -> None:
    handler = await log_in(Role.L3_HANDLER, org="44/4401")
    page = await (await handler.get("/tickets")).text()
    assert ticket.ticket_no in page
    assert "09-21 17:30" in page
    assert "王**" in page
    assert "王小明" not in page


async def test_who_meets_the_customer_reads_whom_to_ask_for_and_who_looks_on_does_not(
    log_in, ticket: TransferTicket
) -> None:
    for role, name in ((Role.L3_HANDLER, "王小明"), (Role.CC_MANAGER, "王**")):
        visitor = await log_in(role)
        assert f"<dd>{name}</dd>" in await (await visitor.get(f"/tickets/{ticket.id}")).text()


async def test_a_reply_that_is_not_begun_keeps_no_rule_yet(log_in, ticket: TransferTicket) -> None:
    handler = await log_in(Role.L3_HANDLER)
    path = f"/tickets/{ticket.id}"
    assert '<li class="kept">' not in await (await handler.get(path)).text()
    begun = await handler.post(f"{path}/reply/preview", contacted_by="李明")
    assert '<li class="kept">' in await begun.text()


@pytest.mark.parametrize(("org", "status"), [("", 200), ("44", 200), ("44/4401", 200), ("44/4403", 404), ("4", 404)])
async def test_a_ticket_outside_ones_organisation_does_not_exist(
    log_in, ticket: TransferTicket, org: str, status: int
) -> None:
    handler = await log_in(Role.L3_HANDLER, org=org)
    assert (await handler.get(f"/tickets/{ticket.id}")).status == status
    listed = await (await handler.get("/tickets", **JSON)).json()
    assert len(listed["tickets"]) == (1 if status == 200 else 0)
    refused = await handler.post(f"/tickets/{ticket.id}/reply", **REPLY)
    assert refused.status == (303 if status == 200 else 404)


async def test_an_accepted_reply_says_so_for_a_minute_and_shows_when_contact_was_made(
    console: Console, log_in, ticket: TransferTicket
) -> None:
    handler, path = await log_in(Role.L3_HANDLER), f"/tickets/{ticket.id}"
    before = await (await handler.get(path)).text()
    assert "尚无人经办" in before
    assert 'role="status">回复' not in before
    assert (await handler.post(f"{path}/reply", **REPLY)).status == 303
    page = await (await handler.get(path)).text()
    assert '<p class="note done" role="status">回复已受理，将再次回访客户。</p>' in page
    assert "2026-09-18 16:30" in page
    assert "尚无人经办" not in page, "it is answered"
    assert "回复已受理" not in await (await (await log_in(Role.CC_MANAGER)).get(path)).text(), "who sent it is told"
    console.site.later(minutes=1)
    await handler.log_in("l3-handler")
    assert "回复已受理" not in await (await handler.get(path)).text()


async def test_what_was_refused_is_let_go_when_no_rule_is_open_any_more(log_in, ticket: TransferTicket) -> None:
    handler, path = await log_in(Role.L3_HANDLER), f"/tickets/{ticket.id}"
    thin = {**REPLY, "done": ""}
    refused = await (await handler.post(f"{path}/reply", **thin)).text()
    assert '<div class="notice wide" id="objections" role="alert">' in refused
    swap = '<div id="objections" hidden hx-swap-oob="true"></div>'
    assert swap not in await (await handler.post(f"{path}/reply/preview", **thin)).text()
    assert swap in await (await handler.post(f"{path}/reply/preview", **REPLY)).text()


async def test_a_late_ticket_is_marked_after_its_due_minute(console: Console, log_in, ticket: TransferTicket) -> None:
    handler = await log_in(Role.L3_HANDLER)
    assert ticket.due_at is not None
    console.site.now = ticket.due_at
    await handler.log_in("l3-handler")
    assert "已超期" not in await (await handler.get("/tickets")).text()
    console.site.later(minutes=1)
    assert "已超期" in await (await handler.get("/tickets")).text()


async def test_a_reply_of_stock_phrases_comes_back_with_every_objection_and_what_was_written(
    console: Console, log_in, ticket: TransferTicket
) -> None:
    handler = await log_in(Role.L3_HANDLER)
    thin = {**REPLY, "account": "已处理。", "customer_said": "客户已清楚", "done": "已结案", "attachment_note": ""}
    response = await handler.post(f"/tickets/{ticket.id}/reply", **thin)
    page = await response.text()
    assert response.status == 422
    assert "套话" in page
    assert "一级转办须附材料" in page
    assert 'value="李明"' in page
    async with console.site.storage.read() as work:
        assert [reply.accepted for reply in await work.tickets.replies(ticket.id)] == [False]


async def test_an_accepted_reply_sends_the_case_to_be_dialled_again(
    console: Console, log_in, ticket: TransferTicket
) -> None:
    handler = await log_in(Role.L3_HANDLER)
    response = await handler.post(f"/tickets/{ticket.id}/reply", **REPLY)
    assert (response.status, response.headers["Location"]) == (303, f"/tickets/{ticket.id}")
    async with console.site.storage.read() as work:
        assert (await work.cases.get(ticket.case_id)).state is CaseState.L1_REDIAL
    assert "已受理" in await (await handler.get(f"/tickets/{ticket.id}")).text()


async def test_a_program_replies_by_the_same_route(log_in, ticket: TransferTicket) -> None:
    handler = await log_in(Role.L3_HANDLER)
    headers = {"X-CSRF-Token": handler.csrf, **JSON}
    thin = await handler.client.post(f"/tickets/{ticket.id}/reply", json={"account": "已处理"}, headers=headers)
    assert (thin.status, "NO_DONE" in (await thin.json())["objections"]) == (422, True)
    full = await handler.client.post(f"/tickets/{ticket.id}/reply", json=REPLY, headers=headers)
    assert (full.status, (await full.json())["objections"]) == (200, [])


@pytest.mark.parametrize("bad", ["yesterday", "2026-13-01T00:00"])
async def test_a_contact_time_that_is_no_time_is_told(log_in, ticket: TransferTicket, bad: str) -> None:
    handler = await log_in(Role.L3_HANDLER)
    assert (await handler.post(f"/tickets/{ticket.id}/reply", **{**REPLY, "contacted_at": bad})).status == 400


async def test_an_untrue_reply_is_corrected_on_the_same_page_and_the_case_closes(
    console: Console, log_in, ticket: TransferTicket
) -> None:
    site, handler = console.site, await log_in(Role.L3_HANDLER, org="44/4401")
    path = f"/tickets/{ticket.id}"
    await an_untrue_reply(console, handler, ticket)
    assert "更正回复" in await (await handler.get(path)).text()
    assert (await handler.post(f"{path}/reply", **REPLY)).status == 303
    async with site.storage.read() as work:
        assert (await work.cases.get(ticket.case_id)).state is CaseState.CLOSED_SUCCESS
    assert "更正回复" not in await (await handler.get(path)).text()
