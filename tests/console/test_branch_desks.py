"""The branch desks over HTTP: every hand its own buttons, nothing typed is lost, papers go out as what they are."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientResponse, FormData

from dialer.domain.problem import ProblemLevel
from dialer.domain.ticket import TicketState, TransferTicket
from dialer.domain.user import Role, User
from dialer.storage.database import Database
from dialer.usecases.look_at_tickets import ticket_file
from tests.console.desk import JSON, Console, Visitor
from tests.console.stories import BRANCH, REPLY, a_forwarded_ticket, a_ticket_of_the_county

TYPED = {"contacted_by": "李强", "account": "已联系，已处理。", "means": "电话"}
PNG = b"\x89PNG\r\n\x1a\n" + b"scan" * 1000


@dataclass
class People:
    """Each level of one branch."""

    dispatch: Visitor
    l3: Visitor
    l4: Visitor
    sales: Visitor

    def __iter__(self) -> Any:
        return iter((self.dispatch, self.l3, self.l4, self.sales))


@pytest.fixture
async def people(log_in) -> People:
    return People(
        await log_in(Role.CC_DISPATCH, org=BRANCH.province),
        await log_in(Role.L3_HANDLER, org=BRANCH.city),
        await log_in(Role.L4_CLERK, org=BRANCH.county),
        await log_in(Role.SALES, org=BRANCH.city),
    )


async def _state(console: Console, ticket: TransferTicket) -> TicketState:
    async with console.site.storage.read() as work:
        return (await work.tickets.get(ticket.id)).state


async def _upload(
    visitor: Visitor, path: str, content: bytes, name: str = "签字页.png", kind: str = "image/png"
) -> ClientResponse:
    form = FormData(quote_fields=False)
    form.add_field("csrf", visitor.csrf)
    form.add_field("file", BytesIO(content), filename=name, content_type=kind)
    return await visitor.client.post(path, data=form, allow_redirects=False)


async def test_the_whole_way_by_plain_forms(console: Console, people: People) -> None:
    ticket = await a_forwarded_ticket(console, people.l3)
    path = f"/tickets/{ticket.id}"
    assert (await people.sales.get(path)).status == 404
    signed = await people.l4.post(f"{path}/hand-over", salesperson_code="S0001", signed_by="李业务")
    assert signed.status == 303
    reply = {
        **TYPED,
        "contacted_whom": "王小明",
        "contacted_at": "2026-09-18T16:05",
        "account": "当日拨打客户本人手机，核对姓名和出生日期，确认号码由客户本人使用，并说明将再次回访。",
        "customer_said": "客户说白天开会没有接听。",
        "done": "与客户约定当晚七点以后回访。",
    }
    assert (await people.sales.post(f"{path}/reply", None, **reply)).status == 303
    assert "回复已提交，待三级机构审核。" in await (await people.sales.get(path)).text()
    assert (await people.l3.post(f"{path}/return", opinion="属实")).status == 303
    assert (await people.dispatch.post(f"{path}/accept")).status == 303
    assert await _state(console, ticket) is TicketState.ACCEPTED
    page = await (await people.dispatch.get(path)).text()
    assert all(told in page for told in ("李业务", "属实", "受理"))


async def test_each_hand_finds_its_buttons_and_no_others(console: Console, people: People) -> None:
    ticket = await a_forwarded_ticket(console, people.l3)
    offered = {
        name: set(person_steps["steps"])
        for name, person_steps in {
            "l3": await (await people.l3.get(f"/tickets/{ticket.id}", **JSON)).json(),
            "l4": await (await people.l4.get(f"/tickets/{ticket.id}", **JSON)).json(),
        }.items()
    }
    assert offered == {
        "l3": {"FORWARD", "ANSWER", "ATTACH", "TAKE"},
        "l4": {"HAND_OVER", "REPLY", "ATTACH", "TAKE"},
    }
    page = await (await people.l4.get(f"/tickets/{ticket.id}")).text()
    assert "/hand-over" in page
    assert "/forward" not in page
    assert "/accept" not in page


async def test_what_is_refused_comes_back_with_the_reason_and_what_was_typed(console: Console, people: People) -> None:
    ticket = await a_forwarded_ticket(console, people.l3)
    path = f"/tickets/{ticket.id}"
    wrong = await people.l4.post(
        f"{path}/hand-over", salesperson_code="S0009", signed_by="陈某", signed_at="2026-09-19T10:00"
    )
    page = await wrong.text()
    assert wrong.status == 422
    assert "签收须有业务员工号" in page
    assert 'value="S0009"' in page
    stale = await people.l3.post(f"{path}/forward", unit=BRANCH.county, version="1")
    assert stale.status == 409


async def test_every_rule_is_told_while_one_types(console: Console, people: People) -> None:
    ticket = await a_forwarded_ticket(console, people.l3)
    preview = f"/tickets/{ticket.id}/reply/preview"
    told = await people.l4.post(preview, JSON, **TYPED)
    rules = (await told.json())["rules"]
    assert {rule for rule, kept in rules.items() if kept} == {"NO_CONTACTED_BY", "NO_MEANS"}
    fragment = await (await people.l4.post(preview, {"HX-Request": "true"}, **TYPED, contacted_at="2026-")).text()
    assert fragment.count('class="kept"') == 2
    assert "<html" not in fragment
    assert "0/30" in fragment
    same = await people.l4.post(f"/tickets/{ticket.id}/reply", JSON, **TYPED)
    assert set((await same.json())["objections"]) == {rule for rule, kept in rules.items() if not kept}


async def test_what_was_typed_outlives_the_console(console: Console, people: People, tmp_path: Path) -> None:
    """It is on the disk before the rules are told: the database as it is in that instant has every word."""
    ticket = await a_forwarded_ticket(console, people.l3)
    await people.l4.post(f"/tickets/{ticket.id}/reply/preview", None, **TYPED)
    storage = console.site.storage
    for left_behind in Path(str(storage.url.database)).parent.glob("dialer.db*"):
        shutil.copy(left_behind, tmp_path / f"after-{left_behind.name}")
    found = await Database.open(f"sqlite+aiosqlite:///{tmp_path / 'after-dialer.db'}", storage._vault)
    user = await _user(console, "l4-clerk")
    file = await ticket_file(found, user, ticket.id, console.site.rulebook.calendar, console.site.now)
    await found.close()
    assert file.draft is not None
    assert file.draft.fields == TYPED


async def _user(console: Console, login: str) -> User:
    async with console.site.storage.read() as work:
        user = await work.floor.user(login)
    assert user is not None
    return user


async def test_a_reply_that_can_not_be_recorded_now_is_on_the_page_with_the_reason(
    console: Console, people: People
) -> None:
    ticket = await a_forwarded_ticket(console, people.l3)
    await people.l4.post(f"/tickets/{ticket.id}/hand-over", salesperson_code="S0001", signed_by="李业务")
    full = {**REPLY, "contacted_at": "2026-09-18T16:05"}
    assert (await people.sales.post(f"/tickets/{ticket.id}/reply", None, **full)).status == 303
    late = await people.l4.post(f"/tickets/{ticket.id}/reply", None, **full)
    assert late.status == 422
    async with console.site.storage.read() as work:
        kept = await work.drafts.of(ticket.id, "l4-clerk")
    assert kept is not None
    assert kept.fields["account"] == REPLY["account"]


async def test_one_persons_draft_is_not_shown_to_another(console: Console, people: People) -> None:
    ticket = await a_forwarded_ticket(console, people.l3)
    await people.l4.post(f"/tickets/{ticket.id}/reply/preview", None, **TYPED)
    assert "李强" not in await (await people.l3.get(f"/tickets/{ticket.id}")).text()


async def test_a_paper_is_kept_listed_and_sent_as_what_it_is(console: Console, people: People) -> None:
    ticket = await a_forwarded_ticket(console, people.l3)
    path = f"/tickets/{ticket.id}/attachments"
    assert (await _upload(people.l4, path, PNG, "页.html", "text/html")).status == 303
    page = await (await people.l3.get(f"/tickets/{ticket.id}")).text()
    assert "页.html" in page
    sent = await people.l3.get(f"{path}/1")
    assert (sent.status, await sent.read()) == (200, PNG)
    assert sent.headers["Content-Type"] == "image/png"
    assert sent.headers["X-Content-Type-Options"] == "nosniff"
    assert sent.headers["Content-Disposition"].startswith("inline; filename*=UTF-8''%E9%A1%B5.html")
    assert (await _upload(people.l4, path, b"%PDF-1.7 scan", "a.pdf")).status == 303
    assert (await people.l3.get(f"{path}/2")).headers["Content-Disposition"].startswith("attachment")


async def test_a_wrong_paper_is_taken_back_at_the_page_until_it_is_sent(console: Console, people: People) -> None:
    ticket = await a_forwarded_ticket(console, people.l3)
    page, path = f"/tickets/{ticket.id}", f"/tickets/{ticket.id}/attachments"
    await _upload(people.l4, path, PNG, "错件.png")
    assert 'action="/tickets/1/attachments/1/take-back"' in await (await people.l4.get(page)).text()
    assert "take-back" not in await (await people.l3.get(page)).text()
    assert (await people.l3.post(f"{path}/1/take-back")).status == 403
    assert (await people.l4.post(f"{path}/1/take-back")).headers["Location"] == page
    left = await (await people.l4.get(page)).text()
    assert ("错件.png" in left, "收回附件" in left) == (False, True)
    assert (await people.l4.get(f"{path}/1")).status == 404


@pytest.mark.parametrize(
    ("content", "status", "told"),
    [
        (b"<html><script>alert(1)</script>", 422, "只接受 JPEG、PNG 和 PDF"),
        (b"", 422, "只接受 JPEG、PNG 和 PDF"),
        (PNG + bytes(10 * 1024 * 1024), 422, "文件过大"),
        (PNG + bytes(11 * 1024 * 1024), 413, ""),
    ],
    ids=["a page", "nothing", "too large", "much too large"],
)
async def test_a_file_that_is_not_taken_says_why(
    console: Console, people: People, content: bytes, status: int, told: str
) -> None:
    ticket = await a_forwarded_ticket(console, people.l3)
    refused = await _upload(people.l4, f"/tickets/{ticket.id}/attachments", content)
    assert refused.status == status
    assert told in await refused.text()


async def test_a_large_body_is_taken_by_no_other_route(console: Console, people: People) -> None:
    ticket = await a_forwarded_ticket(console, people.l3)
    large = BytesIO(b"account=" + b"x" * 1024 * 1024)
    headers = {"X-CSRF-Token": people.l4.csrf, "Content-Type": "application/x-www-form-urlencoded"}
    refused = await people.l4.client.post(f"/tickets/{ticket.id}/reply/preview", data=large, headers=headers)
    assert refused.status == 413


@pytest.mark.filterwarnings("ignore:.*SpooledTemporaryFile")  # aiohttp leaves a refused body's file to the collector
async def test_an_upload_without_the_pages_token_is_refused(console: Console, people: People) -> None:
    ticket = await a_forwarded_ticket(console, people.l3)
    people.l4.csrf = "guessed"
    assert (await _upload(people.l4, f"/tickets/{ticket.id}/attachments", PNG)).status == 403


async def test_the_tabs_count_what_each_level_has(console: Console, people: People) -> None:
    await a_forwarded_ticket(console, people.l3)
    await a_ticket_of_the_county(console, ProblemLevel.L2)

    async def counts(person: Visitor) -> list[int]:
        told = (await (await person.get("/tickets", **JSON)).json())["counts"]
        return [told["TODO"], told["WAITING"], told["EVERY"]]

    assert [await counts(person) for person in people] == [[0, 2, 2], [1, 1, 2], [1, 1, 2], [0, 0, 0]]
    assert (await people.l3.get("/tickets?view=NOSUCH")).status == 400


async def test_the_printed_ticket_and_ledger_carry_their_fields(console: Console, people: People) -> None:
    ticket = await a_forwarded_ticket(console, people.l3)
    paper = await (await people.l4.get(f"/tickets/{ticket.id}/paper")).text()
    fields = (ticket.ticket_no, "回访不成功", "2026-09-21 17:30", BRANCH.county, "李业务 S0001", "王小明", "138****")
    assert all(field in paper for field in fields)
    ledger = await (await people.l4.get("/tickets/ledger?day=2026-09-18")).text()
    assert ticket.ticket_no in ledger
    assert "王小明" not in ledger
    assert ticket.ticket_no not in await (await people.l4.get("/tickets/ledger?day=2026-09-17")).text()
    assert (await people.l4.get("/tickets/ledger?day=yesterday")).status == 400
